"""What the window asks for, done in other threads, and shown when it is done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import make_card, make_findings, make_volume
from pytestqt.qtbot import QtBot

from ichviewer.controller import OpenStack
from ichviewer.core.errors import ExportError, IchViewerError, InferenceError, UnreadableError
from ichviewer.core.findings import (
    Decision,
    SliceFinding,
    SliceResult,
    SliceStatus,
    StudyFindings,
    Subtype,
)
from ichviewer.core.first_look import both_readings
from ichviewer.core.heatmap import Heatmap
from ichviewer.core.history import ReaderWork
from ichviewer.core.input_check import CheckLevel, InputCheck
from ichviewer.core.map_verdict import MapVerdict, SliceVerdicts
from ichviewer.core.preprocessing import Framing
from ichviewer.core.progress import CancelToken, Progress
from ichviewer.core.receipt import receipt
from ichviewer.core.sealing import network_findings, result_shown
from ichviewer.core.self_doubt import unchecked_maps
from ichviewer.core.series import FileVerdict, FolderContents, Series, Verdict
from ichviewer.core.viewstate import Thumbnail, ViewState, scrolled_to
from ichviewer.core.volume import Volume
from ichviewer.core.wrap_repair import REPAIR, WRAPPED_REASON, unwrapped
from ichviewer.dicom.syntax_check import SyntaxResult
from ichviewer.export.table import Report
from ichviewer.gui.slice_scores import decided
from ichviewer.gui.store import Store
from ichviewer.selftest_report import DemoResult, NetworkResult, SelfTestReport
from ichviewer.session.session import Session
from ichviewer.settings import Settings, load_settings


class FakeController:
    """Stands for reading, network and export; remembers who called it from which thread."""

    def __init__(self, volumes: Sequence[Volume]) -> None:
        self.card = make_card()
        self.volumes = {volume.series.key: volume for volume in volumes}
        self.check = InputCheck(CheckLevel.GREEN, ())
        self.threads: set[str] = set()
        self.gate = threading.Event()
        self.gate.set()
        self.is_loaded = threading.Event()
        self.is_loaded.set()
        self.waiting = threading.Event()
        self.error: Exception | None = None
        self.first_slices: list[int] = []
        self.exported: list[Report] = []
        self.is_closed = False
        self.stranger = ""
        self.likely: list[int] = []
        self.verdict = MapVerdict(3.0, 0.5, 0.9, 0.1)
        self.check_gate = threading.Event()
        self.check_gate.set()
        self.check_error: Exception | None = None
        self.checked: list[str] = []

    def _enter(self) -> None:
        self.threads.add(threading.current_thread().name)
        if self.error is not None:
            raise self.error

    def scan(self, paths: Sequence[Path], report: Callable[..., None], cancel: CancelToken) -> FolderContents:
        self._enter()
        report(Progress(1, 2, "reading headers"))
        series = tuple(v.series for v in self.volumes.values())
        return FolderContents(series, (FileVerdict("a", Verdict.LOADED, ""),))

    def best_series(self, contents: FolderContents) -> Series | None:
        return contents.series[0] if contents.series else None

    def read_growing(
        self, series: Series, first_slice: int, show: Callable[..., None], cancel: CancelToken
    ) -> OpenStack:
        self._enter()
        volumes = self.volumes.values()
        volume = next(v for v in volumes if v.series.series_instance_uid == series.series_instance_uid)
        return OpenStack(volume, "sorted by position", self.check)

    def repair_wrapped(self, volume: Volume) -> OpenStack:
        self._enter()
        repaired = unwrapped(volume)
        return OpenStack(repaired, receipt(repaired.series), InputCheck(CheckLevel.GREEN, ()))

    def demo_folder(self, report: Callable[..., None], cancel: CancelToken) -> Path:
        self._enter()
        return Path("/demo")

    def thumbnail(self, series: Series, cancel: CancelToken) -> Thumbnail:
        self._enter()
        return Thumbnail(series.key, np.zeros((4, 4), np.uint8))

    def device(self, cancel: CancelToken) -> str:
        self._enter()
        self.is_loaded.wait(10)
        return "CPU"

    def start_decoder(self) -> None:
        self._enter()

    def use_device(self, device: str) -> None:
        self.wanted_device = device

    def analyze(
        self, volume: Volume, first: int, on_scored: Callable[..., None], cancel: CancelToken
    ) -> StudyFindings:
        self._enter()
        self.first_slices.append(first)
        findings = make_findings(volume, self.card, likely=self.likely)
        for done, finding in enumerate(findings.slices, start=1):
            self.waiting.set()
            self.gate.wait(10)
            cancel.raise_if_cancelled()
            results = (self.result(volume, finding),)
            on_scored(results, Progress(done, volume.slice_count, "analyzing"))
        return findings

    def result(self, volume: Volume, finding: SliceFinding) -> SliceResult:
        return SliceResult(self.stranger or volume.series.key, self.card.weights_sha256, finding)

    def explain(
        self, volume: Volume, finding: SliceFinding, subtype: Subtype, method: str, cancel: CancelToken
    ) -> Heatmap:
        self._enter()
        return Heatmap(
            subtype,
            finding.slice_index,
            np.zeros((2, 2), np.float32),
            Framing(0, 0, 1, 1),
            9.0,
            method,
            self.card.weights_sha256,
        )

    def check_maps(
        self,
        volume: Volume,
        findings: StudyFindings,
        first_slice: int,
        on_checked: Callable[[SliceVerdicts], None],
        cancel: CancelToken,
    ) -> StudyFindings:
        self._enter()
        if self.check_error is not None:
            raise self.check_error
        for index in unchecked_maps(findings, self.card.slice_thresholds):
            self.check_gate.wait(10)
            cancel.raise_if_cancelled()
            self.checked.append(f"slice {index}")
            key = self.stranger or volume.series.key
            on_checked(SliceVerdicts(key, self.card.weights_sha256, index, (self.verdict,) * 6))
        return findings

    def check_explanation(self, volume: Volume, heatmap: Heatmap, cancel: CancelToken) -> Heatmap:
        self._enter()
        self.checked.append(heatmap.method)
        return replace(heatmap, verdict=self.verdict)

    def export(self, path: Path, reports: Sequence[Report], identify: bool) -> None:
        self._enter()
        self.exported.extend(reports)

    def close(self) -> None:
        self.is_closed = True


class Desk:
    """A session on a fake controller, with its store."""

    def __init__(self, folder: Path, volumes: Sequence[Volume]) -> None:
        self.controller = FakeController(volumes)
        self.store = Store()
        self.settings_path = folder / "settings.json"
        self.session = Session(self.store, self.controller, Settings(), self.settings_path)  # type: ignore[arg-type]

    @property
    def state(self) -> ViewState:
        return self.store.state


@pytest.fixture
def desk(tmp_path: Path, qtbot: QtBot) -> Iterator[Desk]:
    one = Desk(tmp_path, [make_volume(5, series_uid="1.2.3"), make_volume(3, series_uid="1.2.4")])
    yield one
    one.controller.gate.set()
    one.controller.check_gate.set()
    one.controller.is_loaded.set()
    one.session.close({})


def is_analyzed(desk: Desk) -> bool:
    findings = desk.state.findings
    return findings is not None and findings.is_complete and desk.state.analysis is None


def test_a_dropped_folder_is_read_and_analyzed(desk: Desk, qtbot: QtBot) -> None:
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: is_analyzed(desk))
    assert desk.state.volume is not None
    assert desk.state.slice_count == 5
    assert desk.state.device == "CPU"
    assert desk.state.input_check == "green"
    assert desk.controller.first_slices == [2]
    qtbot.waitUntil(lambda: len(desk.state.thumbnails) == 2)


def test_no_part_of_it_runs_on_the_gui_thread(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: a window that freezes while it reads is taken for one that has lost the study."""
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: is_analyzed(desk))
    desk.session.writing.export(Path("/findings.csv"), identify=False)
    qtbot.waitUntil(lambda: bool(desk.controller.exported))
    desk.store.update(lambda state: replace(state, heatmap_method="LayerCAM"))
    desk.session.analysis.explain()
    qtbot.waitUntil(lambda: desk.state.explanation is not None)
    desk.session.reading.open_demo()
    qtbot.waitUntil(lambda: is_analyzed(desk))
    assert {name.split("_")[0] for name in desk.controller.threads} == {"reading", "network", "writing"}
    assert threading.current_thread().name not in desk.controller.threads


