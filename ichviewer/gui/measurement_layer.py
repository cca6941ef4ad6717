"""Draws measurements over a picture: lines with a thin dark outline, handles, values beside them.

The one thing to get wrong: every place comes from the stack frame through the view's own map, so a line lies
on its anatomy at every zoom, flip, rotation and pixel ratio; only thickness, handles and text are in pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPixmap, QPolygonF

from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measurement_editing import handles
from ichviewer.core.measurement_outline import outlines
from ichviewer.core.measurement_sentence import value_texts
from ichviewer.core.measurement_values import MeasuredValues, measure
from ichviewer.core.measuring import measurements_shown, plane_shown
from ichviewer.core.region_outline import region_edges
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState
from ichviewer.core.volume import Volume
from ichviewer.gui.label_places import place_label
from ichviewer.gui.outlined_text import outlined_text, text_size
from ichviewer.gui.overlay_painter import NARROW_PX, overlay_font_px
from ichviewer.gui.recent import Recent
from ichviewer.gui.theme import interface_font

ToScreen = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Points of the stack frame, (..., 3), to Qt pixels of a view, (..., 2)."""

LINE, CHOSEN, REGION = QColor("#8fe3b0"), QColor("#ffffff"), QColor("#b79cff")
"""Of the picture alone: warnings, labels of bleeding and the interface have other colors."""

DARK = QColor(0, 0, 0, 170)

LINE_PX, OUTLINE_PX = 1.5, 3.5
HANDLE_PX, ARROW_PX = 3.5, 11.0
EDGE_PX = 24.0
"""Values keep this far from the edges of a view, where the body sides stand."""

MARKED_BY_CROSS = (MeasurementKind.PROBE, MeasurementKind.TEXT, MeasurementKind.REGION)


@dataclass(frozen=True)
class Grasp:
    """Which measurement shows its handles, and which of them is the one that is moved.

    Attributes:
        identifier: Of the measurement; None where there is none.
        handle: Index into its handles; None for the whole.
    """

    identifier: int | None = None
    handle: int | None = None


NO_GRASP = Grasp()


class MeasurementLayer:
    """Draws the measurements of every view; keeps their values and texts, because most stay the same."""

    def __init__(self) -> None:
        self._volume: Volume | None = None
        self._values: Recent[MeasuredValues] = Recent(256)
        self._texts: Recent[QPixmap] = Recent(256)
        self._edges: Recent[NDArray[np.float64]] = Recent(16)

    def values(self, measurement: Measurement, state: ViewState) -> MeasuredValues:
        """The values of a measurement of the open stack, which must be there."""
        volume = state.volume
        assert volume is not None
        if volume is not self._volume:
            # A closed stack is not kept alive by what was measured on it.
            self._volume = volume
            self._values.clear()
        source = None if isinstance(measurement.plane, int) else state.reformats
        return self._values.get((measurement, volume, source), lambda: measure(measurement, volume, source))

    def draw(
        self,
        painter: QPainter,
        state: ViewState,
        view: View,
        to_screen: ToScreen,
        area: QRectF,
        middle: QPointF,
        hovered: Grasp = NO_GRASP,
    ) -> None:
        """Draw what belongs into one view.

        Args:
            painter: On the view, in Qt pixels.
            state: What the window shows.
            view: Which view.
            to_screen: Its map from the stack frame.
            area: The view, Qt pixels.
            middle: Middle of its picture; values keep away from it.
            hovered: What the mouse is on.
        """
        shown = measurements_shown(state, view)
        drawing = state.drawing
        if drawing is not None and drawing.plane == plane_shown(state, view):
            shown = (*shown, drawing.measurement)
        if not shown or state.volume is None:
            return
        chosen = Grasp(state.selected_measurement, state.selected_handle)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for each in shown:
            is_chosen = each.identifier in (chosen.identifier, 0)
            self._draw_lines(painter, each, state, to_screen, CHOSEN if is_chosen else LINE)
        for grasp in (hovered, chosen):
            held = next((each for each in shown if each.identifier == grasp.identifier), None)
            if held is not None:
                _draw_handles(painter, to_screen(np.asarray(handles(held))), grasp.handle)
        painter.restore()
        self._draw_values(painter, state, shown, to_screen, area, middle)

    def _draw_lines(
        self, painter: QPainter, each: Measurement, state: ViewState, to_screen: ToScreen, color: QColor
    ) -> None:
        lines = [to_screen(line) for line in outlines(each)]
        marks = _crosses(to_screen(np.asarray(each.points_mm[:1]))) if each.kind in MARKED_BY_CROSS else []
        edges = to_screen(self._region_edges(each, state)).tolist()
        pieces = [QLineF(*first, *last) for first, last in edges]
        if each.kind is MeasurementKind.ARROW and lines:
            lines.append(_arrow_head(lines[0]))
        if each.kind is MeasurementKind.REGION:
            color = REGION
        for pen in (QPen(DARK, OUTLINE_PX), QPen(color, LINE_PX)):
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            for line in lines:
                painter.drawPolyline(_polygon(line))
            painter.drawLines([*marks, *pieces])

    def _region_edges(self, each: Measurement, state: ViewState) -> NDArray[np.float64]:
        """The outline of a grown region on the slice in view, (pieces, 2, 3), along edges of pixels."""
        region, volume, index = each.region, state.volume, state.slice_index
        if region is None or volume is None or region.shape != volume.stored_values.shape:
            return np.zeros((0, 2, 3))
        return self._edges.get(
            (region, index, volume.frame),
            lambda: _edges_mm(region_edges(region.mask(index)), volume, index),
        )

    def _draw_values(
        self,
        painter: QPainter,
        state: ViewState,
        shown: Sequence[Measurement],
        to_screen: ToScreen,
        area: QRectF,
        middle: QPointF,
    ) -> None:
        font = interface_font(painter.font(), overlay_font_px(area.width()))
        ratio = painter.device().devicePixelRatioF()
        room = area.adjusted(EDGE_PX, EDGE_PX, -EDGE_PX, -EDGE_PX)
        taken: list[QRectF] = []
        for each in shown:
            is_chosen = each.identifier in (state.selected_measurement, 0)
            is_brief = area.width() < NARROW_PX and not is_chosen
            texts = label_lines(each, self.values(each, state), is_brief)
            around = _box(to_screen, each, self._region_edges(each, state))
            if not texts or not around.intersects(area):
                continue
            place = place_label(text_size(texts, font), around, room, middle, taken)
            taken.append(place)
            self._draw_text(painter, texts, font, CHOSEN if is_chosen else LINE, ratio, place)

    def _draw_text(
        self,
        painter: QPainter,
        texts: tuple[str, ...],
        font: QFont,
        color: QColor,
        ratio: float,
        place: QRectF,
    ) -> None:
        key = (texts, font.family(), font.pixelSize(), color.rgb(), ratio)
        pixmap = self._texts.get(key, lambda: outlined_text(texts, font, color, ratio))
        x, y = round(place.left() * ratio) / ratio, round(place.top() * ratio) / ratio
        painter.drawPixmap(QPointF(x, y), pixmap)


