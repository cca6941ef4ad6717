"""``training train`` and ``training lr-range``: from a recipe's name to trained networks.

One process, or several that ``torchrun --nproc-per-node N -m training train ...`` starts.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch

from training.fit.curves import require_tensorboard
from training.fit.device import add_device
from training.fit.distributed import Processes, joined, wait_for_all
from training.fit.empty_classes import empty_classes
from training.fit.frames import mapped_frames, prepared_frames
from training.fit.loop import starting_network
from training.fit.losses import weights_of_part
from training.fit.lr_range import plot, range_test
from training.fit.phases import plan
from training.fit.rows import TrainingRows, chosen_indices
from training.fit.units import make_sampler
from training.networks.by_name import check_network
from training.networks.starting_weights import WeightsUnavailableError, start_from
from training.recipe.degrade import degraded, without_pretraining
from training.recipe.read import recipe_of
from training.recipe.tree import Recipe
from training.runs.material import Material, learning_rows, open_material, prepared_sources
from training.runs.run_folders import WHOLE, Terms, learned_rows, split_path, train_fold
from training.runs.study_labels import refuse_labels_of_studies
from training.sources import PICTURE_WINDOWS, check_windows

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Ready:
    """A recipe on its sources.

    Attributes:
        recipe: As it is run.
        material: Rows and folds.
        rows: Framed.
        lost: What the recipe has to do without, in words.
    """

    recipe: Recipe
    material: Material
    rows: TrainingRows
    lost: tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that ``train`` and ``lr-range`` share."""
    parser.add_argument("name", nargs="?", default="ichviewer_mobilenet_v2", help="recipe, or path of one")
    parser.add_argument("--split", choices=("patient", "as_reported"), help="in place of the recipe's")
    parser.add_argument("--weights", help="starting weights in place of the recipe's: none, or a file")
    parser.add_argument("--degrade", action="store_true", help="run on sources that lack what it needs")
    add_device(parser)
    parser.add_argument("--threads", type=int, default=1, help="of torch, on the CPU; part of the result")


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``train``."""
    add_arguments(parser)
    parser.add_argument(
        "--fold", default="all", help="number of the fold to hold out, `whole` for none, `all` for every one"
    )
    parser.add_argument("--steps", type=int, help="budget over all phases, in place of the recipe's epochs")
    parser.add_argument("--workers", type=int, default=0, help="processes that make batches ahead")
    parser.add_argument("--state-every", type=int, default=100, help="steps between two states")
    parser.add_argument("--tensorboard", type=Path, metavar="FOLDER", help="curves for TensorBoard, too")
    parser.add_argument(
        "--frame-each-time",
        action="store_true",
        help="frame a slice whenever it is drawn: slower, but no file of framed slices",
    )


def add_lr_range_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``lr-range``."""
    add_arguments(parser)
    parser.add_argument("--plot", type=Path, help="file of the curve, .svg or .png")


def chosen_recipe(options: argparse.Namespace) -> Recipe:
    """The recipe that the options name, with what they put in place of its own."""
    recipe = recipe_of(options.name)
    split: Literal["patient", "as_reported"] = options.split or recipe.split
    weights = options.weights or recipe.network.weights
    return replace(recipe, split=split, network=replace(recipe.network, weights=weights))


def main(options: argparse.Namespace) -> None:
    """Train every network of the named recipe that is asked for and not there yet."""
    torch.set_num_threads(options.threads)
    train_recipe(chosen_recipe(options), options)


def train_recipe(recipe: Recipe, options: argparse.Namespace) -> None:
    """Train every network of a recipe that the options ask for."""
    if options.tensorboard:
        require_tensorboard()
    if options.steps is not None and options.steps < len(recipe.phases):
        raise ValueError(
            f"--steps {options.steps}: {recipe.name} has {len(recipe.phases)} phases, of a step or more each."
        )
    with joined(options.device) as processes:
        ready = make_ready(recipe, options, processes, frames_once=not options.frame_each_time)
        is_card = options.device == "cuda"
        device = torch.device(f"cuda:{processes.local_rank}" if is_card else options.device)
        terms = Terms(
            device, processes, options.workers, options.steps, options.state_every, options.tensorboard
        )
        for fold in _folds(options.fold, recipe):
            train_fold(ready.recipe, ready.material, ready.rows, fold, terms, options.work, ready.lost)


