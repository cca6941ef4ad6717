"""What decisions do: sensitivity, specificity and predictive values, for many weightings at once.

The one thing to get wrong: a predictive value belongs to one prevalence; that of a label set is no
clinic's, so it is also given for a chosen one, from sensitivity and specificity.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from training.judge.metrics import Labels, Weights

Rate = Callable[[Labels, Labels, Weights], NDArray[np.float64]]
"""(slices,) flagged, (slices,) labels, (replicates, slices) weights -> (replicates,)."""


def sensitivity(flagged: Labels, labels: Labels, weights: Weights) -> NDArray[np.float64]:
    """Share of the positives that are flagged."""
    return _share(flagged, labels, weights)


def specificity(flagged: Labels, labels: Labels, weights: Weights) -> NDArray[np.float64]:
    """Share of the negatives that are not flagged."""
    return _share(~flagged, ~labels, weights)


def positive_predictive_value(flagged: Labels, labels: Labels, weights: Weights) -> NDArray[np.float64]:
    """Share of the flagged that are positive, at these labels' own prevalence."""
    return _share(labels, flagged, weights)


def negative_predictive_value(flagged: Labels, labels: Labels, weights: Weights) -> NDArray[np.float64]:
    """Share of the unflagged that are negative, at these labels' own prevalence."""
    return _share(~labels, ~flagged, weights)


def positive_predictive_value_at(prevalence: float) -> Rate:
    """Share of the flagged that would be positive if *prevalence* of the slices were.

    >>> flagged, labels = np.array([True, False, True, False]), np.array([True, True, False, False])
    >>> round(float(positive_predictive_value_at(0.1)(flagged, labels, np.ones((1, 4)))[0]), 6)
    0.1
    """

    def rate(flagged: Labels, labels: Labels, weights: Weights) -> NDArray[np.float64]:
        right = sensitivity(flagged, labels, weights) * prevalence
        wrong = (1 - specificity(flagged, labels, weights)) * (1 - prevalence)
        return _quotient(right, right + wrong)

    return rate


RATES: dict[str, Rate] = {
    "sensitivity": sensitivity,
    "specificity": specificity,
    "positive_predictive_value": positive_predictive_value,
    "negative_predictive_value": negative_predictive_value,
}


def confusion(flagged: Labels, labels: Labels) -> dict[str, int]:
    """Counts of the four outcomes."""
    return {
        "true_positive": int((flagged & labels).sum()),
        "false_negative": int((~flagged & labels).sum()),
        "false_positive": int((flagged & ~labels).sum()),
        "true_negative": int((~flagged & ~labels).sum()),
    }


def _share(counted: Labels, among: Labels, weights: Weights) -> NDArray[np.float64]:
    whole = weights @ among.astype(np.float64)
    part = weights @ (counted & among).astype(np.float64)
    return _quotient(part, whole)


def _quotient(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0))
