"""One label's score as letter code, bar, threshold tick and number.

The one thing to get wrong: a score that is not there has no bar and no number; it is said in a word.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ichviewer.core.findings import SliceStatus, Subtype
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.score_ribbon import HATCHES
from ichviewer.gui.theme import (
    ACCENT,
    FONT_PX,
    LINE,
    SECONDARY,
    SMALL_PX,
    SUBTYPE_COLORS,
    TEXT,
    WINDOW,
    in_theme,
    interface_font,
    label_text_color,
)
from ichviewer.gui.wording import label_text, probability_text

CODE_PX, NUMBER_PX = 40, 66


REWEIGHTED_MARK = "≈"
"""Before every re-weighted number."""


@dataclass(frozen=True)
class Reweighted:
    """A score and its threshold as they would be at another prevalence.

    Attributes:
        probability: In [0, 1].
        threshold: Moved alike, so that bar and tick keep their order.
    """

    probability: float
    threshold: float


class ScoreBar(QWidget):
    """Draws one label of one slice; a click chooses the label for the heat map."""

    clicked = Signal()

    def __init__(self, subtype: Subtype, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._subtype = subtype
        self._inputs = DrawnInputs()
        self._probability: float | None = None
        self._threshold: float | None = None
        self._status: SliceStatus | None = None
        self._is_chosen = False
        self._reweighted: Reweighted | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(150)

    def sizeHint(self) -> QSize:
        """One line."""
        return QSize(180, 23)

    @property
    def text(self) -> str:
        """Number or word at the end of the bar; empty where nothing was asked yet."""
        if self._status is None:
            return "–"
        if self._probability is None:
            return self._status.value
        if self._reweighted is not None:
            return f"{REWEIGHTED_MARK}{probability_text(self._reweighted.probability)}"
        return probability_text(self._probability)

    @property
    def is_flagged(self) -> bool:
        """Whether the score reaches its threshold."""
        known = self._probability is not None and self._threshold is not None
        return known and self._probability >= self._threshold  # type: ignore[operator]

    def show_score(
        self,
        probability: float | None,
        threshold: float | None,
        status: SliceStatus | None,
        is_chosen: bool,
        reweighted: Reweighted | None = None,
    ) -> None:
        """Draw another score.

        Args:
            probability: Calibrated; None where there is none.
            threshold: Of the slice; None without a model card.
            status: What is known about the slice; None without an analysis.
            is_chosen: Whether the heat map shows this label.
            reweighted: The score at the reader's own prevalence, drawn instead of the calibrated one; flag
                and words still tell the calibrated one. None where the calibrated one is drawn.
        """
        if not self._inputs.differ(probability, threshold, status, is_chosen, reweighted):
            return
        self._reweighted = reweighted if probability is not None else None
        self._probability, self._threshold = probability, threshold
        self._status, self._is_chosen = status, is_chosen
        words = f"{label_text(self._subtype)}: {self.text}"
        if probability is not None and threshold is not None:
            words += f", {'above' if self.is_flagged else 'below'} the slice threshold {threshold:.2f}"
        if probability is not None and self._reweighted is not None:
            calibrated = f"; calibrated {probability_text(probability)}; re-weighted to your share of slices"
            words = words.replace(self.text, f"{self.text}{calibrated}", 1)
        self.setAccessibleName(words)
        self.setToolTip(f"{words}\nClick: show this label's heat map (S: next label)")
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the label."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.clicked.emit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Code, bar, tick, number."""
        painter = QPainter(self)
        height = self.height()
        painter.setFont(interface_font(self.font(), SMALL_PX + 1, is_bold=True))
        painter.setPen(QColor(label_text_color(self._subtype)))
        painter.drawText(QRectF(6, 0, CODE_PX, height), Qt.AlignmentFlag.AlignVCenter, self._subtype.code)
        bar = QRectF(CODE_PX, height / 2 - 5, self.width() - CODE_PX - NUMBER_PX, 10)
        self._paint_bar(painter, bar)
        if self._is_chosen:
            painter.fillRect(QRectF(0, 3, 2, height - 6), QColor(in_theme(ACCENT)))
        painter.setFont(interface_font(self.font(), FONT_PX, is_bold=self.is_flagged))
        painter.setPen(QColor(in_theme(TEXT if self._probability is not None else SECONDARY)))
        number = QRectF(self.width() - NUMBER_PX + 4, 0, NUMBER_PX - 20, height)
        if self._reweighted is not None:
            number.setLeft(self.width() - NUMBER_PX + 1)
        if self._probability is None:
            painter.setFont(interface_font(self.font(), SMALL_PX))
            number.setLeft(self.width() - NUMBER_PX + 1)
            number.setRight(self.width() - 1)
        painter.drawText(number, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.text)
        if self.is_flagged:
            self._paint_flag(painter, self.width() - 12, height / 2)
        painter.end()

    def _paint_bar(self, painter: QPainter, bar: QRectF) -> None:
        painter.fillRect(bar, QColor(in_theme(WINDOW)))
        if self._probability is not None:
            share = self._probability if self._reweighted is None else self._reweighted.probability
            filled = QRectF(bar.left(), bar.top(), max(1.0, bar.width() * share), bar.height())
            painter.fillRect(filled, QColor(SUBTYPE_COLORS[self._subtype]))
        elif self._status in HATCHES:
            style, color = HATCHES[self._status]
            painter.fillRect(bar, QBrush(QColor(color), style))
        painter.setPen(QPen(QColor(in_theme(LINE)), 1))
        painter.drawRect(bar)
        if self._threshold is not None:
            at = self._threshold if self._reweighted is None else self._reweighted.threshold
            x = bar.left() + bar.width() * at
            painter.setPen(QPen(QColor(in_theme(WINDOW)), 3))
            painter.drawLine(round(x), round(bar.top()) - 2, round(x), round(bar.bottom()) + 2)
            painter.setPen(QPen(QColor(in_theme(TEXT)), 1))
            painter.drawLine(round(x), round(bar.top()) - 3, round(x), round(bar.bottom()) + 3)

    def _paint_flag(self, painter: QPainter, x: float, y: float) -> None:
        painter.setPen(QPen(QColor(in_theme(TEXT)), 1.5))
        painter.drawLine(round(x), round(y - 7), round(x), round(y + 7))
        painter.fillRect(QRectF(x, y - 7, 8, 6), QColor(in_theme(TEXT)))
