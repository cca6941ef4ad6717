"""What stands in the middle while there is no image yet: progress and a way out, or a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from ichviewer.core.viewstate import ViewState
from ichviewer.gui.command import with_key
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store
from ichviewer.gui.theme import icon
from ichviewer.gui.wording import why_nothing_is_open


class LoadingPage(QWidget):
    """Progress of reading with Cancel; without reading, why there is nothing to see."""

    cancel_requested = Signal()

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inputs = DrawnInputs()
        self.text = QLabel()
        self.text.setObjectName("BigText")
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.bar = QProgressBar()
        self.bar.setFixedWidth(320)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(10)
        self.bar.setAccessibleName("Progress of reading")
        self.cancel = QPushButton(icon("cancel"), "Cancel")
        self.hint_keys({})
        self.cancel.clicked.connect(self.cancel_requested)
        layout = QVBoxLayout(self)
        layout.setSpacing(16)
        layout.addStretch(1)
        layout.addWidget(self.text)
        layout.addWidget(self.bar, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self.cancel, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        store.changed.connect(self._render)
        self._render(store.state)

    def hint_keys(self, keys: Mapping[str, str]) -> None:
        """Say in the tooltip which key does the same; *keys* are printed, by the command's name."""
        self.cancel.setToolTip(with_key("Stop reading", keys.get("cancel", "")))

    def _render(self, state: ViewState) -> None:
        if not self._inputs.differ(state.reading, state.contents):
            return
        reading = state.reading
        self.bar.setVisible(reading is not None)
        self.cancel.setVisible(reading is not None)
        if reading is None:
            self.text.setText("" if state.contents is None else why_nothing_is_open(state.contents))
            return
        count = f" {reading.done} of {reading.total}" if reading.total else ""
        self.text.setText(f"{reading.text}{count}")
        self.bar.setRange(0, reading.total)
        self.bar.setValue(reading.done)
