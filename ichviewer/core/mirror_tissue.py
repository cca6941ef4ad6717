"""Tissue replaced by its mirror image: a head without its bleed, as far as one picture can tell.

A patch of black, of grey or of noise is something that no network was trained on, and the score falls because
of the patch. The other side of the same head is tissue that fits. The one thing to get wrong: a head lies
slanted in most scans, and mirrored about an upright line its skull would be laid over the other side's brain.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COARSE_CELLS = 56
"""The midline is sought on a picture of at most so many cells along a side."""

ANGLES_DEGREES = np.arange(-24.0, 25.0, 2.0)
"""Slants that are tried."""

SHIFTS = np.arange(-0.04, 0.041, 0.01)
"""Shifts of the midline from the middle of the head that are tried, shares of the picture's width."""


@dataclass(frozen=True)
class Midline:
    """A line across a picture, about which it is mirrored.

    Attributes:
        row: A point on it, as a share of the picture's height.
        column: The same point, as a share of the width.
        angle_degrees: Slant from upright; positive leans the upper end to the right.
    """

    row: float
    column: float
    angle_degrees: float


def find_midline(picture: NDArray[np.floating], head: NDArray[np.bool_]) -> Midline:
    """The line about which a head is most like its mirror image.

    Skull, scalp and ventricles decide, so a bleed moves it little, and a few millimeters do not matter: the
    areas that are replaced measure about 50 mm. Tried are slants up to 24 degrees through points near the
    center of the head; the best by mean squared difference wins, the more upright one of two that are alike.

    Args:
        picture: (size, size), grey in any unit.
        head: (size, size), some of it True.
    """
    step = -(-picture.shape[0] // COARSE_CELLS)
    coarse, inside = picture[::step, ::step].astype(np.float64), head[::step, ::step]
    rows, columns = np.nonzero(inside if inside.any() else np.ones_like(inside))
    row, column = (rows.mean() + 0.5) / inside.shape[0], (columns.mean() + 0.5) / inside.shape[1]

    def unlikeness(midline: Midline) -> float:
        mirrored = mirror_image(coarse[None], midline)[0]
        return float(((mirrored - coarse)[rows, columns] ** 2).mean())

    tried = [
        Midline(row, column + shift, angle)
        for angle in sorted(ANGLES_DEGREES.tolist(), key=abs)
        for shift in sorted(SHIFTS.tolist(), key=abs)
    ]
    return min(tried, key=unlikeness)


def mirror_image(picture: NDArray[np.floating], midline: Midline) -> NDArray[np.float64]:
    """A picture mirrored about a line, linear between pixels; what comes from outside repeats the border.

    Args:
        picture: (channels, size, size).
        midline: The line.

    Returns:
        (channels, size, size).
    """
    height, width = picture.shape[1:]
    along = np.radians(midline.angle_degrees)
    # Unit normal of the line in (row, column), and each pixel's distance from the line along it.
    normal_row, normal_column = np.sin(along), np.cos(along)
    row, column = np.mgrid[0:height, 0:width] + 0.5
    distance = (row - midline.row * height) * normal_row + (column - midline.column * width) * normal_column
    return _sampled(
        picture, row - 2 * distance * normal_row - 0.5, column - 2 * distance * normal_column - 0.5
    )


def _sampled(
    picture: NDArray[np.floating], row: NDArray[np.float64], column: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Values between pixels, linear; positions count pixel centers from 0."""
    height, width = picture.shape[1:]
    row, column = np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)
    upper, left = np.minimum(row.astype(int), height - 2), np.minimum(column.astype(int), width - 2)
    down, right = row - upper, column - left
    top = picture[:, upper, left] * (1 - right) + picture[:, upper, left + 1] * right
    bottom = picture[:, upper + 1, left] * (1 - right) + picture[:, upper + 1, left + 1] * right
    return np.asarray(top * (1 - down) + bottom * down)


def hottest_area(heat: NDArray[np.floating], allowed: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    """The *pixels* hottest of the *allowed* pixels, all of them where there are fewer."""
    order = np.argsort(np.where(allowed, -heat, np.inf), axis=None, kind="stable")
    area = np.zeros(heat.shape, dtype=np.bool_)
    area.ravel()[order[: min(pixels, int(allowed.sum()))]] = True
    return area


def random_area(allowed: NDArray[np.bool_], pixels: int, seed: str) -> NDArray[np.bool_]:
    """The *pixels* allowed pixels that lie nearest to one of them, which *seed* names.

    The same seed gives the same area in every version of numpy. Where nothing is allowed the area is empty.
    """
    rows, columns = np.nonzero(allowed)
    if not len(rows):
        return np.zeros_like(allowed)
    center = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big") % len(rows)
    row, column = np.ogrid[: allowed.shape[0], : allowed.shape[1]]
    nearness = -((row - rows[center]) ** 2 + (column - columns[center]) ** 2)
    return hottest_area(nearness, allowed, pixels)
