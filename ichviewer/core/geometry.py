"""Patient coordinates: slice normal, canonical orientation, order, tilt and gaps.

All positions are millimetres in DICOM's patient coordinate system, LPS: +x to the patient's
left, +y to the back, +z to the head (PS3.3 C.7.6.2.1.1). The one thing to get wrong: *row
direction* is the direction in which the **column** index grows (Image Orientation, first triplet).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

AXIAL_LIMIT_DEGREES = 35.0
"""A stack is axial while the patient's long axis lies within this angle of the slice normal."""

SAME_POSITION_MM = 0.01
"""Slices closer than this along the normal lie at the same position."""

GAP_FACTOR = 1.5
"""A gap longer than this many times the usual one may hide a missing slice."""

Vector = NDArray[np.float64]


def slice_normal(image_orientation: Sequence[float]) -> Vector:
    """Unit normal of a slice, row direction x column direction (PS3.3 C.7.6.2.1.1).

    Args:
        image_orientation: Image Orientation (Patient), six direction cosines.

    Returns:
        Shape (3,), LPS.

    Raises:
        ValueError: The two directions are not perpendicular unit vectors (to 1 part in 100).

    >>> slice_normal((1, 0, 0, 0, 1, 0)).tolist()
    [0.0, 0.0, 1.0]
    """
    row = np.asarray(image_orientation[:3], dtype=np.float64)
    column = np.asarray(image_orientation[3:6], dtype=np.float64)
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if len(image_orientation) != 6 or not np.allclose(lengths, 1, atol=1e-2) or abs(row @ column) > 1e-2:
        raise ValueError(
            f"Image Orientation {tuple(image_orientation)} is not two perpendicular unit vectors."
        )
    normal = np.cross(row, column)
    return np.asarray(normal / np.linalg.norm(normal) + 0.0)


def orientation_name(normal: Vector) -> str:
    """Name the plane of a slice: ``axial``, ``coronal``, ``sagittal`` or ``oblique``.

    Image Type AXIAL proves nothing (PS3.3 C.8.2.1.1.1), so only the normal is asked; a tilted head
    is axial up to 35 degrees.

    >>> orientation_name(np.array([0.0, -0.3, 0.954]))
    'axial'
    """
    angles = np.degrees(np.arccos(np.clip(np.abs(normal), 0.0, 1.0)))
    for name, angle in zip(("sagittal", "coronal", "axial"), angles, strict=True):
        if angle <= AXIAL_LIMIT_DEGREES:
            return name
    return "oblique"


@dataclass(frozen=True)
class InPlane:
    """How stored pixels become canonical ones: transpose first, then flip.

    Canonical: the patient's right on the left of the screen and the front at the top (axial), so
    that the normal points to the head; for coronal and sagittal slices the head is at the top.
    """

    transpose: bool
    flip_rows: bool
    flip_columns: bool

    def to_canonical(self, stored: NDArray[np.generic]) -> NDArray[np.generic]:
        """View of a stored slice, (rows, columns), in canonical order; no pixel is copied."""
        pixels = stored.T if self.transpose else stored
        if self.flip_rows:
            pixels = pixels[::-1]
        return pixels[:, ::-1] if self.flip_columns else pixels

    def to_stored_index(
        self, row: float, column: float, canonical_shape: tuple[int, int]
    ) -> tuple[float, float]:
        """Row and column in the file of a canonical row and column.

        Args:
            row: Canonical row, may be fractional.
            column: Canonical column, may be fractional.
            canonical_shape: (rows, columns) of the canonical slice.

        >>> InPlane(True, True, False).to_stored_index(0, 1, (4, 3))
        (1, 3)
        """
        if self.flip_rows:
            row = canonical_shape[0] - 1 - row
        if self.flip_columns:
            column = canonical_shape[1] - 1 - column
        return (column, row) if self.transpose else (row, column)


AS_STORED = InPlane(False, False, False)


