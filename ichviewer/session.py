"""One sitting at the window: what was asked for, which thread does it, and what the window then shows.

Reading, the network and writing are three resources, each with a runner of its own. The one thing to
get wrong: a result must never land on a study that was opened after it was asked for; a new task
supersedes the old one, and the findings refuse a stranger's slice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ichviewer.controller import Controller, GrowingStack, OpenStack
from ichviewer.core import viewstate
from ichviewer.core.errors import IchViewerError, MismatchError, UnreadableError
from ichviewer.core.findings import Review, SliceResult, StudyFindings
from ichviewer.core.heatmap import CLOSED_FORM, Heatmap
from ichviewer.core.progress import CancelToken, Progress
from ichviewer.core.reading_order import WantedSlice
from ichviewer.core.series import FolderContents, Series, Verdict
from ichviewer.core.viewstate import Message, Thumbnail
from ichviewer.core.volume import Volume
from ichviewer.core.wrap_repair import WRAPPED_REASON
from ichviewer.export.table import Report
from ichviewer.gui.store import Store
from ichviewer.gui.tasks import Task, TaskRunner
from ichviewer.selftest_report import SelfTestReport, selftest_text, verdict_lines
from ichviewer.settings import Settings, save_settings

PROGRESS_EVERY_S = 0.05
"""Progress is shown at most this often."""

Reporter = Callable[[Any], None]

StackIdentity = tuple[str, tuple[tuple[str, int | None], ...]]
"""How pixels were repaired, and SOP Instance UID and frame of every slice, in stack order."""


@dataclass(frozen=True, eq=False)
class Shelved:
    """What is kept of a stack that was closed, for when it is opened again.

    Attributes:
        review: The reader's decisions.
        findings: Scores; None if there were none.
        is_readable: Which slices could be read when they were scored.
    """

    review: Review
    findings: StudyFindings | None
    is_readable: tuple[bool, ...]


class Session:
    """Turns what the window asks for into tasks, and their outcomes into states."""

    def __init__(self, store: Store, controller: Controller, settings: Settings, settings_path: Path) -> None:
        self._store = store
        self._controller = controller
        self._settings = settings
        self._settings_path = settings_path
        self._wanted_device = settings.device
        self._shelf: dict[StackIdentity, Shelved] = {}
        self._wanted: WantedSlice | None = None
        self._reading = TaskRunner("reading")
        self._network = TaskRunner("network")
        self._writing = TaskRunner("writing")
        self._testing = TaskRunner("self-test")
        self._store.update(
            lambda state: replace(
                state, model_card=controller.card, recent_paths=settings.recent_paths, device=settings.device
            )
        )
        store.changed.connect(self._follow)

    # Opening

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

        self._start_reading(work, "reading headers")
        if len(paths) == 1:
            self._settings = self._settings.with_recent(str(paths[0].absolute()))
            self._store.update(lambda state: replace(state, recent_paths=self._settings.recent_paths))
            self._save_settings()

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

        self._start_reading(work, "reading pixels")

    def repair_wrapped(self) -> None:
        """Show the open stack with its wrapped values mended; opening the series again undoes it."""
        volume = self._store.state.volume
        if volume is None or WRAPPED_REASON not in self._store.state.input_check_reasons:
            return

        def work(report: Reporter, _cancel: CancelToken) -> None:
            report(self._controller.repair_wrapped(volume))

        self._start_reading(work, "repairing wrapped values")

    def open_demo(self) -> None:
        """Write the demo study into the user's own folder, if it is not there yet, and open it."""

        def work(report: Reporter, cancel: CancelToken) -> Path:
            return self._controller.demo_folder(report, cancel)

        self._network.cancel()
        making = Progress(0, 0, "making the demo study")
        self._store.update(lambda state: replace(state, reading=making, analysis=None))
        self._reading.start(
            Task(work, lambda folder: self.open_paths((folder,)), self._reading_failed, self._take_reading)
        )

    def cancel_reading(self) -> None:
        """Stop opening; a stack that is on the screen by then stays there."""
        self._reading.cancel()
        self._wanted = None
        volume, message = self._store.state.volume, Message("Opening was canceled.")
        if volume is not None and not volume.is_complete:
            text = f"Canceled after {volume.settled_count} of {volume.slice_count} slices."
            message = Message(text, details="Click the series on the left to read the rest.")
        self._store.update(lambda state: replace(state, reading=None, message=message))

    def _start_reading(self, work: Callable[[Reporter, CancelToken], None], text: str) -> None:
        self._network.cancel()
        self._wanted = None
        self._store.update(
            lambda state: replace(state, reading=Progress(0, 0, text), analysis=None, message=None)
        )
        self._reading.start(Task(work, self._reading_done, self._reading_failed, self._take_reading))

    def _make_thumbnails(self, series: tuple[Series, ...], report: Reporter, cancel: CancelToken) -> None:
        for one in series:
            cancel.raise_if_cancelled()
            try:
                report(self._controller.thumbnail(one, cancel))
            except UnreadableError:
                # The series stays in the list without a picture, and opening it says why; a message now
                # would hide what there is to say of the stack that was just opened.
                continue

    def _take_reading(self, value: object) -> None:
        """Something arrived from the reading thread."""
        if isinstance(value, Progress):
            self._store.update(lambda state: replace(state, reading=value))
        elif isinstance(value, FolderContents):
            self._shelve()
            self._store.update(lambda state: viewstate.listed(state, value))
        elif isinstance(value, Thumbnail):
            self._store.update(lambda state: replace(state, thumbnails=(*state.thumbnails, value)))
        elif isinstance(value, GrowingStack):
            self._show_growing(value)
        elif isinstance(value, OpenStack):
            self._show(value)

    def _follow(self, state: viewstate.ViewState) -> None:
        """The slice in view is the one to read next."""
        if self._wanted is not None:
            self._wanted.slice_index = state.slice_index

    def _show_growing(self, stack: GrowingStack) -> None:
        """Show what was read so far; nothing is said of the stack before it is whole."""
        volume = stack.volume
        if self._wanted is None:
            self._open(volume, stack.receipt)
        done = Progress(volume.settled_count, volume.slice_count, "Reading slices")
        self._wanted = stack.wanted
        self._store.update(lambda state: replace(state, volume=volume, reading=done))

    def _open(self, volume: Volume, receipt: str) -> None:
        """Show a stack that was not on the screen, with what the reader had decided on it before."""
        self._network.cancel()
        now = self._store.state.volume
        if now is not None and now.series is volume.series and not now.is_complete:
            return  # Opening was canceled and goes on: the reader keeps slice, windows and comments.
        self._shelve()
        shelved = self._shelf.get(_identity(volume))
        review = Review() if shelved is None else shelved.review
        before = self._store.state.slice_index
        self._store.update(lambda state: replace(viewstate.opened(state, volume, receipt), review=review))
        if volume.series.repair:
            self._store.update(lambda state: viewstate.scrolled_to(state, before))

    def _show(self, stack: OpenStack) -> None:
        """Every slice was read: say what is to be said, and analyze."""
        if self._wanted is None:
            self._open(stack.volume, stack.receipt)
        self._wanted = None
        check = stack.input_check
        self._store.update(
            lambda state: replace(
                state,
                volume=stack.volume,
                reading=None,
                input_check=check.level.value,
                input_check_reasons=check.reasons,
                message=_unreadable_message(stack),
            )
        )
        self._take_off_shelf(stack.volume)
        if self._store.state.findings is not None:
            return
        if stack.volume.series.is_ai_candidate and not check.is_red:
            self.analyze()
            return
        reasons = "; ".join(check.reasons) or "not an axial head CT"
        way = "Repair values mends a copy in memory" if check.is_wrapped else "Analyze runs it all the same"
        text = f"Not analyzed, input check {check.level.value}: {reasons}. {way}."
        lost = _unreadable_message(stack)
        message = Message(text, True) if lost is None else Message(f"{lost.text}. {text}", True, lost.details)
        self._store.update(lambda state: replace(state, message=message))

    def _shelve(self) -> None:
        """Keep findings and decisions of the stack that closes, for when it is opened again."""
        state, volume = self._store.state, self._store.state.volume
        if volume is None:
            return
        identity = _identity(volume)
        before = self._shelf.get(identity)
        if before is not None and not volume.is_complete:
            self._shelf[identity] = replace(before, review=state.review)
        else:
            self._shelf[identity] = Shelved(state.review, state.findings, _readable(volume))

    def _take_off_shelf(self, volume: Volume) -> None:
        """Put back the findings of this stack, if they are whole and no slice was lost or found since."""
        shelved = self._shelf.get(_identity(volume))
        if shelved is None or shelved.findings is None or not shelved.findings.is_complete:
            return
        if shelved.is_readable == _readable(volume):
            self._store.update(lambda state: replace(state, findings=shelved.findings))

    def _reading_done(self, _outcome: None) -> None:
        def step(state: viewstate.ViewState) -> viewstate.ViewState:
            state = replace(state, reading=None)
            if state.volume is None and state.contents is not None:
                return replace(state, message=_nothing_opened(state.contents))
            return state

        self._store.update(step)

    def _reading_failed(self, error: Exception) -> None:
        self._store.update(
            lambda state: replace(state, reading=None, message=_problem("Opening failed", error))
        )

    # The network

    def warm_up(self) -> None:
        """Start the child processes while the window waits for a study."""

        def work(_report: Reporter, cancel: CancelToken) -> str:
            self._controller.start_decoder()
            return self._controller.device(cancel)

        if self._store.state.volume is None and self._store.state.reading is None:
            self._network.start(Task(work, self._take_device, self._network_failed))

    def analyze(self) -> None:
        """Score the open stack, the slice in view first."""
        state = self._store.state
        volume, card = state.volume, self._controller.card
        if volume is None or state.reading is not None:
            return
        if not volume.is_complete:
            read = f"{volume.settled_count} of {volume.slice_count} slices were read"
            self._say(f"Not analyzed: only {read}. Click the series to read the rest.", is_problem=True)
            return
        pending = StudyFindings.pending(volume.series.key, card.weights_sha256, volume.is_readable)

        def work(report: Reporter, cancel: CancelToken) -> StudyFindings:
            report(self._controller.device(cancel))
            return self._controller.analyze(volume, state.slice_index, lambda *result: report(result), cancel)

        self._store.update(
            lambda state: replace(
                state,
                findings=pending,
                explanation=None,
                analysis=Progress(0, volume.slice_count, "loading the network"),
            )
        )
        self._network.start(Task(work, self._analysis_done, self._network_failed, self._take_analysis))

    def cancel_analysis(self) -> None:
        """Stop the analysis; slices that were scored keep their scores, the others stay pending."""
        self._network.cancel()
        self._store.update(lambda state: replace(state, analysis=None, message=Message("Analysis canceled.")))

    def explain(self) -> None:
        """Ask for the chosen other method's map of the slice and label in view."""
        state = self._store.state
        if state.volume is None or state.findings is None or state.heatmap_method == CLOSED_FORM:
            return
        if state.analysis is not None:
            self._say("Other methods are available once the analysis is done.")
            return
        volume, finding = state.volume, state.findings.slices[state.slice_index]
        if finding.class_maps is None:
            return

        def work(_report: Reporter, cancel: CancelToken) -> Heatmap:
            return self._controller.explain(
                volume, finding, state.heatmap_subtype, state.heatmap_method, cancel
            )

        def show(heatmap: Heatmap) -> None:
            self._store.update(lambda state: replace(state, explanation=heatmap))

        self._network.start(Task(work, show, self._network_failed))

    def use_device(self, device: str) -> None:
        """Run the network elsewhere from now on; the open stack is analyzed again.

        The choice is kept once the network runs there, and dropped if it cannot.
        """
        self._wanted_device = device
        self._controller.use_device(device)
        self._store.update(lambda state: replace(state, device=device, analysis=None))
        self.warm_up()
        self.analyze()

    def _take_device(self, name: str) -> None:
        self._store.update(lambda state: replace(state, device=name))
        if self._settings.device != self._wanted_device:
            self._settings = replace(self._settings, device=self._wanted_device)
            self._save_settings()

    def _take_analysis(self, value: str | tuple[SliceResult, Progress]) -> None:
        """Something arrived from the network's thread: its device, or one slice."""
        if isinstance(value, str):
            self._take_device(value)
            return
        result, progress = value
        state = self._store.state
        if state.findings is None:
            return
        try:
            findings = state.findings.with_result(result)
        except MismatchError as error:
            self._say(str(error), is_problem=True)
            return
        self._store.set(replace(state, findings=findings, analysis=progress))

    def _analysis_done(self, _findings: StudyFindings) -> None:
        self._store.update(lambda state: replace(state, analysis=None))
        self.explain()

    def _network_failed(self, error: Exception) -> None:
        if self._wanted_device != self._settings.device:
            self._wanted_device = self._settings.device
            self._controller.use_device(self._settings.device)
            self._store.update(lambda state: replace(state, device=self._settings.device))
        self._store.update(
            lambda state: replace(state, analysis=None, message=_problem("The network failed", error))
        )

    # Self-test, export, settings, end

    def self_test(self, test: Callable[[str, Reporter, CancelToken], SelfTestReport]) -> None:
        """Run *test* on the chosen device, in processes of its own; the open study is left alone."""
        device = self._wanted_device

        def show(report: SelfTestReport) -> None:
            verdict = verdict_lines(report)[0]
            message = Message(verdict, bool(report.problems), selftest_text(report))
            self._store.update(lambda state: replace(state, message=message))

        def failed(error: Exception) -> None:
            self._store.update(lambda state: replace(state, message=_problem("Self-test failed", error)))

        self._say("Self-test: trying every transfer syntax, the network and the demo study …")
        self._testing.start(Task(lambda report, cancel: test(device, report, cancel), show, failed))

    def export(self, path: Path, identify: bool) -> None:
        """Write the findings as CSV; a refusal is a message and the findings stay."""
        state = self._store.state
        if state.volume is None or state.findings is None or state.model_card is None:
            self._say("There are no findings to export yet.")
            return
        check = "; ".join((state.input_check, *state.input_check_reasons))
        report = Report(
            state.volume.series, state.findings, state.review, state.model_card, check, state.receipt
        )

        def written(_nothing: None) -> None:
            self._store.update(lambda state: replace(state, message=Message(f"Findings written to {path}.")))

        def refused(error: Exception) -> None:
            self._store.update(
                lambda state: replace(state, message=_problem("Not exported, the findings are kept", error))
            )

        self._writing.start(
            Task(lambda _r, _c: self._controller.export(path, [report], identify), written, refused)
        )

    def clear_recent(self) -> None:
        """Forget the folders opened before."""
        self._settings = replace(self._settings, recent_paths=())
        self._save_settings()
        self._store.update(lambda state: replace(state, recent_paths=()))

    def close(self, layout: dict[str, Any]) -> None:
        """Stop all work and keep the settings."""
        self._settings = replace(self._settings, layout=layout)
        self._save_settings()
        for runner in (self._reading, self._network, self._writing, self._testing):
            runner.close()
        self._controller.close()

    def _save_settings(self) -> None:
        try:
            save_settings(self._settings_path, self._settings)
        except IchViewerError as error:
            self._say(str(error), is_problem=True)

    def _say(self, text: str, is_problem: bool = False) -> None:
        self._store.update(lambda state: replace(state, message=Message(text, is_problem)))


