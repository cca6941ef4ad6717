"""A stroke of a round brush on one slice of a region."""

from __future__ import annotations

import numpy as np

from ichviewer.core.region import Region
from ichviewer.core.stack_frame import StackFrame

Place = tuple[float, float]
"""(x, y) in the stack frame, mm."""


def painted_region(
    region: Region,
    frame: StackFrame,
    slice_index: int,
    ends: tuple[Place, Place],
    radius_mm: float,
    adds: bool,
) -> Region:
    """The region with or without the pixels under a stroke.

    Args:
        region: Before.
        frame: Of its stack.
        slice_index: The slice that is painted on; the others stay.
        ends: Where the stroke begins and ends; between them no pixel is left out, however fast the hand was.
        radius_mm: Pixels whose center is not farther from the stroke belong to it.
        adds: Whether they are added; else they are removed.
    """
    _, rows, columns = region.shape
    origin = frame.slice_origins_mm[slice_index]
    y = origin[1] + np.arange(rows)[:, None] * frame.pixel_spacing_mm[0]
    x = origin[0] + np.arange(columns)[None, :] * frame.pixel_spacing_mm[1]
    (x0, y0), (x1, y1) = ends
    along_x, along_y = x1 - x0, y1 - y0
    squared = along_x**2 + along_y**2
    at = np.clip(((x - x0) * along_x + (y - y0) * along_y) / squared, 0, 1) if squared > 0 else 0.0
    stroke = (x - x0 - at * along_x) ** 2 + (y - y0 - at * along_y) ** 2 <= radius_mm**2
    before = region.mask(slice_index)
    return region.with_mask(slice_index, before | stroke if adds else before & ~stroke)
