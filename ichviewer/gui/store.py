"""The one place that holds what the window shows."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from ichviewer.core.viewstate import ViewState


class Store(QObject):
    """Holds one frozen ``ViewState`` and says when it was replaced.

    Widgets draw ``state`` and ask for another one; they never talk to each other. To be used from
    the GUI thread only.
    """

    changed = Signal(object)

    def __init__(self, state: ViewState | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state if state is not None else ViewState()

    @property
    def state(self) -> ViewState:
        """What the window shows now."""
        return self._state

    def set(self, state: ViewState) -> None:
        """Show another state; the same object again is no change."""
        if state is not self._state:
            self._state = state
            self.changed.emit(state)

    def update(self, step: Callable[[ViewState], ViewState]) -> None:
        """Show what *step* makes of the current state."""
        self.set(step(self._state))
