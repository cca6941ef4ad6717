"""What a flag and a score are worth where the reader works.

The one thing to get wrong: sensitivity and specificity are the checkpoint's, as measured on its card's data;
the prevalence is the reader's. Neither follows from the other, and both may differ in another hospital more
than any interval here says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.model_card import ModelCard, OperatingPoint, at_most_any

Z_95 = 1.959964
"""Normal quantile of a two-sided interval of 95 %."""

LEAST_PROBABILITY = 1e-6
"""Scores and prevalences nearer to 0 or 1 are taken as this far from it, so that their logit is finite."""


@dataclass(frozen=True)
class Rate:
    """A share with its interval of 95 %.

    Attributes:
        value: In [0, 1].
        low: Lower end; None where the interval is not known.
        high: Upper end; None where the interval is not known.
    """

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class PredictiveValues:
    """What an operating point means at one prevalence.

    Attributes:
        prevalence: Share of positives, in (0, 1).
        sensitivity: As on the card.
        specificity: As on the card.
        positive: Share of the flagged that are positive; None where nothing is ever flagged.
        negative: Share of the unflagged that are negative; None where everything is flagged.
    """

    prevalence: float
    sensitivity: Rate
    specificity: Rate
    positive: Rate | None
    negative: Rate | None


def wilson_interval(successes: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927), right for small counts of independent cases too.

    Args:
        successes: 0 to *count*.
        count: 1 or more.

    >>> [round(end, 3) for end in wilson_interval(18, 29)]
    [0.44, 0.773]
    """
    share, squared = successes / count, Z_95**2
    middle = (share + squared / (2 * count)) / (1 + squared / count)
    half = Z_95 * math.sqrt(share * (1 - share) / count + squared / (4 * count**2)) / (1 + squared / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def predictive_values(point: OperatingPoint, prevalence: float) -> PredictiveValues | None:
    """Predictive values of an operating point at a prevalence (Bayes).

    The interval takes the worst ends of both intervals together, then the best, and so errs on the wide side.
    It holds the chance in the card's sample only, not that another hospital's patients differ.

    Args:
        point: Of a slice or of the study; the prevalence must be of the same.
        prevalence: Share of positives among the reader's slices or studies, in (0, 1).

    Returns:
        None where the card has no sensitivity and specificity.

    Raises:
        ValueError: The prevalence is not between 0 and 1.

    >>> point = OperatingPoint(0.5, 0.8, 0.9, "made up")
    >>> round(predictive_values(point, 0.1).positive.value, 3)
    0.471
    """
    _require_share(prevalence)
    if point.sensitivity is None or point.specificity is None:
        return None
    sensitivity = _with_interval(point.sensitivity, point.positives)
    specificity = _with_interval(point.specificity, point.negatives)
    return PredictiveValues(
        prevalence,
        sensitivity,
        specificity,
        _share_true(sensitivity, _complement(specificity), prevalence),
        _share_true(specificity, _complement(sensitivity), 1 - prevalence),
    )


def _with_interval(value: float, count: int | None) -> Rate:
    return Rate(value) if not count else Rate(value, *wilson_interval(round(value * count), count))


def _complement(rate: Rate) -> Rate:
    if rate.low is None or rate.high is None:
        return Rate(1 - rate.value)
    return Rate(1 - rate.value, 1 - rate.high, 1 - rate.low)


def _share_true(true: Rate, false: Rate, share: float) -> Rate | None:
    """Share that is right among all that got this answer; worst is few true with many false."""
    value = _bayes(true.value, false.value, share)
    if value is None:
        return None
    if true.low is None or true.high is None or false.low is None or false.high is None:
        return Rate(value)
    return Rate(value, _bayes(true.low, false.high, share), _bayes(true.high, false.low, share))


def _bayes(true: float, false: float, share: float) -> float | None:
    given = true * share + false * (1 - share)
    return true * share / given if given > 0 else None


def predictive_text(point: OperatingPoint, prevalence: float, of: str = "studies") -> str:
    """One sentence for the panel.

    Args:
        point: The operating point.
        prevalence: The reader's, in (0, 1).
        of: What is counted: ``studies`` or ``slices``.
    """
    values = predictive_values(point, prevalence)
    if values is None:
        return "No predictive value: the model card has no sensitivity and specificity at this threshold."
    if values.positive is None:
        return "No predictive value: nothing is flagged at this threshold."
    positive = values.positive
    if positive.low is None or positive.high is None:
        interval = "the card has no interval"
    else:
        interval = f"95% interval {positive.low:.0%} to {positive.high:.0%}"
    return (
        f"Where {prevalence:.1%} of {of} bleed, {positive.value:.0%} of the flagged {of} do ({interval}),"
        " if sensitivity and specificity are the card's."
    )


def prevalences_at(card: ModelCard, any_prevalence: float) -> tuple[float, ...]:
    """Prevalence of each label where that of ``any`` is the reader's and the mix of subtypes the card's.

    Args:
        card: Its calibration prevalences.
        any_prevalence: Share of the reader's slices with any bleeding, in (0, 1).

    Raises:
        ValueError: The prevalence is not between 0 and 1.
    """
    _require_share(any_prevalence)
    scale = any_prevalence / card.labels[0].calibration_prevalence
    return tuple(label.calibration_prevalence * scale for label in card.labels)


def reweighted(
    probabilities: NDArray[np.floating], card: ModelCard, prevalences: Sequence[float]
) -> NDArray[np.float64]:
    """Calibrated probabilities of slices as they would be at other prevalences.

    logit + logit(new) - logit(card's), each label for itself (Saerens et al., Neural Computation 2002): right
    as far as only the share of positives differs and a bleed looks as it did on the card's data. Thresholds
    belong to the scores before this step: whether a slice is flagged is never asked of the result.

    Args:
        probabilities: (..., 6), calibrated, in the order of SUBTYPES; NaN stays NaN.
        card: Its calibration prevalences.
        prevalences: Six, in (0, 1), of slices; from ``prevalences_at`` or the reader's own.

    Returns:
        Same shape, in [0, 1], no subtype above ``any``.

    Raises:
        ValueError: There are not six prevalences, or one is not between 0 and 1.
    """
    if len(prevalences) != len(SUBTYPES):
        raise ValueError(f"There are six labels, not {len(prevalences)} prevalences.")
    for prevalence in prevalences:
        _require_share(prevalence)
    old = np.asarray([label.calibration_prevalence for label in card.labels])
    shift = _logit(np.asarray(prevalences, dtype=np.float64)) - _logit(old)
    moved = _logit(np.asarray(probabilities, dtype=np.float64)) + shift
    return at_most_any(1.0 / (1.0 + np.exp(-moved)))


def _logit(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    held = np.clip(shares, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    return np.asarray(np.log(held / (1 - held)))


def _require_share(prevalence: float) -> None:
    if not 0 < prevalence < 1:
        raise ValueError(f"A prevalence lies between 0 and 1, not at {prevalence}.")
