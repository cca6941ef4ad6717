"""The values within a region as bars, drawn by hand: a plotting library would slow down the start.

The one thing to get wrong: the bars' edges lie half a unit beside whole values, so the scale is laid through
the values, not through the edges.
"""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ichviewer.core.roi_statistics import RoiStatistics
from ichviewer.gui.theme import ACCENT, LINE, SECONDARY, SMALL_PX, TEXT, WINDOW, interface_font

MARGIN_PX = 12.0
MOST_TICKS = 8


class HistogramPlot(QWidget):
    """Bars over a scale of values, with the mean as a line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._statistics: RoiStatistics | None = None
        self._unit = ""
        self.setMinimumSize(260, 160)
        self.setAccessibleName("Histogram")

    def sizeHint(self) -> QSize:
        """Wide enough for 200 bars."""
        return QSize(460, 260)

    def show_statistics(self, statistics: RoiStatistics | None, unit: str) -> None:
        """Draw other values; none without statistics."""
        self._statistics, self._unit = statistics, unit
        self.setAccessibleDescription("" if statistics is None else f"{statistics.count} values")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the bars."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(WINDOW))
        painter.setFont(interface_font(painter.font(), SMALL_PX))
        if self._statistics is None:
            painter.setPen(QColor(SECONDARY))
            words = "Choose an ellipse, a rectangle, a freehand or a grown region."
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words)
        else:
            self._draw(painter, self._statistics)
        painter.end()

    def _draw(self, painter: QPainter, found: RoiStatistics) -> None:
        histogram, metrics = found.histogram, QFontMetricsF(painter.font())
        line = metrics.height()
        plot = QRectF(self.rect()).adjusted(MARGIN_PX, MARGIN_PX + line, -MARGIN_PX, -MARGIN_PX - 2 * line)
        first, width = histogram.first_edge, histogram.bin_width
        last = first + width * len(histogram.counts)
        highest = int(histogram.counts.max())

        def x_of(value: float) -> float:
            return plot.left() + (value - first) / (last - first) * plot.width()

        for index in np.flatnonzero(histogram.counts).tolist():
            left, right = x_of(first + index * width), x_of(first + (index + 1) * width)
            height = plot.height() * int(histogram.counts[index]) / highest
            bar = QRectF(left, plot.bottom() - height, max(right - left - 0.5, 0.5), height)
            painter.fillRect(bar, QColor(ACCENT))
        painter.setPen(QPen(QColor(TEXT), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x_of(found.mean), plot.top()), QPointF(x_of(found.mean), plot.bottom()))
        painter.setPen(QPen(QColor(LINE), 1))
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        painter.setPen(QColor(SECONDARY))
        for tick in ticks(first, last):
            text = f"{tick:g}".replace("-", "−")
            at = x_of(tick)
            painter.drawLine(QPointF(at, plot.bottom()), QPointF(at, plot.bottom() + 3))
            painter.drawText(
                QPointF(at - metrics.horizontalAdvance(text) / 2, plot.bottom() + 4 + metrics.ascent()), text
            )
        most = f"most: {highest} in {width} {self._unit}" if width > 1 else f"most: {highest} at one value"
        painter.drawText(QPointF(plot.left(), MARGIN_PX + metrics.ascent() - 4), most)
        below = plot.bottom() + line + 4 + metrics.ascent()
        painter.drawText(QPointF(plot.right() - metrics.horizontalAdvance(self._unit), below), self._unit)


def ticks(first: float, last: float) -> list[float]:
    """Round values between two others, few enough to be read.

    >>> ticks(-0.5, 80.5)
    [0, 20, 40, 60, 80]
    """
    step = next(
        digit * 10**power
        for power in range(7)
        for digit in (1, 2, 5)
        if (last - first) / (digit * 10**power) <= MOST_TICKS
    )
    return [tick * step for tick in range(math.ceil(first / step), math.floor(last / step) + 1)]
