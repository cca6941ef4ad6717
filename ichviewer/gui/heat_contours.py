"""Lines of equal heat on the screen: colored by heat, with a dark outline that shows on bone.

The one thing to get wrong: lines are made once in pixels of the slice and mapped to the screen when they are
drawn, so that they stay on the anatomy at every zoom, flip and pixel ratio, and keep their thickness.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from ichviewer.core.contour import CONTOUR_LEVELS, contour_segments
from ichviewer.core.heatmap import Heatmap, place_on_slice

PIECES_PER_CELL = 16
"""A line is made of straight pieces of this part of a map's cell, which no eye tells from a curve."""

LINE_PX, OUTLINE_PX = 1.5, 3.5

OUTLINE = QColor(0, 0, 0, 200)

Coordinates = NDArray[np.float64]

ToScreen = Callable[[Coordinates, Coordinates], tuple[Coordinates, Coordinates]]
"""From (columns, rows) of the slice, any shape, to (x, y) in Qt pixels of the view."""


@dataclass(frozen=True, eq=False)
class HeatContour:
    """The line at one level of heat.

    Attributes:
        level: Share of full color.
        segments: (pieces, 2, 2), both ends of each piece, (column, row) of the slice; 0.5 is the middle of
            the first pixel.
        color: Red, green, blue.
    """

    level: float
    segments: NDArray[np.float32]
    color: tuple[int, int, int]


def heat_contours(
    heatmap: Heatmap, head: NDArray[np.uint8], colors: NDArray[np.uint8]
) -> tuple[HeatContour, ...]:
    """The lines at ``CONTOUR_LEVELS``, as far as they lie inside the head.

    Args:
        heatmap: The map.
        head: (rows, columns), 1 inside the head.
        colors: (256, 3), red, green, blue for heat 0 to 1.
    """
    cell_px = min(
        heatmap.framing.height / heatmap.values.shape[0], heatmap.framing.width / heatmap.values.shape[1]
    )
    step = max(1, int(cell_px // PIECES_PER_CELL))
    shape = head.shape[0], head.shape[1]
    heat = place_on_slice(heatmap.values, heatmap.framing, shape)[::step, ::step]
    # A square is kept where the head covers all of its pixels, not its corners only.
    reach = np.ones((step + 1, step + 1), np.uint8)
    is_covered = cv2.erode(head, reach, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    kept = is_covered[::step, ::step][:-1, :-1] > 0
    contours = []
    for level in CONTOUR_LEVELS:
        segments = (contour_segments(heat, level, kept) - 0.5) * step + 0.5
        red, green, blue = (int(part) for part in colors[round(level * 255)])
        contours.append(HeatContour(level, segments, (red, green, blue)))
    return tuple(contours)


def draw_contours(painter: QPainter, contours: Sequence[HeatContour], to_screen: ToScreen) -> None:
    """Draw lines of equal heat, all outlines below all lines.

    Args:
        painter: On the view, in Qt pixels.
        contours: From ``heat_contours``.
        to_screen: Where places on the slice lie in the view.
    """
    lines = [(each, _on_screen(each, to_screen)) for each in contours if len(each.segments)]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for _contour, pieces in lines:
        painter.setPen(_pen(OUTLINE, OUTLINE_PX))
        painter.drawLines(pieces)
    for contour, pieces in lines:
        painter.setPen(_pen(QColor(*contour.color), LINE_PX))
        painter.drawLines(pieces)
    painter.restore()


def _on_screen(contour: HeatContour, to_screen: ToScreen) -> list[QLineF]:
    columns, rows = contour.segments[..., 0].astype(np.float64), contour.segments[..., 1].astype(np.float64)
    x, y = to_screen(columns, rows)
    return [QLineF(*ends) for ends in np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], axis=1).tolist()]


def _pen(color: QColor, width: float) -> QPen:
    return QPen(color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
