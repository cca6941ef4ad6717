"""The millimeter frame of one stack: where its slices lie, however tilted or unevenly spaced.

x runs along a row of canonical pixels, y down a column, z along the slice normal; the origin is the center of
the first pixel of the lowest slice. The frame is rigid: distances and angles in it are the patient's own. The
one thing to get wrong: under a tilted gantry each slice is **shifted** in the frame against the next; z alone
does not say where pixel [0, 0] is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.geometry import StackGeometry

Vector = NDArray[np.float64]

LONE_SLICE_MM = 1.0
"""A slice without a neighbor is drawn this thick; no volume is measured with it."""


@dataclass(frozen=True, eq=False)
class StackFrame:
    """An orthonormal frame fixed to a stack, and the place of each slice in it.

    Attributes:
        origin_mm: (3,), LPS, center of pixel [0, 0] of the lowest slice.
        axes: (3, 3), its rows the unit vectors x, y and z in LPS.
        slice_origins_mm: (slices, 3), in the frame, center of pixel [0, 0] of each slice; z does not fall.
        pixel_spacing_mm: (between rows, between columns).
        shape: (rows, columns) of every slice.
    """

    origin_mm: Vector
    axes: Vector
    slice_origins_mm: Vector
    pixel_spacing_mm: tuple[float, float]
    shape: tuple[int, int]

    @classmethod
    def of(cls, geometry: StackGeometry, shape: tuple[int, int]) -> StackFrame:
        """The frame of a stack.

        Image Orientation whose two directions are not quite perpendicular (files round them) is made so: x is
        kept, y is turned within the slice.

        Args:
            geometry: Of at least one slice, lowest first.
            shape: (rows, columns) of every slice, canonical.

        Raises:
            ValueError: There is no slice, or the slices are not in order.
        """
        if geometry.slice_count == 0:
            raise ValueError("A stack without slices has no frame.")
        x = geometry.row_direction / np.linalg.norm(geometry.row_direction)
        z = np.cross(x, geometry.column_direction)
        z /= np.linalg.norm(z)
        axes = np.stack([x, np.cross(z, x), z])
        slice_origins = (geometry.origins_mm - geometry.origins_mm[0]) @ axes.T
        if (np.diff(slice_origins[:, 2]) < -1e-6).any():
            raise ValueError("The slices of a stack stand in the order of their positions, lowest first.")
        return cls(geometry.origins_mm[0].copy(), axes, slice_origins, geometry.pixel_spacing_mm, shape)

    @property
    def slice_count(self) -> int:
        """Number of slices."""
        return len(self.slice_origins_mm)

    @property
    def positions_mm(self) -> Vector:
        """Position of each slice along z, (slices,), mm; 0 for the lowest."""
        return np.asarray(self.slice_origins_mm[:, 2])

    def to_patient_mm(self, points_mm: Vector) -> Vector:
        """Points of the frame, (..., 3), in patient coordinates, LPS."""
        return np.asarray(np.asarray(points_mm, dtype=np.float64) @ self.axes + self.origin_mm)

    def from_patient_mm(self, points_mm: Vector) -> Vector:
        """Points in patient coordinates, LPS, (..., 3), in the frame."""
        return np.asarray((np.asarray(points_mm, dtype=np.float64) - self.origin_mm) @ self.axes.T)

    def direction_to_patient(self, direction: Vector) -> Vector:
        """A direction of the frame, (..., 3), in LPS; its length is kept."""
        return np.asarray(np.asarray(direction, dtype=np.float64) @ self.axes)

    def direction_from_patient(self, direction: Vector) -> Vector:
        """A direction in LPS, (..., 3), in the frame; its length is kept."""
        return np.asarray(np.asarray(direction, dtype=np.float64) @ self.axes.T)

    def pixel_to_mm(self, slice_index: int, row: float, column: float) -> Vector:
        """Point of the frame, (3,), at a pixel of a slice; whole numbers are centers of pixels."""
        between_rows, between_columns = self.pixel_spacing_mm
        shift = np.array([between_columns * column, between_rows * row, 0.0])
        return np.asarray(self.slice_origins_mm[slice_index] + shift)

    def mm_to_pixel(self, slice_index: int, x_mm: float, y_mm: float) -> tuple[float, float]:
        """(row, column) of a slice at x and y of the frame, fractional; may lie outside the image."""
        between_rows, between_columns = self.pixel_spacing_mm
        origin = self.slice_origins_mm[slice_index]
        return float((y_mm - origin[1]) / between_rows), float((x_mm - origin[0]) / between_columns)

    def nearest_slice(self, z_mm: float) -> int:
        """Index of the slice whose position is nearest to z."""
        return int(np.argmin(np.abs(self.positions_mm - z_mm)))

    @cached_property
    def slice_extents_mm(self) -> Vector:
        """(slices, 2), z at which each slice begins and ends: half the way to each neighbor.

        The outermost slices reach as far outwards as inwards. A lone slice is ``LONE_SLICE_MM`` thick.
        """
        z = self.positions_mm
        if len(z) == 1:
            return np.array([[-LONE_SLICE_MM / 2, LONE_SLICE_MM / 2]])
        between = (z[1:] + z[:-1]) / 2
        edges = np.concatenate([[2 * z[0] - between[0]], between, [2 * z[-1] - between[-1]]])
        return np.stack([edges[:-1], edges[1:]], axis=1)

    @cached_property
    def bounds_mm(self) -> Vector:
        """(2, 3), lowest and highest corner of the upright box of the frame that holds all voxels."""
        between_rows, between_columns = self.pixel_spacing_mm
        rows, columns = self.shape
        size = np.array([columns * between_columns, rows * between_rows])
        lowest = self.slice_origins_mm[:, :2] - np.array([between_columns, between_rows]) / 2
        return np.array(
            [
                [*lowest.min(axis=0), self.slice_extents_mm[0, 0]],
                [*(lowest.max(axis=0) + size), self.slice_extents_mm[-1, 1]],
            ]
        )

    @property
    def center_mm(self) -> Vector:
        """Middle of ``bounds_mm``, (3,)."""
        return np.asarray(self.bounds_mm.mean(axis=0))

    @cached_property
    def anatomical_axes(self) -> Vector:
        """(3, 3), its rows the frame's own axes, signed, nearest to the patient's left, back and head.

        The identity for an axial stack. What is called coronal is then a plane of the frame: under a tilted
        gantry it leans as the slices do.
        """
        best = max(permutations(range(3)), key=lambda order: sum(abs(self.axes[order, range(3)])))
        nearest = np.zeros((3, 3))
        for patient_axis, frame_axis in enumerate(best):
            nearest[patient_axis, frame_axis] = np.copysign(1.0, self.axes[frame_axis, patient_axis])
        return nearest
