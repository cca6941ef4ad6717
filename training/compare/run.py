"""One recipe on the folds and budget of a comparison, resumable fold by fold.

The one thing to get wrong: a row's scores belong to the recipe *as it was run*, after what its sources lack
was dropped; what was dropped stands in the row.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import logging
import platform
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ichviewer.atomic_file import write_atomically
from training.compare.budget import at_budget
from training.compare.pixel_systems import LOST, generated_material, needs_masks, without_masks
from training.compare.row import Cost, Row, Status
from training.fit.distributed import Processes
from training.judge.predictions import save_predictions
from training.networks.starting_weights import WeightsUnavailableError
from training.recipe.degrade import NeedError
from training.recipe.read import WORDS, recipe_to_dict
from training.recipe.tree import Recipe
from training.runs.out_of_fold import predictions_of
from training.runs.run_folders import (
    LEARNED,
    RUN,
    learned_sha256,
    load_trained,
    require_learned,
    run_folder,
    train_fold,
)
from training.runs.run_folders import Terms as RunTerms
from training.runs.score_rows import score_rows, scored_labels, seconds_per_slice
from training.runs.train import Ready, make_ready

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Terms:
    """What is the same for every row.

    Attributes:
        sources: Names of the label sets, in place of the recipes' own.
        data: Folder of the label sets.
        work: Prepared sources, framed slices and the split.
        fold_count: Of the split that all recipes on these sources share.
        folds: Held out one after the other.
        steps: Budget of each fold.
        degrade: Whether a recipe runs on a source that lacks what it needs.
        device: Of the networks.
        commit: Of the code.
        workers: Processes that make batches ahead.
        size_px: Longest side of the input; None leaves each recipe's own.
        batch_size: Slices in a batch; None leaves each recipe's own.
    """

    sources: tuple[str, ...]
    data: Path
    work: Path
    fold_count: int
    folds: tuple[int, ...]
    steps: int
    degrade: bool
    device: str
    commit: str
    workers: int = 0
    size_px: int | None = None
    batch_size: int | None = None


def on_terms(recipe: Recipe, terms: Terms) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe on the sources, folds and budget of a comparison, and what that takes from it, in words."""
    placed = replace(recipe, sources=terms.sources, folds=terms.fold_count)
    return at_budget(placed, terms.steps, terms.size_px, terms.batch_size)


def run_key(recipe: Recipe, terms: Terms) -> str:
    """Hash of what a row's scores depend on, hex; commit and split stand in the row beside it.

    What a recipe only says of itself is no part of it: a corrected remark costs no training.
    """
    placed = recipe_to_dict(on_terms(recipe, terms)[0])
    choices = {name: value for name, value in placed.items() if name not in WORDS}
    values = [choices, terms.steps, terms.folds, terms.degrade]
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def run_recipe(recipe: Recipe, terms: Terms, folder: Path) -> Row:
    """Train and score a recipe on every fold; goes on where an earlier run stopped.

    Args:
        recipe: What to do.
        terms: On what, with what budget.
        folder: Weights, states and scores lie here, below the row's key.

    Returns:
        The row; refused where a source lacks what the recipe needs.
    """
    key = run_key(recipe, terms)
    row = Row(
        recipe.name,
        Status.REFUSED,
        key=key,
        split=recipe.split,
        commit=terms.commit,
        seed=recipe.seed,
        sources=terms.sources,
        folds=terms.folds,
        report_steps=recipe.reports.steps,
        reports=recipe.reports.text,
        assumed=recipe.assumed,
        threshold=recipe.threshold,
        labels=recipe.labels,
    )
    given = argparse.Namespace(data=terms.data, work=terms.work, degrade=terms.degrade)
    placed, reduced = on_terms(recipe, terms)
    try:
        ready = make_ready(without_masks(placed), given, Processes())
    except (NeedError, WeightsUnavailableError) as error:
        return replace(row, reason=str(error))
    place = folder / key[:12]
    learned = ready
    if needs_masks(recipe):
        reduced = (LOST, *reduced)
        learned = replace(ready, **_generated(ready, terms))
    runs = [_run_fold(learned, ready, fold, terms, place) for fold in terms.folds]
    material = ready.material
    held = np.flatnonzero(np.isin(material.folds, terms.folds))
    logits = np.full((len(material.rows), 6), np.nan)
    for fold, found in zip(terms.folds, runs, strict=True):
        logits[material.folds == fold] = found.logits
    scored = scored_labels(logits[held])
    predictions = predictions_of(
        [material.rows[index] for index in held],
        np.where(scored, logits[held], 0.0),
        material.groups[held],
        material.folds[held],
        recipe.smoothing_mm,
        scored,
    )
    save_predictions(place / "predictions.npz", predictions)
    return replace(
        row,
        status=Status.RUN,
        slices=len(held),
        patients=len(np.unique(material.groups[held])),
        cost=Cost(
            runs[0].run["parameters"],
            max(found.run["steps"] for found in runs),
            _sum_of([found.seconds for found in runs]),
            float(np.median([found.seconds_per_slice for found in runs])),
            _machine(terms.device),
        ),
        lost=(*reduced, *dict.fromkeys(words for found in runs for words in found.run["lost"])),
        predictions=str((place / "predictions.npz").relative_to(folder)),
    )


