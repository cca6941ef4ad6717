"""The mid-sagittal plane of a head, found from its symmetry, and the rotation that straightens the view.

The plane is sought about which the head mirrored differs least from itself: skull, scalp and brain together,
so that a bleed on one side, or a shifted midline, hardly moves it. The one thing to get wrong: this is the
plane of the **head**, not of the falx; the distance between the two is what a midline shift is. Symmetry says
nothing about the nod of the head (pitch), which stays as it was scanned.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.errors import IchViewerError
from ichviewer.core.head_grid import CELL_MM, HeadGrid, head_grid
from ichviewer.core.plane import NO_SLAB, Plane, Triple, cut_line, rotation_about, triple
from ichviewer.core.progress import CancelToken
from ichviewer.core.stack_frame import StackFrame, Vector
from ichviewer.core.volume import Volume

LEAST_SLICES = 6
LEAST_HEIGHT_MM = 40.0
"""A lower stack does not tell how the head leans."""

LEAST_LIKENESS = 0.80
"""Correlation of the head with its mirror image below which no plane is given."""

LEAST_DROP = 0.01
"""How much the correlation must fall when the plane is turned by ``TRIED_DEGREES``, or it is not
determined."""

TRIED_DEGREES = 8.0

STARTS_DEGREES = (tuple(range(-40, 41, 8)), (-12, 0, 12))
"""Yaw and roll from which the search begins."""

FARTHEST_DEGREES = (45.0, 25.0)
"""A head is never turned or leant farther; a plane beyond is a mistake."""

LEAST_OVERLAP = 0.5
"""Share of the head whose mirror image must lie within the images."""

BLUR_CELLS = 2
STEPS = 12
"""Most steps of the search on the blurred head, and again on the sharp one."""

SMALLEST_STEP = 5e-4
"""The search ends when it moves less, rad or mm."""

EVERY = 2
"""The search looks at every second point of the sharp head, and every fourth of the blurred one."""


@dataclass(frozen=True)
class MidlineFit:
    """The mid-sagittal plane of a head, in the stack frame.

    Attributes:
        yaw_degrees: Turn of the head about z, positive where the face turns to the patient's left.
        roll_degrees: Lean of the head about y.
        point_mm: A point of the plane, in the middle of the head.
        likeness: Correlation of the head with its mirror image, up to 1.
    """

    yaw_degrees: float
    roll_degrees: float
    point_mm: Triple
    likeness: float

    @property
    def rotation(self) -> Vector:
        """(3, 3), turns planes of the stack frame into straightened ones; see ``core.plane.axial_plane``."""
        return np.asarray(
            rotation_about((0, 0, 1), self.yaw_degrees) @ rotation_about((0, 1, 0), self.roll_degrees)
        )

    @property
    def normal(self) -> Vector:
        """Unit normal of the plane, (3,), to the patient's left."""
        return np.asarray(self.rotation[:, 0])

    @property
    def sagittal_plane(self) -> Plane:
        """The plane itself, as a single pixel; for ``core.plane.cut_line``."""
        turn = self.rotation
        return Plane(self.point_mm, triple(turn[:, 1]), triple(-turn[:, 2]), 1.0, (1, 1), NO_SLAB)

    def mirrored_mm(self, points_mm: Vector) -> Vector:
        """Points of the frame, (..., 3), on the other side."""
        distance = (np.asarray(points_mm) - np.asarray(self.point_mm)) @ self.normal
        return np.asarray(points_mm - 2 * distance[..., None] * self.normal)

    def line_on_slice(self, frame: StackFrame, slice_index: int) -> tuple[Triple, Triple]:
        """The midline on a stored slice: its ends at the front and back edge of the image, in the frame."""
        ends = [frame.pixel_to_mm(slice_index, edge, 0.0) for edge in (-0.5, frame.shape[0] - 0.5)]
        normal = self.normal
        for end in ends:
            rest = (end - np.asarray(self.point_mm))[1:] @ normal[1:]
            end[0] = self.point_mm[0] - rest / normal[0]
        return triple(ends[0]), triple(ends[1])

    def line_on_plane(self, plane: Plane) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """The midline on any plane: its ends, (row, column); None where they do not meet."""
        return cut_line(plane, self.sagittal_plane)