def test_a_red_input_check_asks_before_it_runs(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: scores for something that is no head look like scores for a head."""
    desk.controller.check = InputCheck(CheckLevel.RED, ("not a head",))
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: desk.state.message is not None)
    assert "not a head" in desk.state.message.text
    assert desk.state.findings is None
    desk.session.analysis.analyze()
    qtbot.waitUntil(lambda: is_analyzed(desk))


def test_wrapped_values_are_repaired_when_asked_and_only_in_memory(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: scores or decisions on values as they were read stand beside repaired images."""
    desk.controller.check = InputCheck(CheckLevel.RED, (WRAPPED_REASON,))
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: desk.state.message is not None and desk.state.reading is None)
    assert "Repair values mends a copy" in desk.state.message.text
    desk.session.analysis.analyze()
    qtbot.waitUntil(lambda: is_analyzed(desk))
    desk.store.update(lambda state: scrolled_to(state, 4))
    desk.session.reading.repair_wrapped()
    qtbot.waitUntil(lambda: desk.state.receipt.startswith(REPAIR) and is_analyzed(desk))
    assert desk.controller.first_slices == [2, 4], "the repaired stack was not analyzed afresh"
    assert (desk.state.slice_index, desk.state.input_check) == (4, "green")
    desk.session.reading.open_series("1.2.3")
    qtbot.waitUntil(lambda: desk.state.receipt == "sorted by position" and desk.state.findings is not None)
    assert desk.state.volume is desk.controller.volumes["1.2.3"]
    assert desk.controller.first_slices == [2, 4]


