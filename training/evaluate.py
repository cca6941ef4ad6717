"""Scores of every slice by a network that never saw it, made by the viewer's own prediction.

The one thing to get wrong: figures belong to the fold networks; the released network saw every slice,
so nothing here may be measured with it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES, windowed_means
from ichviewer.core.model_card import LabelCard, ModelCard, OperatingPoint, calibrated_probabilities
from ichviewer.core.preprocessing import Framing, NetworkInput, PreprocessingSpec, preprocess_slice
from ichviewer.inference.checkpoint import Checkpoint, load_checkpoint
from ichviewer.inference.network import SliceNetwork
from ichviewer.inference.predict import on_device, predict_slice
from training.cache import framed_slices, network_input
from training.folds import load_network, network_path, split_path
from training.metrics import auc, average_precision, brier, log_loss, positive_groups, with_interval
from training.first_recipe import Recipe, file_sha256
from training.sources import UNKNOWN_SPACING_MM, LabeledSlice, read_hu, read_sources
from training.split import read_split

LOG = logging.getLogger(__name__)

ASSUMED_SPACING_MM = 5.0
"""Distance between the numbered slices of CT-ICH, which its pictures don't tell."""

SOURCE_ALONE = ("epidural", "subdural")
"""Labels that come almost only from one source: pooled figures would reward telling the source."""


@dataclass(frozen=True, eq=False)
class Scored:
    """Raw output for a set of slices.

    Attributes:
        logits: (slices, 6).
        class_maps: (slices, 6, h, w), logit units.
    """

    logits: NDArray[np.float32]
    class_maps: NDArray[np.float32]


def raw_checkpoint(recipe: Recipe, network: SliceNetwork) -> Checkpoint:
    """A network with a card that leaves its logits as they are."""
    point = OperatingPoint(0.5, None, None, "not chosen yet")
    labels = tuple(LabelCard(str(subtype), 1.0, 0.0, 0.5, point, point, 1.0, {}) for subtype in SUBTYPES)
    card = ModelCard(
        recipe.name, recipe.architecture, "", recipe.preprocessing, labels, "nothing yet", "unreleased", {}
    )
    return Checkpoint(card, network)


def score(checkpoint: Checkpoint, inputs: Iterable[NetworkInput]) -> Scored:
    """Run the viewer's ``predict_slice`` on every input, on the CPU."""
    device = torch.device("cpu")
    on_device(checkpoint, device)
    outputs = [predict_slice(checkpoint, network_input, device) for network_input in inputs]
    return Scored(np.stack([logits for logits, _ in outputs]), np.stack([maps for _, maps in outputs]))


def out_of_fold(recipe: Recipe, data: Path, work: Path) -> Scored:
    """Every slice scored by the network of its fold."""
    rows = read_sources(data, recipe.sources)
    _, folds = read_split(split_path(work, recipe), rows)
    framed = framed_slices(rows, recipe.preprocessing, work)
    members = [np.flatnonzero(folds == fold) for fold in range(recipe.folds)]
    parts = [_fold_scores(recipe, work, fold, framed, members[fold]) for fold in range(recipe.folds)]
    order = np.argsort(np.concatenate(members))
    return Scored(
        np.concatenate([part.logits for part in parts])[order],
        np.concatenate([part.class_maps for part in parts])[order],
    )


def _fold_scores(
    recipe: Recipe, work: Path, fold: int, framed: NDArray[np.float32], members: NDArray[np.int64]
) -> Scored:
    """Scores of one fold's slices, kept beside the weights that made them."""
    weights = network_path(work, recipe, fold)
    path = work / f"{weights.stem}-{file_sha256(weights)[:12]}-scores.npz"
    if not path.exists():
        checkpoint = raw_checkpoint(recipe, load_network(work, recipe, fold))
        scored = score(checkpoint, (_cached_input(framed[i], recipe.preprocessing) for i in members))
        np.savez(path, logits=scored.logits, class_maps=scored.class_maps)
        LOG.info("fold %d: %d slices scored", fold, len(members))
    with np.load(path) as stored:
        return Scored(stored["logits"], stored["class_maps"])