def fit_midline(volume: Volume, frame: StackFrame, cancel: CancelToken | None = None) -> MidlineFit:
    """Find the mid-sagittal plane of the head in an axial stack.

    Args:
        volume: The stack.
        frame: Its frame.
        cancel: Looked at between steps.

    Raises:
        IchViewerError: It cannot be told where the plane is: the slices are not axial, too few, or the head
        is
            not symmetric enough.
        Cancelled: The token was cancelled.
    """
    _refuse_unfit(volume, frame)
    search = _Search(head_grid(volume, frame, cancel))
    if search.point_count < 500:
        raise IchViewerError("The midline was not sought: no head is seen in this stack.")
    found = search.best_start()
    for blur in (True, False):
        for _ in range(STEPS):
            if cancel is not None:
                cancel.raise_if_cancelled()
            step = search.step(found, blur)
            found = found + step
            if np.abs(step).max() < SMALLEST_STEP:
                break
    return _judged(search, found)


def _refuse_unfit(volume: Volume, frame: StackFrame) -> None:
    """Refuse stacks that cannot show the plane."""
    if volume.series.orientation != "axial":
        raise IchViewerError(f"The midline is sought on axial slices; these are {volume.series.orientation}.")
    readable = frame.positions_mm[volume.is_readable]
    height = float(np.ptp(readable)) if readable.size else 0.0
    if readable.size < LEAST_SLICES or height < LEAST_HEIGHT_MM:
        raise IchViewerError(
            f"The midline was not sought: {readable.size} readable slices over {height:.0f} mm are too few."
        )


def _judged(search: _Search, found: Vector) -> MidlineFit:
    """The fit, or a refusal where it is no clear one."""
    yaw, roll = (math.degrees(angle) for angle in found[:2])
    likeness = search.likeness(found)
    too_far = abs(yaw) > FARTHEST_DEGREES[0] or abs(roll) > FARTHEST_DEGREES[1]
    if too_far or likeness < LEAST_LIKENESS:
        raise IchViewerError(
            "The midline was not found: the two sides of this head are not alike enough "
            f"(correlation {max(likeness, 0.0):.2f}, at least {LEAST_LIKENESS:.2f} is needed)."
        )
    for axis, name in enumerate(("turned", "leant")):
        turned = [found + sign * math.radians(TRIED_DEGREES) * np.eye(3)[axis] for sign in (-1, 1)]
        if likeness - max(map(search.likeness, turned)) < LEAST_DROP:
            raise IchViewerError(
                f"The midline was not found: the shape of this head does not tell how far it is {name}."
            )
    point = search.middle_mm + found[2] * _normal(found)
    return MidlineFit(yaw, roll, triple(point), likeness)


def _normal(place: Vector) -> Vector:
    """Normal of the plane at (yaw, roll, shift), (3,)."""
    yaw, roll = place[:2]
    return np.array(
        [math.cos(yaw) * math.cos(roll), math.sin(yaw) * math.cos(roll), -math.sin(roll)], dtype=np.float64
    )


def _normal_slopes(place: Vector) -> tuple[Vector, Vector]:
    """Derivatives of the normal by yaw and by roll, each (3,)."""
    yaw, roll = place[:2]
    by_yaw = np.array([-math.sin(yaw) * math.cos(roll), math.cos(yaw) * math.cos(roll), 0.0])
    by_roll = np.array([-math.cos(yaw) * math.sin(roll), -math.sin(yaw) * math.sin(roll), -math.cos(roll)])
    return by_yaw, by_roll


