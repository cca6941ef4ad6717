"""Planes through a stack: where each pixel of a coronal, sagittal, axial or oblique picture lies.

A plane is a rectangle in the stack frame (``core.stack_frame``), so it means the same under tilt and uneven
spacing. The one thing to get wrong: *center_mm* is the middle of the rectangle. On a side with an even number
of pixels it lies between two of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.stack_frame import StackFrame, Vector

Triple = tuple[float, float, float]


class SlabKind(StrEnum):
    """What a pixel shows of the values along the plane's normal."""

    NONE = "none"
    MEAN = "mean"
    MAXIMUM = "maximum"
    MINIMUM = "minimum"


@dataclass(frozen=True)
class Slab:
    """How thick a plane is.

    Attributes:
        kind: ``NONE`` for a plane without thickness.
        thickness_mm: Along the normal, half on each side; not used for ``NONE``.
    """

    kind: SlabKind = SlabKind.NONE
    thickness_mm: float = 0.0

    def __post_init__(self) -> None:
        if self.kind is not SlabKind.NONE and not 0.0 < self.thickness_mm < math.inf:
            raise ValueError(f"A slab has a thickness above 0 mm, not {self.thickness_mm}.")


NO_SLAB = Slab()


@dataclass(frozen=True)
class Plane:
    """A picture's place in the stack frame; equal planes show equal pictures.

    Attributes:
        center_mm: Middle of the rectangle.
        right: Unit vector along which the column index grows.
        down: Unit vector along which the row index grows, perpendicular to *right*.
        spacing_mm: Between pixels, both ways.
        shape: (rows, columns).
        slab: How thick it is.
    """

    center_mm: Triple
    right: Triple
    down: Triple
    spacing_mm: float
    shape: tuple[int, int]
    slab: Slab = NO_SLAB

    def __post_init__(self) -> None:
        right, down = np.asarray(self.right), np.asarray(self.down)
        lengths = np.linalg.norm(right), np.linalg.norm(down)
        if not np.allclose(lengths, 1.0, atol=1e-6) or abs(right @ down) > 1e-6:
            raise ValueError(f"{self.right} and {self.down} are not two perpendicular unit vectors.")
        if self.spacing_mm <= 0 or min(self.shape) < 1:
            raise ValueError(f"A plane of {self.shape} pixels of {self.spacing_mm} mm shows nothing.")

    @property
    def normal(self) -> Vector:
        """Unit normal, (3,): right x down; to the head for an axial plane."""
        return np.asarray(np.cross(self.right, self.down))

    @property
    def corner_mm(self) -> Vector:
        """Center of pixel [0, 0], (3,)."""
        rows, columns = self.shape
        return np.asarray(
            np.asarray(self.center_mm)
            - np.asarray(self.right) * (self.spacing_mm * (columns - 1) / 2)
            - np.asarray(self.down) * (self.spacing_mm * (rows - 1) / 2)
        )

    def to_frame_mm(
        self, rows: NDArray[np.floating] | float, columns: NDArray[np.floating] | float
    ) -> Vector:
        """Points of the frame, (..., 3), at pixels; whole numbers are centers of pixels.

        Args:
            rows: Any shape.
            columns: A shape that goes with it.
        """
        across = np.multiply.outer(np.asarray(columns) * self.spacing_mm, np.asarray(self.right))
        along = np.multiply.outer(np.asarray(rows) * self.spacing_mm, np.asarray(self.down))
        return np.asarray(self.corner_mm + across + along)

    def from_frame_mm(self, points_mm: Vector) -> tuple[Vector, Vector, Vector]:
        """Rows, columns (fractional) and distance along the normal, mm, of points of the frame.

        Args:
            points_mm: (..., 3).

        Returns:
            Three arrays of shape (...); a point lies in the plane where the distance is 0.
        """
        from_corner = np.asarray(points_mm, dtype=np.float64) - self.corner_mm
        return (
            np.asarray(from_corner @ np.asarray(self.down) / self.spacing_mm),
            np.asarray(from_corner @ np.asarray(self.right) / self.spacing_mm),
            np.asarray(from_corner @ self.normal),
        )

    def moved(self, along_normal_mm: float) -> Plane:
        """The plane that far along its normal."""
        center = np.asarray(self.center_mm) + self.normal * along_normal_mm
        return replace(self, center_mm=triple(center))

    def with_slab(self, slab: Slab) -> Plane:
        """The same rectangle with another thickness."""
        return replace(self, slab=slab)


class ReformatSource(Protocol):
    """Gives the values of any plane of one stack."""

    @property
    def frame(self) -> StackFrame:
        """The frame that planes are given in."""

    def hu(self, plane: Plane) -> NDArray[np.float32]:
        """Hounsfield units of a plane, (rows, columns).

        Returns:
            NaN where there is no data: outside the stack, and where slices could not be read.
        """


