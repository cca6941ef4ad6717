"""Draws overlay text, scale bar and color bar: light, with a thin dark outline, sharp at every scale."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPixmap

from ichviewer.core.colormap import blend_heat
from ichviewer.gui.overlay import LineKind, Overlay
from ichviewer.gui.overlay_layout import OverlayLayout, PlacedLine, TextSizes, lay_out
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
        self._lines: Recent[QPixmap] = Recent(512)
        self._sizes: Recent[TextSizes] = Recent(4)
        self._bars: Recent[QImage] = Recent(2)

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
        pixel_size = overlay_font_px(size[0])
        sizes = self._sizes.get(
            (painter.font().family(), pixel_size),
            lambda: TextSizes(interface_font(painter.font(), pixel_size)),
        )
        layout = lay_out(overlay, size[0], size[1], mm_per_px, sizes)
        ratio = painter.device().devicePixelRatioF()
        for line in layout.lines:
            if line.kind is LineKind.COLOR_BAR:
                _draw_color_bar(painter, line.rect, self._bars.get(opacity, lambda: _color_bar(opacity)))
            else:
                self._draw_line(painter, line, sizes, ratio)
        _draw_scale_bar(painter, layout)

    def _draw_line(self, painter: QPainter, line: PlacedLine, sizes: TextSizes, ratio: float) -> None:
        key = (line.text, line.kind, sizes, ratio)
        pixmap = self._lines.get(key, lambda: _outlined(line, sizes.font(line.kind), ratio))
        x, y = (line.rect.x() - 1) * ratio, (line.rect.y() - 1) * ratio
        painter.drawPixmap(QPointF(round(x) / ratio, round(y) / ratio), pixmap)


def overlay_font_px(view_width: float) -> int:
    """Size of overlay text, so that the notice always fits."""
    if view_width >= NARROW_PX:
        return FONT_PX
    return SMALL_PX if view_width >= NARROWEST_PX else SMALL_PX - 3


def _outlined(line: PlacedLine, font: QFont, ratio: float) -> QPixmap:
    """Text on nothing, one Qt pixel larger on each side than its rectangle."""
    width, height = line.rect.width() + 2, line.rect.height() + 2
    pixmap = QPixmap(math.ceil(width * ratio), math.ceil(height * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setFont(font)
    baseline = QPointF(1, 1 + QFontMetricsF(font).ascent())
    painter.setPen(OUTLINE)
    thickness = max(1, round(ratio)) / ratio
    for x, y in _AROUND:
        painter.drawText(baseline + QPointF(x, y) * thickness, line.text)
    painter.setPen(QColor(AMBER if line.kind is LineKind.WARNING else TEXT))
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


def _color_bar(opacity: float) -> QImage:
    """No heat on the left, full color on the right, as it looks over brain."""
    grey = np.full((1, 256), GREY_UNDER_COLOR_BAR, np.uint8)
    rgb = np.ascontiguousarray(blend_heat(grey, np.linspace(0, 1, 256)[None], opacity))
    return QImage(rgb.data, 256, 1, 768, QImage.Format.Format_RGB888).copy()


def _draw_color_bar(painter: QPainter, rect: QRectF, colors: QImage) -> None:
    bar = QRectF(rect.left(), rect.center().y() - 4, rect.width(), 8)
    painter.fillRect(bar.adjusted(-1, -1, 1, 1), OUTLINE)
    painter.drawImage(bar, colors)
