"""Draws overlay text, scale bar and color bar: light, with a thin dark outline, sharp at every scale."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPixmap

from ichviewer.core.colormap import blend_heat
from ichviewer.gui.overlay import LineKind, Overlay
from ichviewer.gui.overlay_layout import Metrics, OverlayLayout, PlacedLine, lay_out
from ichviewer.gui.recent import Recent
from ichviewer.gui.theme import AMBER, FONT_PX, SMALL_PX, TEXT, interface_font

NARROW_PX = 420.0
"""Narrower views get the smaller font."""

NARROWEST_PX = 150.0

OUTLINE = QColor(0, 0, 0, 200)

GREY_UNDER_COLOR_BAR = 110

_AROUND = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if (x, y) != (0, 0)]


class OverlayPainter:
    """Draws overlays in one font; keeps the pictures of the lines drawn last, because most stay the same."""

    def __init__(self) -> None:
        self._lines: Recent[QPixmap] = Recent(128)

    def draw(
        self,
        painter: QPainter,
        overlay: Overlay,
        size: tuple[float, float],
        mm_per_px: float | None,
        opacity: float,
    ) -> None:
        """Draw one overlay.

        Args:
            painter: On the view, in Qt pixels.
            overlay: What is to be written.
            size: (width, height) of the view in Qt pixels.
            mm_per_px: Millimetres per Qt pixel; None without an image.
            opacity: Of the heat map, for the color bar.
        """
        font = overlay_font(painter.font(), size[0])
        strong = QFont(font)
        strong.setBold(True)
        layout = lay_out(
            overlay, size[0], size[1], mm_per_px, Metrics(QFontMetricsF(font), QFontMetricsF(strong))
        )
        for line in layout.lines:
            if line.kind is LineKind.COLOR_BAR:
                _draw_color_bar(painter, line.rect, opacity)
            else:
                self._draw_line(painter, line, font if line.kind is LineKind.PLAIN else strong)
        _draw_scale_bar(painter, layout)

    def _draw_line(self, painter: QPainter, line: PlacedLine, font: QFont) -> None:
        ratio = painter.device().devicePixelRatioF()
        color = AMBER if line.kind is LineKind.WARNING else TEXT
        key = (line.text, color, font.key(), ratio, line.rect.width())
        pixmap = self._lines.get(key, lambda: _outlined(line, font, QColor(color), ratio))
        corner = line.rect.topLeft() - QPointF(1, 1)
        painter.drawPixmap(
            QPointF(round(corner.x() * ratio) / ratio, round(corner.y() * ratio) / ratio), pixmap
        )


def overlay_font(font: QFont, view_width: float) -> QFont:
    """The interface's font in the size for a view, so that the notice always fits."""
    if view_width >= NARROW_PX:
        return interface_font(font, FONT_PX)
    return interface_font(font, SMALL_PX if view_width >= NARROWEST_PX else SMALL_PX - 3)


def _outlined(line: PlacedLine, font: QFont, color: QColor, ratio: float) -> QPixmap:
    """Text on nothing, one Qt pixel larger on each side than its rectangle."""
    width, height = line.rect.width() + 2, line.rect.height() + 2
    pixmap = QPixmap(int(np.ceil(width * ratio)), int(np.ceil(height * ratio)))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setFont(font)
    baseline = QPointF(1, 1 + QFontMetricsF(font).ascent())
    painter.setPen(OUTLINE)
    for x, y in _AROUND:
        painter.drawText(baseline + QPointF(x, y) * (max(1, round(ratio)) / ratio), line.text)
    painter.setPen(color)
    painter.drawText(baseline, line.text)
    painter.end()
    return pixmap


def _draw_scale_bar(painter: QPainter, layout: OverlayLayout) -> None:
    """A bar with upright ends, two Qt pixels thick."""
    if layout.scale_bar is None:
        return
    x, y, length = layout.scale_bar
    parts = [QRectF(x, y - 1, length, 2), QRectF(x, y - 4, 2, 8), QRectF(x + length - 2, y - 4, 2, 8)]
    for part in parts:
        painter.fillRect(part.adjusted(-1, -1, 1, 1), OUTLINE)
    for part in parts:
        painter.fillRect(part, QColor(TEXT))


def _draw_color_bar(painter: QPainter, rect: QRectF, opacity: float) -> None:
    """No heat on the left, full color on the right, as it looks over brain."""
    grey = np.full((1, 256), GREY_UNDER_COLOR_BAR, np.uint8)
    rgb = np.ascontiguousarray(blend_heat(grey, np.linspace(0, 1, 256)[None], opacity))
    bar = QRectF(rect.left(), rect.center().y() - 4, rect.width(), 8)
    painter.fillRect(bar.adjusted(-1, -1, 1, 1), OUTLINE)
    painter.drawImage(bar, QImage(rgb.data, 256, 1, 768, QImage.Format.Format_RGB888))
