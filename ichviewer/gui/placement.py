"""Where a slice lies in its view: the one map between device pixels and canonical pixels.

The one thing to get wrong: a device pixel is not a Qt pixel (there are 1, 1.25 or 2 per Qt pixel along a
side), and columns and rows may have different millimetres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ichviewer.core.viewstate import ViewState, zoomed


@dataclass(frozen=True)
class AxisPlacement:
    """One axis of a slice in a view.

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

    def index_at(self, device_px: float) -> int:
        """Column that covers a device position; may lie outside the slice."""
        return math.floor((device_px - self.start) / self.scale)


@dataclass(frozen=True)
class Placement:
    """A slice in a view: millimetres are square on the screen, whatever the pixel spacing.

    Attributes:
        across: Columns.
        down: Rows.
        mm_per_px: Millimetres per device pixel.
    """

    across: AxisPlacement
    down: AxisPlacement
    mm_per_px: float

    @property
    def is_in_view(self) -> bool:
        """Whether any part of the slice lies in the view."""
        return self.across.last > self.across.first and self.down.last > self.down.first


def place_slice(
    shape: tuple[int, int],
    pixel_spacing_mm: tuple[float, float],
    view_px: tuple[int, int],
    zoom: float,
    pan_mm: tuple[float, float],
) -> Placement:
    """Place a slice in the middle of a view, then shift it.

    The part in view begins on a whole device pixel, so the slice may lie up to half a device pixel beside
    what *pan_mm* asks for; what is drawn and what the cursor reads agree exactly.

    Args:
        shape: (rows, columns).
        pixel_spacing_mm: (between rows, between columns).
        view_px: (width, height) of the view in device pixels.
        zoom: 1 = the whole slice fits.
        pan_mm: Shift, (right, down).
    """
    mm_per_px = fitting_mm_per_px(shape, pixel_spacing_mm, view_px) / zoom
    return Placement(
        _place_axis(shape[1], pixel_spacing_mm[1] / mm_per_px, view_px[0], pan_mm[0] / mm_per_px),
        _place_axis(shape[0], pixel_spacing_mm[0] / mm_per_px, view_px[1], pan_mm[1] / mm_per_px),
        mm_per_px,
    )


def fitting_mm_per_px(
    shape: tuple[int, int], pixel_spacing_mm: tuple[float, float], view_px: tuple[float, float]
) -> float:
    """Millimetres per pixel at which the whole slice just fits; *view_px* is (width, height)."""
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


def zoomed_about(
    state: ViewState, factor: float, offset_px: tuple[float, float], fitting_mm: float
) -> ViewState:
    """Magnified by *factor* while one point of the screen keeps its place; stops at the zoom's limits.

    Args:
        state: Before.
        factor: Above 1 enlarges.
        offset_px: The point, (right, down) from the middle of the view.
        fitting_mm: Millimetres per pixel at zoom 1, for the same pixels.
    """
    after = zoomed(state, factor)
    change = fitting_mm / after.zoom - fitting_mm / state.zoom
    pan_mm = (state.pan_mm[0] + offset_px[0] * change, state.pan_mm[1] + offset_px[1] * change)
    return replace(after, pan_mm=pan_mm)