def test_nothing_is_repaired_where_nothing_is_wrapped(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: sound metal turned into air by a stray key."""
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: is_analyzed(desk) and desk.state.reading is None)
    desk.session.reading.repair_wrapped()
    assert desk.state.reading is None
    assert desk.state.volume is desk.controller.volumes["1.2.3"]


def test_a_new_series_supersedes_the_old_one(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: scores of one series beside the images of another."""
    desk.controller.gate.clear()
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(desk.controller.waiting.is_set)
    desk.session.reading.open_series("1.2.4")
    desk.controller.gate.set()
    qtbot.waitUntil(lambda: is_analyzed(desk) and desk.state.slice_count == 3)
    assert desk.state.findings.series_key == "1.2.4"
    assert len(desk.state.findings.slices) == 3


def test_a_canceled_analysis_keeps_what_it_has_and_says_so(desk: Desk, qtbot: QtBot) -> None:
    desk.controller.gate.clear()
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(desk.controller.waiting.is_set)
    desk.session.analysis.cancel()
    desk.controller.gate.set()
    assert desk.state.analysis is None
    assert desk.state.findings.count(SliceStatus.PENDING) == 5
    assert "canceled" in desk.state.message.text


def with_a_lost_slice(volume: Volume) -> Volume:
    is_readable = np.asarray([index != 1 for index in range(volume.slice_count)])
    return replace(volume, is_readable=is_readable, unreadable_reasons={1: "the file was moved or deleted"})


def test_slices_that_were_lost_are_still_told_after_the_analysis_was_canceled(
    desk: Desk, qtbot: QtBot
) -> None:
    """Hazard: a stack with holes is taken for a whole one."""
    desk.controller.volumes["1.2.3"] = with_a_lost_slice(desk.controller.volumes["1.2.3"])
    desk.controller.gate.clear()
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(desk.controller.waiting.is_set)
    desk.session.analysis.cancel()
    desk.controller.gate.set()
    assert desk.state.message.text == "1 of 5 slices could not be read. Analysis canceled."
    assert desk.state.message.is_problem
    assert "the file was moved or deleted" in desk.state.message.details
    assert desk.state.findings.slices[1].reason == "the file was moved or deleted"


def test_the_slice_in_view_when_the_network_is_ready_comes_first(desk: Desk, qtbot: QtBot) -> None:
    desk.controller.is_loaded.clear()
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: desk.state.analysis is not None)
    desk.store.update(lambda state: scrolled_to(state, 4))
    desk.controller.is_loaded.set()
    qtbot.waitUntil(lambda: is_analyzed(desk))
    assert desk.controller.first_slices == [4]


