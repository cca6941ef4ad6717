"""Building blocks of the procedural head: signed distances, plane-wave textures, resampling.

Everything smooth is computed on a coarse grid (about 2 mm) and enlarged; only what has an edge is
computed for every pixel. The one thing to get wrong: a signed distance is **negative inside**.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating]
Triple = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Points:
    """Coordinates of the standard head, mm: x to the left, y to the back, z to the top; equal shapes."""

    x: Field
    y: Field
    z: Field


@dataclass(frozen=True, eq=False)
class Texture:
    """Sum of plane waves: smooth, endless, the same wherever and however often it is asked.

    Attributes:
        waves: (waves, 3), radians per mm.
        phases: (waves,), radians.
    """

    waves: NDArray[np.float32]
    phases: NDArray[np.float32]

    def at(self, points: Points) -> Field:
        """Values with mean 0 and variance 1, same shape as the points."""
        flat = np.stack([points.x.ravel(), points.y.ravel(), points.z.ravel()])
        total = np.cos(self.waves @ flat + self.phases[:, None]).sum(axis=0)
        scale = np.float32(np.sqrt(2.0 / len(self.phases)))
        return np.asarray(total.reshape(points.x.shape) * scale, dtype=np.float32)


def texture(generator: np.random.Generator, wavelength_mm: float, waves: int = 20) -> Texture:
    """Random texture with waves in all directions, their lengths within 25 % of *wavelength_mm*."""
    directions = generator.normal(size=(waves, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    lengths = wavelength_mm * generator.uniform(0.75, 1.25, size=(waves, 1))
    phases = generator.uniform(0, 2 * np.pi, size=waves)
    return Texture((directions * 2 * np.pi / lengths).astype(np.float32), phases.astype(np.float32))


def ellipsoid(points: Points, center: Triple, radii: Triple) -> Field:
    """Distance along the ray from the centre, mm, negative inside."""
    dx, dy, dz = points.x - center[0], points.y - center[1], points.z - center[2]
    rho = np.sqrt(dx * dx + dy * dy + dz * dz) + 1e-3
    q = np.sqrt((dx / radii[0]) ** 2 + (dy / radii[1]) ** 2 + (dz / radii[2]) ** 2) + 1e-6
    return np.asarray(rho * (1 - 1 / q), dtype=np.float32)


def capsule(points: Points, start: Triple, end: Triple, start_radius: float, end_radius: float) -> Field:
    """Distance to a tapered rod, mm, negative inside."""
    ax, ay, az = (e - s for s, e in zip(start, end, strict=True))
    dx, dy, dz = points.x - start[0], points.y - start[1], points.z - start[2]
    share = np.clip((dx * ax + dy * ay + dz * az) / (ax * ax + ay * ay + az * az), 0, 1)
    distance = np.sqrt((dx - share * ax) ** 2 + (dy - share * ay) ** 2 + (dz - share * az) ** 2)
    return np.asarray(distance - (start_radius + share * (end_radius - start_radius)), dtype=np.float32)


def union(*distances: Field) -> Field:
    """Inside any of them."""
    result = distances[0]
    for distance in distances[1:]:
        result = np.minimum(result, distance)
    return result


def smooth_union(first: Field, second: Field, blend_mm: float) -> Field:
    """Inside either, with the crease between them filled over *blend_mm*."""
    share = np.clip(0.5 + 0.5 * (second - first) / blend_mm, 0, 1)
    return np.asarray(second + (first - second) * share - blend_mm * share * (1 - share), dtype=np.float32)


def smooth_step(values: Field, start: float, end: float) -> Field:
    """0 before *start*, 1 after *end*, smooth between."""
    share = np.clip((values - start) / (end - start), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)


def bump(values: Field, center: float, width: float) -> Field:
    """Bell of height 1 around *center*; *width* is its standard deviation."""
    return np.asarray(np.exp(-0.5 * ((values - center) / width) ** 2), dtype=np.float32)


def cover(distance: Field, softness_mm: float) -> Field:
    """Share of a pixel that lies inside: 1 well inside, 0 well outside, linear over *softness_mm*."""
    return np.asarray(np.clip(0.5 - distance * (1 / softness_mm), 0, 1))


def paint(hu: Field, share: Field, material: Field | float) -> None:
    """Replace the given share of every pixel by a material, in place."""
    hu += share * (material - hu)


def enlarging_weights(coarse: NDArray[np.float64], fine: NDArray[np.float64]) -> Field:
    """Matrix (fine, coarse) that interpolates one axis with Catmull-Rom cubics.

    Args:
        coarse: Evenly spaced ascending positions, mm.
        fine: Positions wanted, mm.
    """
    step = coarse[1] - coarse[0]
    at = np.clip((fine - coarse[0]) / step, 0, len(coarse) - 1.000001)
    lower = np.floor(at).astype(int)
    t = at - lower
    weights = (
        -0.5 * t + t**2 - 0.5 * t**3,
        1 - 2.5 * t**2 + 1.5 * t**3,
        0.5 * t + 2 * t**2 - 1.5 * t**3,
        -0.5 * t**2 + 0.5 * t**3,
    )
    matrix = np.zeros((len(fine), len(coarse)), dtype=np.float32)
    for offset, weight in zip((-1, 0, 1, 2), weights, strict=True):
        columns = np.clip(lower + offset, 0, len(coarse) - 1)
        np.add.at(matrix, (np.arange(len(fine)), columns), weight.astype(np.float32))
    return matrix
