"""Asks where the findings go, and whether the patient is named in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ichviewer.gui.file_dialogs import nothing_remembered


@dataclass(frozen=True)
class Exported:
    """What is written, in words.

    Attributes:
        what: Noun of the title.
        rows: What a row of the table is.
        suggested_name: Of the file; says nothing about the patient.
    """

    what: str
    rows: str
    suggested_name: str


FINDINGS = Exported("findings", "One row per slice, as CSV:", "findings.csv")
MEASUREMENTS = Exported("measurements", "One row per measurement, as CSV:", "measurements.csv")


class ExportDialog(QDialog):
    """Path and identification; the file itself is written by others."""

    export_chosen = Signal(object, bool)

    def __init__(self, pending: int, parent: QWidget | None = None, exported: Exported = FINDINGS) -> None:
        """Ask.

        Args:
            pending: Slices without a result yet; while there are any, nothing can be exported.
            parent: The window that asks.
            exported: What is written.
        """
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Export {exported.what} · research use only")
        self._exported = exported
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        folder = documents if Path(documents).is_dir() else Path.home()
        self.path = QLineEdit(str(Path(folder) / exported.suggested_name))
        self.path.setMinimumWidth(460)
        self.path.setAccessibleName("File to write")
        self.path.textChanged.connect(self._look_at_path)
        browse = QPushButton("Browse …")
        browse.setToolTip("Choose the file")
        browse.clicked.connect(self._browse)
        self.identify = QCheckBox("With patient name and ID")
        self.identify.setToolTip(
            "Off: the table names no patient; the DICOM UIDs in it still identify the study"
        )
        self.warning = QLabel()
        self.warning.setObjectName("Secondary")
        self._pending = pending
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.export_button = self.buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        line = QHBoxLayout()
        line.addWidget(self.path, 1)
        line.addWidget(browse)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(QLabel(exported.rows))
        layout.addLayout(line)
        layout.addWidget(self.identify)
        layout.addWidget(self.warning)
        layout.addWidget(self.buttons)
        self._look_at_path()

    def _browse(self) -> None:
        with nothing_remembered():
            path, _kind = QFileDialog.getSaveFileName(
                self,
                f"Export {self._exported.what}",
                self.path.text(),
                "Table (*.csv)",
                options=QFileDialog.Option.DontConfirmOverwrite,
            )
        if path:
            self.path.setText(path)

    def _look_at_path(self) -> None:
        text = self.path.text().strip()
        self.export_button.setEnabled(bool(text) and not self._pending)
        remarks = []
        if text and _is_there(Path(text)):
            remarks.append("This file exists and will be replaced.")
        if self._pending:
            remarks.append(
                f"{self._pending} slices are not analyzed yet; finish the analysis (F5), then export."
            )
        self.warning.setText(" ".join(remarks) or " ")

    def _accept(self) -> None:
        self.export_chosen.emit(Path(self.path.text().strip()), self.identify.isChecked())
        self.accept()


def _is_there(path: Path) -> bool:
    """Whether something would be replaced; what cannot be looked at is said when it cannot be written."""
    try:
        return path.exists()
    except OSError:
        return False
