"""Lines in each of the three planes that show where the two others cut it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainter, QPen

from ichviewer.core.navigation import PLANES_OF_VIEW, crosshair_point, thin_plane
from ichviewer.core.plane import cut_line
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.theme import ACCENT

ToScreen = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Points of the stack frame, (..., 3), to Qt pixels of a view, (..., 2)."""

GAP_PX = 12.0
"""The lines leave the meeting point free: it is what the reader looks at."""

OUTLINE = QColor(0, 0, 0, 140)


def crosshair_lines(state: ViewState, view: View) -> dict[View, NDArray[np.float64]]:
    """For each other plane on the screen the ends of its line, (2, 3), in the stack frame."""
    here = thin_plane(state, view)
    lines = {}
    for other in state.layout.views:
        if other is view or other not in PLANES_OF_VIEW:
            continue
        cut = cut_line(here, thin_plane(state, other))
        if cut is not None:
            rows, columns = np.asarray(cut).T
            lines[other] = here.to_frame_mm(rows, columns)
    return lines


def draw_crosshair(painter: QPainter, state: ViewState, view: View, to_screen: ToScreen) -> None:
    """Draw the lines of the other planes, thin, with a dark outline, open where they meet."""
    if not state.shows_crosshair:
        return
    middle = to_screen(crosshair_point(state))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for ends in crosshair_lines(state, view).values():
        for first, last in _around_gap(to_screen(ends), middle):
            for pen in (QPen(OUTLINE, 3), QPen(QColor(ACCENT), 1)):
                painter.setPen(pen)
                painter.drawLine(QPointF(*first.tolist()), QPointF(*last.tolist()))
    painter.restore()


def _around_gap(
    ends: NDArray[np.float64], middle: NDArray[np.float64]
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Pieces of a line on the screen, (2, 2), that stay away from *middle*; none without a picture."""
    length = float(np.linalg.norm(ends[1] - ends[0]))
    if not np.isfinite(length) or length == 0:
        return []
    along = (ends[1] - ends[0]) / length
    at = float((middle - ends[0]) @ along)
    stops = np.clip([0.0, at - GAP_PX, at + GAP_PX, length], 0.0, length)
    first, before, after, last = (ends[0] + along * stop for stop in stops)
    return [(first, before), (after, last)]
