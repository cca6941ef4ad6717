"""What the user prefers, kept from one sitting to the next; a refusal to write it is said, never fatal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ichviewer.core.errors import IchViewerError
from ichviewer.core.viewstate import Message, ViewState
from ichviewer.gui.store import Store
from ichviewer.settings import Settings, save_settings


class Preferences:
    """The settings in use; every change is written at once.

    The window changes ``ViewState.preferences``; this keeps what it finds there.
    """

    def __init__(self, store: Store, settings: Settings, path: Path) -> None:
        self._store = store
        self._settings = settings
        self._path = path
        kept = settings.preferences
        store.update(
            lambda state: replace(
                state,
                recent_paths=settings.recent_paths,
                device=settings.device,
                preferences=kept,
                overlay_text=kept.overlay_text,
                shows_heatmap=kept.shows_heatmap,
                cine=replace(state.cine, frames_per_second=kept.cine_per_second),
                fits_head=kept.fits_head,
            )
        )
        store.changed.connect(self._follow)

    @property
    def device(self) -> str:
        """Where the network is to run."""
        return self._settings.device

    def keep_device(self, device: str) -> None:
        """Run the network there from now on."""
        if device != self._settings.device:
            self._change(replace(self._settings, device=device))

    def add_recent(self, path: Path) -> None:
        """*path* was opened."""
        if self._settings.preferences.keeps_recent:
            self._change(self._settings.with_recent(str(path.absolute())))

    def clear_recent(self) -> None:
        """Forget the folders opened before."""
        self._change(replace(self._settings, recent_paths=()))

    def keep_layout(self, layout: dict[str, Any]) -> None:
        """Open the window like this the next time."""
        self._change(replace(self._settings, layout=layout))

    def _follow(self, state: ViewState) -> None:
        """Keep what the reader prefers now; a list that is no longer kept is forgotten at once."""
        if state.preferences == self._settings.preferences:
            return
        settings = replace(self._settings, preferences=state.preferences)
        if not state.preferences.keeps_recent:
            settings = replace(settings, recent_paths=())
        self._change(settings)

    def _change(self, settings: Settings) -> None:
        self._settings = settings
        self._store.update(lambda state: replace(state, recent_paths=settings.recent_paths))
        try:
            save_settings(self._path, settings)
        except IchViewerError as error:
            message = Message(str(error), is_problem=True)
            self._store.update(lambda state: replace(state, message=message))
