"""One recipe on the folds and budget of a comparison, resumable fold by fold.

The one thing to get wrong: a fold's network never sees a slice of that fold, and steers by slices of the
other folds too.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ichviewer.atomic_file import write_atomically
from ichviewer.core.preprocessing import PreprocessingSpec
from training.compare.row import Cost, Row, Status
from training.fit.loop import fit
from training.fit.place import Place
from training.fit.rows import Frames, TrainingRows, held_out_share
from training.judge.predictions import Predictions, save_predictions
from training.out_of_fold import predictions_of
from training.recipe.read import recipe_to_dict
from training.recipe.tree import Recipe
from training.score_rows import score_rows, scored_labels, seconds_per_slice
from training.sources.labeled_slice import LabeledSlice, Need, missing_needs

LOG = logging.getLogger(__name__)

CANNOT_BE_DROPPED = frozenset({Need.HEADER, Need.MASKS})
"""Needs without which there is nothing to train on."""


@dataclass(frozen=True, eq=False)
class Material:
    """What all rows of a comparison share.

    Attributes:
        rows: The slices.
        patients: (slices,), patient or group, from the frozen split.
        folds: (slices,), from the frozen split.
        split_sha256: Of the split file.
        offers: What each source offers, by its name.
        frames_for: Framed slices for a recipe's preprocessing.
        generated_for: So many slices of the procedural head, framed likewise.
    """

    rows: tuple[LabeledSlice, ...]
    patients: NDArray[np.int64]
    folds: NDArray[np.int64]
    split_sha256: str
    offers: Mapping[str, frozenset[Need]]
    frames_for: Callable[[PreprocessingSpec], Frames]
    generated_for: Callable[[PreprocessingSpec, int], TrainingRows]


@dataclass(frozen=True)
class Terms:
    """What is the same for every row.

    Attributes:
        steps: Budget of each fold.
        folds: Held out one after the other.
        degrade: Whether a recipe runs on a source that lacks what it needs.
        device: Of the networks.
        commit: Of the code.
        workers: Processes that make batches ahead.
    """

    steps: int
    folds: tuple[int, ...]
    degrade: bool
    device: str
    commit: str
    workers: int = 0


def run_recipe(recipe: Recipe, material: Material, terms: Terms, folder: Path) -> Row:
    """Train and score a recipe on every fold; goes on where an earlier run stopped.

    Args:
        recipe: What to do.
        material: On what.
        terms: With what budget.
        folder: Weights, states and scores lie here, below the recipe's name and key.

    Returns:
        The row; refused where a source lacks what the recipe needs.
    """
    lacking, is_hopeless = _lacking(recipe, material)
    key = run_key(recipe, material, terms)
    held = np.flatnonzero(np.isin(material.folds, terms.folds))
    started = Row(
        recipe.name,
        Status.REFUSED,
        key=key,
        commit=terms.commit,
        seed=recipe.seed,
        sources=tuple(dict.fromkeys(row.source for row in material.rows)),
        folds=terms.folds,
        slices=len(held),
        patients=len(np.unique(material.patients[held])),
        report_steps=recipe.reports.steps,
        reports=recipe.reports.text,
        assumed=recipe.assumed,
    )
    if lacking and (is_hopeless or not terms.degrade):
        return replace(started, reason=" ".join(lacking))
    place = folder / f"{recipe.name}-{key[:12]}"
    place.mkdir(parents=True, exist_ok=True)
    rows = training_rows(material, recipe)
    folds = [_run_fold(recipe, material, terms, rows, fold, place) for fold in terms.folds]
    logits = np.full((len(material.rows), 6), np.nan)
    for fold, found in zip(terms.folds, folds, strict=True):
        logits[material.folds == fold] = found.logits
    scored = scored_labels(logits[held])
    predictions = _predictions(material, held, logits, scored)
    save_predictions(place / "predictions.npz", predictions)
    first = folds[0]
    cost = Cost(
        first.parameters,
        max(found.steps for found in folds),
        float(sum(found.seconds for found in folds)),
        float(np.median([found.seconds_per_slice for found in folds])),
        _machine(terms.device),
    )
    lost = tuple(dict.fromkeys([*lacking, *(words for found in folds for words in found.lost)]))
    relative = str((place / "predictions.npz").relative_to(folder))
    return replace(started, status=Status.RUN, cost=cost, lost=lost, predictions=relative)


def run_key(recipe: Recipe, material: Material, terms: Terms) -> str:
    """Hash of what the scores of a row depend on, hex; the code's commit stands in the row beside it."""
    names = [(row.source, row.name, row.labels, row.known) for row in material.rows]
    values = [
        recipe_to_dict(recipe),
        hashlib.sha256(repr(names).encode()).hexdigest(),
        material.split_sha256,
        terms.steps,
        terms.folds,
    ]
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _lacking(recipe: Recipe, material: Material) -> tuple[list[str], bool]:
    """What the sources lack of the recipe's needs, in sentences; and whether it cannot do without."""
    sentences, hopeless = [], False
    for source in dict.fromkeys(row.source for row in material.rows):
        offers = material.offers[source]
        sentences += missing_needs(source, offers, recipe.needs)
        hopeless |= any(Need(need) in CANNOT_BE_DROPPED - offers for need in recipe.needs)
    return sentences, hopeless