def test_the_slice_in_view_comes_first(desk: Desk, qtbot: QtBot) -> None:
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: is_analyzed(desk))
    desk.store.update(lambda state: scrolled_to(state, 4))
    desk.session.analysis.analyze()
    qtbot.waitUntil(lambda: is_analyzed(desk))
    assert desk.controller.first_slices == [2, 4]


@pytest.mark.parametrize(
    ("error", "words"),
    [(UnreadableError("IM1 is cut short."), "IM1 is cut short."), (ValueError("boom"), "unexpected error")],
)
def test_a_failure_while_opening_is_a_sentence(
    desk: Desk, qtbot: QtBot, error: Exception, words: str
) -> None:
    desk.controller.error = error
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: desk.state.message is not None)
    assert words in desk.state.message.text
    assert desk.state.message.is_problem
    assert desk.state.reading is None


def test_a_dead_network_leaves_slices_pending_not_zero(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: a network that died reads as 'nothing found'."""
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: is_analyzed(desk))
    desk.controller.error = InferenceError("The network's process ended unexpectedly (exit code -9).")
    desk.session.analysis.analyze()
    qtbot.waitUntil(lambda: desk.state.message is not None)
    assert "exit code -9" in desk.state.message.text
    assert all(finding.probabilities is None for finding in desk.state.findings.slices)


def test_a_refused_export_is_a_message_and_the_findings_stay(desk: Desk, qtbot: QtBot) -> None:
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: is_analyzed(desk))
    desk.controller.error = ExportError("/findings.csv cannot be written: Permission denied.")
    desk.session.writing.export(Path("/findings.csv"), identify=False)
    qtbot.waitUntil(lambda: desk.state.message is not None)
    assert "Permission denied" in desk.state.message.text
    assert is_analyzed(desk)


def test_another_study_closes_the_open_stack_before_its_own_is_read(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: the image of one patient is taken for that of another who was just opened."""
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: is_analyzed(desk))
    desk.controller.volumes = {"9.9": make_volume(4, series_uid="9.9")}
    volumes: list[Volume | None] = []
    desk.store.changed.connect(lambda state: volumes.append(state.volume))
    desk.session.reading.open_paths((Path("/other"),))
    qtbot.waitUntil(lambda: is_analyzed(desk) and desk.state.slice_count == 4)
    assert None in volumes


def test_a_folder_without_images_leaves_the_open_stack(desk: Desk, qtbot: QtBot) -> None:
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: is_analyzed(desk))
    desk.controller.volumes = {}
    desk.session.reading.open_paths((Path("/empty"),))
    qtbot.waitUntil(lambda: desk.state.message is not None)
    assert is_analyzed(desk)
    assert desk.state.reading is None


def test_another_method_explains_the_slice_in_view(desk: Desk, qtbot: QtBot) -> None:
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: is_analyzed(desk))
    desk.store.update(
        lambda state: replace(state, heatmap_method="LayerCAM", heatmap_subtype=Subtype.SUBDURAL)
    )
    desk.session.analysis.explain()
    qtbot.waitUntil(lambda: desk.state.explanation is not None)
    assert desk.state.explanation.method == "LayerCAM"
    assert desk.state.explanation.subtype is Subtype.SUBDURAL


def verdicts_of(desk: Desk) -> list[MapVerdict | None]:
    findings = desk.state.findings
    return [] if findings is None else [each.map_verdict(Subtype.ANY) for each in findings.slices]


