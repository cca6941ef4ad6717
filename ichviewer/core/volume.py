"""The pixels of one stack, in canonical orientation, with what turns them into Hounsfield units.

The one thing to get wrong: slope and intercept belong to the **slice**, not to the series;
real scanners change them within one series. While a stack is being read, a volume is what was read
so far; the slices that are still to come hold no image and cannot be asked for values.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.geometry import StackGeometry
from ichviewer.core.series import Series
from ichviewer.core.stack_frame import StackFrame

AIR_HU = -1000.0


@dataclass(frozen=True, eq=False)
class Volume:
    """One stack of slices.

    Attributes:
        series: The headers it was read from; its slices are in the order of the first axis.
        stored_values: (slices, rows, columns), int16 or uint16, canonical orientation, read-only;
            MONOCHROME1 is inverted already.
        slopes: (slices,), HU per stored unit.
        intercepts: (slices,), HU.
        geometry: Canonical geometry of the stack. What the files do not say is made up for the screen alone;
            ``series.is_measured``, ``has_directions`` and ``has_positions`` tell what of it is known.
        is_readable: (slices,), False where there are no pixels: they could not be read, or were not read yet;
            such a slice holds no image.
        unreadable_reasons: Why, for each slice index that could not be read.
        paddings: Per slice, stored values that mean "no measurement" (0028,0120 and 0028,0121) as (lowest,
            highest), None where absent; empty where no slice has any. Compared before rescale.
        awaited_slices: Indices of the slices that are still to be read; none once all were tried.
    """

    series: Series
    stored_values: NDArray[np.int16] | NDArray[np.uint16]
    slopes: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    geometry: StackGeometry
    is_readable: NDArray[np.bool_]
    unreadable_reasons: dict[int, str]
    paddings: tuple[tuple[int, int] | None, ...] = ()
    awaited_slices: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if self.stored_values.dtype not in (np.dtype(np.int16), np.dtype(np.uint16)):
            raise ValueError(f"Stored values are 16-bit integers, not {self.stored_values.dtype}.")
        if len(self.paddings) not in (0, len(self.stored_values)):
            raise ValueError(f"{len(self.paddings)} paddings for {len(self.stored_values)} slices.")
        if any(self.is_readable[index] for index in self.awaited_slices):
            raise ValueError("A slice that is still to be read cannot be readable.")
        self.stored_values.flags.writeable = False

    @property
    def slice_count(self) -> int:
        """Number of slices."""
        return int(self.stored_values.shape[0])

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of every slice."""
        return int(self.stored_values.shape[1]), int(self.stored_values.shape[2])

    @cached_property
    def frame(self) -> StackFrame:
        """The millimeter frame of the stack."""
        return StackFrame.of(self.geometry, self.shape)

    @property
    def is_complete(self) -> bool:
        """Whether every slice was read, or found to be unreadable."""
        return not self.awaited_slices

    @property
    def settled_count(self) -> int:
        """Number of slices that were read or found to be unreadable."""
        return self.slice_count - len(self.awaited_slices)

    def padding(self, slice_index: int) -> tuple[int, int] | None:
        """Stored values of one slice that mean "no measurement", (lowest, highest); None where absent."""
        return self.paddings[slice_index] if self.paddings else None

    def hu(self, slice_index: int) -> NDArray[np.float32]:
        """Hounsfield units of a slice, (rows, columns), computed afresh (PS3.3 C.11.1.1.2).

        Pixels that mean "no measurement" are converted like any other.

        Raises:
            ValueError: The slice is still to be read; what stands in its place is no image.
        """
        if slice_index in self.awaited_slices:
            raise ValueError(f"Slice {slice_index + 1} has not been read yet.")
        stored = self.stored_values[slice_index].astype(np.float32)
        return np.asarray(
            stored * np.float32(self.slopes[slice_index]) + np.float32(self.intercepts[slice_index])
        )

    def measured_hu(self, slice_index: int) -> NDArray[np.float32]:
        """Hounsfield units of a slice with air in the place of pixels that mean "no measurement".

        For all that judges a slice (network, head, automatic window): padding may be any value, also one of
        bone or metal.
        """
        hu = self.hu(slice_index)
        padding = self.padding(slice_index)
        if padding is not None:
            stored = self.stored_values[slice_index]
            hu[(stored >= padding[0]) & (stored <= padding[1])] = AIR_HU
        return hu

    def hu_at(self, slice_index: int, row: int, column: int) -> float | None:
        """Hounsfield units of one pixel; None outside the image, on padding and on unreadable slices."""
        inside = (
            0 <= slice_index < self.slice_count and 0 <= row < self.shape[0] and 0 <= column < self.shape[1]
        )
        if not inside or not self.is_readable[slice_index]:
            return None
        stored = int(self.stored_values[slice_index, row, column])
        padding = self.padding(slice_index)
        if padding is not None and padding[0] <= stored <= padding[1]:
            return None
        return float(stored * self.slopes[slice_index] + self.intercepts[slice_index])
