"""Everything that is said of a set of predictions, as plain values for JSON, page and table.

The one thing to get wrong: epidural and subdural come almost only from one source each, so no
pooled figure of theirs is given: it would reward telling the source.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES, Subtype
from training.judge.bootstrap import Interval, intervals, positive_patients, with_interval
from training.judge.calibration import calibration_figures
from training.judge.decisions import Decisions
from training.judge.metrics import (
    SMALLEST_PROBABILITY,
    Figure,
    Weights,
    auc,
    average_precision,
    brier,
    gain_over_prior,
    log_loss,
    prior_log_loss,
    slice_losses,
)
from training.judge.operating_points import rate_figures
from training.judge.predictions import Predictions

SOURCE_ALONE = (Subtype.EPIDURAL, Subtype.SUBDURAL)
"""Labels that come almost only from one source."""

LABEL_WEIGHTS = np.asarray([2.0] + [1.0] * (len(SUBTYPES) - 1))
"""Of the RSNA 2019 metric: ``any`` counts double."""

FIGURES: dict[str, Figure] = {
    "auc": auc,
    "average_precision": average_precision,
    "log_loss": log_loss,
    "prior_log_loss": prior_log_loss,
    "gain_over_prior": gain_over_prior,
    "brier": brier,
}


def judge(
    predictions: Predictions, decisions: Decisions, prevalences: tuple[float, ...] = ()
) -> dict[str, Any]:
    """All figures of one set of predictions.

    Args:
        predictions: Out of fold.
        decisions: Made of them.
        prevalences: Prevalences at which the predictive value is wanted too.

    Returns:
        Plain values; None in place of what is not estimable.
    """
    return {
        "decided": decisions.how,
        "overall": overall_figures(predictions, decisions.probabilities),
        "slices": slice_figures(predictions, decisions.probabilities),
        "operating_points": _operating_points(predictions, decisions, prevalences),
        "source_in_scores": source_in_scores(predictions, decisions.probabilities),
        "calibration": _calibration(predictions, decisions.probabilities),
        "studies": study_figures(decisions, prevalences),
        "flagged_as": flagged_as(predictions, decisions),
    }


def overall_figures(predictions: Predictions, probabilities: NDArray[np.float64]) -> dict[str, Any]:
    """The RSNA metric, log loss with ``any`` counted double, over slices whose six labels are all known."""
    figures: dict[str, Any] = {}
    for name, part in predictions.parts().items():
        rows = part & predictions.judged.all(axis=1)
        labels, patients = predictions.labels[rows], predictions.patients[rows]
        found: dict[str, Any] = {
            "slices": int(rows.sum()),
            "patients": len(np.unique(patients)),
            "bleeding_slices": int(labels[:, 0].sum()),
        }
        statistics = {
            "weighted_log_loss": partial(weighted_log_loss, probabilities[rows], labels),
            "prior_weighted_log_loss": partial(prior_weighted_log_loss, labels),
            "gain_over_prior": partial(weighted_gain, probabilities[rows], labels),
        }
        figures[name] = found | intervals(statistics, labels[:, 0], patients)
    return figures


def weighted_log_loss(
    probabilities: NDArray[np.float64], labels: NDArray[np.bool_], weights: Weights
) -> NDArray[np.float64]:
    """Mean over slices of the labels' mean log loss, ``any`` counted double: (replicates,)."""
    per_slice = slice_losses(probabilities, labels) @ LABEL_WEIGHTS / LABEL_WEIGHTS.sum()
    return np.asarray(weights @ per_slice / weights.sum(axis=1))