def test_maps_of_flagged_slices_are_checked_once_all_scores_are_there(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: a heat map is believed on a slice where the score does not come from it."""
    desk.controller.likely = [1, 3]
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: verdicts_of(desk).count(desk.controller.verdict) == 2)
    verdict = desk.controller.verdict
    assert verdicts_of(desk) == [None, verdict, None, verdict, None]
    assert desk.state.analysis is None
    assert desk.state.message is None


def test_another_study_does_not_wait_for_the_check(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: verdicts of one study hold back the scores of the next, or land on it."""
    desk.controller.likely = [1, 2]
    desk.controller.check_gate.clear()
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: is_analyzed(desk) and desk.state.analysis is None)
    first, second = desk.controller.volumes.values()
    desk.session.reading.open_series(second.series.key)
    desk.controller.check_gate.set()
    qtbot.waitUntil(lambda: desk.state.volume is second and is_analyzed(desk))
    qtbot.waitUntil(lambda: verdicts_of(desk).count(desk.controller.verdict) == 2)
    assert desk.state.findings is not None
    assert desk.state.findings.series_key == second.series.key
    assert desk.state.message is None
    desk.session.reading.open_series(first.series.key)
    qtbot.waitUntil(
        lambda: verdicts_of(desk).count(desk.controller.verdict) == 2 and len(verdicts_of(desk)) == 5
    )


def test_verdicts_of_strangers_are_refused_and_said(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: the map of one patient is trusted because another patient's was."""
    desk.controller.likely = [1]
    desk.controller.check_gate.clear()
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: is_analyzed(desk) and desk.state.analysis is None)
    desk.controller.stranger = "9.9.9"
    desk.controller.check_gate.set()
    qtbot.waitUntil(lambda: desk.state.message is not None)
    assert "9.9.9" in desk.state.message.text
    assert set(verdicts_of(desk)) == {None}


def test_another_methods_map_is_shown_first_and_then_checked(desk: Desk, qtbot: QtBot) -> None:
    desk.controller.likely = [1]
    desk.controller.check_gate.clear()
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: is_analyzed(desk) and desk.state.analysis is None)
    seen: list[MapVerdict | None] = []
    desk.store.changed.connect(
        lambda state: seen.append(state.explanation.verdict) if state.explanation is not None else None
    )
    desk.store.update(lambda state: replace(state, heatmap_method="LayerCAM"))
    desk.session.analysis.explain()
    desk.controller.check_gate.set()
    qtbot.waitUntil(lambda: verdicts_of(desk).count(desk.controller.verdict) == 1)
    assert seen[0] is None
    assert seen[-1] is desk.controller.verdict
    assert desk.controller.checked == ["LayerCAM", "slice 1"]


def test_a_check_that_fails_leaves_the_scores_and_says_so(desk: Desk, qtbot: QtBot) -> None:
    desk.controller.likely = [1]
    desk.controller.check_error = InferenceError("The network's process ended unexpectedly (exit code -9).")
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: desk.state.message is not None)
    assert desk.state.message.text.startswith("The heat maps could not be checked: The network's process")
    assert is_analyzed(desk)
    assert set(verdicts_of(desk)) == {None}


def test_recent_folders_and_device_are_remembered(desk: Desk, qtbot: QtBot) -> None:
    desk.session.reading.open_paths((Path("/study"),))
    desk.session.analysis.use_device("cpu")
    qtbot.waitUntil(lambda: is_analyzed(desk))
    settings = load_settings(desk.settings_path)
    assert settings.recent_paths == ("/study",)
    assert settings.device == "cpu"
    desk.session.preferences.clear_recent()
    assert load_settings(desk.settings_path).recent_paths == ()
    assert desk.state.recent_paths == ()


