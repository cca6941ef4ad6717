"""Where a picture lies in its view: the one map between device pixels and the picture's own pixels.

The one thing to get wrong: a device pixel is not a Qt pixel (there are 1, 1.25 or 2 per Qt pixel along a
side), columns and rows may have different millimetres, and the reader may have turned the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ichviewer.core.camera import Camera, Coordinate, Turn


@dataclass(frozen=True)
class AxisPlacement:
    """One axis of a turned picture in a view.

    Attributes:
        start: Device pixel of the outer edge of the first column (or row); may lie outside the view.
        scale: Device pixels per column (or row).
        first: First column that is needed to fill the view.
        last: One past the last column that is needed; not above *first* where nothing is in view.
        picture_start: Whole device pixel at which column *first* begins.
    """

    start: float
    scale: float
    first: int
    last: int
    picture_start: int


@dataclass(frozen=True)
class Placement:
    """A picture in a view: millimetres are square on the screen, whatever the pixel spacing.

    Attributes:
        across: Columns of the turned picture.
        down: Rows of the turned picture.
        mm_per_px: Millimetres per device pixel.
        turn: The reader's flip and rotation.
        shape: (rows, columns) of the picture before it is turned.
    """

    across: AxisPlacement
    down: AxisPlacement
    mm_per_px: float
    turn: Turn
    shape: tuple[int, int]

    @property
    def is_in_view(self) -> bool:
        """Whether any part of the picture lies in the view."""
        return self.across.last > self.across.first and self.down.last > self.down.first

    def picture_point(self, x_px: float, y_px: float) -> tuple[float, float]:
        """(column, row) under a device position; 0.5 is the middle of the first one; may lie outside."""
        across = (x_px - self.across.start) / self.across.scale
        down = (y_px - self.down.start) / self.down.scale
        return self.turn.from_screen(across, down, self.shape)

    def screen_point(self, column: Coordinate, row: Coordinate) -> tuple[Coordinate, Coordinate]:
        """Device position (x, y) of a place on the picture, or of many; the way back of ``picture_point``."""
        across, down = self.turn.to_screen(column, row, self.shape)
        return self.across.start + across * self.across.scale, self.down.start + down * self.down.scale

    def pixel_at(self, x_px: float, y_px: float) -> tuple[int, int]:
        """(row, column) of the pixel that covers a device position; may lie outside the picture."""
        column, row = self.picture_point(x_px, y_px)
        return math.floor(row), math.floor(column)


def place_picture(
    shape: tuple[int, int],
    pixel_spacing_mm: tuple[float, float],
    view_px: tuple[int, int],
    camera: Camera,
    fitting_mm: float | None = None,
) -> Placement:
    """Place a picture in the middle of a view, then shift it.

    The part in view begins on a whole device pixel, so the picture may lie up to half a device pixel beside
    what the camera asks for; what is drawn and what the cursor reads agree exactly.

    Args:
        shape: (rows, columns).
        pixel_spacing_mm: (between rows, between columns).
        view_px: (width, height) of the view in device pixels.
        camera: Zoom, shift and turn.
        fitting_mm: Millimetres per device pixel at zoom 1; by default so that the turned picture just fits.
    """
    turned_shape = camera.turn.shape(shape)
    between_rows, between_columns = pixel_spacing_mm
    if camera.turn.is_sideways:
        between_rows, between_columns = between_columns, between_rows
    if fitting_mm is None:
        fitting_mm = fitting_mm_per_px(turned_shape, (between_rows, between_columns), view_px)
    mm_per_px = fitting_mm / camera.zoom
    right_mm, down_mm = camera.pan_mm
    return Placement(
        _place_axis(turned_shape[1], between_columns / mm_per_px, view_px[0], right_mm / mm_per_px),
        _place_axis(turned_shape[0], between_rows / mm_per_px, view_px[1], down_mm / mm_per_px),
        mm_per_px,
        camera.turn,
        shape,
    )


def fitting_mm_per_px(
    shape: tuple[int, int], pixel_spacing_mm: tuple[float, float], view_px: tuple[float, float]
) -> float:
    """Millimetres per pixel at which the whole picture just fits; *view_px* is (width, height)."""
    return max(
        shape[1] * pixel_spacing_mm[1] / max(view_px[0], 1),
        shape[0] * pixel_spacing_mm[0] / max(view_px[1], 1),
    )


def _place_axis(count: int, scale: float, view_px: int, pan_px: float) -> AxisPlacement:
    wanted = view_px / 2 + pan_px - count * scale / 2
    spare = math.ceil(1 / scale) + 1  # what the filter reads beyond the edge of the view
    first = min(max(math.floor(-wanted / scale) - spare, 0), count)
    last = min(max(math.ceil((view_px - wanted) / scale) + spare, 0), count)
    picture_start = round(wanted + first * scale)
    return AxisPlacement(picture_start - first * scale, scale, first, last, picture_start)
