"""How one network's figures differ from another's on the same slices, with intervals of the difference.

The one thing to get wrong: both are measured on the same draws of patients. Two intervals that overlap say
little, because most of what varies between draws is common to both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES
from training.judge.bootstrap import Interval, intervals, paired_difference
from training.judge.judgement import SOURCE_ALONE, weighted_log_loss
from training.judge.metrics import Weights, auc
from training.judge.predictions import Predictions


def paired_differences(
    found: Predictions,
    scores: NDArray[np.float64],
    reference: Predictions,
    reference_scores: NDArray[np.float64],
) -> dict[str, Interval | None]:
    """AUC of each label and part, and the weighted loss, minus the reference's, on the same draws.

    Args:
        found: What was scored, and the truth.
        scores: (slices, 6), probabilities of the network in question.
        reference: The same slices; see ``check_same_slices``.
        reference_scores: (slices, 6), those of the reference.

    Returns:
        ``auc LABEL PART`` and ``weighted_log_loss PART``; None where not estimable.
    """
    differences: dict[str, Interval | None] = {}
    for part, inside in found.parts().items():
        for i, label in enumerate(SUBTYPES):
            rows = inside & found.judged[:, i] & reference.judged[:, i]
            if rows.any() and not (part == "pooled" and label in SOURCE_ALONE):
                differences[f"auc {label} {part}"] = paired_difference(
                    auc,
                    scores[rows, i],
                    reference_scores[rows, i],
                    found.labels[rows, i],
                    found.patients[rows],
                )
        rows = inside & found.judged.all(axis=1) & reference.judged.all(axis=1)
        if rows.any():
            differences[f"weighted_log_loss {part}"] = _loss_difference(
                scores[rows], reference_scores[rows], found.labels[rows], found.patients[rows]
            )
    return differences


def _loss_difference(
    scores: NDArray[np.float64],
    reference: NDArray[np.float64],
    labels: NDArray[np.bool_],
    patients: NDArray[np.int64],
) -> Interval | None:
    def difference(weights: Weights) -> NDArray[np.float64]:
        ours = weighted_log_loss(scores, labels, weights)
        return np.asarray(ours - weighted_log_loss(reference, labels, weights))

    return intervals({"difference": difference}, labels[:, 0], patients)["difference"]
