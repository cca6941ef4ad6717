"""The runs of a recipe: one network per fold and one on everything, each in a folder of its own.

The one thing to get wrong: ``whole`` saw every slice, so nothing may be measured with it; and a network of a
fold saw what was outside of that fold *then*, which is why a run keeps a hash of what it learned from.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import nn

from ichviewer.atomic_file import write_atomically
from training.fit.distributed import Processes, wait_for_all
from training.fit.loop import STATE, Fitted, fit
from training.fit.place import Place
from training.fit.rows import InMemory, TrainingRows, chosen_indices, held_out_share, rows_of_arrays
from training.networks.by_name import build
from training.recipe.read import (
    WORDS,
    RecipeError,
    learned_part,
    recipe_from_dict,
    recipe_names,
    recipe_of,
    recipe_to_dict,
)
from training.recipe.tree import Recipe
from training.runs.material import Material, learning_rows
from training.runs.phantom_slices import generated_slices
from training.runs.study_labels import with_study_labels

LOG = logging.getLogger(__name__)

WHOLE = -1
"""In place of a fold: the network that learns from every slice, which is the one to release."""

WEIGHTS, RUN = "weights.safetensors", "run.json"

LEARNED = "learned_sha256"
"""In ``run.json``: the hash of what the network learned from."""


def split_path(work: Path, recipe: Recipe) -> Path:
    """The frozen split of a recipe; all recipes on the same sources with as many folds share it.

    Slices dealt one by one, as reported, are dealt anew for every seed.
    """
    kind = "" if recipe.split == "patient" else f"-as_reported-{recipe.seed}"
    return work / f"split-{'+'.join(recipe.sources)}-{recipe.folds}{kind}.jsonl"


def run_folder(work: Path, recipe: Recipe, fold: int) -> Path:
    """Where a network's weights, log and state lie."""
    kind = "" if recipe.split == "patient" else "_as_reported"
    name = recipe.name.removesuffix(kind) + kind
    return work / "runs" / name / _fold_name(fold)


def _fold_name(fold: int) -> str:
    return "whole" if fold == WHOLE else f"fold{fold}"


def trained_recipe(work: Path, text: str) -> Recipe:
    """The recipe that a run was trained with, which may lack what its sources or the machine did not have.

    Args:
        work: Folder of all runs.
        text: As ``recipe_of`` takes it; or a folder's name below ``runs``, as distilling and averaging
            leave them.

    Returns:
        The run's own recipe; where nothing was trained yet, the one that *text* names.

    Raises:
        RecipeError: There is neither such a recipe nor such a run, or its networks have different recipes.
    """
    if text not in recipe_names():
        run = _recipe_of_runs(work / "runs" / text)
        if run is not None:
            return run
    asked = recipe_of(text)
    made = _recipe_of_runs(run_folder(work, asked, 0).parent)
    if made is None:
        return asked
    # What a recipe says of itself, and how scores are smoothed, is still for today's to say.
    own = {name: getattr(asked, name) for name in ("name", "smoothing_mm", *WORDS)}
    return replace(made, **own)


def _recipe_of_runs(folder: Path) -> Recipe | None:
    """The recipe that all networks of a folder were trained with; None where there is none.

    Raises:
        RecipeError: They were trained with several; names two of them.
    """
    found: dict[str, Path] = {}
    values: dict[str, Any] = {}
    for run in sorted(folder.glob(f"*/{RUN}")):
        values = json.loads(run.read_text(encoding="utf-8"))["recipe"]
        choices = {name: value for name, value in learned_part(values).items() if name not in WORDS}
        found.setdefault(json.dumps(choices, sort_keys=True), run.parent)
    if len(found) > 1:
        one, other = list(found.values())[:2]
        raise RecipeError(
            f"{one} and {other} were trained with different recipes, so they are not folds of one system; "
            "move one away and train it anew."
        )
    return recipe_from_dict(values) if found else None


@dataclass(frozen=True)
class Terms:
    """How a network is trained, beside its recipe.

    Attributes:
        device: Of the network.
        processes: That train together.
        workers: Processes that make batches ahead.
        budget: Steps in place of the recipe's own; None for its own.
        state_every: Steps between two states.
        curves: Folder of TensorBoard's, of all runs; None for no curves.
    """

    device: torch.device
    processes: Processes
    workers: int = 0
    budget: int | None = None
    state_every: int = 100
    curves: Path | None = None


def train_fold(
    recipe: Recipe,
    material: Material,
    rows: TrainingRows,
    fold: int,
    terms: Terms,
    work: Path,
    lost: tuple[str, ...] = (),
) -> Path:
    """Train one network; goes on where a kill left it, and does nothing where it is done.

    Args:
        recipe: As it is run.
        material: Folds.
        rows: All rows, framed as the recipe asks.
        fold: Held out; WHOLE for none.
        terms: Device, budget.
        work: Folder of all runs.
        lost: What the recipe had to do without already.

    Returns:
        The weights' file.

    Raises:
        ValueError: A finished run of another recipe or budget, or on other slices, lies there.
    """
    folder = run_folder(work, recipe, fold)
    folder.mkdir(parents=True, exist_ok=True)
    asked = {
        "recipe": recipe_to_dict(recipe),
        "budget": terms.budget,
        "lost": list(lost),
        LEARNED: learned_sha256(recipe, material, fold),
    }
    if (folder / WEIGHTS).exists():
        _require_same(folder / RUN, asked)
        return folder / WEIGHTS
    learned, steering = learned_rows(recipe, material, rows, fold)
    curves = terms.curves / folder.relative_to(work / "runs") if terms.curves else None
    fitted = fit(
        recipe,
        learned,
        Place(folder, terms.device, terms.processes, terms.workers, terms.state_every, curves),
        validation=steering,
        generated=lambda count: rows_of_arrays(*generated_slices(count, recipe.preprocessing, work)),
        budget=terms.budget,
    )
    if terms.processes.writes:
        write_run(folder, fitted, asked)
        LOG.info("%s is written after %d steps", folder / WEIGHTS, fitted.steps)
    wait_for_all(terms.processes)
    return folder / WEIGHTS


