"""From fold networks to a released checkpoint: calibration, thresholds, heat-map scales, card.

Top to bottom in ``main``. The one thing to get wrong: calibration, thresholds and figures come from
the fold networks' out-of-fold scores, while the weights are those of the network that saw every slice;
the card says so.
"""

from __future__ import annotations

import logging
import platform
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.model_card import LabelCard, OperatingPoint, calibrated_probabilities
from ichviewer.inference.checkpoint import save_checkpoint
from training.calibration import (
    calibration_error,
    operating_point,
    platt,
    source_auc,
    threshold_at_specificity,
)
from training.evaluate import ASSUMED_SPACING_MM, Studies, figures, out_of_fold, raw_checkpoint, studies_of
from training.folds import WHOLE, load_network, network_path, split_path
from training.metrics import auc, is_estimable, with_interval
from training.first_recipe import Recipe, file_sha256
from training.sources import LabeledSlice, data_sha256, read_sources
from training.split import read_split, split_sha256

LOG = logging.getLogger(__name__)

LICENSE = (
    "Research use only. The weights were trained with non-commercial data (part of RSNA 2019 Intracranial "
    "Hemorrhage Detection; CT-ICH, CC BY 4.0) and start from torchvision's ImageNet weights (BSD-3)."
)

CITATIONS = (
    "Flanders et al., Radiology: Artificial Intelligence 2020 (RSNA 2019)",
    "Hssayeni et al., Data 5(1):14, 2020 (CT-ICH)",
)

SLICE_SPECIFICITY, STUDY_SPECIFICITY = 0.95, 0.90

SLICE_RULE = (
    f"lowest threshold with specificity {SLICE_SPECIFICITY} or more among the negative slices of both "
    "sources together, out of fold"
)
STUDY_RULE = (
    f"lowest threshold with specificity {STUDY_SPECIFICITY} or more among the negative CT-ICH studies, "
    f"out of fold, slices assumed {ASSUMED_SPACING_MM:g} mm apart"
)

LARGEST_WEIGHTS_BYTES = 25_000_000


def main(recipe: Recipe, data: Path, work: Path, out: Path) -> Path:
    """Release a trained recipe.

    Args:
        recipe: Trained before.
        data: Folder of the label sets.
        work: Of the training.
        out: Folder of the checkpoint.

    Returns:
        Path of the card.
    """
    rows = read_sources(data, recipe.sources)
    groups, _ = read_split(split_path(work, recipe), rows)
    labels = np.asarray([row.labels for row in rows], dtype=np.bool_)
    scored = out_of_fold(recipe, data, work)

    calibrated = [platt(scored.logits[:, i], labels[:, i]) for i in range(len(SUBTYPES))]
    card = raw_checkpoint(recipe, load_network(work, recipe, WHOLE)).card
    card = replace(card, labels=tuple(map(_with_calibration, card.labels, calibrated)))
    probabilities = calibrated_probabilities(scored.logits, card)

    slice_points = _slice_points(probabilities, labels, groups)
    studies = studies_of(probabilities, labels, rows)
    study_points = _study_points(studies)
    measured = figures(probabilities, labels, rows, groups)
    first_source = np.asarray([row.source == recipe.sources[0] for row in rows])
    card_labels = []
    for i, (label, slope_intercept) in enumerate(zip(SUBTYPES, calibrated, strict=True)):
        threshold = slice_points[i].threshold
        found = labels[:, i] & (probabilities[:, i] >= threshold)
        metrics: dict[str, Any] = {
            "slices": measured[str(label)],
            "calibration_error": round(calibration_error(probabilities[:, i], labels[:, i]), 4),
            "auc_for_the_source_among_negatives": round(
                source_auc(probabilities[:, i], labels[:, i], first_source), 4
            ),
            "studies": _study_figures(studies, i),
        }
        card_labels.append(
            LabelCard(
                label=str(label),
                calibration_slope=slope_intercept[0],
                calibration_intercept=slope_intercept[1],
                calibration_prevalence=round(float(labels[:, i].mean()), 4),
                slice_point=slice_points[i],
                study_point=study_points[i],
                heatmap_full_scale=full_scale(scored.class_maps[found, i], str(label)),
                metrics=metrics,
            )
        )

    count, share = len(rows), labels[:, 0].mean()
    card = replace(
        card,
        labels=tuple(card_labels),
        calibrated_on=(
            f"{count:,} slices of CT-ICH and RSNA 2019, out of fold; bleeding on {share:.0%} of them, "
            "which is no clinic's prevalence"
        ),
        license=LICENSE,
        provenance=_provenance(recipe, data, work, rows, groups),
    )
    card_path = save_checkpoint(out, card, load_network(work, recipe, WHOLE))
    weights = card_path.with_suffix(".safetensors")
    if weights.stat().st_size > LARGEST_WEIGHTS_BYTES:
        raise ValueError(f"{weights} is larger than {LARGEST_WEIGHTS_BYTES} bytes.")
    LOG.info("%s is written", card_path)
    return card_path