def _cached_input(framed: NDArray[np.float32], spec: PreprocessingSpec) -> NetworkInput:
    return NetworkInput(network_input(framed, spec), Framing(0.0, 0.0, 1.0, 1.0))


def score_pictures(card_path: Path, rows: list[LabeledSlice]) -> NDArray[np.float64]:
    """Calibrated probabilities, (slices, 6), of pictures by a released checkpoint, from file to score."""
    checkpoint = load_checkpoint(card_path)
    spec = checkpoint.card.preprocessing
    inputs = (preprocess_slice(read_hu(row), UNKNOWN_SPACING_MM, spec) for row in rows)
    return calibrated_probabilities(score(checkpoint, inputs).logits, checkpoint.card)


def figures(
    probabilities: NDArray[np.float64],
    labels: NDArray[np.bool_],
    rows: list[LabeledSlice],
    groups: NDArray[np.int64],
) -> dict[str, dict[str, Any]]:
    """Slice figures per label: pooled, and within each source.

    Args:
        probabilities: (slices, 6), calibrated.
        labels: (slices, 6).
        rows: The slices.
        groups: (slices,), patient or group of near-duplicates.

    Returns:
        label -> part -> figures; None in place of what is not estimable.
    """
    sources = np.asarray([row.source for row in rows])
    parts = {"pooled": np.ones(len(rows), dtype=np.bool_)}
    parts.update({str(source): sources == source for source in np.unique(sources)})
    return {
        str(subtype): {
            name: _part_figures(probabilities[part, column], labels[part, column], groups[part])
            for name, part in parts.items()
            if not (name == "pooled" and subtype in SOURCE_ALONE and len(parts) > 2)
        }
        for column, subtype in enumerate(SUBTYPES)
    }


def _part_figures(
    scores: NDArray[np.float64], labels: NDArray[np.bool_], groups: NDArray[np.int64]
) -> dict[str, Any]:
    return {
        "slices": len(labels),
        "positive_slices": int(labels.sum()),
        "positive_patients": positive_groups(labels, groups),
        "auc": with_interval(auc, scores, labels, groups),
        "average_precision": with_interval(average_precision, scores, labels, groups),
        "log_loss": round(log_loss(scores, labels), 4),
        "brier": round(brier(scores, labels), 4),
    }


@dataclass(frozen=True, eq=False)
class Studies:
    """Study scores of the patients whose slices are numbered.

    Attributes:
        scores: (studies, 6), highest mean over 10 mm.
        labels: (studies, 6), whether any slice is positive.
    """

    scores: NDArray[np.float64]
    labels: NDArray[np.bool_]


def studies_of(
    probabilities: NDArray[np.float64], labels: NDArray[np.bool_], rows: list[LabeledSlice]
) -> Studies:
    """Study scores as the viewer makes them, ASSUMED_SPACING_MM apart."""
    by_patient: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        if row.slice_number is not None:
            by_patient.setdefault(row.patient, []).append(index)
    scores, truths = [], []
    for members in by_patient.values():
        members.sort(key=lambda index: rows[index].slice_number or 0)
        positions = np.asarray([rows[index].slice_number or 0 for index in members]) * ASSUMED_SPACING_MM
        scores.append(windowed_means(probabilities[members], positions).max(axis=0))
        truths.append(labels[members].any(axis=0))
    return Studies(np.stack(scores), np.stack(truths))


def main(recipe: Recipe, data: Path, work: Path, card_path: Path, out: Path) -> dict[str, Any]:
    """Figures of a recipe, out of fold, calibrated as the released card says; written as JSON.

    Args:
        recipe: Trained before.
        data: Folder of the label sets.
        work: Of the training.
        card_path: The released card, for its calibration.
        out: JSON file.
    """
    rows = read_sources(data, recipe.sources)
    groups, _ = read_split(split_path(work, recipe), rows)
    labels = np.asarray([row.labels for row in rows], dtype=np.bool_)
    card = load_checkpoint(card_path).card
    probabilities = calibrated_probabilities(out_of_fold(recipe, data, work).logits, card)
    values = {
        "checkpoint": card.name,
        "weights_sha256": card.weights_sha256,
        "measured_on": "out of fold, by the fold networks",
        "slices": figures(probabilities, labels, rows, groups),
    }
    out.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    return values
