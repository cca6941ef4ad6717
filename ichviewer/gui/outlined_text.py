"""Text with a thin dark outline, readable on bone and on air, sharp at every scale."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPixmap

OUTLINE = QColor(0, 0, 0, 200)

_AROUND = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if (x, y) != (0, 0)]


def text_size(lines: Sequence[str], font: QFont) -> QSizeF:
    """Room that lines need, one Qt pixel of outline on each side included."""
    metrics = QFontMetricsF(font)
    width = max((metrics.horizontalAdvance(line) for line in lines), default=0.0)
    return QSizeF(math.ceil(width) + 2, math.ceil(metrics.height() * len(lines)) + 2)


def outlined_text(lines: Sequence[str], font: QFont, color: QColor, ratio: float) -> QPixmap:
    """Lines on nothing, as large as ``text_size`` says; *ratio* is device pixels per Qt pixel."""
    size, metrics = text_size(lines, font), QFontMetricsF(font)
    pixmap = QPixmap(math.ceil(size.width() * ratio), math.ceil(size.height() * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setFont(font)
    thickness = max(1, round(ratio)) / ratio
    for index, line in enumerate(lines):
        baseline = QPointF(1, 1 + metrics.ascent() + index * metrics.height())
        painter.setPen(OUTLINE)
        for x, y in _AROUND:
            painter.drawText(baseline + QPointF(x, y) * thickness, line)
        painter.setPen(color)
        painter.drawText(baseline, line)
    painter.end()
    return pixmap
