"""From raw logits to probabilities, and from probabilities to operating points.

The one thing to get wrong: both are fitted on scores of slices that the scoring network never saw.
Oversampling shifts every logit of a label alike, and Platt's intercept takes such a shift out, so it needs no
correction of its own; neither label set has the prevalence of a clinic, and the card names theirs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.model_card import OperatingPoint
from training.metrics import Labels, Scores, auc, is_estimable, sensitivity_at, specificity_at

SMALLEST_SLOPE = 0.05


def platt(logits: Scores, labels: Labels) -> tuple[float, float]:
    """Slope and intercept with the highest likelihood, slope at least SMALLEST_SLOPE.

    Labels are smoothed as Platt did ((n + 1)/(n + 2) and 1/(n + 2)), so that a label that is told apart
    perfectly does not get an endless slope.

    Args:
        logits: (slices,).
        labels: (slices,).

    Returns:
        p = sigmoid(slope * logit + intercept).
    """
    positives = int(labels.sum())
    negatives = len(labels) - positives
    targets = np.where(labels, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    slope, intercept = 1.0, 0.0
    design = np.stack([np.asarray(logits, dtype=np.float64), np.ones(len(labels))], axis=1)
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(design @ (slope, intercept), -60, 60)))
        gradient = design.T @ (p - targets)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        # Newton's step is shortened where it is long: the likelihood is flat far from the optimum.
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        slope, intercept = slope - step[0], intercept - step[1]
        if np.abs(step).max() < 1e-9:
            break
    if slope < SMALLEST_SLOPE:
        raise ValueError("The scores of a label fall where its probability rises; nothing to calibrate.")
    return float(slope), float(intercept)


def threshold_at_specificity(scores: Scores, labels: Labels, specificity: float) -> float:
    """Lowest threshold at which at least *specificity* of the negatives lie below it."""
    negatives = np.sort(scores[~labels])
    needed = int(np.ceil(specificity * len(negatives) - 1e-9))
    below = negatives[min(max(needed, 1), len(negatives)) - 1]
    return float(np.clip(np.nextafter(below, 1.0), 1e-6, 1 - 1e-6))


def operating_point(
    scores: Scores, labels: Labels, groups: NDArray[np.integer], threshold: float, rule: str
) -> OperatingPoint:
    """An operating point with what it does on these scores; None in place of what is not estimable."""
    if not is_estimable(labels, groups):
        return OperatingPoint(
            threshold, None, None, f"{rule}; not estimable: fewer than 10 positive patients"
        )
    return OperatingPoint(
        threshold,
        round(sensitivity_at(threshold)(scores, labels), 4),
        round(specificity_at(threshold)(scores, labels), 4),
        rule,
    )


def calibration_error(scores: Scores, labels: Labels, bins: int = 10) -> float:
    """Mean distance between score and observed share in bins of equal mass, in [0, 1]."""
    order = np.argsort(scores, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [abs(scores[part].mean() - labels[part].mean()) * len(part) for part in parts]
    return float(sum(gaps) / len(scores))


def source_auc(scores: Scores, labels: Labels, is_first_source: Labels) -> float:
    """How well a score tells the *source* of negative slices; 0.5 is what it should be."""
    negative = ~labels
    return auc(scores[negative], is_first_source[negative])
