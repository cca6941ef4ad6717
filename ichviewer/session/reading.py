"""Opening: from dropped paths to a stack on the screen, shown while the rest of it is read.

The one thing to get wrong: what arrives must belong to what was asked for last; a new task supersedes the old
one, and a half-read stack is neither checked nor analyzed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ichviewer.controller import Controller, GrowingStack, OpenStack
from ichviewer.core import viewstate
from ichviewer.core.errors import UnreadableError
from ichviewer.core.progress import CancelToken, Progress
from ichviewer.core.reading_order import WantedSlice
from ichviewer.core.series import FolderContents, Series
from ichviewer.core.viewstate import Thumbnail, ViewState
from ichviewer.core.volume import Volume
from ichviewer.core.wrap_repair import WRAPPED_REASON
from ichviewer.gui.store import Store
from ichviewer.gui.tasks import Task, TaskRunner
from ichviewer.session.analysis import Analysis
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
        self._shelf = Shelf()
        self._wanted: WantedSlice | None = None
        self._runner = TaskRunner("reading")
        store.changed.connect(self._follow)

    def open_paths(self, paths: tuple[Path, ...]) -> None:
        """List what lies below *paths*, open the best head CT, and analyze it."""

        def work(report: Reporter, cancel: CancelToken) -> None:
            contents = self._controller.scan(paths, _paced(report), cancel)
            report(contents)
            best = self._controller.best_series(contents)
            if best is not None:
                middle = len(best.slices) // 2
                report(self._controller.read_growing(best, middle, report, cancel))
            self._make_thumbnails(contents.series, report, cancel)

        self._start(work, "reading headers")
        if len(paths) == 1:
            self._preferences.add_recent(paths[0])

    def open_series(self, key: str) -> None:
        """Open another series of the same folder, or read on where opening the same one was canceled."""
        contents, volume = self._store.state.contents, self._store.state.volume
        series = next((s for s in contents.series if s.key == key), None) if contents is not None else None
        if contents is None or series is None:
            return
        has_thumbnail = {thumbnail.series_key for thumbnail in self._store.state.thumbnails}
        missing = tuple(s for s in contents.series if s.key not in has_thumbnail)
        goes_on = volume is not None and volume.series is series and not volume.is_complete
        first_slice = self._store.state.slice_index if goes_on else len(series.slices) // 2

        def work(report: Reporter, cancel: CancelToken) -> None:
            report(self._controller.read_growing(series, first_slice, report, cancel))
            self._make_thumbnails(missing, report, cancel)

        self._start(work, "reading pixels")

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

    def _make_thumbnails(self, series: tuple[Series, ...], report: Reporter, cancel: CancelToken) -> None:
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
        elif isinstance(value, FolderContents):
            self._shelf.put_away(self._store.state)
            self._store.update(lambda state: viewstate.listed(state, value))
        elif isinstance(value, Thumbnail):
            self._store.update(lambda state: replace(state, thumbnails=(*state.thumbnails, value)))
        elif isinstance(value, GrowingStack):
            self._show_growing(value)
        elif isinstance(value, OpenStack):
            self._show_whole(value)

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
        self._shelf.put_away(self._store.state)
        (work, history), before = self._shelf.work(volume), self._store.state.slice_index
        self._store.update(
            lambda state: replace(viewstate.opened(state, volume, receipt), work=work, history=history)
        )
        if volume.series.repair:
            self._store.update(lambda state: viewstate.scrolled_to(state, before))

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
        findings = self._shelf.findings(stack.volume)
        if findings is not None:
            self._store.update(lambda state: replace(state, findings=findings))
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
