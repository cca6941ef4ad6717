"""The clock of the cine: a timer that asks for the next slice.

The one thing to get wrong: whoever scrolls while slices pass wants to look. Any slice that the player did not
ask for stops it, from wheel, key, ribbon or mouse alike.
"""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, QTimer

from ichviewer.core.cine import ticked
from ichviewer.core.viewstate import ViewState, scrolled_to
from ichviewer.gui.store import Store


class CinePlayer(QObject):
    """Follows ``ViewState.cine``; holds the slice that it asked for last, no more."""

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._asked_for: int | None = None
        self.timer = QTimer(self)
        self.timer.timeout.connect(self.step)
        store.changed.connect(self._follow)

    def step(self) -> None:
        """One frame."""
        state = self._store.state
        if not state.cine.is_running or state.volume is None:
            return
        cine, index = ticked(state.cine, state.slice_index, state.slice_count)
        self._asked_for = index
        self._store.update(lambda now: replace(scrolled_to(now, index), cine=cine))

    def _follow(self, state: ViewState) -> None:
        if not state.cine.is_running:
            self._asked_for = None
            self.timer.stop()
            return
        if self._asked_for is not None and state.slice_index != self._asked_for:
            self._store.update(lambda now: replace(now, cine=replace(now.cine, is_running=False)))
            return
        self._asked_for = state.slice_index
        interval = round(1000 / state.cine.frames_per_second)
        if not self.timer.isActive() or self.timer.interval() != interval:
            self.timer.start(interval)