def canonical_in_plane(image_orientation: Sequence[float]) -> InPlane:
    """Transposition and flips that bring a stored slice to its canonical orientation.

    Args:
        image_orientation: Image Orientation (Patient), six direction cosines.

    Returns:
        The steps, identity for the usual (1, 0, 0, 0, 1, 0).
    """
    row = np.asarray(image_orientation[:3], dtype=np.float64)
    column = np.asarray(image_orientation[3:6], dtype=np.float64)
    axis = int(np.argmax(np.abs(slice_normal(image_orientation))))
    # Directions on the screen: to the right, and downwards. LPS: x to the left, y to the back, z to the head.
    across, down = {2: ((1, 0, 0), (0, 1, 0)), 1: ((1, 0, 0), (0, 0, -1)), 0: ((0, 1, 0), (0, 0, -1))}[axis]
    transpose = abs(float(row @ np.asarray(across))) < abs(float(column @ np.asarray(across)))
    if transpose:
        row, column = column, row
    return InPlane(transpose, bool(column @ np.asarray(down) < 0), bool(row @ np.asarray(across) < 0))


@dataclass(frozen=True, eq=False)
class StackGeometry:
    """Where every pixel of a stack of parallel slices lies, in canonical orientation.

    Slices may be unevenly spaced and sheared by a tilted gantry; nothing here assumes a box.

    Attributes:
        origins_mm: (slices, 3), centre of pixel [0, 0] of each slice, LPS.
        row_direction: (3,), unit vector along which the column index grows.
        column_direction: (3,), unit vector along which the row index grows.
        pixel_spacing_mm: (between rows, between columns), as Pixel Spacing (0028,0030).
    """

    origins_mm: Vector
    row_direction: Vector
    column_direction: Vector
    pixel_spacing_mm: tuple[float, float]

    @cached_property
    def normal(self) -> Vector:
        """Unit normal, (3,); points to the head in an axial stack."""
        return np.asarray(np.cross(self.row_direction, self.column_direction))

    @cached_property
    def positions_mm(self) -> Vector:
        """Position of each slice along the normal, (slices,), mm."""
        return np.asarray(self.origins_mm @ self.normal)

    @property
    def slice_count(self) -> int:
        """Number of slices."""
        return len(self.origins_mm)

    def point_mm(self, slice_index: int, row: float, column: float) -> Vector:
        """Patient coordinates of a pixel, (3,), LPS (PS3.3 equation C.7.6.2.1-1)."""
        between_rows, between_columns = self.pixel_spacing_mm
        return np.asarray(
            self.origins_mm[slice_index]
            + self.row_direction * (between_columns * column)
            + self.column_direction * (between_rows * row)
        )


def canonical_origin(
    image_position: Sequence[float],
    image_orientation: Sequence[float],
    pixel_spacing_mm: tuple[float, float],
    stored_shape: tuple[int, int],
    in_plane: InPlane,
) -> Vector:
    """Patient coordinates of the pixel that is [0, 0] after *in_plane*, (3,), LPS mm."""
    rows, columns = stored_shape
    canonical_shape = (columns, rows) if in_plane.transpose else (rows, columns)
    row, column = in_plane.to_stored_index(0, 0, canonical_shape)
    along_columns = np.asarray(image_orientation[:3], dtype=np.float64) * (pixel_spacing_mm[1] * column)
    along_rows = np.asarray(image_orientation[3:6], dtype=np.float64) * (pixel_spacing_mm[0] * row)
    return np.asarray(np.asarray(image_position, dtype=np.float64) + along_columns + along_rows)


def canonical_directions(image_orientation: Sequence[float], in_plane: InPlane) -> tuple[Vector, Vector]:
    """Row and column direction after *in_plane*, each (3,), unit length."""
    row = np.asarray(image_orientation[:3], dtype=np.float64)
    column = np.asarray(image_orientation[3:6], dtype=np.float64)
    if in_plane.transpose:
        row, column = column, row
    row = -row if in_plane.flip_columns else row
    column = -column if in_plane.flip_rows else column
    return row / np.linalg.norm(row) + 0.0, column / np.linalg.norm(column) + 0.0


def tilt_degrees(geometry: StackGeometry) -> float:
    """Gantry tilt from the positions: atan2(v . c, v . n), median over neighbouring slices.

    v leads from one slice to the next, c is the column direction, n the normal. Gantry/Detector
    Tilt (0018,1120) is not asked: its sign is the vendor's and it is "not intended for
    mathematical computations" (PS3.3 C.8.2.1).

    Returns:
        Degrees; 0 for a single slice.
    """
    steps = np.diff(geometry.origins_mm, axis=0)
    along_normal = steps @ geometry.normal
    usable = np.abs(along_normal) > 1e-3
    if not usable.any():
        return 0.0
    angles = np.arctan2((steps @ geometry.column_direction)[usable], along_normal[usable])
    return math.degrees(float(np.median(angles))) + 0.0


