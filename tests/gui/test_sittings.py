"""A sitting is kept, and comes back on the very same images; nothing is lost and nothing is forced."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import make_card, make_findings, make_volume
from pytestqt.qtbot import QtBot

from ichviewer.controller import OpenStack
from ichviewer.core.camera import Camera
from ichviewer.core.errors import ExportError, IchViewerError
from ichviewer.core.findings import Decision, SliceResult, StudyFindings, Subtype
from ichviewer.core.history import ReaderWork
from ichviewer.core.input_check import CheckLevel, InputCheck
from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measurements import Measurements
from ichviewer.core.navigation import with_layout
from ichviewer.core.progress import CancelToken, Progress
from ichviewer.core.sealing import result_shown
from ichviewer.core.series import FolderContents, Series
from ichviewer.core.views import Layout, View
from ichviewer.core.viewstate import Thumbnail, ViewState, with_camera, with_window
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import Window
from ichviewer.gui.store import Store
from ichviewer.session.session import Session
from ichviewer.session.shelf import stack_identity
from ichviewer.session.sitting_file import KeptSitting, KeptStack, read_sitting, write_sitting
from ichviewer.settings import Settings

VOLUMES = (make_volume(5, series_uid="1.2.3"), make_volume(3, series_uid="1.2.4"))


class FakeController:
    """Stands for reading, network and export; knows some stacks, and fails where it is told to."""

    def __init__(self, volumes: Sequence[Volume]) -> None:
        self.card = make_card()
        self.volumes = {volume.series.key: volume for volume in volumes}
        self.error: Exception | None = None
        self.exported: list[Path] = []

    def scan(self, paths: Sequence[Path], report: Callable[..., None], cancel: CancelToken) -> FolderContents:
        return FolderContents(tuple(volume.series for volume in self.volumes.values()), ())

    def best_series(self, contents: FolderContents) -> Series:
        return contents.series[0]

    def read_growing(
        self, series: Series, first_slice: int, show: Callable[..., None], cancel: CancelToken
    ) -> OpenStack:
        volume = self.volumes[series.key]
        return OpenStack(volume, "sorted by position", InputCheck(CheckLevel.GREEN, ()))

    def thumbnail(self, series: Series, cancel: CancelToken) -> Thumbnail:
        return Thumbnail(series.key, np.zeros((4, 4), np.uint8))

    def device(self, cancel: CancelToken) -> str:
        return "CPU"

    def analyze(
        self, volume: Volume, first: int, on_scored: Callable[..., None], cancel: CancelToken
    ) -> StudyFindings:
        findings = make_findings(volume, self.card)
        key, sha256 = volume.series.key, self.card.weights_sha256
        for finding in findings.slices:
            on_scored((SliceResult(key, sha256, finding),), Progress(1, 1, "analyzing"))
        return findings

    def check_maps(self, *_: object) -> None:
        """Nothing to be said of them."""

    def prepare(self, *_: object) -> None:
        """No planes."""

    def export(self, path: Path, reports: object, identify: bool) -> None:
        if self.error is not None:
            raise self.error
        self.exported.append(path)

    def close(self) -> None:
        """Nothing is open."""


class Sitting:
    """A session on a fake controller; two of them on one folder are two starts of the application."""

    def __init__(self, folder: Path, volumes=VOLUMES) -> None:
        self.controller = FakeController(volumes)
        self.store = Store()
        self.session = Session(
            self.store,
            self.controller,  # type: ignore[arg-type]
            Settings(),
            folder / "settings.json",
            folder / "sessions",
        )

    @property
    def state(self) -> ViewState:
        return self.store.state


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "study"
    path.mkdir()
    return path


@pytest.fixture
def start(tmp_path: Path, qtbot: QtBot) -> Iterator:
    started: list[Sitting] = []

    def begin(volumes=VOLUMES) -> Sitting:
        started.append(Sitting(tmp_path, volumes))
        return started[-1]

    yield begin
    for sitting in started:
        sitting.session.close({})


def read(qtbot: QtBot, sitting: Sitting, study: Path) -> None:
    sitting.session.reading.open_paths((study,))
    qtbot.waitUntil(lambda: sitting.state.findings is not None and sitting.state.findings.is_complete)


def decided(sitting: Sitting) -> ReaderWork:
    ruler = Measurement(MeasurementKind.RULER, ((0.0, 0.0, 0.0), (5.0, 0.0, 0.0)), 1)
    work = sitting.state.work
    work = ReaderWork(
        work.review.with_decision(2, Subtype.SUBDURAL, Decision.REJECTED).with_comment(2, "falx"),
        Measurements().added(ruler),
        frozenset({2}),
    )
    sitting.store.update(lambda state: replace(state, work=work))
    return work


def test_what_was_decided_comes_back_in_the_next_sitting(start, qtbot: QtBot, study: Path) -> None:
    """Hazard: a reader's decisions are lost when the window is closed."""
    first = start()
    read(qtbot, first, study)
    work = decided(first)
    first.session.close({})
    second = start()
    assert second.state.session_offered
    assert second.state.volume is None
    second.session.sittings.restore_last()
    qtbot.waitUntil(lambda: second.state.volume is not None)
    assert second.state.work == work


