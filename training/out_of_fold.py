"""Every slice scored by a network that never saw it, by the viewer's own prediction.

The one thing to get wrong: figures belong to the fold networks; the released network saw every slice,
so nothing here may be measured with it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.model_card import LabelCard, ModelCard, OperatingPoint, calibrated_probabilities
from ichviewer.core.preprocessing import Framing, NetworkInput, PreprocessingSpec, preprocess_slice
from ichviewer.inference.checkpoint import Checkpoint, load_checkpoint
from ichviewer.inference.network import SliceNetwork
from ichviewer.inference.predict import on_device, predict_slice
from training.cache import framed_slices, network_input
from training.judge.predictions import Predictions
from training.prepare.write import file_sha256
from training.recipe.tree import Recipe
from training.runs import WEIGHTS, load_trained, run_folder, split_path
from training.sources import UNKNOWN_SPACING_MM, LabeledSlice, read_hu, read_sources
from training.split import read_split

LOG = logging.getLogger(__name__)

ASSUMED_SPACING_MM = 5.0
"""Distance between slices of which a source gives the number but not the position, as CT-ICH does."""


@dataclass(frozen=True, eq=False)
class Scored:
    """Raw output for a set of slices.

    Attributes:
        logits: (slices, 6).
        class_maps: (slices, 6, h, w), logit units.
    """

    logits: NDArray[np.float32]
    class_maps: NDArray[np.float32]


def raw_checkpoint(
    name: str, architecture: str, spec: PreprocessingSpec, network: SliceNetwork
) -> Checkpoint:
    """A network with a card that leaves its logits as they are."""
    point = OperatingPoint(0.5, None, None, "not chosen yet")
    labels = tuple(LabelCard(str(subtype), 1.0, 0.0, 0.5, point, point, 1.0, {}) for subtype in SUBTYPES)
    card = ModelCard(name, architecture, "", spec, labels, "nothing yet", "unreleased", {})
    return Checkpoint(card, network)


def score(checkpoint: Checkpoint, inputs: Iterable[NetworkInput]) -> Scored:
    """Run the viewer's ``predict_slice`` on every input, on the CPU."""
    device = torch.device("cpu")
    on_device(checkpoint, device)
    outputs = [predict_slice(checkpoint, each, device) for each in inputs]
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
    weights = run_folder(work, recipe, fold) / WEIGHTS
    path = weights.parent / f"scores-{file_sha256(weights)[:12]}.npz"
    if not path.exists():
        network = slice_network(work, recipe, fold)
        checkpoint = raw_checkpoint(recipe.name, recipe.network.architecture, recipe.preprocessing, network)
        scored = score(checkpoint, (cached_input(framed[i], recipe.preprocessing) for i in members))
        np.savez(path, logits=scored.logits, class_maps=scored.class_maps)
        LOG.info("fold %d: %d slices scored", fold, len(members))
    with np.load(path) as stored:
        return Scored(stored["logits"], stored["class_maps"])


def slice_network(work: Path, recipe: Recipe, fold: int) -> SliceNetwork:
    """A trained network that the viewer can run.

    Raises:
        ValueError: The recipe's is none.
    """
    network = load_trained(work, recipe, fold)
    if not isinstance(network, SliceNetwork) or recipe.labels != "six":
        raise ValueError(f"The viewer cannot run what {recipe.name} trains; `training compare` judges it.")
    return network


def cached_input(framed: NDArray[np.float32], spec: PreprocessingSpec) -> NetworkInput:
    """Input made of a cached slice; where it was taken from is not kept."""
    return NetworkInput(network_input(framed, spec), Framing(0.0, 0.0, 1.0, 1.0))


def score_pictures(card_path: Path, rows: Sequence[LabeledSlice]) -> NDArray[np.float64]:
    """Calibrated probabilities, (slices, 6), of pictures by a released checkpoint, from file to score."""
    checkpoint = load_checkpoint(card_path)
    spec = checkpoint.card.preprocessing
    inputs = (preprocess_slice(read_hu(row), UNKNOWN_SPACING_MM, spec) for row in rows)
    return calibrated_probabilities(score(checkpoint, inputs).logits, checkpoint.card)


def predictions_of(
    rows: Sequence[LabeledSlice],
    logits: NDArray[np.floating],
    patients: NDArray[np.int64],
    folds: NDArray[np.int64],
    scored: NDArray[np.bool_] | None = None,
) -> Predictions:
    """Scores beside what the rows say.

    Where a source gives a slice's number in its series but not its position, ASSUMED_SPACING_MM is taken.

    Args:
        rows: The slices.
        logits: (slices, 6), out of fold.
        patients: (slices,), from the frozen split: patient, or group of near-duplicates.
        folds: (slices,), likewise.
        scored: (6,), which labels the network gives; all by default.
    """
    return Predictions(
        sources=np.asarray([row.source for row in rows], dtype=np.str_),
        names=np.asarray([row.name for row in rows], dtype=np.str_),
        logits=logits,
        labels=np.asarray([row.labels for row in rows], dtype=np.bool_),
        known=np.asarray([row.known for row in rows], dtype=np.bool_),
        patients=patients,
        folds=folds,
        studies=_studies(rows),
        positions_mm=np.asarray([_position_mm(row) for row in rows], dtype=np.float64),
        scored=np.ones(len(SUBTYPES), dtype=np.bool_) if scored is None else scored,
    )


def _position_mm(row: LabeledSlice) -> float:
    if row.position_mm is not None:
        return row.position_mm
    return float("nan") if row.slice_number is None else row.slice_number * ASSUMED_SPACING_MM


def _studies(rows: Sequence[LabeledSlice]) -> NDArray[np.int64]:
    """Number of each slice's series; -1 where its place in it, or whose it is, is not known."""
    numbers: dict[tuple[str, ...], int] = {}
    studies = []
    for row in rows:
        has_place = not np.isnan(_position_mm(row)) and any(row.unit)
        key = (row.source, *row.unit)
        studies.append(numbers.setdefault(key, len(numbers)) if has_place else -1)
    return np.asarray(studies, dtype=np.int64)
