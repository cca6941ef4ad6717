"""Figures of scores against labels, each for many weightings of the slices at once.

A bootstrap replicate is a weighting: a slice counts as often as its patient was drawn. So every figure
takes weights (replicates, slices) and gives (replicates,), and there is no loop over replicates
anywhere. The one thing to get wrong: equal scores are one step of a curve, whatever order sorting
leaves them in.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]
Labels = NDArray[np.bool_]
Weights = NDArray[np.float64]
Figure = Callable[[Scores, Labels, Weights], NDArray[np.float64]]
"""(slices,) scores, (slices,) labels, (replicates, slices) weights -> (replicates,)."""

SMALLEST_PROBABILITY = 1e-7
"""Probabilities are held this far from 0 and 1 in a log loss, so that one sure mistake decides not all."""


def value(figure: Figure, scores: Scores, labels: Labels) -> float:
    """A figure with every slice counted once.

    >>> value(auc, np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, False, True, True]))
    0.875
    """
    return float(figure(scores, labels, np.ones((1, len(labels))))[0])


def auc(scores: Scores, labels: Labels, weights: Weights) -> NDArray[np.float64]:
    """Area under the ROC curve; ties count half. NaN where a replicate lacks a class."""
    true, false = _steps(scores, labels, weights)
    before = np.concatenate([np.zeros((len(true), 1)), true[:, :-1]], axis=1)
    width = np.diff(false, axis=1, prepend=0.0)
    area = (width * (true + before)).sum(axis=1) / 2
    return _ratio(area, true[:, -1] * false[:, -1])


def average_precision(scores: Scores, labels: Labels, weights: Weights) -> NDArray[np.float64]:
    """Mean precision over the positives, best first; equal scores are taken together.

    >>> value(average_precision, np.array([0.9, 0.8, 0.7]), np.array([True, False, True]))
    0.8333333333333333
    """
    true, false = _steps(scores, labels, weights)
    gained = np.diff(true, axis=1, prepend=0.0)
    precision = np.divide(true, true + false, out=np.zeros_like(true), where=true > 0)
    return _ratio((gained * precision).sum(axis=1), true[:, -1])


def log_loss(scores: Scores, labels: Labels, weights: Weights) -> NDArray[np.float64]:
    """Mean negative log likelihood."""
    return _ratio(weights @ slice_losses(scores, labels), weights.sum(axis=1))


def prior_log_loss(scores: Scores, labels: Labels, weights: Weights) -> NDArray[np.float64]:
    """Log loss of the best constant, the share of positives itself: the entropy of the labels."""
    share = _ratio(weights @ labels.astype(np.float64), weights.sum(axis=1))
    held = np.clip(share, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return np.asarray(-share * np.log(held) - (1 - share) * np.log1p(-held))


def gain_over_prior(scores: Scores, labels: Labels, weights: Weights) -> NDArray[np.float64]:
    """1 - loss / loss of the best constant: 1 is perfect, 0 says nothing, below 0 misleads."""
    prior = prior_log_loss(scores, labels, weights)
    return np.asarray(1 - _ratio(log_loss(scores, labels, weights), prior))


def brier(scores: Scores, labels: Labels, weights: Weights) -> NDArray[np.float64]:
    """Mean squared difference between probability and label."""
    return _ratio(weights @ np.square(scores - labels, dtype=np.float64), weights.sum(axis=1))


def slice_losses(scores: Scores, labels: Labels) -> NDArray[np.float64]:
    """Negative log likelihood of each slice, in the shape of *scores*."""
    held = np.clip(np.asarray(scores, dtype=np.float64), SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return np.asarray(-np.where(labels, np.log(held), np.log1p(-held)))


def curve_steps(scores: Scores, labels: Labels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positives and negatives at or above each different score, highest first, from (0, 0) on."""
    true, false = _steps(scores, labels, np.ones((1, len(labels))))
    return np.append(0.0, true[0]), np.append(0.0, false[0])


def _steps(
    scores: Scores, labels: Labels, weights: Weights
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weight of positives and of negatives at or above each different score: (replicates, steps) each."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    ends = np.flatnonzero(np.append(np.diff(np.asarray(scores)[order]) != 0, True))
    ordered = weights[:, order]
    positive = np.cumsum(ordered * labels[order], axis=1)[:, ends]
    return positive, np.cumsum(ordered, axis=1)[:, ends] - positive


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Their quotient; NaN where there is nothing to divide by."""
    quotient = np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) > 0)
    return np.asarray(quotient, dtype=np.float64)
