"""Compares the two sides of the slice in view while the mirror view is on the screen."""

from __future__ import annotations

from dataclasses import replace

from ichviewer.core.mirror_picture import MirrorPicture, mirror_picture
from ichviewer.core.navigation import plane_of, visible_views
from ichviewer.core.plane import Plane, ReformatSource
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.store import Store
from ichviewer.gui.tasks import Task, TaskRunner
from ichviewer.session.messages import problem


class Mirror:
    """Follows the state; the slice that is asked for last supersedes those before it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._runner = TaskRunner("mirror")
        self._wanted: tuple[ReformatSource, Plane] | None = None
        store.changed.connect(self._follow)

    def close(self) -> None:
        """Stop the work."""
        self._runner.close()

    def _follow(self, state: ViewState) -> None:
        plane = plane_of(state, View.MIRROR) if View.MIRROR in visible_views(state) else None
        if plane is None or state.reformats is None:
            self._wanted = None
            return
        wanted = state.reformats, plane
        if wanted != self._wanted:
            self._wanted = wanted
            self._compare(*wanted)

    def _compare(self, source: ReformatSource, plane: Plane) -> None:
        def take(picture: MirrorPicture) -> None:
            self._store.update(
                lambda state: replace(state, mirror=picture) if state.reformats is source else state
            )

        def failed(error: Exception) -> None:
            message = problem("The two sides were not compared", error)
            self._store.update(
                lambda state: replace(state, message=message) if state.reformats is source else state
            )

        self._runner.start(Task(lambda _report, _cancel: mirror_picture(source, plane), take, failed))
