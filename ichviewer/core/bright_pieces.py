"""Connected bright pieces in a part of one slice: how dense, how large, where.

The one thing to get wrong: a piece that reaches the edge of the part looked at may go on outside it; its area
is not known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class BrightPiece:
    """Pixels above a threshold that hang together by their sides.

    Attributes:
        row: Middle, in pixels of the slice, may be fractional.
        column: Middle.
        area_mm2: Its area.
        peak_hu: Highest value as measured.
        nearest_mm: Distance of its nearest pixel from the place asked about.
        is_whole: Whether it lies inside the part that was looked at.
    """

    row: float
    column: float
    area_mm2: float
    peak_hu: float
    nearest_mm: float
    is_whole: bool


def bright_pieces(
    hu: NDArray[np.floating],
    pixel_spacing_mm: tuple[float, float],
    place: tuple[float, float],
    half_mm: float,
    reach_mm: float,
    threshold_hu: float,
) -> tuple[BrightPiece, ...]:
    """Pieces above a threshold that come near a place, traced in a square around it, nearest first.

    A piece counts only where a mean over about 1.5 mm is above the threshold too: noise makes none.

    Args:
        hu: (rows, columns), Hounsfield units.
        pixel_spacing_mm: (between rows, between columns).
        place: (row, column).
        half_mm: Half the side of the square.
        reach_mm: A piece comes at least this near.
        threshold_hu: Above it is bright.
    """
    (top, bottom), (left, right) = (
        (max(0, round(at - half_mm / gap)), min(length, round(at + half_mm / gap) + 1))
        for at, gap, length in zip(place, pixel_spacing_mm, hu.shape, strict=True)
    )
    part = hu[top:bottom, left:right]
    if min(part.shape) < 3:
        return ()
    down_mm = (np.arange(top, bottom) - place[0]) * pixel_spacing_mm[0]
    across_mm = (np.arange(left, right) - place[1]) * pixel_spacing_mm[1]
    is_near = np.hypot(down_mm[:, None], across_mm[None, :]) <= reach_mm
    is_bright = part > threshold_hu
    if not (is_bright & is_near).any():
        return ()
    labels = labeled(is_bright)
    is_sure = is_bright & (_smoothed(part, pixel_spacing_mm) > threshold_hu)
    pieces = []
    for label in np.intersect1d(labels[is_sure], labels[is_bright & is_near]):
        rows, columns = np.nonzero(labels == label)
        edges = (rows.min() == 0, columns.min() == 0, rows.max() == part.shape[0] - 1)
        pieces.append(
            BrightPiece(
                float(rows.mean()) + top,
                float(columns.mean()) + left,
                len(rows) * pixel_spacing_mm[0] * pixel_spacing_mm[1],
                float(part[rows, columns].max()),
                float(np.hypot(down_mm[rows], across_mm[columns]).min()),
                not any(edges) and columns.max() < part.shape[1] - 1,
            )
        )
    return tuple(sorted(pieces, key=lambda piece: piece.nearest_mm))


def labeled(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number of the piece of every pixel, 0 outside; 4-neighbors, numbers not consecutive.

    Args:
        mask: (rows, columns).
    """
    labels = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        grown = labels.copy()
        for axis in (0, 1):
            grown = _spread_highest(grown, mask, axis)
        if np.array_equal(grown, labels):
            return labels
        labels = grown


def _spread_highest(labels: NDArray[np.int64], mask: NDArray[np.bool_], axis: int) -> NDArray[np.int64]:
    """The highest number of every run along one axis, on all of it; a round piece takes a few such steps."""
    values, inside = (labels, mask) if axis else (labels.T, mask.T)
    starts = inside.copy()
    starts[:, 1:] &= ~inside[:, :-1]
    run = np.cumsum(starts.ravel()).reshape(inside.shape)
    highest = np.zeros(int(run.max(initial=0)) + 1, dtype=np.int64)
    np.maximum.at(highest, run[inside], values[inside])
    spread = np.where(inside, highest[run], 0)
    return spread if axis else spread.T


def _smoothed(hu: NDArray[np.floating], pixel_spacing_mm: tuple[float, float]) -> NDArray[np.float64]:
    """Means over about 1.5 mm; pixels of 0.75 mm and more stay as they are."""
    smooth = np.asarray(hu, dtype=np.float64)
    for axis, gap in enumerate(pixel_spacing_mm):
        reach = int(0.75 / gap)
        pads = [(reach, reach) if each == axis else (0, 0) for each in range(2)]
        windows = np.lib.stride_tricks.sliding_window_view(
            np.pad(smooth, pads, mode="edge"), 2 * reach + 1, axis=axis
        )
        smooth = windows.mean(axis=-1)
    return smooth
