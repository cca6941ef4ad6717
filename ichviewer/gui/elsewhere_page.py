"""What stands in the place of the images while they are in another window."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget


class ElsewherePage(QWidget):
    """A sentence and the way back."""

    wanted_back = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        text = QLabel("The images are in a window of their own.")
        text.setObjectName("Secondary")
        self.back = QPushButton("Bring the images back")
        self.back.setToolTip("Show the images here again")
        self.back.clicked.connect(self.wanted_back)
        layout = QVBoxLayout(self)
        layout.addStretch(1)
        layout.addWidget(text, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self.back, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
