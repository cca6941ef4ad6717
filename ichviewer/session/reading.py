"""Opening: from dropped paths to a stack on the screen, shown while the rest of it is read.

The one thing to get wrong: what arrives must belong to what was asked for last; a new task supersedes the old
one, and a half-read stack is neither checked nor analyzed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ichviewer.controller import Controller, GrowingStack, OpenStack
from ichviewer.core import viewstate
from ichviewer.core.errors import UnreadableError
from ichviewer.core.localizer import Localizer
from ichviewer.core.open_studies import Opening, Study, study_closed, study_of, with_opened
from ichviewer.core.progress import CancelToken, Progress
from ichviewer.core.reading_order import WantedSlice
from ichviewer.core.sealing import taken_up, with_network_findings
from ichviewer.core.series import FolderContents, Series
from ichviewer.core.viewstate import Thumbnail, ViewState
from ichviewer.core.volume import Volume
from ichviewer.core.wrap_repair import WRAPPED_REASON
from ichviewer.gui.store import Store
from ichviewer.gui.tasks import Task, TaskRunner
from ichviewer.session.analysis import Analysis
from ichviewer.session.beside import StacksBeside, read_localizer
from ichviewer.session.messages import (
    not_analyzed,
    nothing_opened,
    problem,
    reading_canceled,
    unreadable_slices,
)
from ichviewer.session.preferences import Preferences
from ichviewer.session.shelf import Shelf

PROGRESS_EVERY_S = 0.05
"""Progress is shown at most this often."""

Reporter = Callable[[Any], None]


class Reading:
    """Lists folders, reads stacks and hands them to the network."""

    def __init__(
        self, store: Store, controller: Controller, preferences: Preferences, analysis: Analysis
    ) -> None:
        self._store = store
        self._controller = controller
        self._preferences = preferences
        self._analysis = analysis
        self.shelf = Shelf()
        self._wanted: WantedSlice | None = None
        self._runner = TaskRunner("reading")
        self._beside = StacksBeside(store, controller, self._runner, self._rest, self._take)
        store.changed.connect(self._follow)

    def open_paths(self, paths: tuple[Path, ...]) -> None:
        """List what lies below *paths* beside what is listed, open the best head CT of it, and analyze it."""
        before, pictured = self._store.state.contents, self._pictured()
        opened = ", ".join(str(path) for path in paths)

        def work(report: Reporter, cancel: CancelToken) -> None:
            scanned = self._controller.scan(paths, _paced(report), cancel)
            opening = with_opened(before, scanned, opened)
            report(opening)
            best = self._controller.best_series(FolderContents(opening.found, scanned.files))
            if best is not None:
                middle = len(best.slices) // 2
                report(self._controller.read_growing(best, middle, report, cancel))
                read_localizer(self._controller, opening.contents, best, report, cancel)
            missing = [series for series in opening.contents.series if id(series) not in pictured]
            self._make_thumbnails(missing, report, cancel)

        self._start(work, "reading headers")
        new = tuple(str(path.absolute()) for path in paths)
        self._store.update(
            lambda state: replace(
                state, opened_paths=(*(path for path in state.opened_paths if path not in new), *new)
            )
        )
        if len(paths) == 1:
            self._preferences.add_recent(paths[0])

    def open_series(self, key: str) -> None:
        """Open another series of the list, or read on where opening the same one was canceled."""
        contents, volume = self._store.state.contents, self._store.state.volume
        series = next((s for s in contents.series if s.key == key), None) if contents is not None else None
        if contents is None or series is None:
            return
        goes_on = volume is not None and volume.series is series and not volume.is_complete
        first_slice = self._store.state.slice_index if goes_on else len(series.slices) // 2
        rest = self._rest()

        def work(report: Reporter, cancel: CancelToken) -> None:
            report(self._controller.read_growing(series, first_slice, report, cancel))
            read_localizer(self._controller, contents, series, report, cancel)
            rest(report, cancel)

        self._start(work, "reading pixels")

    def close_study(self, study: Study) -> None:
        """Take a study out of the list; if a stack of it is open, close it and free its memory."""
        state = self._store.state
        if state.contents is None:
            return
        if state.reading is not None:
            self.cancel()
        if state.volume is not None and study_of(state.volume.series) == study:
            self._analysis.drop()
            self.shelf.put_away(state)
        self._store.update(lambda state: study_closed(state, study))

    def repair_wrapped(self) -> None:
        """Show the open stack with its wrapped values mended; opening the series again undoes it."""
        volume = self._store.state.volume
        if volume is None or WRAPPED_REASON not in self._store.state.input_check_reasons:
            return

        def work(report: Reporter, _cancel: CancelToken) -> None:
            report(self._controller.repair_wrapped(volume))

        self._start(work, "repairing wrapped values")

    def open_demo(self) -> None:
        """Write the demo study into the user's own folder, if it is not there yet, and open it."""

        def work(report: Reporter, cancel: CancelToken) -> Path:
            return self._controller.demo_folder(report, cancel)

        self._analysis.drop()
        making = Progress(0, 0, "making the demo study")
        self._store.update(lambda state: replace(state, reading=making, analysis=None))
        self._runner.start(Task(work, lambda folder: self.open_paths((folder,)), self._failed, self._take))

    def cancel(self) -> None:
        """Stop opening; a stack that is on the screen by then stays there."""
        self._runner.cancel()
        self._wanted = None
        message = reading_canceled(self._store.state.volume)
        self._beside.give_up()
        self._store.update(lambda state: replace(state, reading=None, message=message))

    def close(self) -> None:
        """Stop the work."""
        self._runner.close()

    def _start(self, work: Callable[[Reporter, CancelToken], None], text: str) -> None:
        self._analysis.drop()
        self._wanted = None
        self._store.update(
            lambda state: replace(state, reading=Progress(0, 0, text), analysis=None, message=None)
        )
        self._runner.start(Task(work, self._done, self._failed, self._take))

    def _pictured(self) -> set[int]:
        """Which listed series, by identity, have a picture."""
        state = self._store.state
        keys = {thumbnail.series_key for thumbnail in state.thumbnails}
        series = () if state.contents is None else state.contents.series
        return {id(each) for each in series if each.key in keys}

    def _rest(self) -> Callable[[Reporter, CancelToken], None]:
        """Makes the pictures that a superseded task left undone."""
        contents, pictured = self._store.state.contents, self._pictured()
        series = () if contents is None else contents.series
        missing = [each for each in series if id(each) not in pictured]
        return lambda report, cancel: self._make_thumbnails(missing, report, cancel)

    def _make_thumbnails(self, series: Sequence[Series], report: Reporter, cancel: CancelToken) -> None:
        for one in series:
            cancel.raise_if_cancelled()
            try:
                report(self._controller.thumbnail(one, cancel))
            except UnreadableError:
                # The series stays in the list without a picture, and opening it says why; a message now
                # would hide what there is to say of the stack that was just opened.
                continue

    def _take(self, value: object) -> None:
        """Something arrived from the reading thread."""
        if isinstance(value, Progress):
            self._store.update(lambda state: replace(state, reading=value))
        elif isinstance(value, Opening):
            self._list(value)
        elif isinstance(value, Localizer):
            self._store.update(lambda state: replace(state, localizer=value))
        elif isinstance(value, Thumbnail):
            self._store.update(lambda state: replace(state, thumbnails=(*state.thumbnails, value)))
        elif isinstance(value, GrowingStack):
            self._show_growing(value)
        elif isinstance(value, OpenStack):
            self._show_whole(value)

    def _list(self, opening: Opening) -> None:
        """List what was found; the open stack is closed for it, unless there is nothing to open instead."""
        state = self._store.state
        if opening.found or state.volume is None:
            self.shelf.put_away(state)
            self._store.update(lambda state: viewstate.listed(state, opening.contents))
            return
        message = nothing_opened(FolderContents((), opening.files))
        self._store.update(lambda state: replace(state, contents=opening.contents, message=message))

    def _follow(self, state: ViewState) -> None:
        """The slice in view is the one to read next."""
        if self._wanted is not None:
            self._wanted.slice_index = state.slice_index

    def _show_growing(self, stack: GrowingStack) -> None:
        """Show what was read so far; nothing is said of the stack before it is whole."""
        volume = stack.volume
        if self._wanted is None:
            self._put_on_screen(volume, stack.receipt)
        done = Progress(volume.settled_count, volume.slice_count, "Reading slices")
        self._wanted = stack.wanted
        self._store.update(lambda state: replace(state, volume=volume, reading=done))

    def _put_on_screen(self, volume: Volume, receipt: str) -> None:
        """Show a stack that was not on the screen, with what the reader had decided on it before."""
        self._analysis.drop()
        now = self._store.state.volume
        if now is not None and now.series is volume.series and not now.is_complete:
            return  # Opening was canceled and goes on: the reader keeps slice, windows and comments.
        self.shelf.put_away(self._store.state)
        (work, history), before = self.shelf.work(volume), self._store.state
        self._store.update(
            lambda state: taken_up(
                replace(viewstate.opened(state, volume, receipt), work=work, history=history),
                *self.shelf.looks(volume),
            )
        )
        if volume.series.repair:
            scout = before.localizer
            self._store.update(lambda state: replace(state, localizer=scout))
            self._store.update(lambda state: viewstate.scrolled_to(state, before.slice_index))

    def _show_whole(self, stack: OpenStack) -> None:
        """Every slice was read: say what is to be said, and analyze."""
        if self._wanted is None:
            self._put_on_screen(stack.volume, stack.receipt)
        self._wanted = None
        check = stack.input_check
        self._store.update(
            lambda state: replace(
                state,
                volume=stack.volume,
                reading=None,
                input_check=check.level.value,
                input_check_reasons=check.reasons,
                message=unreadable_slices(stack.volume),
            )
        )
        findings = self.shelf.findings(stack.volume)
        if findings is not None:
            self._store.update(lambda state: with_network_findings(state, findings))
            self._analysis.check_maps()
        elif stack.volume.series.is_ai_candidate and not check.is_red:
            self._analysis.analyze()
        else:
            self._store.update(lambda state: replace(state, message=not_analyzed(stack)))

    def _done(self, _outcome: None) -> None:
        def step(state: ViewState) -> ViewState:
            state = replace(state, reading=None)
            if state.volume is None and state.contents is not None:
                return replace(state, message=nothing_opened(state.contents))
            return state

        self._store.update(step)

    def _failed(self, error: Exception) -> None:
        message = problem("Opening failed", error)
        self._store.update(lambda state: replace(state, reading=None, message=message))


def _paced(report: Reporter, clock: Callable[[], float] = time.monotonic) -> Reporter:
    """The same reporter for progress, at most every PROGRESS_EVERY_S: each time the window is drawn anew."""
    told_at = float("-inf")

    def tell(progress: Progress) -> None:
        nonlocal told_at
        if clock() - told_at >= PROGRESS_EVERY_S:
            told_at = clock()
            report(progress)

    return tell
