"""Areas of drawn shapes, and which pixels have their centers within them.

Everything is in the plane of the shape: u along rows, v down columns, mm. The one thing to get wrong: an area
is that of the shape, not of the pixels counted; the two differ by pixels at the edge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.stack_frame import Vector

EDGE_MM = 1e-3
"""A pixel center this near to the outline lies within: last decimals of a file's positions decide nothing."""


@dataclass(frozen=True, eq=False)
class PixelCenters:
    """Centers of the pixels of a picture in the plane of a shape.

    Attributes:
        u_mm: (columns,), ascending.
        v_mm: (rows,), ascending.
    """

    u_mm: Vector
    v_mm: Vector

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return len(self.v_mm), len(self.u_mm)


def box_area(corners: Vector) -> float:
    """Area of the box between two opposite corners, (2, 2)."""
    return float(np.prod(np.abs(corners[1] - corners[0])))


def ellipse_area(corners: Vector) -> float:
    """Area of the ellipse in the box between two opposite corners, (2, 2)."""
    return box_area(corners) * math.pi / 4


def outline_area(vertices: Vector) -> float:
    """Area within a closed outline by the even-odd rule, as ``inside_outline`` counts pixels.

    Where the outline crosses itself, what it goes around twice does not count; without crossings this is the
    area of the polygon. Exact: between two neighboring heights of vertices and crossings, sides are straight.

    Args:
        vertices: (points, 2); the last is joined to the first.

    >>> outline_area(np.array([[0.0, 0], [2, 0], [2, 2], [0, 2]]))
    4.0
    """
    starts, ends = vertices, np.roll(vertices, -1, axis=0)
    heights = np.unique(np.concatenate([vertices[:, 1], _crossing_heights(starts, ends)]))
    area = 0.0
    for low, high in pairwise(heights.tolist()):
        crossings = _crossings_at((low + high) / 2, starts, ends)
        area += (high - low) * float((crossings[1::2] - crossings[::2]).sum())
    return area


def crosses_itself(vertices: Vector) -> bool:
    """Whether two sides of a closed outline, (points, 2), cross."""
    return len(_crossing_heights(vertices, np.roll(vertices, -1, axis=0))) > 0


def inside_box(corners: Vector, centers: PixelCenters) -> NDArray[np.bool_]:
    """Pixels with their centers in the box between two opposite corners, (2, 2); (rows, columns)."""
    low, high = corners.min(axis=0) - EDGE_MM, corners.max(axis=0) + EDGE_MM
    in_u = (centers.u_mm >= low[0]) & (centers.u_mm <= high[0])
    in_v = (centers.v_mm >= low[1]) & (centers.v_mm <= high[1])
    return np.asarray(in_v[:, None] & in_u[None, :])


def inside_ellipse(corners: Vector, centers: PixelCenters) -> NDArray[np.bool_]:
    """Pixels with their centers in the ellipse in a box, (2, 2) corners; (rows, columns)."""
    middle, half = corners.mean(axis=0), np.abs(corners[1] - corners[0]) / 2 + EDGE_MM
    u, v = (centers.u_mm - middle[0]) / half[0], (centers.v_mm - middle[1]) / half[1]
    return np.asarray(u[None, :] ** 2 + v[:, None] ** 2 <= 1.0)


def inside_outline(vertices: Vector, centers: PixelCenters) -> NDArray[np.bool_]:
    """Pixels with their centers within a closed outline, (points, 2), by the even-odd rule, or on it.

    Returns:
        (rows, columns).
    """
    starts, ends = vertices, np.roll(vertices, -1, axis=0)
    inside = np.zeros(centers.shape, dtype=np.bool_)
    touched = (centers.v_mm >= vertices[:, 1].min()) & (centers.v_mm <= vertices[:, 1].max())
    for row in np.flatnonzero(touched):
        crossings = _crossings_at(float(centers.v_mm[row]), starts, ends)
        inside[row] = np.searchsorted(crossings, centers.u_mm, side="right") % 2 == 1
    for start, end in zip(starts, ends, strict=True):
        _mark_side(inside, start, end, centers)
    return inside


def _crossings_at(v: float, starts: Vector, ends: Vector) -> Vector:
    """U at which the sides cross a height, ascending; an even number, as the outline is closed."""
    crosses = (starts[:, 1] <= v) != (ends[:, 1] <= v)
    start, along = starts[crosses], (ends - starts)[crosses]
    return np.sort(start[:, 0] + along[:, 0] * (v - start[:, 1]) / along[:, 1])


def _crossing_heights(starts: Vector, ends: Vector) -> Vector:
    """V of every point at which two sides cross between their ends."""
    along = ends - starts
    apart = starts[None, :] - starts[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = _cross(along[:, None], along[None, :])
        on_first = _cross(apart, along[None, :]) / turn
        on_second = _cross(apart, along[:, None]) / turn
    # Neighbors share an end; rounding must not make a crossing of it.
    inner = (on_first > 1e-9) & (on_first < 1 - 1e-9) & (on_second > 1e-9) & (on_second < 1 - 1e-9)
    first, second = np.nonzero(np.triu(inner))
    return np.asarray(starts[first, 1] + on_first[first, second] * along[first, 1])


def _cross(first: Vector, second: Vector) -> Vector:
    return np.asarray(first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0])


def _mark_side(inside: NDArray[np.bool_], start: Vector, end: Vector, centers: PixelCenters) -> None:
    """Count pixels on one side of the outline as within."""
    low, high = np.minimum(start, end) - EDGE_MM, np.maximum(start, end) + EDGE_MM
    left, right = np.searchsorted(centers.u_mm, (low[0], high[0]))
    top, bottom = np.searchsorted(centers.v_mm, (low[1], high[1]))
    if left == right or top == bottom:
        return
    u = centers.u_mm[None, left:right] - start[0]
    v = centers.v_mm[top:bottom, None] - start[1]
    along = end - start
    length = max(float(along @ along), EDGE_MM**2)
    at = np.clip((u * along[0] + v * along[1]) / length, 0.0, 1.0)
    inside[top:bottom, left:right] |= np.hypot(u - at * along[0], v - at * along[1]) <= EDGE_MM
