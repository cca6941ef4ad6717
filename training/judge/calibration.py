"""From raw logits to probabilities, and how far probabilities can be trusted.

The one thing to get wrong: what is judged must be fitted on other folds than it is judged on
(``cross_fitted``); the released card is fitted on all folds together. Platt scaling ends at the prevalence
of the slices it was fitted on, which is no clinic's for either label set here, and takes out what sampling
did to the prior; ``fit.prior_correction`` before it matters only for a label with too few positives to fit.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.judge.metrics import SMALLEST_PROBABILITY, Labels, Scores

SMALLEST_SLOPE = 0.05

FEWEST_TO_FIT = 10
"""Below this many positives a fold's calibration keeps slope 1 and only matches the mean."""

FEWEST_TO_JUDGE = 50
"""Below this many positive slices calibration is not called good or bad."""

GOOD_SLOPES = (0.8, 1.25)
LARGEST_GAP = 0.02
"""Of mean score and prevalence, and of the calibration error beyond what chance alone makes."""

LARGEST_BLOCK = 4_000_000

MOST_STEPS = 200
SMALLEST_STEP = 1e-9
RIDGE = 1e-9
ROUNDING = 1e-12
"""Of Newton's method, on standardized logits."""


@dataclass(frozen=True)
class Platt:
    """Probability = sigmoid(slope * logit + intercept).

    Attributes:
        slope: At least SMALLEST_SLOPE.
        intercept: Any.
        is_held: Whether the likelihood asked for a smaller slope: the scores hardly rise with the label.
    """

    slope: float
    intercept: float
    is_held: bool = False

    def __call__(self, logits: Scores) -> NDArray[np.float64]:
        """Probabilities, in the shape of *logits*."""
        return _sigmoid(self.slope * np.asarray(logits, dtype=np.float64) + self.intercept)


