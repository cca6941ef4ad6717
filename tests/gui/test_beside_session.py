"""Prior, bone kernel and localizer are read beside the open stack; studies are added and closed."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import make_card, make_findings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from stacks_beside import JANE, scout, stack

from ichviewer.controller import OpenStack
from ichviewer.core.errors import UnreadableError
from ichviewer.core.findings import Decision, SliceResult, StudyFindings, Subtype
from ichviewer.core.history import ReaderWork
from ichviewer.core.input_check import CheckLevel, InputCheck
from ichviewer.core.prior import prior_asked_for, prior_insisted
from ichviewer.core.progress import CancelToken, Progress
from ichviewer.core.series import FileVerdict, FolderContents, Series, Verdict
from ichviewer.core.views import Layout
from ichviewer.core.viewstate import Thumbnail, ViewState, opened
from ichviewer.core.volume import Volume
from ichviewer.gui.beside_commands import bone_kernel_toggled
from ichviewer.gui.store import Store
from ichviewer.gui.view_grid import ViewGrid
from ichviewer.session.session import Session
from ichviewer.settings import Settings


class ReadingController:
    """Reads from folders that are lists of volumes; remembers what was scored and what was read beside."""

    def __init__(self, folders: dict[str, Sequence[Volume]]) -> None:
        self.card = make_card()
        self.folders = dict(folders)
        self.scored: list[str] = []
        self.beside: list[str] = []
        self.beside_error: Exception | None = None
        self.beside_gate = threading.Event()
        self.beside_gate.set()

    def volume(self, series: Series) -> Volume:
        every = (volume for volumes in self.folders.values() for volume in volumes)
        return next(volume for volume in every if volume.series.key == series.key)

    def scan(self, paths: Sequence[Path], report: Callable[..., None], cancel: CancelToken) -> FolderContents:
        volumes = self.folders[str(paths[0])]
        files = tuple(
            FileVerdict(header.path, Verdict.LOADED, "", volume.series.series_instance_uid)
            for volume in volumes
            for header in volume.series.slices
        )
        return FolderContents(tuple(volume.series for volume in volumes), files)

    def best_series(self, contents: FolderContents) -> Series | None:
        return next((series for series in contents.series if series.kind == "original"), None)

    def read_growing(
        self, series: Series, first_slice: int, show: Callable[..., None], cancel: CancelToken
    ) -> OpenStack:
        return OpenStack(self.volume(series), "sorted by position", InputCheck(CheckLevel.GREEN, ()))

    def read_beside(
        self, series: Series, report: Callable[..., None], cancel: CancelToken
    ) -> tuple[Volume, str]:
        self.beside.append(series.key)
        self.beside_gate.wait(10)
        cancel.raise_if_cancelled()
        if self.beside_error is not None:
            raise self.beside_error
        return self.volume(series), "sorted by position"

    def thumbnail(self, series: Series, cancel: CancelToken) -> Thumbnail:
        return Thumbnail(series.key, np.zeros((4, 4), np.uint8))

    def device(self, cancel: CancelToken) -> str:
        return "CPU"

    def analyze(
        self, volume: Volume, first: int, on_scored: Callable[..., None], cancel: CancelToken
    ) -> StudyFindings:
        self.scored.append(volume.series.key)
        findings = make_findings(volume, self.card)
        for finding in findings.slices:
            result = SliceResult(volume.series.key, self.card.weights_sha256, finding)
            on_scored((result,), Progress(finding.slice_index + 1, volume.slice_count, "analyzing"))
        return findings

    def check_maps(
        self, volume: Volume, findings: StudyFindings, first: int, on_checked: object, cancel: CancelToken
    ) -> StudyFindings:
        return findings

    def close(self) -> None:
        """Nothing runs."""


class Desk:
    def __init__(self, folder: Path) -> None:
        self.volumes = {
            "current": stack(9, 5.0, kernel="H31s"),
            "bone": stack(21, 2.0, lowest_mm=0.5, series_uid="1.2.5", kernel="H70h"),
            "scout": scout(),
            "prior": stack(9, 5.0, series_uid="7.1", study_uid="7", frame="7.9"),
            "stranger": stack(
                9, 5.0, series_uid="8.1", study_uid="8", frame="8.9", patient=replace(JANE, patient_id="ID-9")
            ),
        }
        today = [self.volumes[name] for name in ("current", "bone", "scout")]
        folders = {
            "/today": today,
            "/before": [self.volumes["prior"]],
            "/other": [self.volumes["stranger"]],
        }
        self.controller = ReadingController(folders)
        self.store = Store()
        self.session = Session(self.store, self.controller, Settings(), folder / "settings.json")  # type: ignore[arg-type]

    @property
    def state(self) -> ViewState:
        return self.store.state

    def series(self, key: str) -> Series:
        assert self.state.contents is not None
        return next(series for series in self.state.contents.series if series.key == key)

    def open(self, qtbot: QtBot, *folders: str) -> None:
        """Open folders one after the other; the first one's stack is open in the end."""
        for folder in (*folders[1:], folders[0]):
            self.session.reading.open_paths((Path(folder),))
            qtbot.waitUntil(lambda: is_analyzed(self) and self.state.reading is None)
            listed = len(self.state.contents.series) if self.state.contents else 0
            qtbot.waitUntil(lambda listed=listed: len(self.state.thumbnails) == listed)  # type: ignore[misc]