def learned_rows(
    recipe: Recipe, material: Material, rows: TrainingRows, fold: int
) -> tuple[TrainingRows, TrainingRows | None]:
    """The rows that a network learns from, and those that steer its rate; None where nothing does.

    Args:
        recipe: Which rows it takes.
        material: Folds.
        rows: All rows.
        fold: Held out; WHOLE for none.
    """
    if recipe.label_level == "study":
        rows = with_study_labels(rows, material.rows)
    learned = rows.only(rows.indices[material.folds[rows.indices] != fold])
    learned = learned.only(chosen_indices(learned, recipe))
    if not recipe.validation_share:
        return learned, None
    kept, held = held_out_share(learned, learned.indices, recipe.validation_share, recipe.seed)
    return learned.only(kept), learned.only(held)


def learned_sha256(recipe: Recipe, material: Material, fold: int) -> str:
    """SHA-256 of what a network learns from, hex: the sources' own hashes, and which of their slices.

    Args:
        recipe: Which rows it takes.
        material: Prepared sources, folds.
        fold: Held out; WHOLE for none.
    """
    # Which slices are learned from does not depend on their pixels, so none is framed.
    no_pixels = InMemory(np.zeros((0, 0, 0, 0), dtype=np.float32))
    learned, _ = learned_rows(recipe, material, learning_rows(material, no_pixels), fold)
    digest = hashlib.sha256(json.dumps([[each.name, each.sha256] for each in material.sources]).encode())
    for index in learned.indices:
        row = material.rows[index]
        digest.update(json.dumps([row.source, row.name]).encode())
    return digest.hexdigest()


def require_learned(folder: Path, expected: str) -> None:
    """Refuse a run that learned from other slices than it would today: those held out now may be among them.

    Args:
        folder: Of a finished run.
        expected: From ``learned_sha256``, of today's sources and split.

    Raises:
        ValueError: It did, or does not say; names the run.
    """
    path = folder / RUN
    made = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if LEARNED not in made:
        raise ValueError(
            f"{folder} holds a run that does not say what it learned from, as runs did not before this "
            "version: slices that are held out today may be among it. Move it away and train anew."
        )
    if made[LEARNED] != expected:
        raise ValueError(
            f"{folder} holds a run that learned from other slices than the sources and the split of today "
            "give it: slices that are held out today may be among them. Move it away and train anew."
        )


def write_run(folder: Path, fitted: Fitted, asked: dict[str, Any]) -> None:
    """What the run was, then the weights; the state is not needed any more.

    Args:
        folder: From ``run_folder``.
        fitted: What came out.
        asked: ``recipe``, ``budget`` and ``lost`` before it began, and LEARNED.
    """
    made = {
        **asked,
        "steps": fitted.steps,
        "lost": [*asked["lost"], *fitted.lost],
        "asked_lost": asked["lost"],
        "validation_loss": fitted.validation_loss,
        "parameters": sum(parameter.numel() for parameter in fitted.network.parameters()),
        "torch": torch.__version__,
    }
    write_atomically(folder / RUN, (json.dumps(made, indent=1) + "\n").encode())
    state = {name: tensor.contiguous() for name, tensor in fitted.network.state_dict().items()}
    write_atomically(folder / WEIGHTS, save(state))
    (folder / STATE).unlink(missing_ok=True)


def _require_same(path: Path, asked: dict[str, Any]) -> None:
    """Refuse to take the weights of another recipe for those that are asked for."""
    made = json.loads(path.read_text(encoding="utf-8"))
    plain = json.loads(json.dumps(asked))
    differing = [] if learned_part(made["recipe"]) == learned_part(plain["recipe"]) else ["recipe"]
    if made["budget"] != plain["budget"]:
        differing.append("budget")
    if made["asked_lost"] != plain["lost"]:
        differing.append("lost")
    if differing:
        raise ValueError(
            f"{path.parent} holds a finished run with another {' and '.join(differing)}; move it away to "
            "train anew."
        )
    require_learned(path.parent, asked[LEARNED])


def require_networks(work: Path, recipe: Recipe, folds: Iterable[int]) -> None:
    """Refuse a recipe of which networks are missing, before any of the others is used.

    Raises:
        ValueError: Names all of them.
    """
    paths = [run_folder(work, recipe, fold) / WEIGHTS for fold in folds]
    missing = [path for path in paths if not path.exists()]
    if missing:
        verb, them = ("is", "it") if len(missing) == 1 else ("are", "them")
        raise ValueError(
            f"{', '.join(map(str, missing))} {verb} not there: "
            f"`python -m training train {recipe.name}` makes {them}."
        )


def load_trained(work: Path, recipe: Recipe, fold: int, material: Material) -> nn.Module:
    """A trained network, in evaluation mode.

    Args:
        work: Folder of all runs.
        recipe: Of the network.
        fold: That it held out; WHOLE for none.
        material: Sources and folds of today, by which it is judged.

    Raises:
        ValueError: It was not trained, or on other slices.
    """
    require_networks(work, recipe, (fold,))
    path = run_folder(work, recipe, fold) / WEIGHTS
    require_learned(path.parent, learned_sha256(recipe, material, fold))
    module = build(recipe).module
    module.load_state_dict(load_file(path))
    return module.eval()