def training_rows(material: Material, recipe: Recipe) -> TrainingRows:
    """All rows as a network learns from them; slices without known place are a series each."""
    plain = predictions_of(
        material.rows, np.zeros((len(material.rows), 6)), material.patients, material.folds
    )
    own = np.arange(len(material.rows), dtype=np.int64)
    has_place = plain.studies >= 0
    return TrainingRows(
        frames=material.frames_for(recipe.preprocessing),
        labels=plain.labels.astype(np.float32),
        known=plain.known,
        groups=material.patients,
        series=np.where(has_place, plain.studies, len(own) + own),
        places=np.where(has_place, plain.positions_mm, 0.0),
        indices=own,
    )


@dataclass(frozen=True, eq=False)
class FoldRun:
    """One fold's scores and what they took."""

    logits: NDArray[np.float64]
    parameters: int
    steps: int
    seconds: float
    seconds_per_slice: float
    lost: tuple[str, ...]


def _run_fold(
    recipe: Recipe, material: Material, terms: Terms, rows: TrainingRows, fold: int, folder: Path
) -> FoldRun:
    """Train without a fold and score it; scores that are there already are read."""
    path = folder / f"fold{fold}.npz"
    if path.exists():
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            values = {name: kept[name] for name in kept.files}
        values["lost"] = tuple(str(words) for words in values["lost"])
        return FoldRun(**{name: v if name in ("logits", "lost") else v.item() for name, v in values.items()})
    learned, held = np.flatnonzero(material.folds != fold), np.flatnonzero(material.folds == fold)
    validation = None
    if recipe.validation_share:
        learned, steering = held_out_share(rows, learned, recipe.validation_share, recipe.seed)
        validation = rows.only(steering)
    device, place = torch.device(terms.device), folder / f"fold{fold}"
    place.mkdir(exist_ok=True)
    began = time.perf_counter()
    fitted = fit(
        recipe,
        rows.only(learned),
        Place(place, device, workers=terms.workers),
        validation=validation,
        generated=lambda count: material.generated_for(recipe.preprocessing, count),
        budget=terms.steps,
    )
    seconds = time.perf_counter() - began
    found = FoldRun(
        score_rows(fitted.network, recipe, rows.only(held), device),
        sum(parameter.numel() for parameter in fitted.network.parameters()),
        fitted.steps,
        seconds,
        seconds_per_slice(fitted.network, recipe, rows.only(held), device),
        fitted.lost,
    )
    buffer = io.BytesIO()
    np.savez(buffer, **{**vars(found), "lost": np.asarray(found.lost, dtype=np.str_)})
    write_atomically(path, buffer.getvalue())
    LOG.info("%s, fold %d: %d steps in %.0f s", recipe.name, fold, found.steps, seconds)
    return found


def _predictions(
    material: Material, held: NDArray[np.int64], logits: NDArray[np.float64], scored: NDArray[np.bool_]
) -> Predictions:
    rows = [material.rows[index] for index in held]
    values = np.where(scored, logits[held], 0.0)
    return predictions_of(rows, values, material.patients[held], material.folds[held], scored)


def _machine(device: str) -> str:
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(torch.device(device))
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"
