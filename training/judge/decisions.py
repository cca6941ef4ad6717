"""Probabilities and decisions that are judged: of a released card, or cross-fitted for a fair comparison."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.model_card import ModelCard, at_most_any, calibrated_probabilities
from training.judge.calibration import cross_fitted
from training.judge.operating_points import cross_fitted_flags, threshold_at_specificity
from training.judge.predictions import Predictions
from training.judge.study_level import Studies, studies_of

SLICE_SPECIFICITY, STUDY_SPECIFICITY = 0.95, 0.90


@dataclass(frozen=True, eq=False)
class Decisions:
    """What a reader would have seen.

    Attributes:
        probabilities: (slices, 6), calibrated, no subtype above ``any``.
        thresholds: (6,), of slices; NaN where none could be chosen.
        flagged: (slices, 6).
        studies: Study scores of these probabilities.
        study_thresholds: (6,); NaN where none could be chosen.
        study_flagged: (studies, 6).
        how: Where calibration and thresholds come from, in words.
    """

    probabilities: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    flagged: NDArray[np.bool_]
    studies: Studies
    study_thresholds: NDArray[np.float64]
    study_flagged: NDArray[np.bool_]
    how: str


def decisions_of_card(predictions: Predictions, card: ModelCard) -> Decisions:
    """As the released card calibrates and decides."""
    probabilities = calibrated_probabilities(predictions.logits, card)
    studies = studies_of(probabilities, predictions)
    thresholds, study_thresholds = np.asarray(card.slice_thresholds), np.asarray(card.study_thresholds)
    return Decisions(
        probabilities,
        thresholds,
        probabilities >= thresholds,
        studies,
        study_thresholds,
        studies.scores >= study_thresholds,
        f"calibration and thresholds of the card {card.name}, fitted on these same scores: a little too good",
    )


def cross_fitted_decisions(predictions: Predictions) -> Decisions:
    """Each fold calibrated and decided by what was fitted on the other folds.

    The thresholds given are those over all folds, for the figures; the decisions are each fold's own.
    """
    columns = [
        cross_fitted(
            predictions.logits[:, i], predictions.labels[:, i], predictions.known[:, i], predictions.folds
        )
        for i in range(len(SUBTYPES))
    ]
    probabilities = at_most_any(np.stack(columns, axis=1))
    studies = studies_of(probabilities, predictions)
    thresholds, flagged = _choose(
        probabilities, predictions.labels, predictions.known, predictions.folds, SLICE_SPECIFICITY
    )
    study_thresholds, study_flagged = _choose(
        studies.scores, studies.labels, studies.known, studies.folds, STUDY_SPECIFICITY
    )
    return Decisions(
        probabilities,
        thresholds,
        flagged,
        studies,
        study_thresholds,
        study_flagged,
        "calibration and thresholds of each fold fitted on the other folds; a threshold keeps specificity "
        f"{SLICE_SPECIFICITY:g} among negative slices, {STUDY_SPECIFICITY:g} among negative studies",
    )


def _choose(
    scores: NDArray[np.float64],
    labels: NDArray[np.bool_],
    known: NDArray[np.bool_],
    folds: NDArray[np.int64],
    specificity: float,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Thresholds over all folds, and cross-fitted decisions; none where a fold's others lack negatives."""
    thresholds = np.full(len(SUBTYPES), np.nan)
    flagged = np.zeros(scores.shape, dtype=np.bool_)
    for i in range(len(SUBTYPES)):
        rows = known[:, i]
        negative_folds = np.unique(folds[rows & ~labels[:, i]])
        if len(negative_folds) < 2:
            continue
        thresholds[i] = threshold_at_specificity(scores[rows, i], labels[rows, i], specificity)
        flagged[rows, i] = cross_fitted_flags(scores[rows, i], labels[rows, i], folds[rows], specificity)
    return thresholds, flagged
