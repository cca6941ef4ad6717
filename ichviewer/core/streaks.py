"""Whether stripes run through a place in the brain between two thick bones, as beam hardening makes them.

The one thing to get wrong: a long thin bleed is a stripe, too; only stripes that point at thick bone on both
sides count, and even they are a question.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DISC_MM = 18.0
"""Stripes are measured within this distance of the place."""

BIN_MM = 2.0
ANGLES_DEGREES = np.arange(0.0, 180.0, 5.0)
BRAIN_HU = (-30.0, 90.0)
BONE_RIM_MM = 5.0
"""Brain nearer to bone is left out; partial volume brightens it."""

RIM_BONE_HU = 150.0

BONE_HU = 600.0
"""Dense bone; the spongy layer of the vault lies below."""

LEAST_BONE_MM = 12.0
"""The vault, crossed at a right angle, is thinner; petrous bones are thicker."""

BONE_WITHIN_MM = 90.0
BONE_STRIP_MM = 8.0
"""Bone is looked for on lines this far to either side of the one through the place."""

LEAST_AMPLITUDE_HU = 8.0
LEAST_RATIO = 1.5
"""Stripes vary this much more across than the disc does in its median direction."""

LEAST_SHARE = 0.5
"""This share of the disc is brain, or nothing is said of it."""


@dataclass(frozen=True)
class Streaks:
    """Stripes between bones.

    Attributes:
        amplitude_hu: From bright to dark, twice the standard deviation of the stripes.
        angle_degrees: Direction of the stripes, 0 from left to right, 90 from top to bottom.
        bone_mm: Dense bone on the line to either side.
    """

    amplitude_hu: float
    angle_degrees: float
    bone_mm: tuple[float, float]


def streaks_between_bones(
    hu: NDArray[np.floating], pixel_spacing_mm: tuple[float, float], place: tuple[float, float]
) -> Streaks | None:
    """Stripes through a place that point at thick bone on both sides; None where there are none.

    Args:
        hu: (rows, columns), Hounsfield units.
        pixel_spacing_mm: (between rows, between columns).
        place: (row, column).
    """
    down, across = (
        (np.arange(length) - at) * gap
        for length, at, gap in zip(hu.shape, place, pixel_spacing_mm, strict=True)
    )
    # Only as far as bone is looked for; the rest of the slice costs time and says nothing.
    rows, columns = np.abs(down) <= BONE_WITHIN_MM, np.abs(across) <= BONE_WITHIN_MM
    hu = hu[np.ix_(rows, columns)]
    down_mm, across_mm = np.meshgrid(down[rows], across[columns], indexing="ij")
    disc = np.hypot(down_mm, across_mm) <= DISC_MM
    is_brain = disc & (hu > BRAIN_HU[0]) & (hu < BRAIN_HU[1])
    is_brain &= ~_near_bone(hu, pixel_spacing_mm)
    if is_brain.sum() < LEAST_SHARE * disc.sum():
        return None
    values, y, x = hu[is_brain].astype(np.float64), down_mm[is_brain], across_mm[is_brain]
    # A plane is no stripe: the cupping of a whole head tilts every small part of it.
    plane = np.stack([np.ones_like(x), x, y], axis=1)
    values = values - plane @ np.linalg.lstsq(plane, values, rcond=None)[0]
    spreads = np.asarray([_spread_across(values, x, y, angle) for angle in np.radians(ANGLES_DEGREES)])
    best = int(np.argmax(spreads))
    if 2 * spreads[best] < LEAST_AMPLITUDE_HU or spreads[best] < LEAST_RATIO * np.median(spreads):
        return None
    bones = _bone_on_both_sides(hu, down_mm, across_mm, np.radians(ANGLES_DEGREES[best]), pixel_spacing_mm)
    if min(bones) < LEAST_BONE_MM:
        return None
    return Streaks(float(2 * spreads[best]), float(ANGLES_DEGREES[best]), bones)


def _near_bone(hu: NDArray[np.floating], spacing_mm: tuple[float, float]) -> NDArray[np.bool_]:
    """Within a square of BONE_RIM_MM to every side of bone."""
    near = hu > RIM_BONE_HU
    for axis, gap in enumerate(spacing_mm):
        reach = max(1, round(BONE_RIM_MM / gap))
        pads = [(reach + 1, reach) if each == axis else (0, 0) for each in range(2)]
        sums = np.cumsum(np.pad(near, pads), axis=axis, dtype=np.int32)
        length = near.shape[axis]
        ends = np.take(sums, range(2 * reach + 1, 2 * reach + 1 + length), axis=axis)
        near = ends > np.take(sums, range(length), axis=axis)
    return np.asarray(near)


def _spread_across(
    values: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64], angle: float
) -> float:
    """Standard deviation of the means of stripes in one direction, what noise does to means taken off."""
    offset = y * np.cos(angle) - x * np.sin(angle)
    stripe = np.floor((offset + DISC_MM) / BIN_MM).astype(np.intp)
    counts = np.bincount(stripe, minlength=1)
    is_full = counts >= 0.25 * counts.max()
    means = np.bincount(stripe, values)[is_full] / counts[is_full]
    weights = counts[is_full] / counts[is_full].sum()
    noise = float(values.var()) * float((weights / counts[is_full]).sum())
    spread = float(weights @ (means - weights @ means) ** 2) - noise
    return float(np.sqrt(max(spread, 0.0)))


def _bone_on_both_sides(
    hu: NDArray[np.floating],
    down_mm: NDArray[np.float64],
    across_mm: NDArray[np.float64],
    angle: float,
    spacing_mm: tuple[float, float],
) -> tuple[float, float]:
    """Thickness of dense bone along the stripes, before and behind the place: mean over a narrow strip."""
    along = across_mm * np.cos(angle) + down_mm * np.sin(angle)
    offset = down_mm * np.cos(angle) - across_mm * np.sin(angle)
    strip = (np.abs(offset) <= BONE_STRIP_MM) & (hu > BONE_HU) & (np.abs(along) <= BONE_WITHIN_MM)
    area = spacing_mm[0] * spacing_mm[1]
    before, behind = (
        float((strip & (sign * along > 0)).sum()) * area / (2 * BONE_STRIP_MM) for sign in (-1, 1)
    )
    return before, behind