def draw_brush(painter: QPainter, at: QPointF, radius_px: float) -> None:
    """The rim of the brush under the mouse; Qt pixels of the view."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(DARK, OUTLINE_PX), QPen(REGION, LINE_PX)):
        painter.setPen(pen)
        painter.drawEllipse(at, radius_px, radius_px)
    painter.restore()


def label_lines(measurement: Measurement, values: MeasuredValues, is_brief: bool = False) -> tuple[str, ...]:
    """What stands beside a measurement: its name if it has one, its values, and what they are not.

    Args:
        measurement: What was drawn.
        values: Its values.
        is_brief: Whether statistics are left to the chosen one, because the view is narrow.
    """
    texts = value_texts(measurement, values)
    if values.refusal:
        texts = ("no value",)
    elif values.statistics is not None and len(texts) > 5:
        # Mean with SD, lowest with highest: five lines would hide too much.
        *first, mean, sd, low, high, count = texts
        texts = (*first, mean) if is_brief else (*first, f"{mean}, {sd}", f"{low}, {high}", count)
    name = (measurement.name,) if measurement.name else ()
    note = ("interpolated",) if values.is_interpolated and values.statistics is not None else ()
    return (*name, *texts, *note)


def _box(to_screen: ToScreen, measurement: Measurement, edges: NDArray[np.float64]) -> QRectF:
    """The box around a measurement; an arrow's text stands at its tail."""
    lines = outlines(measurement)
    points = np.concatenate(lines) if lines else np.asarray(measurement.points_mm)
    if edges.size:
        points = edges.reshape(-1, 3)
    if measurement.kind is MeasurementKind.ARROW:
        points = np.asarray(measurement.points_mm[1:])
    places = to_screen(points)
    if not np.isfinite(places).all():
        return QRectF()
    low, high = places.min(axis=0), places.max(axis=0)
    # Never without size: such a box intersects nothing.
    return QRectF(QPointF(*low.tolist()), QPointF(*high.tolist())).adjusted(-1, -1, 1, 1)


def _edges_mm(edges: NDArray[np.float64], volume: Volume, slice_index: int) -> NDArray[np.float64]:
    """Edges of pixels, (pieces, 2, 2) as (column, row), in the stack frame, (pieces, 2, 3)."""
    between_rows, between_columns = volume.frame.pixel_spacing_mm
    flat = (edges - 0.5) * np.array([between_columns, between_rows])
    return np.asarray(
        volume.frame.slice_origins_mm[slice_index]
        + np.concatenate([flat, np.zeros((*flat.shape[:-1], 1))], axis=-1)
    )


def _polygon(places: NDArray[np.float64]) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y in places.tolist()])


def _crosses(places: NDArray[np.float64]) -> list[QLineF]:
    """An upright cross that leaves its middle free: that pixel is what is pointed at."""
    pieces = []
    for x, y in places.tolist():
        for across, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            pieces.append(QLineF(x + 3 * across, y + 3 * down, x + 8 * across, y + 8 * down))
    return pieces


def _arrow_head(shaft: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two strokes back from the tip, (3, 2)."""
    tip, back = shaft[-1], shaft[0] - shaft[-1]
    length = float(np.hypot(*back))
    if length == 0 or not math.isfinite(length):
        return np.stack([tip, tip, tip])
    turned = [
        np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) @ (back / length)
        for angle in (0.45, -0.45)
    ]
    return np.stack([tip + turned[0] * ARROW_PX, tip, tip + turned[1] * ARROW_PX])


def _draw_handles(painter: QPainter, places: NDArray[np.float64], moved_handle: int | None) -> None:
    for index, (x, y) in enumerate(places.tolist()):
        is_moved = index == moved_handle
        painter.setPen(QPen(DARK, OUTLINE_PX))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        radius = HANDLE_PX + is_moved
        painter.drawEllipse(QPointF(x, y), radius, radius)
        painter.setPen(QPen(CHOSEN, LINE_PX))
        painter.setBrush(CHOSEN if is_moved else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(x, y), radius, radius)
    painter.setBrush(Qt.BrushStyle.NoBrush)