class _Search:
    """The head as points with values, and what a plane at (yaw, roll, shift along the normal) makes of them.

    Angles in radians, the shift in mm from the middle of the head.
    """

    def __init__(self, grid: HeadGrid) -> None:
        cells = np.argwhere(grid.in_head)[:, ::-1]
        self.point_count = len(cells)
        self._corner = grid.corner_mm
        self._points = grid.corner_mm + CELL_MM * cells
        self.middle_mm: Vector = self._points.mean(axis=0) if len(cells) else grid.corner_mm
        self._from_middle = self._points - self.middle_mm
        self._known = grid.is_known
        self._levels = {}
        for is_blurred in (True, False):
            hu = _blurred(grid.hu) if is_blurred else grid.hu
            slopes = [slope / np.float32(CELL_MM) for slope in np.gradient(hu)][::-1]
            self._levels[is_blurred] = (hu, slopes, hu[grid.in_head])

    def best_start(self) -> Vector:
        """The most alike of a few coarse places."""
        places = [np.array([*np.radians(angles), 0.0]) for angles in product(*STARTS_DEGREES)]
        return max(places, key=lambda place: self.likeness(place, every=7, is_blurred=True))

    def likeness(self, place: Vector, every: int = EVERY, is_blurred: bool = False) -> float:
        """Correlation of the head with its mirror image; -1 where too much of that is outside."""
        hu, _, values = self._levels[is_blurred]
        index, is_known = self._mirrored_cells(place, every)
        if is_known.mean() < LEAST_OVERLAP:
            return -1.0
        mirrored = hu.ravel()[index] if is_blurred else self._interpolated(hu, place, every)
        return float(np.corrcoef(values[::every][is_known], mirrored[is_known])[0, 1])

    def step(self, place: Vector, is_blurred: bool) -> Vector:
        """One step of Gauss and Newton towards the plane of least difference, (3,).

        Points that differ much, as at a bleed, count for less (Geman and McClure's weights).
        """
        hu, slopes, values = self._levels[is_blurred]
        every = 2 * EVERY if is_blurred else EVERY
        index, is_known = self._mirrored_cells(place, every)
        rest = self._interpolated(hu, place, every) - values[::every]
        normal, (by_yaw, by_roll) = _normal(place), _normal_slopes(place)
        from_middle = self._from_middle[::every]
        distance = from_middle @ normal - place[2]
        slope = np.stack([part.ravel()[index] for part in slopes], axis=1)
        along = slope @ normal
        jacobian = np.stack(
            [
                -2 * ((from_middle @ turned) * along + distance * (slope @ turned))
                for turned in (by_yaw, by_roll)
            ]
            + [2 * along],
            axis=1,
        )
        scale = 2.0 * float(np.median(np.abs(rest[is_known]))) + 5.0
        weights = is_known / (1 + (rest / scale) ** 2) ** 2
        left = jacobian.T @ (weights[:, None] * jacobian)
        left += np.diag(1e-3 * np.diag(left) + 1e-9)
        step = -np.linalg.solve(left, jacobian.T @ (weights * rest))
        return np.clip(step, (-0.1, -0.1, -8.0), (0.1, 0.1, 8.0))

    def _mirrored_mm(self, place: Vector, every: int) -> Vector:
        normal = _normal(place)
        distance = self._from_middle[::every] @ normal - place[2]
        return np.asarray(self._points[::every] - 2 * distance[:, None] * normal)

    def _mirrored_cells(self, place: Vector, every: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Flat index of the cell nearest to each point's mirror image, and whether that is known."""
        cells = np.rint((self._mirrored_mm(place, every) - self._corner) / CELL_MM).astype(np.int64)[:, ::-1]
        limits = np.asarray(self._known.shape) - 1
        inside = ((cells >= 0) & (cells <= limits)).all(axis=1)
        index = np.ravel_multi_index(tuple(np.clip(cells, 0, limits).T), self._known.shape)
        return index, inside & self._known.ravel()[index]

    def _interpolated(self, hu: NDArray[np.float32], place: Vector, every: int) -> NDArray[np.float64]:
        """Trilinear values at the mirror images of points."""
        cells = ((self._mirrored_mm(place, every) - self._corner) / CELL_MM)[:, ::-1]
        limits = np.asarray(hu.shape) - 1
        cells = np.clip(cells, 0, limits)
        base = np.minimum(cells.astype(np.int64), limits - 1)
        part = cells - base
        flat, strides = hu.ravel(), (hu.shape[1] * hu.shape[2], hu.shape[2], 1)
        start = base @ np.asarray(strides)
        total = np.zeros(len(cells))
        for corner in product((0, 1), repeat=3):
            weight = np.ones(len(cells))
            for axis, is_upper in enumerate(corner):
                weight *= part[:, axis] if is_upper else 1 - part[:, axis]
            total += weight * flat[start + int(np.dot(corner, strides))]
        return total


def _blurred(hu: NDArray[np.float32]) -> NDArray[np.float32]:
    """Moving mean over a few cells each way."""
    for axis in range(3):
        padded = np.pad(
            hu, [(BLUR_CELLS, BLUR_CELLS) if a == axis else (0, 0) for a in range(3)], mode="edge"
        )
        parts = [np.take(padded, range(k, k + hu.shape[axis]), axis=axis) for k in range(2 * BLUR_CELLS + 1)]
        hu = np.mean(parts, axis=0, dtype=np.float32)
    return hu