def axial_plane(
    frame: StackFrame,
    through_mm: Vector | Triple,
    rotation: Vector | None = None,
    slab: Slab = NO_SLAB,
    spacing_mm: float | None = None,
) -> Plane:
    """The plane through a point that shows the patient's left to the right and the back below.

    All of the stack that lies in it is shown, whatever the point; only the point's place along the normal
    matters. For a stack of axial slices it is parallel to them.

    Args:
        frame: Of the stack.
        through_mm: A point of the plane, in the frame.
        rotation: (3, 3), turns the plane's directions in the frame, about the point; none by default.
        slab: Thickness.
        spacing_mm: Between pixels; the finer pixel spacing of the slices by default.
    """
    left, back, _ = frame.anatomical_axes
    return _covering(frame, (left, back), through_mm, rotation, slab, spacing_mm)


def coronal_plane(
    frame: StackFrame,
    through_mm: Vector | Triple,
    rotation: Vector | None = None,
    slab: Slab = NO_SLAB,
    spacing_mm: float | None = None,
) -> Plane:
    """The plane through a point that shows the patient's left to the right and the head at the top.

    See ``axial_plane`` for the arguments.
    """
    left, _, head = frame.anatomical_axes
    return _covering(frame, (left, -head), through_mm, rotation, slab, spacing_mm)


def sagittal_plane(
    frame: StackFrame,
    through_mm: Vector | Triple,
    rotation: Vector | None = None,
    slab: Slab = NO_SLAB,
    spacing_mm: float | None = None,
) -> Plane:
    """The plane through a point that shows the face to the left and the head at the top.

    See ``axial_plane`` for the arguments.
    """
    _, back, head = frame.anatomical_axes
    return _covering(frame, (back, -head), through_mm, rotation, slab, spacing_mm)


def rotation_about(axis: Vector | Triple, degrees: float) -> Vector:
    """Rotation matrix, (3, 3), right-handed about an axis of the frame (Rodrigues' formula).

    >>> rotation_about((0, 0, 1), 90).round(6).tolist()
    [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    x, y, z = np.asarray(axis, dtype=np.float64) / np.linalg.norm(axis)
    across = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    angle = math.radians(degrees)
    return np.asarray(np.eye(3) + math.sin(angle) * across + (1 - math.cos(angle)) * across @ across + 0.0)


def cut_line(plane: Plane, other: Plane) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Where *other* cuts *plane*: the ends, (row, column), of the line within the rectangle of *plane*.

    Returns:
        None where the planes are parallel or the line misses the rectangle. *other* counts as endless.
    """
    # Distance to the other plane is linear in row and column: d = d0 + row * by_row + column * by_column.
    by_row = plane.spacing_mm * float(np.asarray(plane.down) @ other.normal)
    by_column = plane.spacing_mm * float(np.asarray(plane.right) @ other.normal)
    at_corner = float((plane.corner_mm - np.asarray(other.center_mm)) @ other.normal)
    if math.hypot(by_row, by_column) < 1e-6 * plane.spacing_mm:
        return None
    gradient = np.array([by_row, by_column])
    start = -gradient * (at_corner / (gradient @ gradient))
    direction = np.array([-by_column, by_row]) / math.hypot(by_row, by_column)
    low, high = -math.inf, math.inf
    for axis, count in enumerate(plane.shape):
        if abs(direction[axis]) < 1e-12:
            if not -0.5 <= start[axis] <= count - 0.5:
                return None
            continue
        ends = sorted((edge - start[axis]) / direction[axis] for edge in (-0.5, count - 0.5))
        low, high = max(low, ends[0]), min(high, ends[1])
    if low >= high:
        return None
    first, last = start + low * direction, start + high * direction
    return (float(first[0]), float(first[1])), (float(last[0]), float(last[1]))


def triple(vector: Vector) -> Triple:
    """Three plain numbers of an array, without negative zeros."""
    x, y, z = (float(value) + 0.0 for value in vector)
    return x, y, z


def _covering(
    frame: StackFrame,
    directions: tuple[Vector, Vector],
    through_mm: Vector | Triple,
    rotation: Vector | None,
    slab: Slab,
    spacing_mm: float | None,
) -> Plane:
    """The plane through a point along two directions that holds every voxel's shadow on it."""
    turn = np.eye(3) if rotation is None else np.asarray(rotation, dtype=np.float64)
    if not np.allclose(turn @ turn.T, np.eye(3), atol=1e-6):
        raise ValueError("A plane can be turned by a rotation only; this matrix is none.")
    right, down = (turn @ direction for direction in directions)
    normal = np.cross(right, down)
    spacing = min(frame.pixel_spacing_mm) if spacing_mm is None else spacing_mm
    low, high = frame.bounds_mm
    corners = np.stack(np.meshgrid(*np.stack([low, high]).T, indexing="ij"), axis=-1).reshape(8, 3)
    center = normal * (np.asarray(through_mm, dtype=np.float64) @ normal)
    counts = []
    for direction in (down, right):
        along = corners @ direction
        # Rounded first: 512 pixels must not become 513 because of a last bit.
        counts.append(max(1, math.ceil(round(float(np.ptp(along)) / spacing, 6))))
        center = center + direction * (along.min() + along.max()) / 2
    return Plane(triple(center), triple(right), triple(down), float(spacing), (counts[0], counts[1]), slab)
