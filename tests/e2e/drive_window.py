"""Run by ``test_application`` as a process of its own: the whole application, driven by its own event loop.

Usage: ``drive_window.py STUDY CSV CARD``. Drops STUDY on the window as a file manager would, waits for the
last score, turns the heat map on, scrolls, exports CSV, and closes the window. Exit code 0 means that all of
it happened.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QApplication

from ichviewer.app import build_window
from ichviewer.gui.main_window import MainWindow

PATIENCE_S = 120


class Driver:
    """One step after the other, each as soon as the one before has shown its effect."""

    def __init__(self, window: MainWindow, study: Path, csv: Path) -> None:
        self._window = window
        self._study = study
        self._csv = csv
        self._slice_before = 0
        self._steps: list[tuple[str, Callable[[], None], Callable[[], bool]]] = [
            ("drop", self._drop, self._is_analyzed),
            ("heat map", lambda: self._press(Qt.Key.Key_M), lambda: self._state.shows_heatmap),
            ("scroll", self._scroll, lambda: self._state.slice_index == self._slice_before + 1),
            ("export", self._export, self._csv.is_file),
            ("close", self._close, lambda: True),
        ]
        self._acted = False
        self._timer = QTimer()
        self._timer.timeout.connect(self._look)
        self._timer.start(10)
        QTimer.singleShot(PATIENCE_S * 1000, self._give_up)

    @property
    def _state(self):
        return self._window.store.state

    def _look(self) -> None:
        if not self._steps:
            return
        _name, act, has_happened = self._steps[0]
        if not self._acted:
            self._acted = True
            act()
        elif has_happened():
            self._steps.pop(0)
            self._acted = False

    def _give_up(self) -> None:
        print(f"stuck at {self._steps[0][0]!r}: {self._state.message}", file=sys.stderr)
        QApplication.exit(9)

    def _drop(self) -> None:
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(self._study))])
        where, buttons, keys = (
            QPointF(200, 200),
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        enter = QDragEnterEvent(where.toPoint(), Qt.DropAction.CopyAction, mime, buttons, keys)
        QApplication.sendEvent(self._window, enter)
        if not enter.isAccepted():
            raise SystemExit("the window does not accept a dropped folder")
        drop = QDropEvent(where, Qt.DropAction.CopyAction, mime, buttons, keys)
        QApplication.sendEvent(self._window, drop)

    def _is_analyzed(self) -> bool:
        findings = self._state.findings
        return findings is not None and findings.is_complete and self._state.analysis is None

    def _press(self, key: Qt.Key) -> None:
        for kind in (QKeyEvent.Type.KeyPress, QKeyEvent.Type.KeyRelease):
            receiver = QApplication.focusWidget() or self._window
            text = key.name.removeprefix("Key_").lower() if len(key.name) == 5 else ""
            QApplication.sendEvent(receiver, QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, text))

    def _scroll(self) -> None:
        self._slice_before = self._state.slice_index
        self._press(Qt.Key.Key_Up)

    def _export(self) -> None:
        self._window.export_requested.emit(self._csv, False)

    def _close(self) -> None:
        self._window.close()


def main() -> int:
    """Run the application on what the command line names."""
    study, csv, card = (Path(argument) for argument in sys.argv[1:4])
    application = QApplication(sys.argv[:1])
    window = build_window([], card)
    window.show()
    driver = Driver(window, study, csv)
    code = application.exec()
    assert driver is not None
    return code


if __name__ == "__main__":
    sys.exit(main())