def test_how_it_was_looked_at_comes_back(start, qtbot: QtBot, study: Path) -> None:
    first = start()
    read(qtbot, first, study)
    first.session.reading.open_series("1.2.4")
    qtbot.waitUntil(lambda: first.state.slice_count == 3)

    def look(state: ViewState) -> ViewState:
        state = with_layout(replace(state, slice_index=2, is_inverted=True), Layout.PLANES)
        state = with_window(state, View.BRAIN, Window(33, 77))
        return with_camera(state, View.CORONAL, Camera(2.0, (3.0, 4.0)))

    first.store.update(look)
    before = first.state
    first.session.close({})
    second = start()
    second.session.sittings.restore_last()
    qtbot.waitUntil(lambda: second.state.slice_count == 3 and second.state.layout is Layout.PLANES)
    after = second.state
    assert (after.slice_index, after.is_inverted) == (2, True)
    assert (after.windows, after.cameras, after.active_view) == (
        before.windows,
        before.cameras,
        before.active_view,
    )


def test_decisions_never_come_back_on_other_images(start, qtbot: QtBot, study: Path) -> None:
    """Hazard: a decision on one slice stands beside another slice."""
    first = start()
    read(qtbot, first, study)
    work = decided(first)
    first.session.close({})
    slices = VOLUMES[0].series.slices
    changed = replace(slices[0], sop_instance_uid="9.9.9")
    other = replace(VOLUMES[0], series=replace(VOLUMES[0].series, slices=(changed, *slices[1:])))
    second = start((other,))
    second.session.sittings.restore_last()
    qtbot.waitUntil(lambda: second.state.volume is not None and second.state.message is not None)
    assert "images have changed" in second.state.message.text
    assert second.state.work == ReaderWork()
    assert work in [stack.work for stack in second.session.sittings.sitting().stacks]


def test_a_crash_loses_nothing_that_is_a_moment_old(start, qtbot: QtBot, study: Path, tmp_path: Path) -> None:
    first = start()
    read(qtbot, first, study)
    work = decided(first)
    first.session.sittings._timer.stop()
    first.session.sittings._timer.setInterval(1)
    first.store.update(lambda state: replace(state, slice_index=1))

    def is_kept() -> bool:
        files = list((tmp_path / "sessions").glob("sitting-*.json"))
        return bool(files) and work in [stack.work for stack in read_sitting(files[0]).stacks]

    qtbot.waitUntil(is_kept)


def test_a_result_that_was_seen_is_not_sealed_again(start, qtbot: QtBot, study: Path) -> None:
    """Hazard: a reading that was made with the scores in view is exported as one made without them."""
    first = start()
    first.store.update(
        lambda state: replace(state, preferences=replace(state.preferences, uses_first_look=True))
    )
    first.session.reading.open_paths((study,))
    qtbot.waitUntil(lambda: first.state.sealed_findings is not None)
    first.store.update(result_shown)
    first.session.close({})
    second = start()
    second.store.update(
        lambda state: replace(state, preferences=replace(state.preferences, uses_first_look=True))
    )
    second.session.sittings.restore_last()
    qtbot.waitUntil(lambda: second.state.findings is not None)
    assert not second.state.first_look.is_sealed


def test_a_folder_that_is_gone_is_said_and_its_decisions_stay(
    start, qtbot: QtBot, study: Path, tmp_path: Path
) -> None:
    stack = KeptStack("ab", "1.2.3", ReaderWork(key_images=frozenset({1})))
    write_sitting(tmp_path / "s.json", KeptSitting((str(tmp_path / "gone"),), stacks=(stack,)))
    sitting = start()
    sitting.session.sittings.restore(tmp_path / "s.json")
    assert "not there any more" in sitting.state.message.text
    assert sitting.session.sittings.sitting().stacks == (stack,)


