"""Intervals by drawing patients again, and differences between networks on the same patients.

The one thing to get wrong: slices of one patient are not independent, so patients are drawn; and two
networks are compared on the *same* draws, because most of what varies between draws is common to both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from training.judge.metrics import Figure, Labels, Scores, Weights

SMALLEST_POSITIVE_PATIENTS = 10
"""Below this many positive patients a figure is not estimable and None stands in its place."""

REPLICATES = 1000

LARGEST_BLOCK = 1_000_000
"""Weights held at once, few enough to stay in the cache; further replicates go in further blocks."""

Groups = NDArray[np.integer]
Interval = dict[str, float]
"""``value``, ``low`` and ``high`` (95 %)."""

Statistic = Callable[[Weights], NDArray[np.float64]]
"""(replicates, slices) weights -> (replicates,)."""


def positive_patients(labels: Labels, patients: Groups) -> int:
    """Number of patients with at least one positive slice."""
    return len(np.unique(patients[labels]))


def is_estimable(labels: Labels, patients: Groups) -> bool:
    """Whether there are enough positive patients, and any negative at all, for a figure to mean something."""
    return positive_patients(labels, patients) >= SMALLEST_POSITIVE_PATIENTS and not bool(labels.all())


def draw_counts(labels: Labels, member: Groups, replicates: int, seed: int) -> Weights:
    """How often each patient is drawn in each replicate.

    Patients with positives only, negatives only and both are drawn apart, each as many as there are, so
    every replicate has both classes if the whole has.

    Args:
        labels: (slices,).
        member: (slices,), number of the slice's patient, 0 up.
        replicates: Number of draws.
        seed: Of the draws; equal labels, patients and seed give equal draws.

    Returns:
        (replicates, patients), whole numbers.
    """
    count = int(member.max()) + 1
    has_positive = np.bincount(member, labels, count) > 0
    has_negative = np.bincount(member, ~labels, count) > 0
    kind = has_positive + 2 * has_negative
    generator = np.random.default_rng(seed)
    counts = np.zeros((replicates, count))
    for stratum in np.unique(kind):
        patients = np.flatnonzero(kind == stratum)
        shares = np.full(len(patients), 1 / len(patients))
        counts[:, patients] = generator.multinomial(len(patients), shares, size=replicates)
    return counts


def replicate(
    statistic: Statistic,
    labels: Labels,
    patients: Groups,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> NDArray[np.float64]:
    """A statistic of every replicate.

    Args:
        statistic: From weights (some replicates, slices) to (some replicates,) or (some replicates, k).
        labels: (slices,), decides the strata.
        patients: (slices,), number of the patient or group.
        replicates: Number of draws.
        seed: Of the draws.

    Returns:
        (replicates,) or (replicates, k).
    """
    _, member = np.unique(patients, return_inverse=True)
    counts = draw_counts(labels, member, replicates, seed)
    block = max(1, LARGEST_BLOCK // max(1, len(labels)))
    parts = [statistic(counts[start : start + block][:, member]) for start in range(0, replicates, block)]
    return np.concatenate(parts)


def interval_of(value: float, replicates: NDArray[np.float64]) -> Interval | None:
    """A value with the 2.5th and 97.5th percentile of its replicates, rounded for print; None for NaN."""
    if not np.isfinite(value):
        return None
    low, high = np.nanpercentile(replicates, (2.5, 97.5))
    return {"value": round(value, 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def intervals(
    statistics: Mapping[str, Statistic],
    labels: Labels,
    patients: Groups,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> dict[str, Interval | None]:
    """Several statistics with their 95 % intervals, all on the same draws; None where not estimable."""
    if not is_estimable(labels, patients):
        return dict.fromkeys(statistics)

    def together(weights: Weights) -> NDArray[np.float64]:
        return np.stack([statistic(weights) for statistic in statistics.values()], axis=1)

    values = together(np.ones((1, len(labels))))[0]
    drawn = replicate(together, labels, patients, replicates, seed)
    return {name: interval_of(float(values[i]), drawn[:, i]) for i, name in enumerate(statistics)}


def with_interval(
    figure: Figure,
    scores: Scores,
    labels: Labels,
    patients: Groups,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Interval | None:
    """A figure and its 95 % interval over patients; None where it is not estimable."""
    found = intervals(
        {"figure": lambda weights: figure(scores, labels, weights)}, labels, patients, replicates, seed
    )
    return found["figure"]


def paired_difference(
    figure: Figure,
    scores: Scores,
    reference: Scores,
    labels: Labels,
    patients: Groups,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Interval | None:
    """Figure of *scores* minus that of *reference*, on the same draws of patients.

    Returns:
        The difference with its 95 % interval; None where it is not estimable.
    """

    def difference(weights: Weights) -> NDArray[np.float64]:
        return np.asarray(figure(scores, labels, weights) - figure(reference, labels, weights))

    return intervals({"difference": difference}, labels, patients, replicates, seed)["difference"]
