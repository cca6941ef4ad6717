"""Seeks the head's midline when the reader asks for straight planes.

The one thing to get wrong: a midline that was not found is said; planes are never turned by a guess.
"""

from __future__ import annotations

from dataclasses import replace

from ichviewer.controller import Controller
from ichviewer.core.midline import MidlineFit
from ichviewer.core.navigation import with_midline
from ichviewer.core.viewstate import ViewState
from ichviewer.core.volume import Volume
from ichviewer.gui.store import Store
from ichviewer.gui.tasks import Task, TaskRunner
from ichviewer.session.messages import problem
from ichviewer.session.while_open import while_open


class Straightening:
    """Follows the state; seeks the midline of a whole stack once, when straight planes are wanted."""

    def __init__(self, store: Store, controller: Controller) -> None:
        self._store = store
        self._controller = controller
        self._runner = TaskRunner("midline")
        self._sought: Volume | None = None
        store.changed.connect(self._follow)

    def close(self) -> None:
        """Stop the work."""
        self._runner.close()

    def _follow(self, state: ViewState) -> None:
        volume = state.volume
        if volume is None or not state.wants_straight:
            # What could not be found is sought again when it is asked for again, and the reason said again.
            self._sought = None
        elif state.midline is None and volume is not self._sought and volume.is_complete:
            self._sought = volume
            self._seek(volume)

    def _seek(self, volume: Volume) -> None:
        def take(midline: MidlineFit) -> None:
            self._store.update(while_open(volume, lambda state: with_midline(state, midline)))

        def failed(error: Exception) -> None:
            message = problem("The head was not straightened", error)
            self._store.update(
                while_open(volume, lambda state: replace(state, message=message, wants_straight=False))
            )

        self._runner.start(
            Task(lambda _report, cancel: self._controller.midline(volume, cancel), take, failed)
        )
