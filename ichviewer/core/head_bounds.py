"""How far the head of one slice reaches, in the stack frame."""

from __future__ import annotations

from ichviewer.core.head import head_box
from ichviewer.core.volume import Volume

Bounds = tuple[tuple[float, float], tuple[float, float]]
"""Lowest and highest (x, y), mm."""


def head_bounds_mm(volume: Volume, slice_index: int) -> Bounds | None:
    """Lowest and highest (x, y) of the head in one slice, in the stack frame; None where no head is seen."""
    if not volume.is_readable[slice_index]:
        return None
    box = head_box(volume.measured_hu(slice_index))
    if box is None:
        return None
    top, bottom, left, right = box
    first = volume.frame.pixel_to_mm(slice_index, top - 0.5, left - 0.5)
    last = volume.frame.pixel_to_mm(slice_index, bottom - 0.5, right - 0.5)
    return (float(first[0]), float(first[1])), (float(last[0]), float(last[1]))
