"""Reads what stands beside the open stack: a prior, the bone kernel, the localizer.

The one thing to get wrong: what arrives late must not stand beside another stack than that for which it was
read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ichviewer.controller import Controller
from ichviewer.core.beside import PriorStack, prior_beside
from ichviewer.core.errors import UnreadableError
from ichviewer.core.hanging import BoneStack, bone_kernel_series
from ichviewer.core.identity import patient_differences
from ichviewer.core.localizer import Localizer, localizer_series, why_no_lines
from ichviewer.core.prior import with_prior
from ichviewer.core.progress import CancelToken, Progress, ignore_progress
from ichviewer.core.series import FolderContents, Series
from ichviewer.core.viewstate import ViewState
from ichviewer.core.volume import Volume
from ichviewer.gui.store import Store
from ichviewer.gui.tasks import Task, TaskRunner
from ichviewer.session.messages import problem

Reporter = Callable[[Any], None]


class StacksBeside:
    """Follows the state, and reads what it wants once nothing else is read."""

    def __init__(
        self,
        store: Store,
        controller: Controller,
        runner: TaskRunner,
        rest: Callable[[], Callable[[Reporter, CancelToken], None]],
        take: Callable[[object], None],
    ) -> None:
        """Follow the state.

        Args:
            store: What the window shows.
            controller: Reads.
            runner: The one that reads all else too: a new task supersedes the old one.
            rest: Gives what a superseded task left undone; it is done after each stack.
            take: Gets progress, and what the rest reports.
        """
        self._store = store
        self._controller = controller
        self._runner = runner
        self._rest, self._take = rest, take
        store.changed.connect(self._follow)

    def give_up(self) -> None:
        """Reading was canceled: nothing is wanted any more."""
        self._store.update(
            lambda state: replace(state, wanted_prior="", wants_bone_kernel=state.bone_stack is not None)
        )

    def _follow(self, state: ViewState) -> None:
        volume = state.volume
        if volume is None or not volume.is_complete or state.reading is not None:
            return
        if state.wanted_prior:
            self._read_prior(state.wanted_prior, volume, state.contents)
        elif state.wants_bone_kernel and state.bone_stack is None:
            self._read_bone_kernel(volume, state.contents)
        elif not state.wants_bone_kernel and state.bone_stack is not None:
            self._store.update(lambda now: replace(now, bone_stack=None))

    def _read_prior(self, key: str, volume: Volume, contents: FolderContents | None) -> None:
        every = () if contents is None else contents.series
        series = next((each for each in every if each.key == key), None)
        if series is None:
            self.give_up()
            return
        differences = patient_differences(volume.series.patient, series.patient)

        def read(cancel: CancelToken, report: Reporter) -> PriorStack:
            prior, receipt = self._controller.read_beside(series, report, cancel)
            return prior_beside(volume, prior, receipt, differences)

        self._start("reading the prior", volume, read, with_prior)

    def _read_bone_kernel(self, volume: Volume, contents: FolderContents | None) -> None:
        series = bone_kernel_series(contents, volume.series)
        if series is None:
            self.give_up()
            return

        def read(cancel: CancelToken, report: Reporter) -> BoneStack:
            return BoneStack(*self._controller.read_beside(series, report, cancel))

        def take(state: ViewState, stack: BoneStack) -> ViewState:
            return replace(state, bone_stack=stack) if state.wants_bone_kernel else state

        self._start("reading the bone kernel", volume, read, take)

    def _start(
        self,
        text: str,
        volume: Volume,
        read: Callable[[CancelToken, Reporter], Any],
        take: Callable[[ViewState, Any], ViewState],
    ) -> None:
        """Read in the other thread, and put what was read beside *volume* if it is still open."""
        rest = self._rest()

        def work(report: Reporter, cancel: CancelToken) -> None:
            report(read(cancel, report))
            rest(report, cancel)

        def arrived(value: Any) -> None:
            if isinstance(value, PriorStack | BoneStack):
                self._store.update(lambda state: _put_beside(state, volume, take, value))
            else:
                self._take(value)

        def failed(error: Exception) -> None:
            message = problem("Not shown", error)
            self._store.update(
                lambda state: replace(
                    state,
                    reading=None,
                    message=message,
                    wanted_prior="",
                    wants_bone_kernel=state.bone_stack is not None,
                )
            )

        self._store.update(lambda state: replace(state, reading=Progress(0, 0, text)))
        self._runner.start(Task(work, on_error=failed, on_progress=arrived))


def _put_beside(
    state: ViewState, volume: Volume, take: Callable[[ViewState, Any], ViewState], value: Any
) -> ViewState:
    state = replace(state, reading=None)
    return take(state, value) if state.volume is volume else state


def read_localizer(
    controller: Controller,
    contents: FolderContents,
    opened: Series,
    report: Reporter,
    cancel: CancelToken,
) -> None:
    """Read the scout of the study, if it has one, and report it."""
    scout = localizer_series(contents, opened)
    if scout is None:
        return
    try:
        volume, _receipt = controller.read_beside(scout, ignore_progress, cancel)
    except UnreadableError:
        # It stays in the list, and opening it says why; the stack that was just opened matters more.
        return
    report(Localizer(volume, why_no_lines(scout, opened)))
