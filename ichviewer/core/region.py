"""A marked region: which stored pixels of which slices belong to it, and its volume.

Masks lie on the stored pixels of the stack (canonical orientation), so that what is counted was measured.
They are kept packed, eight pixels a byte: a state may hold many of them for undo. The one thing to get wrong:
a slice counts from half way to one neighbor to half way to the other, so the volume follows uneven gaps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.errors import IchViewerError
from ichviewer.core.stack_frame import StackFrame


@dataclass(frozen=True)
class Region:
    """Pixels of a stack.

    Attributes:
        shape: (slices, rows, columns) of the stack.
        packed_masks: (slice index, mask packed by ``numpy.packbits``), lowest slice first; slices without a
            pixel are left out.
    """

    shape: tuple[int, int, int]
    packed_masks: tuple[tuple[int, bytes], ...] = ()

    @classmethod
    def of(cls, shape: tuple[int, int, int], masks: Mapping[int, NDArray[np.bool_]]) -> Region:
        """A region from masks, (rows, columns) each, by slice index.

        Raises:
            ValueError: A mask has another shape, or its slice is none of the stack's.
        """
        for index, mask in masks.items():
            if mask.shape != shape[1:] or not 0 <= index < shape[0]:
                raise ValueError(f"A mask of {mask.shape} on slice {index} does not fit a stack of {shape}.")
        kept = sorted(index for index, mask in masks.items() if mask.any())
        return cls(shape, tuple((index, np.packbits(masks[index]).tobytes()) for index in kept))

    @property
    def slice_indices(self) -> tuple[int, ...]:
        """Slices that hold a pixel of it, lowest first."""
        return tuple(index for index, _ in self.packed_masks)

    @property
    def is_empty(self) -> bool:
        """Whether there is no pixel."""
        return not self.packed_masks

    def mask(self, slice_index: int) -> NDArray[np.bool_]:
        """Its pixels on one slice, (rows, columns)."""
        rows, columns = self.shape[1:]
        packed = dict(self.packed_masks).get(slice_index)
        if packed is None:
            return np.zeros((rows, columns), dtype=np.bool_)
        bits = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), count=rows * columns)
        return bits.reshape(rows, columns).astype(np.bool_)

    def with_mask(self, slice_index: int, mask: NDArray[np.bool_]) -> Region:
        """The region with other pixels on one slice."""
        # The other slices stay packed: a brush asks for this with every move of the mouse.
        painted = Region.of(self.shape, {slice_index: mask}).packed_masks
        others = (part for part in self.packed_masks if part[0] != slice_index)
        return replace(self, packed_masks=tuple(sorted((*others, *painted))))


def without_slice(region: Region, slice_index: int) -> Region:
    """The region without its pixels on one slice."""
    kept = tuple(part for part in region.packed_masks if part[0] != slice_index)
    return replace(region, packed_masks=kept)


def with_disc(
    region: Region, frame: StackFrame, slice_index: int, center_mm: tuple[float, float], radius_mm: float
) -> Region:
    """The region and a disc on one slice.

    Args:
        region: The region.
        frame: Of its stack.
        slice_index: Where the disc lies.
        center_mm: (x, y) in the stack frame.
        radius_mm: Pixels whose center is not farther away belong to the disc.
    """
    disc = _disc(region, frame, slice_index, center_mm, radius_mm)
    return region.with_mask(slice_index, region.mask(slice_index) | disc)


def without_disc(
    region: Region, frame: StackFrame, slice_index: int, center_mm: tuple[float, float], radius_mm: float
) -> Region:
    """The region less a disc on one slice; see ``with_disc`` for the arguments."""
    disc = _disc(region, frame, slice_index, center_mm, radius_mm)
    return region.with_mask(slice_index, region.mask(slice_index) & ~disc)


def volume_ml(region: Region, frame: StackFrame) -> float:
    """Volume of a region, mL: pixels times their area times how far each slice reaches along the normal.

    A slice reaches half the way to each neighbor, also across a gap that may lack a slice.

    Args:
        region: The region.
        frame: Of its stack.

    Raises:
        IchViewerError: The stack has one slice; nothing says how thick it is.
    """
    if frame.slice_count < 2:
        raise IchViewerError("A volume needs at least two slices: one alone does not say how far it reaches.")
    pixel_mm2 = frame.pixel_spacing_mm[0] * frame.pixel_spacing_mm[1]
    heights = np.diff(frame.slice_extents_mm, axis=1)[:, 0]
    total = sum(int(region.mask(index).sum()) * float(heights[index]) for index in region.slice_indices)
    return total * pixel_mm2 / 1000.0


def areas_mm2(region: Region, frame: StackFrame) -> dict[int, float]:
    """Area on each slice that has any, mm2; what ``hematoma_volume.weighed_by_area`` takes."""
    pixel_mm2 = frame.pixel_spacing_mm[0] * frame.pixel_spacing_mm[1]
    return {index: int(region.mask(index).sum()) * pixel_mm2 for index in region.slice_indices}


def _disc(
    region: Region, frame: StackFrame, slice_index: int, center_mm: tuple[float, float], radius_mm: float
) -> NDArray[np.bool_]:
    rows, columns = region.shape[1:]
    row, column = frame.mm_to_pixel(slice_index, *center_mm)
    down = (np.arange(rows) - row) * frame.pixel_spacing_mm[0]
    across = (np.arange(columns) - column) * frame.pixel_spacing_mm[1]
    return np.asarray(down[:, None] ** 2 + across[None, :] ** 2 <= radius_mm**2)
