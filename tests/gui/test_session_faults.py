"""Faults while the window is open: what the reader is told, and what is still there afterwards.

Reading and writing are real; only the network is a stand-in.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from builders import make_card, make_findings
from dicom_files import write_stack
from pytestqt.qtbot import QtBot

from ichviewer.app import build_window
from ichviewer.controller import Controller
from ichviewer.core.findings import StudyFindings
from ichviewer.core.progress import CancelToken
from ichviewer.core.viewstate import Message, ViewState, scrolled_to
from ichviewer.core.volume import Volume
from ichviewer.gui.store import Store
from ichviewer.inference.card_file import write_card
from ichviewer.session.session import Session
from ichviewer.settings import Settings, settings_path


class WithoutNetwork(Controller):
    """Reads and writes for real; its scores come from nowhere."""

    def device(self, cancel: CancelToken) -> str:
        return "CPU"

    def start_decoder(self) -> None:
        """Nothing here is compressed."""

    def analyze(
        self, volume: Volume, first_slice: int, on_scored: Callable[..., None], cancel: CancelToken
    ) -> StudyFindings:
        return make_findings(volume, self.card)


class Desk:
    def __init__(self, folder: Path) -> None:
        card = folder / "card.json"
        write_card(card, make_card())
        self.store = Store()
        self.settings_path = folder / "config" / "settings.json"
        controller = WithoutNetwork(card, "cpu", folder)
        self.session = Session(self.store, controller, Settings(), self.settings_path)

    @property
    def state(self) -> ViewState:
        return self.store.state

    @property
    def message(self) -> Message:
        assert self.state.message is not None
        return self.state.message

    def is_read(self) -> bool:
        return self.state.volume is not None and self.state.reading is None and self.state.volume.is_complete

    def is_told(self, words: str) -> bool:
        message = self.state.message
        return message is not None and words in message.text + message.details


@pytest.fixture
def desk(tmp_path: Path, qtbot: QtBot) -> Iterator[Desk]:
    one = Desk(tmp_path)
    yield one
    one.session.close({})


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two series of ten slices."""
    write_stack(tmp_path / "study" / "a", 10)
    write_stack(tmp_path / "study" / "b", 10, SeriesInstanceUID="1.2.826.0.1.201", SeriesDescription="other")
    for path in (tmp_path / "study" / "b").iterdir():
        content = path.read_bytes().replace(b"1.2.826.0.1.400.", b"1.2.826.0.1.500.")
        path.write_bytes(content)
    return tmp_path / "study"


def open_and_read(desk: Desk, qtbot: QtBot, path: Path) -> None:
    desk.session.reading.open_paths((path,))
    qtbot.waitUntil(desk.is_read)


def test_a_folder_that_is_gone_is_named_with_what_may_have_happened(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    desk.session.reading.open_paths((tmp_path / "last week",))
    qtbot.waitUntil(lambda: desk.is_told("Nothing was opened"))
    assert desk.message.text == (
        "Nothing was opened: last week: cannot be opened: No such file or directory; it was moved or "
        "deleted, open it where it lies now"
    )
    assert desk.message.is_problem
    assert desk.state.reading is None


def test_after_the_folder_vanished_the_open_study_can_be_read_and_another_series_says_why_not(
    desk: Desk, qtbot: QtBot, study: Path
) -> None:
    """Hazard: a USB stick pulled out too early takes the images from the screen."""
    open_and_read(desk, qtbot, study)
    shutil.rmtree(study)
    shown = desk.state.volume
    assert shown is not None
    for index in range(10):
        desk.store.update(lambda state, index=index: scrolled_to(state, index))
        assert shown.hu(index).shape == (12, 16)
    assert desk.state.contents is not None
    other = next(s.key for s in desk.state.contents.series if s.key != shown.series.key)
    desk.session.reading.open_series(other)
    qtbot.waitUntil(lambda: desk.is_told("Opening failed"))
    assert desk.is_told("it was moved or deleted, open it where it lies now")
    assert str(study) in desk.message.text
    assert desk.state.reading is None


def test_a_half_copied_slice_is_counted_and_says_that_it_may_still_be_copied(
    desk: Desk, qtbot: QtBot, study: Path
) -> None:
    """Hazard: the study is read while it is still being sent, and nobody says that slices are missing."""
    path = study / "a" / "IM005"
    path.write_bytes(path.read_bytes()[:-100])
    open_and_read(desk, qtbot, study / "a")
    qtbot.waitUntil(lambda: desk.is_told("perhaps the file is still being copied"))
    assert "1 of 10 slices could not be read" in desk.message.text


def full_disk(_handle: int) -> None:
    raise OSError(28, "No space left on device")


def test_a_refused_export_says_why_and_what_to_do_and_the_next_one_works(
    desk: Desk, qtbot: QtBot, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: the reader closes the window and believes that the findings are on the disk."""
    open_and_read(desk, qtbot, study)
    desk.session.analysis.analyze()
    qtbot.waitUntil(lambda: desk.state.findings is not None and desk.state.analysis is None)
    volume, findings = desk.state.volume, make_findings(desk.state.volume, desk.state.model_card)  # type: ignore[arg-type]
    desk.store.update(lambda state: viewed(state, findings))
    (tmp_path / "signed.csv").write_text("signed off")
    (tmp_path / "signed.csv").chmod(0o444)
    refusals = {
        study: "It is a folder; give the name of a file",
        tmp_path / "signed.csv": "The file that is there is read-only; choose another folder or name",
        tmp_path / "absent" / "f.csv": "its folder is not there, choose another one",
    }
    for path, words in refusals.items():
        desk.session.writing.export(path, identify=False)
        qtbot.waitUntil(lambda path=path: desk.is_told(f"{path} cannot be written"))
        assert desk.message.text.startswith("Not exported, the findings are kept: ")
        assert words in desk.message.text
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_disk)
        desk.session.writing.export(tmp_path / "full.csv", identify=False)
        qtbot.waitUntil(lambda: desk.is_told("No space left on device; free some space"))
    assert desk.state.findings is findings
    assert desk.state.volume is volume
    assert (tmp_path / "signed.csv").read_text() == "signed off"
    desk.session.writing.export(tmp_path / "findings.csv", identify=False)
    qtbot.waitUntil(lambda: desk.is_told("Findings written to"))
    assert (tmp_path / "findings.csv").is_file()
    assert not (tmp_path / "full.csv").exists()


def viewed(state: ViewState, findings: StudyFindings) -> ViewState:
    return state.__class__(**{**state.__dict__, "findings": findings})


def test_settings_that_cannot_be_kept_are_said_when_they_are_changed(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("a file where a folder should be")
    desk.session.preferences.clear_recent()
    assert desk.is_told("cannot be written")
    assert desk.is_told(str(desk.settings_path))


def test_damaged_settings_are_said_in_the_window_and_it_opens_all_the_same(
    tmp_path: Path, qtbot: QtBot
) -> None:
    path = settings_path()
    path.parent.mkdir(parents=True)
    path.write_bytes(b"{ half a sett")
    write_card(tmp_path / "card.json", make_card())
    window = build_window((), tmp_path / "card.json")
    qtbot.addWidget(window)
    message = window.store.state.message
    assert message is not None
    assert message.is_problem
    assert str(path) in message.text
    assert "defaults are used" in message.text
    window.close()
    assert path.read_bytes().startswith(b'{\n "device": "auto"')
