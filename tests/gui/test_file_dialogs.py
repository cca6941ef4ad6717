"""Dialogs that ask for files, and what they leave behind: nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from ichviewer.gui.export_dialog import ExportDialog
from ichviewer.gui.file_dialogs import nothing_remembered

MARK = "MARKED-PATIENT"


@pytest.fixture
def memory(tmp_path: Path, qtbot: QtBot) -> Iterator[Path]:
    """The folder of the file that all Qt programs share."""
    folder = tmp_path / "config"
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(folder))
    yield folder
    default = Path.home() / ".config"
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(default))


def choose(folder: Path) -> str:
    """Choose *folder* in Qt's own dialog, as a user without a desktop's dialog does."""

    def accept() -> None:
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, QFileDialog):
                widget.accept()

    QTimer.singleShot(0, accept)
    options = QFileDialog.Option.DontUseNativeDialog
    return QFileDialog.getExistingDirectory(None, "Open", str(folder), options)


def remembered(memory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in memory.rglob("*") if path.is_file())


def test_a_chosen_folder_is_not_remembered_where_all_programs_read_it(memory: Path, tmp_path: Path) -> None:
    """Hazard: the patient's name in a folder's name stays on the machine after the list was cleared."""
    (tmp_path / MARK).mkdir()
    with nothing_remembered():
        assert choose(tmp_path / MARK).endswith(MARK)
    assert MARK.encode() not in remembered(memory)


def test_what_other_programs_had_remembered_stays(memory: Path, tmp_path: Path) -> None:
    settings = QSettings(QSettings.Scope.UserScope, "QtProject")
    settings.setValue("FileDialog/lastVisited", "file:///elsewhere")
    (tmp_path / MARK).mkdir()
    with nothing_remembered():
        choose(tmp_path / MARK)
    assert b"elsewhere" in remembered(memory)
    assert MARK.encode() not in remembered(memory)


def test_a_name_that_no_disk_takes_does_not_break_the_export_dialog(qtbot: QtBot) -> None:
    dialog = ExportDialog(0)
    qtbot.addWidget(dialog)
    dialog.path.setText("f" * 5000)
    assert dialog.export_button.isEnabled()
    dialog.path.setText("\0")
    assert "replaced" not in dialog.warning.text()
