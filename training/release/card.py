"""The model card of a release: calibration, thresholds and heat-map scales from out-of-fold scores.

The one thing to get wrong: what the card promises is fitted on all out-of-fold scores, what it *reports* in
``metrics`` is cross-fitted, each fold judged by what was fitted on the others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.model_card import LabelCard, ModelCard, OperatingPoint, calibrated_probabilities
from training.judge.calibration import Platt, platt
from training.judge.decisions import SLICE_SPECIFICITY, STUDY_SPECIFICITY, cross_fitted_decisions
from training.judge.judgement import judge
from training.judge.operating_points import operating_point, threshold_at_specificity
from training.judge.predictions import Predictions
from training.judge.study_level import Studies, studies_of

SLICE_RULE = (
    f"lowest threshold with specificity {SLICE_SPECIFICITY} or more among the negative slices of all "
    "sources together, out of fold"
)
STUDY_RULE = (
    f"lowest threshold with specificity {STUDY_SPECIFICITY} or more among the negative studies, out of fold"
)


def calibrated_card(card: ModelCard, predictions: Predictions) -> ModelCard:
    """The card with each label's Platt scaling, fitted on all out-of-fold scores.

    Raises:
        ValueError: The scores of a label fall where its probability rises; nothing to calibrate.
    """
    labels = []
    for i, label in enumerate(card.labels):
        rows = predictions.judged[:, i]
        fit = _rising(platt(predictions.logits[rows, i], predictions.labels[rows, i]), label.label)
        prevalence = round(float(predictions.labels[rows, i].mean()), 4)
        labels.append(
            replace(
                label,
                calibration_slope=fit.slope,
                calibration_intercept=fit.intercept,
                calibration_prevalence=prevalence,
            )
        )
    return replace(card, labels=tuple(labels))


def _rising(fit: Platt, label: str) -> Platt:
    if fit.is_held:
        raise ValueError(f"The scores of {label} fall where its probability rises; nothing to calibrate.")
    return fit


def decided_card(
    card: ModelCard,
    predictions: Predictions,
    class_maps: NDArray[np.float32],
    study_remark: str = "",
) -> ModelCard:
    """A calibrated card with thresholds, heat-map scales and measured figures.

    Args:
        card: From ``calibrated_card``.
        predictions: The same.
        class_maps: (slices, 6, h, w), logit units, of the same networks.
        study_remark: What is assumed of the studies, said in the rule of their thresholds.
    """
    probabilities = calibrated_probabilities(predictions.logits, card)
    studies = studies_of(probabilities, predictions)
    measured = judge(predictions, cross_fitted_decisions(predictions))
    labels = []
    for i, label in enumerate(card.labels):
        rows = predictions.judged[:, i]
        scores, truth = probabilities[:, i], predictions.labels[:, i]
        threshold = threshold_at_specificity(scores[rows], truth[rows], SLICE_SPECIFICITY)
        slice_point = operating_point(
            scores[rows], truth[rows], predictions.patients[rows], threshold, SLICE_RULE
        )
        found = rows & truth & (scores >= threshold)
        labels.append(
            LabelCard(
                label=label.label,
                calibration_slope=label.calibration_slope,
                calibration_intercept=label.calibration_intercept,
                calibration_prevalence=label.calibration_prevalence,
                slice_point=slice_point,
                study_point=_study_point(studies, i, study_remark),
                heatmap_full_scale=full_scale(class_maps[found, i], label.label),
                metrics=_label_metrics(measured, label.label),
            )
        )
    return replace(card, labels=tuple(labels))


def _study_point(studies: Studies, i: int, remark: str) -> OperatingPoint:
    rows = studies.known[:, i]
    scores, truth = studies.scores[rows, i], studies.labels[rows, i]
    threshold = threshold_at_specificity(scores, truth, STUDY_SPECIFICITY)
    rule = f"{STUDY_RULE}, {remark}" if remark else STUDY_RULE
    patients = studies.patients[rows]
    point = operating_point(scores, truth, patients, threshold, rule)
    if point.sensitivity is None or len(np.unique(patients)) < len(patients):
        return point
    # Each study is a patient of its own, so that the viewer can give intervals from the counts alone.
    return replace(point, positives=int(truth.sum()), negatives=int((~truth).sum()))


def _label_metrics(measured: dict[str, Any], label: str) -> dict[str, Any]:
    """One label's part of a judgement."""
    names = ("slices", "operating_points", "calibration", "studies", "source_in_scores")
    return {"decided": measured["decided"], **{name: measured[name][label] for name in names}}


def full_scale(class_maps: NDArray[np.float32], label: str) -> float:
    """Class-map value at full color: 99th percentile, over true-positive slices, of a map's hottest cell.

    Of the hottest cells, not of all: a map is smooth, and a scale that most bleeding slices exceed in half of
    their cells would paint the whole head alike.

    Args:
        class_maps: (true-positive slices, h, w), logit units.
        label: For the error's text.

    Raises:
        ValueError: There is no true-positive slice, or no map has a positive part.
    """
    hottest = class_maps.max(axis=(1, 2), initial=0)
    positive = hottest[hottest > 0]
    if not len(positive):
        raise ValueError(f"No true-positive slice of {label} has a positive class map; no heat-map scale.")
    return round(float(np.percentile(positive, 99)), 4)


def card_for_raw_logits(card: ModelCard, shift: NDArray[np.float64]) -> ModelCard:
    """The same probabilities from the released network's own logits, to which nothing was added.

    Args:
        card: Fitted on corrected logits.
        shift: (6,), what to add to the released network's logits, from ``prior_shift``.
    """
    labels = (
        replace(
            label,
            calibration_intercept=label.calibration_intercept + label.calibration_slope * float(shift[i]),
        )
        for i, label in enumerate(card.labels)
    )
    return replace(card, labels=tuple(labels))


def prior_words(shift: NDArray[np.float64]) -> dict[str, Any]:
    """What the card says of the correction of the prior."""
    return {
        "how": (
            "What sampling and class weights did to the share of positives was first added to the logits, "
            "each network's own; then Platt scaling was fitted. The intercepts in this card hold both, for "
            "raw logits. Neither label set has a clinic's prevalence, so neither step leads to one."
        ),
        # + 0.0: no minus before a nought.
        "added_to_logits": {
            str(label): round(float(s), 4) + 0.0 for label, s in zip(SUBTYPES, shift, strict=True)
        },
    }


def overall_words(predictions: Predictions) -> str:
    """What the card says it was calibrated on."""
    names = {"ct_ich_v1": "CT-ICH", "rsna_png": "RSNA 2019"}
    sources = " and ".join(names.get(str(name), str(name)) for name in np.unique(predictions.sources))
    share = predictions.labels[predictions.judged[:, 0], 0].mean()
    return (
        f"{len(predictions.names):,} slices of {sources}, out of fold; bleeding on {share:.0%} of them, "
        "which is no clinic's prevalence"
    )