def _with_calibration(label: LabelCard, slope_intercept: tuple[float, float]) -> LabelCard:
    return replace(label, calibration_slope=slope_intercept[0], calibration_intercept=slope_intercept[1])


def _slice_points(
    probabilities: NDArray[np.float64], labels: NDArray[np.bool_], groups: NDArray[np.int64]
) -> list[OperatingPoint]:
    points = []
    for i in range(len(SUBTYPES)):
        threshold = threshold_at_specificity(probabilities[:, i], labels[:, i], SLICE_SPECIFICITY)
        points.append(operating_point(probabilities[:, i], labels[:, i], groups, threshold, SLICE_RULE))
    return points


def _study_points(studies: Studies) -> list[OperatingPoint]:
    points = []
    for i in range(len(SUBTYPES)):
        scores, truth = studies.scores[:, i], studies.labels[:, i]
        threshold = threshold_at_specificity(scores, truth, STUDY_SPECIFICITY)
        points.append(operating_point(scores, truth, np.arange(len(truth)), threshold, STUDY_RULE))
    return points


def _study_figures(studies: Studies, label: int) -> dict[str, Any]:
    scores, truth = studies.scores[:, label], studies.labels[:, label]
    groups = np.arange(len(truth))
    figure = with_interval(auc, scores, truth, groups) if is_estimable(truth, groups) else None
    return {"studies": len(truth), "positive_studies": int(truth.sum()), "auc": figure}


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


def _provenance(
    recipe: Recipe, data: Path, work: Path, rows: list[LabeledSlice], groups: NDArray[np.int64]
) -> dict[str, Any]:
    return {
        "figures": (
            f"All figures, calibration and thresholds are out of fold, from {recipe.folds} networks that "
            "each learned from the other folds; the released weights are of one more network of the same "
            "recipe that learned from every slice, so its own error on these slices says nothing."
        ),
        "data": {
            source: {
                "slices": sum(row.source == source for row in rows),
                "bleeding": sum(row.labels[0] for row in rows if row.source == source),
                "patients": len({row.patient for row in rows if row.source == source and row.patient}),
            }
            for source in recipe.sources
        },
        "groups": len(np.unique(groups)),
        "data_sha256": data_sha256(data, recipe.sources),
        "split_sha256": split_sha256(split_path(work, recipe)),
        "fold_weights_sha256": [
            file_sha256(network_path(work, recipe, fold)) for fold in range(recipe.folds)
        ],
        "generated_slices": (
            f"{' then '.join(f'{c.generated_share:.0%}' for c in recipe.optimization.cycles)} of every "
            "training batch are slices of the "
            "procedural head (ichviewer.core.phantom), of other heads than the demo's; no figure has any"
        ),
        "citations": list(CITATIONS),
        "recipe": recipe.to_dict(),
        "seed": recipe.seed,
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
            "numpy": np.__version__,
        },
    }