def test_the_self_test_runs_beside_the_open_study_and_its_table_can_be_shown(
    desk: Desk, qtbot: QtBot
) -> None:
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: is_analyzed(desk))
    broken = SyntaxResult("1.2.840.10008.1.2.5", "RLE Lossless", 16, 0, None, "it is not installed")
    report = SelfTestReport(
        (broken,), NetworkResult("CPU", 2, "card", "ab", 3.0), DemoResult(34, 18, 0.1, 2.0), ()
    )
    devices = []

    def test(device: str, report_progress: Callable[..., None], cancel: CancelToken) -> SelfTestReport:
        devices.append((device, threading.current_thread().name.split("_")[0]))
        report_progress(Progress(1, 2, "decoding"))
        return report

    desk.session.self_test.run(test, desk.session.analysis.device)
    assert "trying every transfer syntax" in desk.state.message.text
    qtbot.waitUntil(lambda: desk.state.message.is_problem)
    assert devices == [("auto", "self-test")]
    assert desk.state.message.text == "Self-test: not everything works on this machine."
    assert "RLE Lossless does not decode: it is not installed" in desk.state.message.details
    assert is_analyzed(desk)


def test_a_self_test_that_cannot_run_says_why(desk: Desk, qtbot: QtBot) -> None:
    def test(device: str, report_progress: Callable[..., None], cancel: CancelToken) -> SelfTestReport:
        raise IchViewerError("The self-test needs a temporary folder.")

    desk.session.self_test.run(test, desk.session.analysis.device)
    qtbot.waitUntil(lambda: desk.state.message.is_problem)
    assert desk.state.message.text == "Self-test failed: The self-test needs a temporary folder."


def test_an_empty_window_loads_the_network_ahead(desk: Desk, qtbot: QtBot) -> None:
    desk.session.analysis.warm_up()
    qtbot.waitUntil(lambda: desk.state.device == "CPU")
    assert desk.state.findings is None


def test_a_stranger_result_is_refused_and_said(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: the score of one head stands beside the image of another."""
    desk.controller.stranger = "9.9.9"
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: desk.state.message is not None)
    assert "9.9.9" in desk.state.message.text
    assert all(finding.probabilities is None for finding in desk.state.findings.slices)


def test_decisions_and_findings_are_there_when_a_series_is_opened_again(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: a reader's correction is lost by a look at the bone series."""
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: is_analyzed(desk))
    decided = desk.state.review.with_decision(1, Subtype.SUBDURAL, Decision.REJECTED).with_comment(1, "falx")
    desk.store.update(lambda state: replace(state, work=ReaderWork(decided)))
    desk.session.reading.open_series("1.2.4")
    qtbot.waitUntil(lambda: desk.state.slice_count == 3 and is_analyzed(desk))
    assert desk.state.review.comment(1) == ""
    desk.session.reading.open_series("1.2.3")
    qtbot.waitUntil(lambda: desk.state.slice_count == 5 and is_analyzed(desk))
    assert desk.state.review == decided
    assert len(desk.controller.first_slices) == 2


@pytest.mark.parametrize(
    "other_images",
    [
        {"sop_instance_uid": "9.9"},
        {"path": "/other/slice.dcm"},
        {"sop_instance_uid": "", "path": "/other/slice.dcm"},
        {"frame_number": 7},
    ],
)
def test_decisions_and_scores_stay_with_their_images(
    desk: Desk, qtbot: QtBot, other_images: dict[str, Any]
) -> None:
    """Hazard: scores and decisions of one patient or folder land on the images of another one.

    UIDs may be absent, and two versions of one study may keep them.
    """
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: is_analyzed(desk))
    desk.store.update(lambda state: replace(state, work=ReaderWork(state.review.with_comment(1, "falx"))))
    whole = desk.controller.volumes["1.2.3"]
    slices = tuple(replace(header, **other_images) for header in whole.series.slices)
    other = replace(whole, series=replace(whole.series, slices=slices))
    desk.controller.volumes = {"1.2.3": other}
    desk.session.reading.open_paths((Path("/other"),))
    qtbot.waitUntil(lambda: desk.state.volume is other and is_analyzed(desk))
    assert desk.state.review.comment(1) == ""
    assert len(desk.controller.first_slices) == 2