@dataclass(frozen=True, eq=False)
class FoldRun:
    """One fold's scores and what they took.

    Attributes:
        logits: Of the slices held out, (slices, 6).
        seconds: Of training; None where another process trained it, or a part of it.
        seconds_per_slice: Of a forward pass.
        run: What ``training.runs.run_folders`` keeps of the run.
    """

    logits: NDArray[np.float64]
    seconds: float | None
    seconds_per_slice: float
    run: dict[str, Any]


def _generated(ready: Ready, terms: Terms) -> dict[str, Any]:
    material, rows = generated_material(ready.recipe, ready.material, terms.data, terms.work)
    return {"material": material, "rows": rows}


def _run_fold(learned: Ready, judged: Ready, fold: int, terms: Terms, place: Path) -> FoldRun:
    """Train without a fold and score it; scores that are there already are read."""
    recipe = learned.recipe
    run_path = run_folder(place, recipe, fold) / RUN
    path = run_path.with_name("scores.npz")
    if not path.exists():
        device = torch.device(terms.device)
        is_fresh = not run_path.parent.exists()
        began = time.perf_counter()
        run_terms = RunTerms(device, Processes(), terms.workers, terms.steps)
        train_fold(recipe, learned.material, learned.rows, fold, run_terms, place, learned.lost)
        seconds = time.perf_counter() - began if is_fresh else np.nan
        held = judged.rows.only(np.flatnonzero(judged.material.folds == fold))
        network = load_trained(place, recipe, fold, learned.material)
        buffer = io.BytesIO()
        logits = score_rows(network, recipe, held, device)
        each = seconds_per_slice(network, recipe, held, device)
        np.savez(buffer, logits=logits, seconds=seconds, seconds_per_slice=each)
        write_atomically(path, buffer.getvalue())
        LOG.info("%s, fold %d: %.0f s", recipe.name, fold, seconds)
    run = json.loads(run_path.read_text(encoding="utf-8"))
    # A row that was scored before runs said what they learned from stands.
    if LEARNED in run:
        require_learned(run_path.parent, learned_sha256(recipe, learned.material, fold))
    with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
        seconds = float(kept["seconds"])
        return FoldRun(
            kept["logits"],
            seconds if np.isfinite(seconds) else None,
            float(kept["seconds_per_slice"]),
            run,
        )


def _sum_of(seconds: list[float | None]) -> float | None:
    known = [each for each in seconds if each is not None]
    return float(sum(known)) if len(known) == len(seconds) else None


def _machine(device: str) -> str:
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(torch.device(device))
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"
