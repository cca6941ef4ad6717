"""All networks of one recipe: one per fold, and one on everything; their raw scores out of fold.

Every network is fitted in a process of its own with one thread: on few shared cores two such
processes finish far sooner than one with two threads, which waits for itself, and the result does not
depend on the number of cores. The one thing to get wrong: generated slices are training data only.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from ichviewer.core.findings import SUBTYPES
from ichviewer.inference.network import SliceNetwork, build_network
from training.cache import framed_slices
from training.first_fit import TrainingPart, fit_cycle, starting_network
from training.generated import generated_slices
from training.first_recipe import Recipe
from training.sources import LabeledSlice, read_sources
from training.split import read_split

LOG = logging.getLogger(__name__)

WHOLE = -1
"""In place of a fold: the network that learns from every slice, which is the one to release."""


def split_path(work: Path, recipe: Recipe) -> Path:
    """The frozen split of a recipe."""
    return work / f"{recipe.name}-split.jsonl"


def network_path(work: Path, recipe: Recipe, fold: int, cycle: int = -1) -> Path:
    """The raw weights of one network after a cycle, the last one by default."""
    number = range(len(recipe.optimization.cycles))[cycle]
    return work / f"{recipe.name}-{'whole' if fold == WHOLE else f'fold{fold}'}-cycle{number}.safetensors"


def fit_all(recipe: Recipe, data: Path, work: Path, processes: int) -> None:
    """Fit every network that is not there yet; an interrupted run goes on where it stopped.

    Args:
        recipe: What to do.
        data: Folder of the label sets.
        work: Where caches, the split and raw weights are kept.
        processes: Networks fitted side by side; 0 fits them one after the other in this process.
    """
    wanted = [
        fold for fold in (0, WHOLE, *range(1, recipe.folds)) if not network_path(work, recipe, fold).exists()
    ]
    if processes == 0:
        for fold in wanted:
            _fit_one(recipe, data, work, fold)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=processes, mp_context=context) as pool:
        futures = {pool.submit(_fit_in_child, recipe, data, work, fold): fold for fold in wanted}
        for future in as_completed(futures):
            future.result()
            LOG.info("%s is done", network_path(work, recipe, futures[future]).name)


def _fit_in_child(recipe: Recipe, data: Path, work: Path, fold: int) -> None:
    """In a process of its own, with one thread."""
    name = "whole" if fold == WHOLE else f"fold {fold}"
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s {name}: %(message)s", force=True)
    torch.set_num_threads(1)
    _fit_one(recipe, data, work, fold)


def _fit_one(recipe: Recipe, data: Path, work: Path, fold: int) -> None:
    """Fit one network and write its weights after every cycle; goes on after the last one that is there."""
    rows = read_sources(data, recipe.sources)
    _, folds = read_split(split_path(work, recipe), rows)
    framed = framed_slices(rows, recipe.preprocessing, work)
    network = starting_network(recipe, recipe.seed + fold)
    for number, cycle in enumerate(recipe.optimization.cycles):
        path = network_path(work, recipe, fold, number)
        if path.exists():
            network = load_network(work, recipe, fold, number)
            continue
        generated, generated_labels = generated_slices(cycle.generated_slices, recipe.preprocessing, work)
        part = TrainingPart(
            framed, labels_of(rows), np.flatnonzero(folds != fold), generated, generated_labels
        )
        network = fit_cycle(network, part, recipe, cycle, recipe.seed + fold + 100 * number)
        partial = path.with_name(f"{path.name}.{os.getpid()}")
        save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, partial)
        partial.replace(path)


def load_network(work: Path, recipe: Recipe, fold: int, cycle: int = -1) -> SliceNetwork:
    """Raw weights of one network after a cycle, in evaluation mode."""
    network = build_network(recipe.architecture, len(SUBTYPES))
    network.load_state_dict(load_file(network_path(work, recipe, fold, cycle)))
    return network.eval()


def labels_of(rows: list[LabeledSlice]) -> np.ndarray:
    """Labels, (slices, 6), float32."""
    return np.asarray([row.labels for row in rows], dtype=np.float32)