@dataclass(frozen=True)
class Gap:
    """A place where a slice may be missing: *mm* between slice *after_slice* and the next."""

    after_slice: int
    mm: float


def find_gaps(positions_mm: Sequence[float], thicknesses_mm: Sequence[float | None]) -> tuple[Gap, ...]:
    """Gaps in which a slice may be missing.

    A gap counts when it exceeds 1.5 times the median gap between slices of the same thickness
    (of all gaps where the thickness is absent, or changes just there), unless it stands in a run of three or
    more equal gaps: then the spacing changed on purpose. Slices at the same position have no gap between
    them and count for no median.

    Args:
        positions_mm: Sorted positions along the normal.
        thicknesses_mm: Slice Thickness of each slice, or None.

    Returns:
        The gaps, lowest first.

    >>> find_gaps([0, 5, 10, 20, 25], [5] * 5)
    (Gap(after_slice=2, mm=10.0),)
    """
    steps = np.diff(np.asarray(positions_mm, dtype=np.float64))
    apart = np.flatnonzero(steps > SAME_POSITION_MM)
    gaps = steps[apart]
    kinds = [
        None if lower is None or upper is None or abs(lower - upper) > 0.05 * upper else round(upper, 1)
        for lower, upper in pairwise(thicknesses_mm)
    ]
    kinds = [kinds[index] for index in apart]
    # Once per thickness, not per gap: a stack of thousands of slices must not take millions of steps.
    alike: dict[float | None, list[float]] = {}
    for gap, kind in zip(gaps, kinds, strict=True):
        alike.setdefault(kind, []).append(float(gap))
    usual = {kind: float(np.median(gaps if kind is None else alike[kind])) for kind in alike}
    found = [
        Gap(int(apart[index]), float(gap))
        for index, (gap, kind) in enumerate(zip(gaps, kinds, strict=True))
        if gap > GAP_FACTOR * usual[kind] and not _stands_in_run(gaps, index)
    ]
    return tuple(found)


def overlap_count(positions_mm: Sequence[float]) -> int:
    """Neighbors closer than half the median gap, unless in a run of three or more equal gaps.

    Slices at the same position are named apart and do not count.

    Args:
        positions_mm: Sorted positions along the normal.

    >>> overlap_count([0, 5, 10, 11, 16])
    1
    """
    steps = np.diff(np.asarray(positions_mm, dtype=np.float64))
    gaps = steps[steps > SAME_POSITION_MM]
    usual = float(np.median(gaps)) if len(gaps) > 1 else 0.0
    close = [index for index, gap in enumerate(gaps) if gap < 0.5 * usual]
    return sum(not _stands_in_run(gaps, index) for index in close)


def _stands_in_run(gaps: Vector, index: int) -> bool:
    """Whether three or more equal gaps (to 5 %) stand together at *index*."""
    alike = np.abs(gaps - gaps[index]) <= 0.05 * gaps[index]
    first = last = index
    while last - first < 2 and first > 0 and alike[first - 1]:
        first -= 1
    while last - first < 2 and last + 1 < len(gaps) and alike[last + 1]:
        last += 1
    return last - first + 1 >= 3


def direction_letters(direction: Sequence[float]) -> str:
    """Letters of the body side towards which *direction* points, strongest first (PS3.3 C.7.6.1.1.1).

    L left, R right, P posterior, A anterior, H head, F feet; at most two, the minor one
    from 0.2 (12 degrees) on.

    >>> direction_letters((0.0, 0.95, -0.31))
    'PF'
    """
    names = (("L", "R"), ("P", "A"), ("H", "F"))
    order = sorted(range(3), key=lambda axis: -abs(direction[axis]))
    letters = [names[axis][0 if direction[axis] > 0 else 1] for axis in order if abs(direction[axis]) > 0.2]
    return "".join(letters[:2])


def body_side(x_mm: float, midline_x_mm: float, tolerance_mm: float = 10.0) -> str:
    """Side of a point: ``left``, ``right`` or ``midline`` (within *tolerance_mm*), LPS: +x is left."""
    if abs(x_mm - midline_x_mm) <= tolerance_mm:
        return "midline"
    return "left" if x_mm > midline_x_mm else "right"
