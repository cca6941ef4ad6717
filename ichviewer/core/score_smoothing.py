"""A slice's score as a weighted mean over neighboring slices, by millimeters along the normal.

A bleed seldom ends between two slices, so what the network makes of the neighbors says something of the slice
between them. Of slices i at the positions z_i, slice k has the smoothed logit

    sum of w_i * logit_i / sum of w_i,    w_i = max(0, 1 - |z_i - z_k| / smoothing_mm),

over the slices that have a logit: with 10 mm, slices 5 mm apart weigh 1/4, 1/2, 1/4. A neighbor that failed
or could not be read is left out, and so is what lies beyond a gap: distance counts, not the place in the
stack.

It is the logits that are averaged, before calibration: there a network's evidence adds up, while
probabilities near 0 and 1 hide how much of it there was. Training judges, calibrates and chooses thresholds
on the very same means. Class maps are not averaged: they show the slice's own logit.

The one thing to get wrong: a slice without a logit gets none from its neighbors.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.series import Series

SMALLEST_WEIGHT = 1e-3
"""A neighbor at the very rim, which the last digits of its position would put inside or outside, counts not
at all: no slice waits for it."""


def applied_smoothing_mm(series: Series, smoothing_mm: float) -> float:
    """What a card's smoothing comes to for a series: 0 where its files do not say where the slices lie."""
    return smoothing_mm if series.has_positions else 0.0


def neighbors_within(
    slice_index: int, positions_mm: NDArray[np.floating], smoothing_mm: float
) -> tuple[int, ...]:
    """Slices whose logits enter the score of one slice, itself among them, in stack order.

    The score is final once each of them has a logit or never will. If b is a neighbor of a, a is one of b.

    >>> neighbors_within(2, np.array([0.0, 5.0, 10.0, 20.0, 21.0]), 10.0)
    (1, 2)
    """
    return tuple(np.flatnonzero(_weights(slice_index, positions_mm, smoothing_mm)).tolist())


def smoothed_slice_logits(
    slice_index: int,
    logits: NDArray[np.floating],
    positions_mm: NDArray[np.floating],
    is_known: NDArray[np.bool_],
    smoothing_mm: float,
) -> NDArray[np.float64]:
    """Smoothed logits of one slice; arguments as of ``smoothed_logits``.

    Returns:
        (labels,); NaN where the slice itself has no logits.
    """
    if not (is_known[slice_index] and np.isfinite(logits[slice_index]).all()):
        return np.full(logits.shape[1], np.nan)
    weights = _weights(slice_index, positions_mm, smoothing_mm)
    entering = np.flatnonzero((weights > 0) & is_known)
    entering = entering[np.isfinite(logits[entering]).all(axis=1)]
    if len(entering) == 1:
        return np.asarray(logits[slice_index], dtype=np.float64)
    parts = weights[entering, None] * np.asarray(logits[entering], dtype=np.float64)
    # Correctly rounded sums: the last digits do not depend on the order of the slices either.
    total = math.fsum(weights[entering].tolist())
    return np.asarray([math.fsum(column) / total for column in parts.T.tolist()])


def smoothed_logits(
    logits: NDArray[np.floating],
    positions_mm: NDArray[np.floating] | None,
    is_known: NDArray[np.bool_],
    smoothing_mm: float,
) -> NDArray[np.floating]:
    """Smoothed logits of all slices of one stack.

    Args:
        logits: (slices, labels), before calibration. A row with a value that is not finite counts as not
            known.
        positions_mm: (slices,), along the normal, in any order; a slice at NaN is a stack of its own. None
            where the files do not say.
        is_known: (slices,), False where there are no logits: slices that failed or could not be read.
        smoothing_mm: Distance at which a neighbor's weight has fallen to 0.

    Returns:
        (slices, labels), NaN in rows that are not known; *logits* as they are without positions or smoothing.

    >>> column = np.array([[0.0], [4.0], [0.0]])
    >>> smoothed_logits(column, np.array([0.0, 5.0, 10.0]), np.ones(3, dtype=bool), 10.0)[1].tolist()
    [2.0]
    """
    if positions_mm is None or smoothing_mm == 0:
        return logits
    rows = [
        smoothed_slice_logits(index, logits, positions_mm, is_known, smoothing_mm)
        for index in range(len(logits))
    ]
    return np.reshape(np.asarray(rows, dtype=np.float64), logits.shape)


def _weights(
    slice_index: int, positions_mm: NDArray[np.floating], smoothing_mm: float
) -> NDArray[np.float64]:
    """(slices,), 1 for the slice itself and 0 for all that do not enter its score."""
    weights = np.zeros(len(positions_mm))
    if smoothing_mm > 0:
        distances = np.abs(np.asarray(positions_mm, dtype=np.float64) - positions_mm[slice_index])
        near = np.nan_to_num(1 - distances / smoothing_mm, nan=0.0)
        weights = np.where(near >= SMALLEST_WEIGHT, near, 0.0)
    weights[slice_index] = 1.0
    return weights