def _paced(report: Reporter, clock: Callable[[], float] = time.monotonic) -> Reporter:
    """The same reporter for progress, at most every PROGRESS_EVERY_S: each time the window is drawn anew."""
    told_at = float("-inf")

    def tell(progress: Progress) -> None:
        nonlocal told_at
        if clock() - told_at >= PROGRESS_EVERY_S:
            told_at = clock()
            report(progress)

    return tell


def _identity(volume: Volume) -> StackIdentity:
    """What must be the same for decisions by slice to be about the same images.

    The series' UID is not enough: two folders can hold different parts of one series, and repaired pixels
    are other images.
    """
    slices = tuple((header.sop_instance_uid, header.frame_number) for header in volume.series.slices)
    return volume.series.repair, slices


def _readable(volume: Volume) -> tuple[bool, ...]:
    return tuple(volume.is_readable.tolist())


def _problem(what: str, error: Exception) -> Message:
    """A sentence for the reader; an error that is not of our own words keeps its type in the details."""
    if isinstance(error, IchViewerError):
        return Message(f"{what}: {error}", is_problem=True)
    return Message(f"{what}: unexpected error.", is_problem=True, details=f"{type(error).__name__}: {error}")


def _unreadable_message(stack: OpenStack) -> Message | None:
    reasons = stack.volume.unreadable_reasons
    if not reasons:
        return None
    details = "\n".join(f"slice {index + 1}: {reason}" for index, reason in sorted(reasons.items()))
    text = f"{len(reasons)} of {stack.volume.slice_count} slices could not be read"
    return Message(text, is_problem=True, details=details)


def _nothing_opened(contents: FolderContents) -> Message:
    details = "\n".join(f"{file.path}: {file.verdict.value}, {file.reason}" for file in contents.files)
    if len(contents.files) == 1 and contents.files[0].verdict is not Verdict.LOADED:
        return Message(f"Nothing was opened: {contents.files[0].path}: {contents.files[0].reason}", True)
    if not any(file.verdict is Verdict.LOADED for file in contents.files):
        return Message(f"None of {len(contents.files)} files could be read", True, details)
    return Message("No head CT was found by itself; choose a series from the list.", True, details)
