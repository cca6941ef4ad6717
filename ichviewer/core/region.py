"""A set of voxels of one stack, packed: what growing from a seed gives and the reader edits.

The one thing to get wrong: a voxel has no one size in a stack of uneven spacing; each slice counts with its
own extent (``StackFrame.slice_extents_mm``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.stack_frame import StackFrame


@dataclass(frozen=True)
class Region:
    """Voxels within a box of the stack, eight to a byte; equal regions are equal values.

    Attributes:
        first: Slice, row and column of the box's first voxel.
        shape: (slices, rows, columns) of the box; it fits tightly, all 0 for a region without voxels.
        bits: The box in C order, as ``numpy.packbits`` gives it.
        stack_shape: (slices, rows, columns) of the stack.
    """

    first: tuple[int, int, int]
    shape: tuple[int, int, int]
    bits: bytes
    stack_shape: tuple[int, int, int]

    @staticmethod
    def of(mask: NDArray[np.bool_]) -> Region:
        """The region of a mask of the whole stack, (slices, rows, columns), canonical."""
        slices, rows, columns = (int(side) for side in mask.shape)
        spans = []
        for axis in range(3):
            used = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
            spans.append((int(used[0]), int(used[-1]) + 1) if used.size else (0, 0))
        box = mask[tuple(slice(*span) for span in spans)]
        return Region(
            first=(spans[0][0], spans[1][0], spans[2][0]),
            shape=(int(box.shape[0]), int(box.shape[1]), int(box.shape[2])),
            bits=np.packbits(box).tobytes(),
            stack_shape=(slices, rows, columns),
        )

    @cached_property
    def box(self) -> NDArray[np.bool_]:
        """The voxels of the box, read-only."""
        packed = np.frombuffer(self.bits, dtype=np.uint8)
        box = np.unpackbits(packed, count=math.prod(self.shape)).astype(np.bool_).reshape(self.shape)
        box.flags.writeable = False
        return box

    @property
    def voxel_count(self) -> int:
        """Number of voxels."""
        return int(self.box.sum())

    @property
    def slices(self) -> tuple[int, ...]:
        """Slices with at least one voxel, counted from 0, lowest first."""
        return tuple(int(index) + self.first[0] for index in np.flatnonzero(self.box.any(axis=(1, 2))))

    def on_slice(self, slice_index: int) -> NDArray[np.bool_]:
        """Its pixels of one slice, (rows, columns)."""
        pixels = np.zeros(self.stack_shape[1:], dtype=np.bool_)
        within = slice_index - self.first[0]
        if 0 <= within < self.shape[0]:
            _, row, column = self.first
            pixels[row : row + self.shape[1], column : column + self.shape[2]] = self.box[within]
        return pixels

    def with_slice(self, slice_index: int, pixels: NDArray[np.bool_]) -> Region:
        """The region with other pixels, (rows, columns), on one slice: for a brush or an eraser."""
        return Region.of(
            np.stack(
                [
                    pixels if index == slice_index else self.on_slice(index)
                    for index in range(self.stack_shape[0])
                ]
            )
        )

    def areas_mm2(self, frame: StackFrame) -> dict[int, float]:
        """Area on each slice that has any, mm2; what ``hematoma_volume.weighed_by_area`` takes."""
        pixel_mm2 = math.prod(frame.pixel_spacing_mm)
        return {index: float(self.box[index - self.first[0]].sum()) * pixel_mm2 for index in self.slices}

    def volume_ml(self, frame: StackFrame) -> float:
        """Its volume, milliliters: the area on each slice times the slice's extent.

        Raises:
            ValueError: The stack has one slice only, whose extent nobody knows.
        """
        if frame.slice_count < 2:
            raise ValueError("The volume cannot be known from a stack of one slice.")
        extents = frame.slice_extents_mm[:, 1] - frame.slice_extents_mm[:, 0]
        return sum(area * float(extents[index]) for index, area in self.areas_mm2(frame).items()) / 1000
