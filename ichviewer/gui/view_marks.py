"""Marks over a picture that is not the open stack's: names of the network's channels, a red frame."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from ichviewer.core.network_picture import Tile, network_tiles
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.placement import Placement
from ichviewer.gui.theme import RED, SMALL_PX, TEXT, interface_font

FRAME_PX = 4
ABOVE_EDGE_PX = 26.0
"""Names stand above the row of scale bar and notice, also where the picture fills the view."""


def draw_marks(
    painter: QPainter, state: ViewState, view: View, placement: Placement | None, area: QRectF, ratio: float
) -> None:
    """Draw what belongs to the view beside picture and overlay.

    Args:
        painter: On the view, in Qt pixels.
        state: What the window shows.
        view: Which one.
        placement: Where its picture lies; None without one.
        area: The view, Qt pixels.
        ratio: Device pixels per Qt pixel.
    """
    if view is View.NETWORK and placement is not None and state.model_card is not None:
        tiles = network_tiles(state.model_card.preprocessing)
        if len(tiles) > 1:
            side = state.model_card.preprocessing.size_px
            for tile in tiles:
                _draw_name(painter, tile.name, tile_rect(tile, side, placement, ratio))
    if view is View.PRIOR and state.prior is not None and state.prior.differences:
        painter.setPen(QPen(QColor(RED), FRAME_PX, j=Qt.PenJoinStyle.MiterJoin))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        half = FRAME_PX / 2
        painter.drawRect(area.adjusted(half, half, -half, -half))


def tile_rect(tile: Tile, side: int, placement: Placement, ratio: float) -> QRectF:
    """Where a channel lies on the screen, Qt pixels, however the picture is turned."""
    first = placement.screen_point(tile.column, tile.row)
    last = placement.screen_point(tile.column + side, tile.row + side)
    return QRectF(QPointF(*first) / ratio, QPointF(*last) / ratio).normalized()


def _draw_name(painter: QPainter, name: str, area: QRectF) -> None:
    painter.save()
    painter.setFont(interface_font(painter.font(), SMALL_PX, is_bold=True))
    metrics = painter.fontMetrics()
    text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, round(max(area.width() - 12, 0)))
    width, height = metrics.horizontalAdvance(text) + 8, metrics.height() + 2
    box = QRectF(area.left() + 4, area.bottom() - ABOVE_EDGE_PX - height, width, height)
    painter.fillRect(box, QColor(0, 0, 0, 150))
    painter.setPen(QColor(TEXT))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()
