"""How well scores tell positive from negative slices, with intervals that respect patients.

The one thing to get wrong: slices of one patient are not independent, so the bootstrap draws patients.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

SMALLEST_POSITIVE_GROUPS = 10
"""Below this many positive patients a figure is not estimable and None stands in its place."""

Scores = NDArray[np.floating]
Labels = NDArray[np.bool_]
Figure = Callable[[Scores, Labels], float]


def auc(scores: Scores, labels: Labels) -> float:
    """Area under the ROC curve; ties count half.

    >>> auc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, False, True, True]))
    0.875
    """
    positives = int(labels.sum())
    negatives = len(labels) - positives
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[labels].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def average_precision(scores: Scores, labels: Labels) -> float:
    """Mean precision over the positives, best first; equal scores are taken together.

    >>> average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]))
    0.8333333333333333
    """
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order])
    last_of_tie = np.append(np.diff(scores[order]) != 0, True)
    precision = (hits / np.arange(1, len(labels) + 1))[last_of_tie]
    gained = np.diff(np.concatenate([[0], hits[last_of_tie]]))
    return float((precision * gained).sum() / labels.sum())


def log_loss(scores: Scores, labels: Labels) -> float:
    """Mean negative log likelihood."""
    clipped = np.clip(scores, 1e-7, 1 - 1e-7)
    return float(-np.where(labels, np.log(clipped), np.log1p(-clipped)).mean())


def brier(scores: Scores, labels: Labels) -> float:
    """Mean squared difference between probability and label."""
    return float(((scores - labels) ** 2).mean())


def sensitivity_at(threshold: float) -> Figure:
    """Share of positives at or above *threshold*."""
    return lambda scores, labels: float((scores[labels] >= threshold).mean())


def specificity_at(threshold: float) -> Figure:
    """Share of negatives below *threshold*."""
    return lambda scores, labels: float((scores[~labels] < threshold).mean())


def positive_groups(labels: Labels, groups: NDArray[np.integer]) -> int:
    """Number of patients with at least one positive."""
    return len(np.unique(groups[labels]))


def is_estimable(labels: Labels, groups: NDArray[np.integer]) -> bool:
    """Whether there are enough positive patients, and any negative at all, for a figure to mean something."""
    return positive_groups(labels, groups) >= SMALLEST_POSITIVE_GROUPS and not labels.all()


def with_interval(
    figure: Figure,
    scores: Scores,
    labels: Labels,
    groups: NDArray[np.integer],
    replicates: int = 500,
    seed: int = 0,
) -> dict[str, float] | None:
    """A figure and its 95 % interval by bootstrap over patients.

    Patients with and without a positive slice are drawn apart, so that every replicate has both classes.

    Returns:
        ``value``, ``low`` and ``high``; None where the figure is not estimable.
    """
    if not is_estimable(labels, groups):
        return None
    numbers, member = np.unique(groups, return_inverse=True)
    slices = np.split(np.argsort(member, kind="stable"), np.cumsum(np.bincount(member))[:-1])
    has_positive = np.zeros(len(numbers), dtype=np.bool_)
    has_positive[member[labels]] = True
    strata = [np.flatnonzero(has_positive), np.flatnonzero(~has_positive)]
    generator = np.random.default_rng(seed)
    values = []
    for _ in range(replicates):
        drawn = np.concatenate([generator.choice(s, len(s)) for s in strata if len(s)])
        rows = np.concatenate([slices[group] for group in drawn])
        if not labels[rows].all():
            values.append(figure(scores[rows], labels[rows]))
    low, high = np.percentile(values, (2.5, 97.5))
    return {
        "value": round(figure(scores, labels), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
    }
