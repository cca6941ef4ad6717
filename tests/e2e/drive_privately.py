"""Run by ``test_privacy`` as a process of its own: the application through what could leave a trace.

Usage: ``drive_privately.py STUDY CSV CARD``. As ``drive_window.py``, and between: an export that is refused,
a network process that is killed, and an error that nobody catches and whose text names the patient.
"""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from ichviewer.app import run_window
from ichviewer.core.findings import SliceStatus
from ichviewer.gui.main_window import MainWindow
from tests.e2e.drive_window import Driver

PATIENT = "MÄRKED^SÉCRET"


class PrivateDriver(Driver):
    """More steps after the study was analyzed."""

    def __init__(self, window: MainWindow, study: Path, csv: Path) -> None:
        super().__init__(window, study, csv)
        self._steps[1:1] = [
            ("refused export", self._export_onto_a_folder, lambda: self._is_told("cannot be written")),
            ("killed network", self._window.analysis_requested.emit, self._is_network_killed),
            ("analysis again", self._window.analysis_requested.emit, self._is_analyzed),
            ("uncaught error", self._raise, lambda: self._is_told("Unexpected error")),
        ]

    def _is_told(self, words: str) -> bool:
        return self._state.message is not None and words in self._state.message.text

    def _export_onto_a_folder(self) -> None:
        self._window.export_requested.emit(self._study, False)

    def _is_network_killed(self) -> bool:
        """Kill it once the first score has come; true when that was said."""
        findings = self._state.findings
        if findings is not None and findings.count(SliceStatus.OK) and self._state.analysis is not None:
            for child in multiprocessing.active_children():
                if child.name == "ichviewer-network":
                    child.kill()
        return self._is_told("ended unexpectedly")

    def _raise(self) -> None:
        QTimer.singleShot(0, fail)


def fail() -> None:
    """As a widget might that quotes what it could not draw."""
    raise ValueError(f"no such patient: {PATIENT}")


def main() -> int:
    """Run the application on what the command line names."""
    study, csv, card = (Path(argument) for argument in sys.argv[1:4])
    application = QApplication(sys.argv[:1])
    drivers = []

    def begin() -> None:
        (window,) = (w for w in application.topLevelWidgets() if isinstance(w, MainWindow))
        drivers.append(PrivateDriver(window, study, csv))

    QTimer.singleShot(0, begin)
    return run_window([], card)


if __name__ == "__main__":
    sys.exit(main())
