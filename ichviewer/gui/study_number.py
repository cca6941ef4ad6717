"""One label's study score as a number, with a thin bar and the study's threshold below it."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget

from ichviewer.core.findings import Subtype
from ichviewer.gui.theme import SUBTYPE_COLORS, TEXT, WINDOW, in_theme

WIDTH_PX, BAR_PX = 64, 4


class StudyNumber(QLabel):
    """A label that draws a bar; the tick stands where the study is flagged from."""

    def __init__(self, subtype: Subtype, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._subtype = subtype
        self._score: tuple[float, float] | None = None
        self.setFixedSize(WIDTH_PX, 23)
        self.setContentsMargins(0, 0, 0, BAR_PX + 1)

    @property
    def bar(self) -> tuple[float, float] | None:
        """Score and threshold, as drawn."""
        return self._score

    def show_bar(self, score: tuple[float, float] | None) -> None:
        """Draw a score and its threshold, both in [0, 1]; nothing for None."""
        if score != self._score:
            self._score = score
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The number, and the bar below it."""
        super().paintEvent(event)
        if self._score is None:
            return
        score, threshold = self._score
        painter = QPainter(self)
        bar = QRectF(0, self.height() - BAR_PX - 1, self.width() - 4, BAR_PX)
        painter.fillRect(bar, QColor(in_theme(WINDOW)))
        filled = QRectF(bar.left(), bar.top(), max(1.0, bar.width() * score), bar.height())
        painter.fillRect(filled, QColor(SUBTYPE_COLORS[self._subtype]))
        x = bar.left() + bar.width() * threshold
        painter.fillRect(QRectF(x - 1.5, bar.top() - 2, 3, BAR_PX + 3), QColor(in_theme(WINDOW)))
        painter.fillRect(QRectF(x - 0.5, bar.top() - 2, 1, BAR_PX + 3), QColor(in_theme(TEXT)))
        painter.end()
