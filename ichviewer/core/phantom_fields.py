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
        total = np.zeros_like(points.x)
        for (kx, ky, kz), phase in zip(self.waves, self.phases, strict=True):
            total += np.cos(kx * points.x + ky * points.y + (kz * points.z + phase))
        return np.asarray(total * np.float32(np.sqrt(2.0 / len(self.phases))))


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
    share = distance * (-1 / softness_mm)
    share += 0.5
    return np.clip(share, 0, 1, out=share)


def paint(hu: Field, share: Field, material: Field | float) -> None:
    """Replace the given share of every pixel by a material, in place."""
    change = material - hu
    change *= share
    hu += change


@dataclass(frozen=True, eq=False)
class Enlargement:
    """Interpolation of one axis by Catmull-Rom cubics, as small blocks of a banded matrix.

    One product with the whole matrix would be spread over threads by the linear-algebra library; on a
    busy machine those threads wait for each other, and a slice took four times as long.

    Attributes:
        blocks: (fine positions, coarse positions that they need, weights (fine, coarse)).
        size: Fine positions in all.
    """

    blocks: tuple[tuple[slice, slice, Field], ...]
    size: int

    def rows(self, coarse: Field) -> Field:
        """Enlarge the first axis of a field, (coarse, any) to (fine, any)."""
        result = np.empty((self.size, coarse.shape[1]), dtype=np.float32)
        for fine_part, coarse_part, weights in self.blocks:
            np.matmul(weights, coarse[coarse_part], out=result[fine_part])
        return result

    def columns(self, coarse: Field) -> Field:
        """Enlarge the second axis of a field, (any, coarse) to (any, fine)."""
        result = np.empty((coarse.shape[0], self.size), dtype=np.float32)
        for fine_part, coarse_part, weights in self.blocks:
            result[:, fine_part] = coarse[:, coarse_part] @ weights.T
        return result


FINE_PER_BLOCK = 32


def enlargement(coarse: NDArray[np.float64], fine: NDArray[np.float64]) -> Enlargement:
    """Interpolation from evenly spaced positions to others.

    Args:
        coarse: Evenly spaced ascending positions, mm, at least 4.
        fine: Positions wanted, mm, ascending.
    """
    at = np.clip((fine - coarse[0]) / (coarse[1] - coarse[0]), 0, len(coarse) - 1.000001)
    blocks = []
    for start in range(0, len(fine), FINE_PER_BLOCK):
        part = slice(start, min(start + FINE_PER_BLOCK, len(fine)))
        lower = np.floor(at[part]).astype(int)
        t = at[part] - lower
        cubics = (
            -0.5 * t + t**2 - 0.5 * t**3,
            1 - 2.5 * t**2 + 1.5 * t**3,
            0.5 * t + 2 * t**2 - 1.5 * t**3,
            -0.5 * t**2 + 0.5 * t**3,
        )
        first, last = max(int(lower[0]) - 1, 0), min(int(lower[-1]) + 2, len(coarse) - 1)
        weights = np.zeros((len(t), last - first + 1), dtype=np.float32)
        for offset, cubic in zip((-1, 0, 1, 2), cubics, strict=True):
            needed = np.clip(lower + offset, first, last) - first
            np.add.at(weights, (np.arange(len(t)), needed), cubic.astype(np.float32))
        blocks.append((part, slice(first, last + 1), weights))
    return Enlargement(tuple(blocks), len(fine))