def prior_weighted_log_loss(labels: NDArray[np.bool_], weights: Weights) -> NDArray[np.float64]:
    """The same of the best constants, the labels' own shares."""
    shares = weights @ labels.astype(np.float64) / weights.sum(axis=1, keepdims=True)
    held = np.clip(shares, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    entropies = -shares * np.log(held) - (1 - shares) * np.log1p(-held)
    return np.asarray(entropies @ LABEL_WEIGHTS / LABEL_WEIGHTS.sum())


def weighted_gain(
    probabilities: NDArray[np.float64], labels: NDArray[np.bool_], weights: Weights
) -> NDArray[np.float64]:
    """1 - weighted log loss / that of the best constants, the headline at any prevalence."""
    loss = weighted_log_loss(probabilities, labels, weights)
    return np.asarray(1 - loss / prior_weighted_log_loss(labels, weights))


def slice_figures(
    predictions: Predictions, probabilities: NDArray[np.float64]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Figures of slices: label -> part -> figure."""
    return {
        str(label): {
            name: _part_figures(predictions, probabilities, part & predictions.judged[:, i], i)
            for name, part in predictions.parts().items()
            if not (name == "pooled" and label in SOURCE_ALONE)
        }
        for i, label in enumerate(SUBTYPES)
    }


def _part_figures(
    predictions: Predictions, probabilities: NDArray[np.float64], rows: NDArray[np.bool_], i: int
) -> dict[str, Any]:
    scores, labels = probabilities[rows, i], predictions.labels[rows, i]
    patients = predictions.patients[rows]
    statistics = {name: partial(figure, scores, labels) for name, figure in FIGURES.items()}
    return {**_counts(labels, patients), **intervals(statistics, labels, patients)}


def _counts(labels: NDArray[np.bool_], patients: NDArray[np.int64]) -> dict[str, int]:
    return {
        "slices": len(labels),
        "patients": len(np.unique(patients)),
        "positive_slices": int(labels.sum()),
        "positive_patients": positive_patients(labels, patients),
    }


def _operating_points(
    predictions: Predictions, decisions: Decisions, prevalences: tuple[float, ...]
) -> dict[str, Any]:
    points: dict[str, Any] = {}
    for i, label in enumerate(SUBTYPES):
        points[str(label)] = {"threshold": _number(decisions.thresholds[i])}
        for name, part in predictions.parts().items():
            if name == "pooled" and label in SOURCE_ALONE:
                continue
            rows = part & predictions.judged[:, i]
            points[str(label)][name] = rate_figures(
                decisions.flagged[rows, i],
                predictions.labels[rows, i],
                predictions.patients[rows],
                prevalences,
            )
    return points


def source_in_scores(
    predictions: Predictions, probabilities: NDArray[np.float64]
) -> dict[str, dict[str, Interval | None]]:
    """AUC of each label's score for each source among slices that lack the label; 0.5 is right."""
    sources = [str(source) for source in np.unique(predictions.sources)]
    wanted = sources if len(sources) > 1 else []
    found: dict[str, dict[str, Interval | None]] = {}
    for i, label in enumerate(SUBTYPES):
        negative = predictions.judged[:, i] & ~predictions.labels[:, i]
        found[str(label)] = {
            source: with_interval(
                auc,
                probabilities[negative, i],
                predictions.sources[negative] == source,
                predictions.patients[negative],
            )
            for source in wanted
        }
    return found


def _calibration(predictions: Predictions, probabilities: NDArray[np.float64]) -> dict[str, Any]:
    """Calibration of each label: label -> part -> figures."""
    found: dict[str, Any] = {}
    for i, label in enumerate(SUBTYPES):
        found[str(label)] = {}
        for name, part in predictions.parts().items():
            rows = part & predictions.judged[:, i]
            figures = calibration_figures(probabilities[rows, i], predictions.labels[rows, i])
            found[str(label)][name] = None if figures is None else figures.to_dict()
    return found


def study_figures(decisions: Decisions, prevalences: tuple[float, ...] = ()) -> dict[str, Any]:
    """Figures of whole studies: label -> figures."""
    studies = decisions.studies
    found: dict[str, Any] = {}
    for i, label in enumerate(SUBTYPES):
        rows = studies.known[:, i]
        scores, labels, patients = studies.scores[rows, i], studies.labels[rows, i], studies.patients[rows]
        found[str(label)] = {
            "studies": len(labels),
            "positive_studies": int(labels.sum()),
            "positive_patients": positive_patients(labels, patients),
            "threshold": _number(decisions.study_thresholds[i]),
            "auc": with_interval(auc, scores, labels, patients),
            "average_precision": with_interval(average_precision, scores, labels, patients),
            **rate_figures(decisions.study_flagged[rows, i], labels, patients, prevalences),
        }
    return found


def flagged_as(predictions: Predictions, decisions: Decisions) -> dict[str, Any]:
    """Which labels are flagged on slices with a given truth: none, or one subtype alone.

    Returns:
        Truth -> number of slices, and how many of them were flagged with each label.
    """
    whole = predictions.judged.all(axis=1)
    truths = {"no bleed": whole & ~predictions.labels.any(axis=1)}
    alone = predictions.labels[:, 1:].sum(axis=1) == 1
    for i, label in enumerate(SUBTYPES[1:], start=1):
        truths[f"{label} alone"] = whole & alone & predictions.labels[:, i]
    return {
        name: {
            "slices": int(rows.sum()),
            "flagged": {
                str(label): int(decisions.flagged[rows, i].sum()) for i, label in enumerate(SUBTYPES)
            },
        }
        for name, rows in truths.items()
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
