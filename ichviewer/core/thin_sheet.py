"""Whether a thin bright sheet, seen end on, runs along a given line of one slice.

The one thing to get wrong: a slice is thicker than the falx, which therefore looks wider and less dense than
it is; a sheet that leans looks wider still.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HALF_LENGTH_MM = 20.0
"""So far along the line, to either side of the place."""

HALF_WIDTH_MM = 14.0
AWAY_MM = (6.0, 12.0)
"""Brain beside the sheet is measured this far from it."""

NEAR_MM = 3.0
"""The sheet may lie this far from the fitted line."""

LEAST_CONTRAST_HU = 8.0
MOST_WIDTH_MM = 4.0
"""A falx is 1 to 2 mm thick, and looks like 2 to 4 mm in slices of 5 mm; a collection along it is thicker."""

BRAIN_HU = (0.0, 55.0)
MOST_PEAK_HU = 100.0
LEAST_LENGTH_MM = 15.0
LEAST_SHARE = 0.6
"""Of the brain along the line, this share shows the sheet."""

STEP_MM = 0.5
MEAN_MM = 4.0
"""Profiles are means over this length along the line."""


@dataclass(frozen=True)
class Sheet:
    """A thin sheet.

    Attributes:
        width_mm: At half its contrast, median along the line.
        peak_hu: 95th percentile of its crest.
        length_mm: Over which it was found.
    """

    width_mm: float
    peak_hu: float
    length_mm: float


def sheet_on_line(
    hu: NDArray[np.floating],
    pixel_spacing_mm: tuple[float, float],
    place_mm: NDArray[np.float64],
    along: NDArray[np.float64],
) -> Sheet | None:
    """The thin bright sheet on a line, None where there is none or it is not thin.

    Args:
        hu: (rows, columns), Hounsfield units.
        pixel_spacing_mm: (between rows, between columns).
        place_mm: (2,), a place on the line, mm down and right from pixel [0, 0].
        along: (2,), unit vector of the line, (down, right).
    """
    length = np.arange(-HALF_LENGTH_MM, HALF_LENGTH_MM + STEP_MM, STEP_MM)
    across = np.arange(-HALF_WIDTH_MM, HALF_WIDTH_MM + STEP_MM, STEP_MM)
    normal = np.asarray((-along[1], along[0]))
    places = place_mm + length[:, None, None] * along + across[None, :, None] * normal
    profiles = _along_mean(_sampled(hu, places / np.asarray(pixel_spacing_mm)))
    widths, crests, in_brain = _measured(profiles, across)
    is_sheet = ~np.isnan(widths)
    found_mm = float(is_sheet.sum()) * STEP_MM
    if found_mm < LEAST_LENGTH_MM or is_sheet.sum() < LEAST_SHARE * max(int(in_brain.sum()), 1):
        return None
    width = float(np.median(widths[is_sheet]))
    if width > MOST_WIDTH_MM:
        return None
    return Sheet(width, float(np.percentile(crests[is_sheet], 95)), found_mm)


def _measured(
    profiles: NDArray[np.float64], across: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Width (NaN without a sheet) and crest of every profile, and whether brain lies on both sides of it."""
    near = np.flatnonzero(np.abs(across) <= NEAR_MM)
    widths = np.full(len(profiles), np.nan)
    crests = np.zeros(len(profiles))
    in_brain = np.zeros(len(profiles), dtype=np.bool_)
    for index, profile in enumerate(profiles):
        top = int(near[np.argmax(profile[near])])
        away = np.abs(across - across[top])
        beside = (away >= AWAY_MM[0]) & (away <= AWAY_MM[1])
        sides = [float(np.median(profile[beside & (sign * across > 0)])) for sign in (-1, 1)]
        in_brain[index] = all(BRAIN_HU[0] <= side <= BRAIN_HU[1] for side in sides)
        crests[index] = profile[top]
        contrast = profile[top] - max(sides)
        if not in_brain[index] or contrast < LEAST_CONTRAST_HU or profile[top] > MOST_PEAK_HU:
            continue
        above = profile > max(sides) + contrast / 2
        below_left = np.flatnonzero(~above[:top])
        below_right = np.flatnonzero(~above[top:])
        if len(below_left) and len(below_right):
            widths[index] = (top + below_right[0] - below_left[-1] - 1) * STEP_MM
    return widths, crests, in_brain


def _along_mean(profiles: NDArray[np.float64]) -> NDArray[np.float64]:
    count = round(MEAN_MM / STEP_MM) + 1
    padded = np.pad(profiles, [(count // 2, count // 2), (0, 0)], mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, count, axis=0).mean(axis=-1))


def _sampled(hu: NDArray[np.floating], places_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values between pixels, linearly; outside the slice the nearest pixel's."""
    last = np.asarray(hu.shape) - 1
    held = np.clip(places_px, 0, last)
    low = np.minimum(held.astype(np.intp), np.maximum(last - 1, 0))
    (row, column), share = (low[..., 0], low[..., 1]), held - low
    next_row, next_column = np.minimum(row + 1, last[0]), np.minimum(column + 1, last[1])
    upper = hu[row, column] * (1 - share[..., 1]) + hu[row, next_column] * share[..., 1]
    lower = hu[next_row, column] * (1 - share[..., 1]) + hu[next_row, next_column] * share[..., 1]
    return np.asarray(upper * (1 - share[..., 0]) + lower * share[..., 0], dtype=np.float64)
