"""Help > Test pattern: the reader looks whether the screen shows dark and light greys apart, and confirms it.

The one thing to get wrong: this is a look, not a measurement; a screen passes for the reader's eyes, in this
room, for a while (MAX_AGE_DAYS).
"""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ichviewer.core.grey_pattern import BACKGROUND, SIDE, grey_pattern
from ichviewer.core.preferences import Preferences

MAX_AGE_DAYS = 30
"""After so many days the screen is to be looked at again; screens and rooms change."""

LETTERS = "QUALITY CONTROL"
LETTER_STEPS = (3, 5, 8)
"""By how many of 255 values the lines of letters differ from what is around them."""

QUESTIONS = (
    "I see the 5 % square in the black one and the 95 % square in the white one.",
    "I see the fine lines apart, upright and lying, without color or waves.",
    "I see 18 steps from black to white, and at least one line of the letters.",
)


def display_note(preferences: Preferences, screen: str, today: date) -> tuple[str, str]:
    """What the line at the top says of a screen, and its tooltip; empty where it was looked at lately.

    >>> display_note(Preferences(), "DP-1", date(2024, 3, 1))[0]
    'display not calibrated'
    """
    how = "Look at the test pattern and confirm it (Help > Test pattern)."
    checked = dict(preferences.checked_screens).get(screen)
    if checked is None:
        return "display not calibrated", f"Nobody has confirmed the test pattern on this screen. {how}"
    try:
        days = (today - date.fromisoformat(checked)).days
    except ValueError:
        return "display not calibrated", f"When this screen was looked at cannot be read. {how}"
    if days > MAX_AGE_DAYS or days < 0:
        text = "display not checked lately"
        return text, f"The test pattern was last confirmed on this screen on {checked}. {how}"
    return "", ""


class GreyPattern(QWidget):
    """The pattern, one value to one device pixel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pattern = grey_pattern()
        self.setAccessibleName("Test pattern")

    def sizeHint(self) -> QSize:
        """As many Qt pixels as the pattern has device pixels here."""
        side = round(SIDE / self.devicePixelRatioF())
        return QSize(side, side)

    def minimumSizeHint(self) -> QSize:
        """All of it, always."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it unscaled."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(BACKGROUND, BACKGROUND, BACKGROUND))
        ratio = self.devicePixelRatioF()
        device = painter.deviceTransform()
        painter.scale(1 / ratio, 1 / ratio)
        # Where the window begins between two device pixels, that rest is undone.
        painter.translate(round(device.dx()) - device.dx(), round(device.dy()) - device.dy())
        shown = QImage(self._pattern.data, SIDE, SIDE, SIDE, QImage.Format.Format_Grayscale8)
        painter.drawImage(0, 0, shown)
        font = QFont(self.font())
        font.setPixelSize(24)
        font.setBold(True)
        painter.setFont(font)
        for line, step in enumerate(LETTER_STEPS):
            grey = BACKGROUND + step
            painter.setPen(QColor(grey, grey, grey))
            room = QRectF(32, 520 + line * 34, SIDE - 64, 32)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, LETTERS)
        painter.end()


class PatternWindow(QWidget):
    """The pattern, what to look for, and a button once all of it was seen."""

    confirmed = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle("Test pattern · research use only")
        self.pattern = GreyPattern()
        self.questions = [QCheckBox(text) for text in QUESTIONS]
        self.confirm = QPushButton("This screen shows all of it")
        self.confirm.setObjectName("Primary")
        self.confirm.setToolTip("Remember for 30 days that this screen was looked at")
        self.confirm.setEnabled(False)
        self.confirm.clicked.connect(self._confirm)
        close = QPushButton("Close")
        close.setToolTip("Close this window; nothing is remembered (Esc)")
        close.setShortcut("Esc")
        close.clicked.connect(self.close)
        note = QLabel(
            "Move this window to the screen on which you read. If something is missing, change the screen's"
            " brightness and contrast, or the light in the room. This look replaces no measurement."
        )
        note.setObjectName("Secondary")
        note.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.confirm)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.addWidget(self.pattern, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(note)
        for question in self.questions:
            question.toggled.connect(self._look)
            layout.addWidget(question)
        layout.addLayout(buttons)

    def _look(self, _is_on: bool) -> None:
        self.confirm.setEnabled(all(question.isChecked() for question in self.questions))

    def _confirm(self) -> None:
        self.confirmed.emit(self.screen().name())
        self.close()
