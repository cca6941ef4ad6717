"""Every slice scored by a network that never saw it, by the viewer's own prediction.

The one thing to get wrong: figures belong to the fold networks; the released network saw every slice,
so nothing here may be measured with it.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ichviewer.atomic_file import write_atomically
from ichviewer.core.findings import SUBTYPES
from ichviewer.core.model_card import LabelCard, ModelCard, OperatingPoint
from ichviewer.core.preprocessing import Framing, NetworkInput, PreprocessingSpec, normalize
from ichviewer.inference.checkpoint import Checkpoint
from ichviewer.inference.network import SliceNetwork
from ichviewer.inference.predict import on_device, predict_slice
from training.fit.channels import repeated
from training.fit.frames import mapped_frames, prepared_frames
from training.fit.rows import Frames
from training.judge.predictions import Predictions
from training.prepare.write import file_sha256
from training.recipe.tree import Recipe
from training.runs.material import GENERATED, Material, open_material, prepared_sources
from training.runs.prior import prior_shift
from training.runs.run_folders import WEIGHTS, load_trained, require_networks, run_folder, split_path
from training.runs.smoothing import smoothed_within_studies
from training.runs.study_labels import said_of_studies
from training.sources import LabeledSlice

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


@dataclass(frozen=True, eq=False)
class Held:
    """The slices that a recipe is judged on, beside the material that it was trained on.

    Attributes:
        material: All rows, in the order of split and frames.
        indices: Those that are judged: no generated slice is ever in a figure.
        rows: The same.
        patients: (judged,), patient or group of near-duplicates.
        folds: (judged,).
    """

    material: Material
    indices: NDArray[np.int64]
    rows: tuple[LabeledSlice, ...]
    patients: NDArray[np.int64]
    folds: NDArray[np.int64]


def held_out(recipe: Recipe, data: Path, work: Path) -> Held:
    """What a trained recipe is judged on.

    Raises:
        ValueError: The recipe was not trained in *work*.
    """
    if recipe.split != "patient":
        raise ValueError(
            f"{recipe.name} is split slice by slice: slices of one head stand on both sides, so its figures "
            "measure nothing but that. `training split-gap` says how much, `training compare` lists it apart."
        )
    split = split_path(work, recipe)
    if not split.exists():
        raise ValueError(f"{split} is not there: `python -m training train {recipe.name}` comes first.")
    require_networks(work, recipe, range(recipe.folds))
    material = open_material(recipe, prepared_sources(recipe.sources, data, work), split)
    real = [not row.source.startswith(GENERATED) for row in material.rows]
    indices = np.flatnonzero(real)
    rows = tuple(material.rows[index] for index in indices)
    return Held(material, indices, rows, material.groups[indices], material.folds[indices])


def frames_of(recipe: Recipe, held: Held, work: Path) -> Frames:
    """Framed slices of the whole material, made once."""
    return mapped_frames(prepared_frames(held.material.sources, recipe.preprocessing), work)


def out_of_fold(recipe: Recipe, held: Held, work: Path) -> Scored:
    """Every judged slice scored by the network of its fold."""
    members = [np.flatnonzero(held.folds == fold) for fold in range(recipe.folds)]
    parts = [
        _fold_scores(recipe, held, work, fold, held.indices[members[fold]]) for fold in range(recipe.folds)
    ]
    order = np.argsort(np.concatenate(members))
    return Scored(
        np.concatenate([part.logits for part in parts])[order],
        np.concatenate([part.class_maps for part in parts])[order],
    )


def _fold_scores(recipe: Recipe, held: Held, work: Path, fold: int, members: NDArray[np.int64]) -> Scored:
    """Scores of one fold's slices, kept beside the weights that made them."""
    weights = run_folder(work, recipe, fold) / WEIGHTS
    network = slice_network(work, recipe, fold, held.material)
    path = weights.parent / f"scores-{file_sha256(weights)[:12]}.npz"
    if not path.exists():
        frames, spec = frames_of(recipe, held, work), recipe.preprocessing
        checkpoint = raw_checkpoint(recipe.name, recipe.network.architecture, spec, network)
        scored = score(checkpoint, (framed_input(frames.framed(int(i)), spec) for i in members))
        buffer = io.BytesIO()
        np.savez(buffer, logits=scored.logits, class_maps=scored.class_maps)
        write_atomically(path, buffer.getvalue())
        LOG.info("fold %d: %d slices scored", fold, len(members))
    with np.load(path) as stored:
        found = Scored(stored["logits"], stored["class_maps"])
    if len(found.logits) != len(members):
        raise ValueError(f"{path} holds {len(found.logits)} scores instead of {len(members)}; delete it.")
    return found


def slice_network(work: Path, recipe: Recipe, fold: int, material: Material) -> SliceNetwork:
    """A trained network that the viewer can run; *material* is what it is judged by.

    Raises:
        ValueError: The recipe's is none, or it was trained on other slices than *material* gives it.
    """
    network = load_trained(work, recipe, fold, material)
    if not isinstance(network, SliceNetwork) or recipe.labels != "six":
        raise ValueError(f"The viewer cannot run what {recipe.name} trains; `training compare` judges it.")
    return network


def framed_input(framed: NDArray[np.float32], spec: PreprocessingSpec) -> NetworkInput:
    """Input made of a framed slice; where it was taken from is not kept."""
    return NetworkInput(normalize(repeated(framed, spec), spec), Framing(0.0, 0.0, 1.0, 1.0))


def predictions_of(
    rows: Sequence[LabeledSlice],
    logits: NDArray[np.floating],
    patients: NDArray[np.int64],
    folds: NDArray[np.int64],
    smoothing_mm: float,
    scored: NDArray[np.bool_] | None = None,
) -> Predictions:
    """Scores beside what the rows say, smoothed within each study as the viewer would.

    Where a source gives a slice's number in its series but not its position, ASSUMED_SPACING_MM is taken.

    Args:
        rows: The slices.
        logits: (slices, 6), out of fold, of each slice by itself.
        patients: (slices,), from the frozen split: patient, or group of near-duplicates.
        folds: (slices,), likewise.
        smoothing_mm: The recipe's, or a released card's.
        scored: (6,), which labels the network gives; all by default.
    """
    studies = _studies(rows)
    positions_mm = np.asarray([_position_mm(row) for row in rows], dtype=np.float64)
    return Predictions(
        sources=np.asarray([row.source for row in rows], dtype=np.str_),
        names=np.asarray([row.name for row in rows], dtype=np.str_),
        logits=smoothed_within_studies(logits, studies, positions_mm, smoothing_mm),
        labels=np.asarray([row.labels for row in rows], dtype=np.bool_),
        known=np.asarray([row.known for row in rows], dtype=np.bool_),
        patients=patients,
        folds=folds,
        studies=studies,
        positions_mm=positions_mm,
        scored=np.ones(len(SUBTYPES), dtype=np.bool_) if scored is None else scored,
        study_said=said_of_studies(rows),
    )


def corrected_predictions(recipe: Recipe, held: Held, work: Path) -> Predictions:
    """Out-of-fold scores with what sampling and class weights did to each fold's logits taken back.

    Only then are the folds' logits, which learned from other shares of bleeding slices, one set of scores.
    """
    shifts = np.stack([prior_shift(recipe, held.material, fold) for fold in range(recipe.folds)])
    logits = out_of_fold(recipe, held, work).logits + shifts[held.folds]
    return predictions_of(held.rows, logits, held.patients, held.folds, recipe.smoothing_mm)


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
