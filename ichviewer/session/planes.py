"""Makes the open stack ready for planes across its slices, when a view first needs one.

The one thing to get wrong: planes of one stack must never be shown with another; the state drops them with
the stack, and what arrives late is checked against the stack on the screen.
"""

from __future__ import annotations

from dataclasses import replace

from ichviewer.controller import Controller
from ichviewer.core.navigation import plane_of, visible_views
from ichviewer.core.plane import ReformatSource
from ichviewer.core.viewstate import ViewState
from ichviewer.core.volume import Volume
from ichviewer.gui.store import Store
from ichviewer.gui.tasks import Task, TaskRunner
from ichviewer.session.messages import problem
from ichviewer.session.while_open import while_open


class Planes:
    """Follows the state; prepares the stack once it is whole and a plane of it is asked for."""

    def __init__(self, store: Store, controller: Controller) -> None:
        self._store = store
        self._controller = controller
        self._runner = TaskRunner("planes")
        self._prepared_for: Volume | None = None
        store.changed.connect(self._follow)

    def warm_up(self) -> None:
        """Load the library while the window waits: that holds up the window for a third of a second."""
        self._runner.start(Task(lambda _report, _cancel: self._controller.load_imaging()))

    def close(self) -> None:
        """Stop the work."""
        self._runner.close()

    def _follow(self, state: ViewState) -> None:
        volume = state.volume
        if volume is None:
            self._prepared_for = None
        elif volume is not self._prepared_for and volume.is_complete and _needs_planes(state):
            self._prepared_for = volume
            self._prepare(volume)

    def _prepare(self, volume: Volume) -> None:
        def take(reformats: ReformatSource) -> None:
            self._store.update(while_open(volume, lambda state: replace(state, reformats=reformats)))

        def failed(error: Exception) -> None:
            message = problem("Planes across the slices cannot be shown", error)
            self._store.update(while_open(volume, lambda state: replace(state, message=message)))

        self._runner.start(
            Task(lambda report, cancel: self._controller.prepare_planes(volume, cancel), take, failed)
        )


def _needs_planes(state: ViewState) -> bool:
    """Whether a view on the screen waits for a plane."""
    return state.reformats is None and any(plane_of(state, view) is not None for view in visible_views(state))
