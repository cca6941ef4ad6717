"""The picture of one view: made anew only where something in it has changed, and drawn 1:1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter

from ichviewer.core.navigation import plane_of
from ichviewer.core.shown import image_key, shown_image, shown_window, why_not_shown
from ichviewer.core.slice_image import SliceImage
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState
from ichviewer.core.volume import Volume
from ichviewer.gui.heat_choice import HeatChoice
from ichviewer.gui.heat_contours import Coordinates, draw_contours
from ichviewer.gui.heat_layer import HeatLayer
from ichviewer.gui.hole_hatch import Masks, hole_masks, with_stripes
from ichviewer.gui.mirror_colors import mirror_table
from ichviewer.gui.placement import Placement
from ichviewer.gui.recent import Recent
from ichviewer.gui.slice_picture import grey_table, heat_table, in_view, render_picture, resampled
from ichviewer.gui.theme import LINE, SECONDARY, TEXT, WINDOW
from ichviewer.gui.wording import awaited_text


class ViewPicture:
    """Draws what one view shows, with its heat; keeps the picture drawn last, and the tables it needs."""

    def __init__(self, view: View, heat_layer: HeatLayer) -> None:
        self._view = view
        self._heat_layer = heat_layer
        self._grey_tables: Recent[NDArray[np.uint8]] = Recent(16)
        self._heat_tables: Recent[NDArray[np.uint32]] = Recent(2)
        self._images: Recent[SliceImage | None] = Recent(1)
        self._holes: Recent[Masks] = Recent(1)
        self._pictures: Recent[NDArray[np.uint32]] = Recent(1)

    def image(self, state: ViewState) -> SliceImage | None:
        """What is shown before windowing; None where there is none."""
        return self._images.get(image_key(state, self._view), lambda: shown_image(state, self._view))

    def holes(self, state: ViewState) -> Masks:
        """Where the plane in view lies in holes of the stack; empty for a stored slice."""
        plane = plane_of(state, self._view)
        return self._holes.get((state.volume, plane), lambda: hole_masks(state, self._view))

    def forget(self) -> None:
        """Keep nothing of a study that was closed."""
        self._images.clear()
        self._holes.clear()
        self._pictures.clear()

    def draw(
        self,
        painter: QPainter,
        state: ViewState,
        volume: Volume,
        placement: Placement,
        heat: HeatChoice,
        area: QRectF,
        ratio: float,
    ) -> None:
        """Draw the picture and its contours, or say why there is none.

        Args:
            painter: Of the view, in Qt pixels.
            state: What the window shows.
            volume: The open stack.
            placement: Where the picture lies.
            heat: What is drawn over it.
            area: The view, in Qt pixels.
            ratio: Device pixels per Qt pixel.
        """
        image = self.image(state)
        if image is None:
            self._draw_why_not(painter, state, volume, area)
        elif placement.is_in_view:
            _draw_to_the_pixel(painter, self._picture(state, image, placement, heat), placement, ratio)
        self._draw_contours(painter, volume, placement, heat, ratio)

    def _draw_contours(
        self, painter: QPainter, volume: Volume, placement: Placement, heat: HeatChoice, ratio: float
    ) -> None:
        def to_screen(columns: Coordinates, rows: Coordinates) -> tuple[Coordinates, Coordinates]:
            across, down = placement.screen_point(columns, rows)
            return across / ratio, down / ratio

        if contours := self._heat_layer.contours(heat, volume):
            draw_contours(painter, contours, to_screen)

    def _draw_why_not(self, painter: QPainter, state: ViewState, volume: Volume, area: QRectF) -> None:
        # Not black: black would be air.
        painter.fillRect(area, QColor(WINDOW))
        if words := why_not_shown(state, self._view):
            _draw_words(painter, area, words, SECONDARY)
        elif awaited := awaited_text(state):
            _draw_words(painter, area, awaited, SECONDARY)
        elif plane_of(state, self._view) is not None:
            _draw_words(painter, area, "Preparing this plane …", SECONDARY)
        else:
            reason = volume.unreadable_reasons.get(state.slice_index, "no reason given")
            painter.fillRect(area, QBrush(QColor(LINE), Qt.BrushStyle.BDiagPattern))
            _draw_words(painter, area, f"This slice could not be read: {reason}", TEXT)

    def _picture(
        self, state: ViewState, image: SliceImage, placement: Placement, heat: HeatChoice
    ) -> NDArray[np.uint32]:
        """The picture on the screen, made anew only if something in it has changed."""
        window, inverted = shown_window(state, self._view), state.is_inverted

        def render() -> NDArray[np.uint32]:
            table = self._grey_tables.get(
                (window, image.slope, image.intercept, inverted, image.stored_values.dtype, image.padding),
                lambda: grey_table(image, window, inverted),
            )
            if self._view is View.MIRROR and state.mirror is not None:
                differences = resampled(in_view(state.mirror.levels, placement), placement)
                colors = self._heat_tables.get(View.MIRROR, mirror_table)
                return render_picture(image, table, placement, differences, colors)
            levels = (
                None if state.volume is None else self._heat_layer.on_screen(heat, state.volume, placement)
            )
            opacity = state.heatmap_opacity
            if levels is None:
                plain = render_picture(image, table, placement)
                masks = self.holes(state)
                return with_stripes(plain, masks, placement) if masks else plain
            colors = self._heat_tables.get(opacity, lambda: heat_table(opacity))
            return render_picture(image, table, placement, levels, colors)

        opacity = None if heat.heatmap is None or heat.as_contours else state.heatmap_opacity
        return self._pictures.get((image, window, inverted, placement, heat.heatmap, opacity), render)


def _draw_to_the_pixel(
    painter: QPainter, picture: NDArray[np.uint32], placement: Placement, ratio: float
) -> None:
    """One picture pixel to one device pixel.

    The scale of the screen is undone, and where the view itself begins between two device pixels (ratio
    1.25), that rest is undone too.
    """
    height, width = picture.shape
    shown = QImage(picture.data, width, height, width * 4, QImage.Format.Format_RGB32)
    painter.save()
    device = painter.deviceTransform()
    rest = QPointF(round(device.dx()) - device.dx(), round(device.dy()) - device.dy())
    painter.scale(1 / ratio, 1 / ratio)
    painter.drawImage(QPointF(placement.across.picture_start, placement.down.picture_start) + rest, shown)
    painter.restore()


def _draw_words(painter: QPainter, area: QRectF, text: str, color: str) -> None:
    """A sentence in the middle, instead of a picture."""
    room = area.adjusted(24, 24, -24, -24)
    words = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    box = painter.boundingRect(room, words, text).adjusted(-10, -8, 10, 8)
    painter.fillRect(box, QColor(WINDOW))
    painter.setPen(QColor(color))
    painter.drawText(room, words, text)
