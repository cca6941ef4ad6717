"""Keeps the sitting while it goes on, so that neither closing the window nor a crash loses what was decided.

Each sitting has a file of its own, so nothing of an earlier one is written over. The one thing to get wrong:
an earlier sitting is offered and never forced, and what was decided comes back on the very same images alone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QTimer

from ichviewer.core.errors import IchViewerError
from ichviewer.core.kept_view import KeptView
from ichviewer.core.viewstate import Message, ViewState
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store
from ichviewer.gui.tasks import Task, TaskRunner
from ichviewer.session.shelf import Shelf, stack_identity
from ichviewer.session.sitting_file import KeptSitting, read_sitting, write_sitting

KEEP_AFTER_MS = 1500
"""So long after the last change the sitting is written."""

MOST_KEPT = 10
"""Sittings kept by themselves; older ones are removed."""

PATTERN = "sitting-*.json"

CHANGED = Message(
    "The images have changed since the session was kept; what was decided on them is not shown. It stays in"
    " the session.",
    is_problem=True,
)


class Sittings:
    """Writes the sitting, and brings an earlier one back."""

    def __init__(
        self,
        store: Store,
        shelf: Shelf,
        folder: Path,
        open_paths: Callable[[tuple[Path, ...]], object],
        open_series: Callable[[str], object],
    ) -> None:
        self._store, self._shelf, self._folder = store, shelf, folder
        self._open_paths, self._open_series = open_paths, open_series
        self._changes, self._stack_inputs = DrawnInputs(), DrawnInputs()
        self._earlier = sorted(folder.glob(PATTERN), key=lambda path: path.name)
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        self._path = folder / f"sitting-{stamp}-{os.getpid()}.json"
        self._awaited: KeptSitting | None = None
        self._wants_series = ""
        self._is_awaited_stack = False
        self._is_refused = False
        self._runner = TaskRunner("keeping")
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(KEEP_AFTER_MS)
        self._timer.timeout.connect(self._keep_now)
        self._offer()
        store.changed.connect(self._follow)

    # Keeping

    def save_as(self, path: Path) -> None:
        """Keep the sitting in a file that the reader chose."""
        sitting = self.sitting()

        def written(_nothing: None) -> None:
            self._say(Message(f"Session written to {path}. It holds paths and comments."))

        def refused(error: Exception) -> None:
            self._say(Message(str(error), is_problem=True))

        self._runner.queue(Task(lambda _r, _c: write_sitting(path, sitting), written, refused))

    def sitting(self) -> KeptSitting:
        """All that brings this sitting back."""
        state = self._store.state
        stacks = self._shelf.kept(state)
        awaited = self._awaited
        if state.volume is None:
            if awaited is not None:  # What is being restored is not lost by a crash in between.
                return replace(awaited, stacks=stacks)
            return KeptSitting(state.opened_paths, stacks=stacks)
        return KeptSitting(
            paths=state.opened_paths,
            open_identity=stack_identity(state.volume),
            open_series=state.volume.series.key,
            view=KeptView.of(state),
            prior_series="" if state.prior is None else state.prior.volume.series.key,
            stacks=stacks,
        )

    def close(self) -> None:
        """Write the sitting for the last time, and all that is still to be written."""
        self._timer.stop()
        self._runner.finish()
        if self._is_worth_keeping(self._store.state):
            try:
                write_sitting(self._path, self.sitting())
            except IchViewerError as error:
                self._say(Message(str(error), is_problem=True))

    @property
    def loses_work(self) -> bool:
        """Whether closing now would lose what the reader decided or measured."""
        is_kept = self._store.state.preferences.keeps_session and not self._is_refused
        return not is_kept and any(stack.has_work for stack in self._shelf.kept(self._store.state))

    def forget(self) -> None:
        """Remove every sitting that was kept by itself."""
        self._timer.stop()
        refused = 0
        for path in self._folder.glob(PATTERN):
            try:
                path.unlink()
            except OSError:
                refused += 1
        self._earlier = []
        self._offer()
        if refused:
            self._say(
                Message(f"{refused} kept sessions in {self._folder} cannot be removed.", is_problem=True)
            )
        else:
            self._say(Message("The kept sessions were removed."))

    def _follow(self, state: ViewState) -> None:
        if self._awaited is not None:
            self._restore_view(state)
        if not self._changes.differ(
            state.opened_paths,
            None if state.volume is None else state.volume.series,
            state.work,
            state.first_look,
            state.coverage,
            state.prior,
            state.windows,
            state.cameras,
            state.layout,
            state.slice_index,
            state.active_view,
            state.promoted_view,
            state.plane_rotations,
            state.crosshair_mm,
            state.slab,
            state.preferences.keeps_session,
        ):
            return
        if self._is_worth_keeping(state):
            if not self._timer.isActive():  # Slices that pass by themselves must not put it off for ever.
                self._timer.start()
        elif not state.preferences.keeps_session:
            self._timer.stop()
            self._path.unlink(missing_ok=True)

    def _is_worth_keeping(self, state: ViewState) -> bool:
        return state.preferences.keeps_session and bool(state.opened_paths)

    def _keep_now(self) -> None:
        sitting, path = self.sitting(), self._path

        def written(_nothing: None) -> None:
            self._is_refused = False

        def refused(error: Exception) -> None:
            if not self._is_refused:  # Once is enough; it is tried again with every change.
                self._say(Message(f"This sitting is not kept. {error}", is_problem=True))
            self._is_refused = True

        self._runner.start(Task(lambda _r, _c: write_sitting(path, sitting), written, refused))

    # Bringing back

    def restore_last(self) -> None:
        """Go on with the newest earlier sitting; where it cannot be read, the one before is offered next."""
        if self._earlier:
            path = self._earlier.pop()
            self._offer()
            self.restore(path)

    def restore(self, path: Path) -> None:
        """Go on with the sitting of a file."""
        try:
            sitting = read_sitting(path)
        except IchViewerError as error:
            self._say(Message(str(error), is_problem=True))
            return
        there = tuple(Path(each) for each in sitting.paths if Path(each).exists())
        gone = [each for each in sitting.paths if not Path(each).exists()]
        self._shelf.take(sitting.stacks)
        if there:
            self._awaited, self._wants_series = sitting, sitting.open_series
            self._stack_inputs = DrawnInputs()
            self._open_paths(there)
        if gone:
            text = f"{len(gone)} of {len(sitting.paths)} folders of the session are not there any more."
            way = "What was decided on them is kept in this session and comes back with the images."
            self._say(Message(f"{text} {way}", is_problem=True, details="\n".join(gone)))

    def _restore_view(self, state: ViewState) -> None:
        """Open the series that was open, and look at it as it was looked at."""
        sitting = self._awaited
        if sitting is None or state.contents is None:
            return
        keys = [series.key for series in state.contents.series]
        wanted = self._wants_series
        if wanted and wanted in keys and state.opened_paths:
            self._wants_series = ""
            # Not from within the change of the state that this answers.
            QTimer.singleShot(0, lambda: self._open_unless_open(wanted))
        volume = state.volume
        if volume is None:
            return
        if self._stack_inputs.differ(volume.series):
            self._is_awaited_stack = stack_identity(volume) == sitting.open_identity
        if self._is_awaited_stack and sitting.view is not None:
            view, self._awaited = sitting.view, None
            prior = sitting.prior_series if sitting.prior_series in keys else ""
            self._store.update(lambda now: replace(view.onto(now), wanted_prior=prior))
        elif volume.series.key == sitting.open_series and volume.is_complete and state.reading is None:
            self._awaited = None
            # Whoever has read the stack says something first.
            QTimer.singleShot(0, lambda: self._say(CHANGED))

    def _open_unless_open(self, key: str) -> None:
        volume = self._store.state.volume
        if volume is None or volume.series.key != key:
            self._open_series(key)

    def _offer(self) -> None:
        for path in self._earlier[:-MOST_KEPT]:
            path.unlink(missing_ok=True)
        self._earlier = self._earlier[-MOST_KEPT:]
        self._store.update(lambda state: replace(state, session_offered=bool(self._earlier)))

    def _say(self, message: Message) -> None:
        self._store.update(lambda state: replace(state, message=message))