def is_analyzed(desk: Desk) -> bool:
    findings = desk.state.findings
    return findings is not None and findings.is_complete and desk.state.analysis is None


@pytest.fixture
def desk(tmp_path: Path, qtbot: QtBot) -> Iterator[Desk]:
    one = Desk(tmp_path)
    yield one
    one.controller.beside_gate.set()
    one.session.close({})


def test_a_prior_is_read_beside_the_open_stack(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: opening the prior throws away scores and decisions on the study that is being read."""
    desk.open(qtbot, "/today", "/before")
    volume, findings = desk.state.volume, desk.state.findings
    desk.store.update(lambda state: prior_asked_for(state, desk.series("7.1")))
    qtbot.waitUntil(lambda: desk.state.prior is not None)
    assert desk.state.volume is volume
    assert desk.state.findings is findings
    assert desk.state.layout is Layout.PRIOR
    assert desk.state.reading is None
    assert desk.state.prior is not None
    assert desk.state.prior.differences == ()


def test_a_refused_prior_is_not_read_before_the_reader_insists(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: another patient's head stands beside this one without a word."""
    desk.open(qtbot, "/today", "/other")
    desk.store.update(lambda state: prior_asked_for(state, desk.series("8.1")))
    assert "8.1" not in desk.controller.beside
    assert desk.state.prior is None
    desk.store.update(prior_insisted)
    qtbot.waitUntil(lambda: desk.state.prior is not None)
    assert desk.state.prior is not None
    assert desk.state.prior.differences == ("patient ID differs",)


def test_a_prior_that_arrives_after_another_stack_was_opened_is_dropped(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: the prior of the last patient stands beside the next one."""
    desk.open(qtbot, "/today", "/before", "/other")
    desk.controller.beside_gate.clear()
    desk.store.update(lambda state: prior_asked_for(state, desk.series("7.1")))
    qtbot.waitUntil(lambda: "7.1" in desk.controller.beside)
    desk.session.reading.open_series("8.1")
    desk.controller.beside_gate.set()
    qtbot.waitUntil(lambda: desk.state.volume is desk.volumes["stranger"] and desk.state.reading is None)
    assert desk.state.prior is None
    assert desk.state.wanted_prior == ""


def test_what_was_read_for_one_stack_never_stands_beside_another(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: the prior of the last patient stands beside the next one."""
    desk.open(qtbot, "/today", "/before")
    desk.controller.beside_gate.clear()
    desk.store.update(lambda state: prior_asked_for(state, desk.series("7.1")))
    qtbot.waitUntil(lambda: "7.1" in desk.controller.beside)
    desk.store.update(lambda state: opened(state, desk.volumes["stranger"], ""))
    desk.controller.beside_gate.set()
    qtbot.waitUntil(lambda: desk.state.reading is None)
    assert desk.state.prior is None


def test_a_prior_that_cannot_be_read_is_said_and_not_tried_again(desk: Desk, qtbot: QtBot) -> None:
    desk.open(qtbot, "/today", "/before")
    desk.controller.beside_error = UnreadableError("no slice of it can be read")
    desk.store.update(lambda state: prior_asked_for(state, desk.series("7.1")))
    qtbot.waitUntil(lambda: desk.state.message is not None)
    assert desk.state.message is not None
    assert "no slice of it can be read" in desk.state.message.text
    assert desk.state.reading is None
    assert desk.controller.beside.count("7.1") == 1


def test_cancel_gives_the_prior_up(desk: Desk, qtbot: QtBot) -> None:
    desk.open(qtbot, "/today", "/before")
    desk.controller.beside_gate.clear()
    desk.store.update(lambda state: prior_asked_for(state, desk.series("7.1")))
    qtbot.waitUntil(lambda: "7.1" in desk.controller.beside)
    desk.session.reading.cancel()
    desk.controller.beside_gate.set()
    assert desk.state.wanted_prior == ""
    assert desk.state.reading is None
    assert is_analyzed(desk)


def test_the_bone_kernel_is_read_when_it_is_wanted_and_put_away_again(desk: Desk, qtbot: QtBot) -> None:
    desk.open(qtbot, "/today")
    assert "1.2.5" not in desk.controller.beside
    desk.store.update(bone_kernel_toggled)
    qtbot.waitUntil(lambda: desk.state.bone_stack is not None)
    assert desk.state.bone_stack is not None
    assert desk.state.bone_stack.volume is desk.volumes["bone"]
    desk.store.update(bone_kernel_toggled)
    assert desk.state.bone_stack is None


def test_the_scout_of_the_study_becomes_its_localizer(desk: Desk, qtbot: QtBot) -> None:
    desk.open(qtbot, "/today")
    assert desk.state.localizer is not None
    assert desk.state.localizer.volume is desk.volumes["scout"]
    assert desk.state.localizer.refusal == ""
    desk.open(qtbot, "/other")
    assert desk.state.localizer is None


def test_a_scout_that_cannot_be_read_costs_nothing_else(desk: Desk, qtbot: QtBot) -> None:
    desk.controller.beside_error = UnreadableError("damaged")
    desk.open(qtbot, "/today")
    assert desk.state.localizer is None
    assert is_analyzed(desk)
    assert desk.state.message is None


def test_opening_another_folder_adds_to_the_list(desk: Desk, qtbot: QtBot) -> None:
    desk.open(qtbot, "/other", "/today")
    assert desk.state.contents is not None
    assert len(desk.state.contents.series) == 4
    assert {file.below for file in desk.state.contents.files} == {"/today", "/other"}
    assert len(desk.state.thumbnails) == 4
    assert desk.state.volume is desk.volumes["stranger"]


def test_decisions_and_scores_come_back_with_a_study_that_was_closed(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: a reading is lost because its study was closed and opened again."""
    desk.open(qtbot, "/today", "/other")
    review = desk.state.review.with_decision(2, Subtype.SUBDURAL, Decision.REJECTED)
    desk.store.update(lambda state: replace(state, work=ReaderWork(review)))
    runs = len(desk.controller.scored)
    desk.session.reading.close_study(("ID-0042", "1.2"))
    assert desk.state.volume is None
    desk.open(qtbot, "/today")
    assert desk.state.review.decision(2, Subtype.SUBDURAL) is Decision.REJECTED
    assert len(desk.controller.scored) == runs, "nothing was scored again"


def test_closing_the_last_study_leaves_an_empty_window(desk: Desk, qtbot: QtBot) -> None:
    desk.open(qtbot, "/today")
    desk.session.reading.close_study(("ID-0042", "1.2"))
    assert desk.state.contents is None
    assert desk.state.thumbnails == ()
    assert desk.state.localizer is None


def test_a_closed_study_leaves_no_pixels_in_memory(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: after a day of reading the machine is out of memory in the middle of a study."""
    grid = ViewGrid(desk.store)
    qtbot.addWidget(grid)
    grid.resize(600, 300)
    grid.show()
    desk.open(qtbot, "/today")
    grid.grab()
    pixels = weakref.ref(desk.volumes["current"].stored_values)
    desk.session.reading.close_study(("ID-0042", "1.2"))
    grid.grab()
    desk.volumes.clear()
    desk.controller.folders.clear()
    # Each thread holds its last task until it gets the next one.
    desk.session.close({})
    QApplication.processEvents()
    gc.collect()
    assert pixels() is None
