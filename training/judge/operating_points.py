"""Thresholds on probabilities, and what the decisions they make are worth.

The one thing to get wrong: a threshold that was chosen on the very slices on which its rates are
measured looks a little better than it is; ``cross_fitted_flags`` chooses each fold's on the other folds.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.model_card import OperatingPoint
from training.judge.bootstrap import Groups, intervals, is_estimable
from training.judge.metrics import Labels, Scores
from training.judge.rates import RATES, Rate, confusion, positive_predictive_value_at


def threshold_at_specificity(scores: Scores, labels: Labels, specificity: float) -> float:
    """Lowest threshold at which at least *specificity* of the negatives lie below it.

    Raises:
        ValueError: There is no negative.
    """
    negatives = np.sort(scores[~labels])
    if not len(negatives):
        raise ValueError("A threshold is chosen on negatives, and there is none.")
    needed = int(np.ceil(specificity * len(negatives) - 1e-9))
    below = negatives[min(max(needed, 1), len(negatives)) - 1]
    return float(np.clip(np.nextafter(below, 1.0), 1e-6, 1 - 1e-6))


def cross_fitted_flags(
    scores: Scores, labels: Labels, folds: NDArray[np.integer], specificity: float
) -> NDArray[np.bool_]:
    """Decisions on each fold at the threshold that keeps *specificity* on the other folds."""
    flagged = np.zeros(len(labels), dtype=np.bool_)
    for fold in np.unique(folds):
        held, others = folds == fold, folds != fold
        flagged[held] = scores[held] >= threshold_at_specificity(scores[others], labels[others], specificity)
    return flagged


def operating_point(
    scores: Scores, labels: Labels, patients: Groups, threshold: float, rule: str
) -> OperatingPoint:
    """An operating point with what it does on these scores; None in place of what is not estimable."""
    if not is_estimable(labels, patients):
        return OperatingPoint(
            threshold, None, None, f"{rule}; not estimable: fewer than 10 positive patients"
        )
    flagged, once = scores >= threshold, np.ones((1, len(labels)))
    sensitivity, specificity = (float(RATES[name](flagged, labels, once)[0]) for name in list(RATES)[:2])
    return OperatingPoint(threshold, round(sensitivity, 4), round(specificity, 4), rule)


def rate_figures(
    flagged: Labels, labels: Labels, patients: Groups, prevalences: tuple[float, ...] = ()
) -> dict[str, Any]:
    """Rates with intervals and the four counts.

    Args:
        flagged: (slices,).
        labels: (slices,).
        patients: (slices,).
        prevalences: Prevalences at which the predictive value is wanted too.

    Returns:
        Name -> interval; None where it is not estimable, or nothing is flagged.
    """
    wanted: dict[str, Rate] = dict(RATES)
    wanted |= {f"positive_predictive_value_at_{p:g}": positive_predictive_value_at(p) for p in prevalences}
    statistics = {name: partial(rate, flagged, labels) for name, rate in wanted.items()}
    return {"confusion": confusion(flagged, labels), **intervals(statistics, labels, patients)}