def test_nothing_is_kept_where_the_reader_does_not_want_it(
    start, qtbot: QtBot, study: Path, tmp_path: Path
) -> None:
    """Hazard: a folder named after a patient stays on a shared computer."""
    sitting = start()
    sitting.store.update(
        lambda state: replace(state, preferences=replace(state.preferences, keeps_session=False))
    )
    read(qtbot, sitting, study)
    sitting.session.close({})
    assert list((tmp_path / "sessions").glob("*")) == []


def test_closing_says_what_would_be_lost_and_closing_again_means_it(start, qtbot: QtBot, study: Path) -> None:
    """Hazard: a reader's decisions are lost without a word."""
    sitting = start()
    read(qtbot, sitting, study)
    assert sitting.session.may_close()
    decided(sitting)
    assert sitting.session.may_close()
    sitting.store.update(
        lambda state: replace(state, preferences=replace(state.preferences, keeps_session=False))
    )
    assert not sitting.session.may_close()
    assert "not kept" in sitting.state.message.text
    assert sitting.session.may_close()


def test_kept_sessions_can_be_forgotten(start, qtbot: QtBot, study: Path, tmp_path: Path) -> None:
    first = start()
    read(qtbot, first, study)
    first.session.close({})
    second = start()
    second.session.sittings.forget()
    assert list((tmp_path / "sessions").glob("*")) == []
    assert not second.state.session_offered


def test_two_exports_are_both_written(start, qtbot: QtBot, study: Path) -> None:
    """Hazard: an export that was asked for is dropped because another one was asked for."""
    sitting = start()
    read(qtbot, sitting, study)
    for name in ("a.csv", "b.csv"):
        sitting.session.writing.export(Path(name), identify=False)
    assert sitting.state.writing
    assert sitting.session.may_close()
    assert len(sitting.controller.exported) == 2
    qtbot.waitUntil(lambda: not sitting.state.writing)


def test_an_export_that_failed_while_closing_is_said(start, qtbot: QtBot, study: Path) -> None:
    """Hazard: the window closes and the table that was asked for does not exist."""
    sitting = start()
    read(qtbot, sitting, study)
    sitting.controller.error = ExportError("the disk is full")
    sitting.session.writing.export(Path("a.csv"), identify=False)
    assert not sitting.session.may_close()
    assert "the disk is full" in sitting.state.message.text


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "damaged"),
        ("[]", "no session"),
        ('{"format": "ichviewer session"}', "damaged"),
        ('{"format": "ichviewer session", "version": 2, "sitting": {}}', "newer ichviewer"),
        ('{"format": "ichviewer session", "version": 1, "sitting": {"paths": [1]}}', "damaged"),
        ('{"format": "ichviewer session", "version": 1, "sitting": {"view": {"windows": [{}]}}}', "damaged"),
        ("[" * 100000, "damaged"),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused_and_left(
    start, qtbot: QtBot, tmp_path: Path, content: str, says: str
) -> None:
    path = tmp_path / "s.json"
    path.write_text(content)
    sitting = start()
    sitting.session.sittings.restore(path)
    assert says in sitting.state.message.text
    assert path.read_text() == content


def test_a_session_names_no_patient(start, qtbot: QtBot, study: Path) -> None:
    """Hazard: a file that outlives the sitting names the patient; paths and comments are the reader's own."""
    sitting = start()
    read(qtbot, sitting, study)
    decided(sitting)
    path = study / "s.json"
    sitting.session.sittings.save_as(path)
    qtbot.waitUntil(path.exists)
    patient = VOLUMES[0].series.patient
    assert patient.patient_name not in path.read_text()
    assert patient.patient_id not in path.read_text()
    assert json.loads(path.read_text())["version"] == 1


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(IchViewerError, match="cannot be read"):
        read_sitting(tmp_path / "none.json")


def test_the_same_images_have_the_same_identity_wherever_they_are_listed() -> None:
    moved = replace(VOLUMES[0], series=replace(VOLUMES[0].series, stack_number=2))
    assert stack_identity(moved) == stack_identity(VOLUMES[0])
    assert stack_identity(VOLUMES[1]) != stack_identity(VOLUMES[0])
