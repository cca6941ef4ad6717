"""What one view shows before windowing: the pixels of one plane, and where they lie in the stack.

The one thing to get wrong: a stored slice shows stored values, a reformat interpolated ones; who measures
must ask which of them it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.plane import Plane, Triple, triple
from ichviewer.core.stack_frame import Vector
from ichviewer.core.volume import Volume

NO_DATA = -32768
"""In the place of an interpolated value where there is none; no CT number is that low."""


@dataclass(frozen=True, eq=False)
class SliceImage:
    """The pixels of one plane.

    Attributes:
        stored_values: (rows, columns), int16 or uint16.
        slope: HU per stored unit.
        intercept: HU.
        pixel_spacing_mm: (between rows, between columns).
        corner_mm: Center of pixel [0, 0] in the stack frame.
        right: Unit vector of the stack frame along which the column index grows.
        down: Unit vector along which the row index grows.
        padding: Stored values that mean "no measurement", (lowest, highest); None where absent.
        slice_index: The stored slice that it is; None of a reformat, whose values are interpolated.
    """

    stored_values: NDArray[np.int16] | NDArray[np.uint16]
    slope: float
    intercept: float
    pixel_spacing_mm: tuple[float, float]
    corner_mm: Triple
    right: Triple
    down: Triple
    padding: tuple[int, int] | None = None
    slice_index: int | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return int(self.stored_values.shape[0]), int(self.stored_values.shape[1])

    def hu_at(self, row: int, column: int) -> float | None:
        """Hounsfield units of one pixel; None outside the image and where nothing was measured."""
        if not (0 <= row < self.shape[0] and 0 <= column < self.shape[1]):
            return None
        stored = int(self.stored_values[row, column])
        if self.padding is not None and self.padding[0] <= stored <= self.padding[1]:
            return None
        return stored * self.slope + self.intercept

    def point_mm(self, column: float, row: float) -> Vector:
        """Point of the stack frame, (3,), at a place of the picture; 0.5 is the middle of the first pixel."""
        across = np.asarray(self.right) * ((column - 0.5) * self.pixel_spacing_mm[1])
        along = np.asarray(self.down) * ((row - 0.5) * self.pixel_spacing_mm[0])
        return np.asarray(np.asarray(self.corner_mm) + across + along)

    def place_of(self, points_mm: Vector) -> Vector:
        """Places of the picture, (..., 2) as (column, row), nearest to points of the frame, (..., 3)."""
        from_corner = np.asarray(points_mm, dtype=np.float64) - np.asarray(self.corner_mm)
        columns = from_corner @ np.asarray(self.right) / self.pixel_spacing_mm[1] + 0.5
        rows = from_corner @ np.asarray(self.down) / self.pixel_spacing_mm[0] + 0.5
        return np.stack([columns, rows], axis=-1)

    def distance_mm(self, points_mm: Vector) -> Vector:
        """How far points of the frame, (..., 3), lie from the plane, (...); positive along its normal."""
        from_corner = np.asarray(points_mm, dtype=np.float64) - np.asarray(self.corner_mm)
        return np.asarray(from_corner @ np.cross(self.right, self.down))


def stored_slice(volume: Volume, slice_index: int) -> SliceImage:
    """A readable slice as it was stored; no pixel is copied."""
    return SliceImage(
        volume.stored_values[slice_index],
        float(volume.slopes[slice_index]),
        float(volume.intercepts[slice_index]),
        volume.geometry.pixel_spacing_mm,
        triple(volume.frame.slice_origins_mm[slice_index]),
        (1.0, 0.0, 0.0),
        (0.0, 1.0, 0.0),
        volume.padding(slice_index),
        slice_index,
    )


def reformatted(hu: NDArray[np.float32], plane: Plane) -> SliceImage:
    """Interpolated values on a plane, rounded to whole Hounsfield units.

    Args:
        hu: (rows, columns), NaN where there is no data.
        plane: Where they lie.
    """
    has_data = np.isfinite(hu)
    rounded = np.where(has_data, np.clip(np.rint(np.where(has_data, hu, 0)), -32767, 32767), NO_DATA)
    spacing = plane.spacing_mm, plane.spacing_mm
    corner = triple(plane.corner_mm)
    return SliceImage(
        rounded.astype(np.int16), 1.0, 0.0, spacing, corner, plane.right, plane.down, (NO_DATA, NO_DATA)
    )