def make_ready(
    recipe: Recipe, options: argparse.Namespace, processes: Processes, *, frames_once: bool = True
) -> Ready:
    """Prepare sources, split and frames, the first process before the others; refuse or degrade.

    Args:
        recipe: As it was written.
        options: Folders, and whether anything may be dropped.
        processes: That train together.
        frames_once: Whether all slices are framed now, into a file, or each whenever it is drawn.

    Raises:
        NeedError: A source lacks what the recipe needs.
        ValueError: A class is empty in the training part of a fold, and nothing may be dropped.
        WeightsUnavailableError: Starting weights cannot be had, and nothing may be dropped.
    """
    check_network(recipe)
    if not processes.writes:
        wait_for_all(processes)
    sources = prepared_sources(recipe.sources, options.data, options.work)
    missing: set[str] = {need for need in recipe.needs for source in sources if need not in source.offers}
    recipe, lost = degraded(recipe, missing, options.degrade)
    lost = (*lost, *_windows_lost(recipe, missing, options.degrade))
    material = open_material(recipe, sources, split_path(options.work, recipe))
    frames = prepared_frames(sources, recipe.preprocessing)
    rows = learning_rows(material, mapped_frames(frames, options.work) if frames_once else frames)
    lost = (*lost, *refuse_labels_of_studies(recipe, material.rows, options.degrade))
    lost = (*lost, *_classes_lost(recipe, material, rows, options))
    if processes.writes:
        wait_for_all(processes)
    try:
        start_from(starting_network(without_pretraining(recipe), rows), *_weights_of(recipe))
    except WeightsUnavailableError as error:
        if not options.degrade:
            raise WeightsUnavailableError(
                f"{error} --degrade trains from random weights and says so."
            ) from error
        recipe, lost = without_pretraining(recipe), (*lost, "ImageNet weights: from random ones")
    for words in lost:
        LOG.warning("%s has to do without: %s", recipe.name, words)
    return Ready(recipe, material, rows, lost)


def _windows_lost(recipe: Recipe, missing: set[str], is_allowed: bool) -> tuple[str, ...]:
    """What is lost where a window is wider than a source's pictures, unless that was said already.

    Raises:
        ValueError: There is such a window, and nothing may be dropped.
    """
    pictures = [name for name in recipe.sources if name in PICTURE_WINDOWS]
    if "hu_beyond_brain_window" in recipe.needs and "hu_beyond_brain_window" in missing:
        return ()
    try:
        check_windows(pictures, recipe.preprocessing)
    except ValueError as error:
        if not is_allowed:
            raise ValueError(f"{error} --degrade trains on what they hold.") from error
        return (str(error),)
    return ()


def _classes_lost(
    recipe: Recipe, material: Material, rows: TrainingRows, options: argparse.Namespace
) -> tuple[str, ...]:
    """What a network cannot learn because the training part of a fold has none of it.

    Raises:
        ValueError: There is such a class, and nothing may be dropped; names split, fold and class.
    """
    lost = []
    for fold in range(recipe.folds):
        learned, _ = learned_rows(recipe, material, rows, fold)
        for name in empty_classes(learned, recipe):
            words = f"{name}: no such slice to learn from without fold {fold}"
            if not options.degrade:
                raise ValueError(
                    f"{split_path(options.work, recipe)}: {words}, in {', '.join(recipe.sources)}; the class "
                    "is empty. --degrade trains without it and says so."
                )
            lost.append(words)
    return tuple(lost)


def _weights_of(recipe: Recipe) -> tuple[str, str]:
    return recipe.network.architecture, recipe.network.weights


def _folds(wanted: str, recipe: Recipe) -> list[int]:
    if wanted == "all":
        return [*range(recipe.folds), WHOLE]
    if wanted == "whole":
        return [WHOLE]
    if not wanted.isdigit() or int(wanted) >= recipe.folds:
        raise ValueError(
            f"--fold {wanted}: {recipe.name} has folds 0 to {recipe.folds - 1}, or `whole`, or `all`."
        )
    return [int(wanted)]


def main_lr_range(options: argparse.Namespace) -> None:
    """Find a named recipe's learning rate."""
    torch.set_num_threads(options.threads)
    find_rate(chosen_recipe(options), options)


def find_rate(recipe: Recipe, options: argparse.Namespace) -> None:
    """Find the learning rate of a recipe's first phase, on all but its first fold, and draw the curve."""
    ready = make_ready(recipe, options, Processes())
    recipe, device = ready.recipe, torch.device(options.device)
    rows = ready.rows.only(ready.rows.indices[ready.material.folds != 0])
    rows = rows.only(chosen_indices(rows, recipe))
    planned = plan(recipe.phases, make_sampler(rows, recipe).steps_per_epoch)[0]
    weights = weights_of_part(rows, recipe)
    built = starting_network(recipe, rows)
    built.module.to(device)
    found = range_test(built, recipe, planned, 0, rows, weights, device)
    path = options.plot or options.work / f"lr-range-{recipe.name}.svg"
    plot(found, path, recipe.name)
    print(f"{recipe.name}: steepest fall at {found.chosen:.3g}; curve in {path}")