def platt(logits: Scores, labels: Labels) -> Platt:
    """Slope and intercept with the highest likelihood among slopes of at least SMALLEST_SLOPE.

    Labels are smoothed as Platt did ((n + 1)/(n + 2) and 1/(n + 2)), so that a label that is told apart
    perfectly does not get an endless slope.

    Args:
        logits: (slices,).
        labels: (slices,).
    """
    positives = int(labels.sum())
    negatives = len(labels) - positives
    targets = np.where(labels, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    slope, intercept = _likeliest(np.asarray(logits, dtype=np.float64), targets)
    if slope >= SMALLEST_SLOPE:
        return Platt(slope, intercept)
    return Platt(SMALLEST_SLOPE, matching_intercept(SMALLEST_SLOPE * logits, float(targets.mean())), True)


def cross_fitted(
    logits: Scores, labels: Labels, known: Labels, folds: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Probabilities of each fold by a calibration that was fitted on the other folds.

    A fold whose others hold fewer than FEWEST_TO_FIT positives keeps its slope; only its mean is matched.

    Args:
        logits: (slices,), of one label, out of fold.
        labels: (slices,).
        known: (slices,), slices whose label is not known are calibrated but not fitted on.
        folds: (slices,), the fold that each slice was held out in.

    Returns:
        (slices,).
    """
    probabilities = np.zeros(len(labels))
    for fold in np.unique(folds):
        held, others = folds == fold, (folds != fold) & known
        probabilities[held] = _fit_what_can_be(logits[others], labels[others])(logits[held])
    return probabilities


def _fit_what_can_be(logits: Scores, labels: Labels) -> Platt:
    positives = int(labels.sum())
    if min(positives, len(labels) - positives) >= FEWEST_TO_FIT:
        return platt(logits, labels)
    return Platt(1.0, matching_intercept(logits, (positives + 1) / (len(labels) + 2)))


def matching_intercept(logits: Scores, share: float) -> float:
    """Shift of *logits* after which the mean probability is *share*, by bisection."""
    if not len(logits):
        return _logit(share)
    low, high = -60.0 - float(np.max(logits)), 60.0 - float(np.min(logits))
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _sigmoid(logits + middle).mean() < share else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True)
class CalibrationFigures:
    """How probabilities of one label compare with what happened.

    Attributes:
        positive_slices: Number of positives.
        slope: Of a logistic fit of the labels on the probabilities' logits; 1 is right, below 1 too sure.
        mean_score: Mean probability.
        prevalence: Share of positives.
        error: Mean distance of score and share in 10 bins of equal mass.
        error_by_chance: What that distance would be on average if the probabilities were exactly right.
        is_good: Whether all criteria hold; None with fewer than FEWEST_TO_JUDGE positives.
    """

    positive_slices: int
    slope: float
    mean_score: float
    prevalence: float
    error: float
    error_by_chance: float
    is_good: bool | None

    def to_dict(self) -> dict[str, Any]:
        """As plain values, rounded for print."""
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}


def calibration_figures(probabilities: Scores, labels: Labels) -> CalibrationFigures | None:
    """Calibration of one label; None where one class is absent."""
    positives = int(labels.sum())
    if positives == 0 or positives == len(labels):
        return None
    held = np.clip(np.asarray(probabilities, np.float64), SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    slope, _ = _likeliest(np.log(held) - np.log1p(-held), labels.astype(np.float64))
    mean_score, prevalence = float(np.mean(probabilities)), positives / len(labels)
    error = calibration_error(probabilities, labels)
    by_chance = error_by_chance(probabilities)
    is_good = (
        GOOD_SLOPES[0] <= slope <= GOOD_SLOPES[1]
        and abs(mean_score - prevalence) <= LARGEST_GAP
        and error - by_chance <= LARGEST_GAP
    )
    verdict = is_good if positives >= FEWEST_TO_JUDGE else None
    return CalibrationFigures(positives, slope, mean_score, prevalence, error, by_chance, verdict)


def calibration_error(probabilities: Scores, labels: Labels, bins: int = 10) -> float:
    """Mean distance between score and observed share in bins of equal mass, in [0, 1]."""
    order, starts = _bins(probabilities, bins)
    gaps = np.add.reduceat((np.asarray(probabilities, np.float64) - labels)[order], starts)
    return float(np.abs(gaps).sum() / len(labels))


def error_by_chance(probabilities: Scores, bins: int = 10, replicates: int = 400, seed: int = 0) -> float:
    """Expected ``calibration_error`` if every label were drawn with just its probability."""
    order, starts = _bins(probabilities, bins)
    ordered = np.asarray(probabilities, dtype=np.float64)[order]
    generator = np.random.default_rng(seed)
    block = max(1, LARGEST_BLOCK // len(ordered))
    sums = []
    for start in range(0, replicates, block):
        drawn = generator.random((min(block, replicates - start), len(ordered))) < ordered
        sums.append(np.abs(np.add.reduceat(ordered - drawn, starts, axis=1)).sum(axis=1))
    return float(np.concatenate(sums).mean() / len(ordered))


def reliability(
    probabilities: Scores, labels: Labels, bins: int = 10
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Mean score, share of positives and number of slices in bins of equal mass, lowest first."""
    order, starts = _bins(probabilities, bins)
    counts = np.diff(np.append(starts, len(order)))
    scores = np.add.reduceat(np.asarray(probabilities, dtype=np.float64)[order], starts) / counts
    shares = np.add.reduceat(labels[order].astype(np.float64), starts) / counts
    return scores, shares, counts


def _bins(probabilities: Scores, bins: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Order by score, and where each of at most *bins* parts begins: equal ones but for equal scores.

    Equal scores are of one bin, so that nothing depends on the order in which slices were given.
    """
    order = np.argsort(probabilities, kind="stable")
    ordered = np.asarray(probabilities)[order]
    sizes = [len(part) for part in np.array_split(order, bins) if len(part)]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    return order, np.unique(np.searchsorted(ordered, ordered[starts]))


def _likeliest(logits: NDArray[np.float64], targets: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and intercept with the highest likelihood, by Newton's method on standardized logits.

    Where all logits are one number, any slope is as likely as another; it is 1.

    Raises:
        ValueError: A logit is not a finite number, or the method did not converge.
    """
    if not np.isfinite(logits).all():
        raise ValueError(
            f"{int((~np.isfinite(logits)).sum())} of {len(logits)} logits are no finite numbers."
        )
    if np.ptp(logits) == 0:
        share = float(targets.mean())
        return 1.0, _logit(share) - float(logits[0])
    middle, scale = float(logits.mean()), float(logits.std())
    design = np.stack([(logits - middle) / scale, np.ones(len(logits))], axis=1)
    found = np.array([0.0, _logit(float(targets.mean()))])
    loss = _loss(design, targets, found)
    for _ in range(MOST_STEPS):
        # 1 - p by itself, not as a difference: where the classes part it is smaller than p can resolve.
        p, rest = _sigmoid(design @ found), _sigmoid(-design @ found)
        gradient = design.T @ (p * (1 - targets) - rest * targets) + RIDGE * found
        hessian = (design * (p * rest)[:, None]).T @ design + RIDGE * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        if np.abs(step).max() <= SMALLEST_STEP * max(1.0, float(np.abs(found).max())):
            slope, intercept = found - step
            return float(slope / scale), float(intercept - slope * middle / scale)
        # Far from the optimum the likelihood is flat and a whole step leaps over it.
        while (moved := _loss(design, targets, found - step)) > loss * (1 + ROUNDING) and step.any():
            step = step / 2
        found, loss = found - step, moved
    raise ValueError(
        f"The calibration of {len(logits)} logits from {logits.min():g} to {logits.max():g} did not converge."
    )


def _loss(design: NDArray[np.float64], targets: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    """Minus the log likelihood, with a hair of a penalty that bounds the slope where the classes part."""
    z = design @ found
    losses = targets * np.logaddexp(0, -z) + (1 - targets) * np.logaddexp(0, z)
    return float(losses.sum() + RIDGE / 2 * (found @ found))


def _sigmoid(z: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -60, 60))), dtype=np.float64)


def _logit(share: float) -> float:
    return float(np.log(share) - np.log1p(-share))