def test_a_comment_on_a_study_that_was_not_analyzed_is_kept_too(desk: Desk, qtbot: QtBot) -> None:
    desk.controller.check = InputCheck(CheckLevel.RED, ("not a head",))
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: desk.state.message is not None)
    desk.store.update(lambda state: replace(state, work=ReaderWork(state.review.with_comment(1, "phantom"))))
    desk.session.reading.open_series("1.2.4")
    qtbot.waitUntil(lambda: desk.state.slice_count == 3)
    desk.session.reading.open_series("1.2.3")
    qtbot.waitUntil(lambda: desk.state.slice_count == 5)
    assert desk.state.review.comment(1) == "phantom"


def test_a_device_that_is_not_there_is_said_and_not_kept(desk: Desk, qtbot: QtBot) -> None:
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: is_analyzed(desk))
    desk.controller.error = InferenceError("The device cuda was asked for, but this machine has none.")
    desk.session.analysis.use_device("cuda")
    qtbot.waitUntil(lambda: desk.state.message is not None)
    assert "cuda" in desk.state.message.text
    assert desk.controller.wanted_device == "auto"
    assert desk.state.device == "auto"
    assert load_settings(desk.settings_path).device == "auto"


def test_a_demo_that_cannot_be_made_leaves_nothing_running(desk: Desk, qtbot: QtBot) -> None:
    desk.controller.gate.clear()
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(desk.controller.waiting.is_set)
    desk.controller.error = ExportError("/demo cannot be written.")
    desk.session.reading.open_demo()
    desk.controller.gate.set()
    qtbot.waitUntil(lambda: desk.state.message is not None)
    assert desk.state.reading is None
    assert desk.state.analysis is None


def test_scores_of_another_patients_stack_are_never_taken_off_the_shelf(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: two patients whose files hold no UIDs, in one folder name after the other."""
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: is_analyzed(desk))
    whole = desk.controller.volumes["1.2.3"]
    patient = replace(whole.series.patient, patient_id="somebody else")
    other = replace(whole, series=replace(whole.series, patient=patient))
    desk.controller.volumes = {"1.2.3": other}
    desk.session.reading.open_paths((Path("/other"),))
    qtbot.waitUntil(lambda: desk.state.volume is other and is_analyzed(desk))
    assert len(desk.controller.first_slices) == 2


def test_under_first_look_no_state_on_the_way_ever_shows_a_score(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: scores that flash up while they arrive were seen; the reading is no longer the reader's own."""
    desk.store.update(
        lambda state: replace(state, preferences=replace(state.preferences, uses_first_look=True))
    )
    shown: list[StudyFindings | None] = []
    desk.store.changed.connect(lambda state: shown.append(state.findings))
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: network_findings(desk.state) is not None and desk.state.analysis is None)
    qtbot.waitUntil(lambda: desk.state.reading is None)
    assert set(shown) == {None}
    key = series_keys(desk)[1]
    desk.session.reading.open_series(key)
    qtbot.waitUntil(lambda: desk.state.slice_count == 3 and desk.state.reading is None)
    desk.session.reading.open_series(series_keys(desk)[0])
    qtbot.waitUntil(lambda: desk.state.slice_count == 5 and desk.state.reading is None)
    assert set(shown) == {None}


def test_both_readings_are_exported(desk: Desk, qtbot: QtBot) -> None:
    desk.store.update(
        lambda state: replace(state, preferences=replace(state.preferences, uses_first_look=True))
    )
    desk.session.reading.open_paths((Path("/study"),))
    qtbot.waitUntil(lambda: network_findings(desk.state) is not None and desk.state.analysis is None)
    for step in (Decision.ACCEPTED, Decision.REJECTED):
        desk.store.update(lambda state, step=step: decided(state, Subtype.SUBDURAL, step))
        desk.store.update(result_shown)
    desk.session.writing.export(Path("/findings.csv"), identify=False)
    qtbot.waitUntil(lambda: bool(desk.controller.exported))
    report, here = desk.controller.exported[0], desk.state.slice_index
    before, after = both_readings(report.first_look, report.review)
    assert before.decision(here, Subtype.SUBDURAL) is Decision.ACCEPTED
    assert after.decision(here, Subtype.SUBDURAL) is Decision.REJECTED


def series_keys(desk: Desk) -> list[str]:
    assert desk.state.contents is not None
    return [series.key for series in desk.state.contents.series]
