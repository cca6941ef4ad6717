"""``training split-gap``: how much better a network looks when slices of one head stand on both sides.

One recipe, the same number of steps and of test slices, dealt by patient and slice by slice, several times.
The one thing to get wrong: the two arms of a repeat share seed and test size, so their difference is the
split's; repeats share the data, so the interval tells how it varies over splits and starts alone.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import t as student

from ichviewer.atomic_file import write_atomically
from training.fit.device import add_device
from training.fit.distributed import Processes
from training.judge.metrics import auc, value
from training.recipe.read import recipe_of
from training.recipe.tree import Recipe
from training.runs.run_folders import Terms, load_trained, train_fold
from training.runs.score_rows import score_rows
from training.runs.train import Ready, make_ready

LOG = logging.getLogger(__name__)

BY_PATIENT, BY_SLICE = "by patient", "by slice"

TEST, REST = 0, 1
"""Folds of a repeat."""


@dataclass(frozen=True)
class Repeat:
    """One pair of networks.

    Attributes:
        seed: Of the split and of the network.
        test_slices: Held out, as many in both arms.
        by_patient: AUC of ``any`` where patients were dealt.
        by_slice: Where slices were.
    """

    seed: int
    test_slices: int
    by_patient: float
    by_slice: float

    @property
    def difference(self) -> float:
        """What the slice-random split adds."""
        return self.by_slice - self.by_patient


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("name", help="recipe, or path of one; @SEED for another first seed")
    parser.add_argument("--repeats", type=int, default=5, help="pairs of networks")
    parser.add_argument("--steps", type=int, default=300, help="of each network")
    parser.add_argument("--test-share", type=float, default=0.15, help="of the slices, about")
    parser.add_argument("--degrade", action="store_true", help="run on sources that lack what it needs")
    add_device(parser)
    parser.add_argument("--threads", type=int, default=1, help="of torch, on the CPU; part of the result")
    parser.add_argument("--workers", type=int, default=0, help="processes that make batches ahead")
    parser.add_argument("--to", type=Path, help="JSON; work/split-gap/NAME.json by default")


def main(options: argparse.Namespace) -> None:
    """Train what is not there yet, and print the difference with its interval."""
    torch.set_num_threads(options.threads)
    recipe = replace(recipe_of(options.name), split="patient")
    repeats = list(split_gap(recipe, options))
    print(told(recipe.name, options.steps, repeats))
    path: Path = options.to or options.work / "split-gap" / f"{recipe.name}.json"
    mean, low, high = mean_with_interval([repeat.difference for repeat in repeats])
    figures = {"difference": mean, "low": low, "high": high}
    made = {"recipe": recipe.name, "steps": options.steps, **figures, "repeats": [asdict(r) for r in repeats]}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (json.dumps(made, indent=1, allow_nan=False) + "\n").encode())


def split_gap(recipe: Recipe, options: argparse.Namespace) -> Iterator[Repeat]:
    """Both arms of every repeat; goes on where an earlier run stopped.

    Args:
        recipe: By patient.
        options: As ``add_arguments`` gives them, with ``data`` and ``work``.

    Raises:
        ValueError: Two repeats are not asked for, or a test part has no bleed, or nothing else.
    """
    if options.repeats < 2:
        raise ValueError(f"--repeats {options.repeats}: an interval needs two or more.")
    if not 0 < options.test_share < 1:
        raise ValueError(f"--test-share {options.test_share}: a share lies between 0 and 1.")
    ready = make_ready(recipe, options, Processes())
    for seed in range(recipe.seed, recipe.seed + options.repeats):
        by_patient = folds_by_patient(ready.material.groups, options.test_share, seed)
        count = int((by_patient == TEST).sum())
        by_slice = folds_by_slice(len(by_patient), count, seed)
        single = np.arange(len(by_patient), dtype=np.int64)
        repeat = Repeat(
            seed,
            count,
            _auc(_arm(ready, by_patient, ready.material.groups, seed), BY_PATIENT, options),
            _auc(_arm(ready, by_slice, single, seed), BY_SLICE, options),
        )
        LOG.info("seed %d: %s %.3f, %s %.3f", seed, BY_PATIENT, repeat.by_patient, BY_SLICE, repeat.by_slice)
        yield repeat


def folds_by_patient(groups: NDArray[np.int64], share: float, seed: int) -> NDArray[np.int64]:
    """TEST for whole groups until they hold *share* of the slices, REST for the others.

    Raises:
        ValueError: One group is all there is.
    """
    order = np.random.default_rng((seed, 4)).permutation(np.unique(groups))
    sizes = np.asarray([(groups == group).sum() for group in order])
    held = order[: 1 + int(np.searchsorted(np.cumsum(sizes), share * len(groups)))]
    if len(held) >= len(order):
        raise ValueError(f"{len(order)} patients are too few to hold out {share:.0%} of the slices.")
    return np.where(np.isin(groups, held), TEST, REST)


def folds_by_slice(count: int, held: int, seed: int) -> NDArray[np.int64]:
    """TEST for *held* slices, whosever they are."""
    order = np.random.default_rng((seed, 5)).permutation(count)
    return np.where(order < held, TEST, REST)


def _arm(ready: Ready, folds: NDArray[np.int64], groups: NDArray[np.int64], seed: int) -> Ready:
    """Recipe, material and rows of one network; what it steers by is held out as the test slices are."""
    return replace(
        ready,
        recipe=replace(ready.recipe, seed=seed),
        material=replace(ready.material, folds=folds, groups=groups),
        rows=replace(ready.rows, groups=groups),
    )


def _auc(arm: Ready, kind: str, options: argparse.Namespace) -> float:
    """AUC of ``any`` on the test slices, by a network that learned from the others."""
    name = f"{kind.replace(' ', '_')}-{options.steps}-held{options.test_share:g}-seed{arm.recipe.seed}"
    place = options.work / "split-gap" / name
    device = torch.device(options.device)
    terms = Terms(device, Processes(), options.workers, options.steps)
    train_fold(arm.recipe, arm.material, arm.rows, TEST, terms, place, arm.lost)
    tested = np.flatnonzero((arm.material.folds == TEST) & arm.rows.known[:, 0])
    truth = arm.rows.labels[tested, 0] > 0
    if not 0 < truth.sum() < len(truth):
        raise ValueError(
            f"The {len(truth)} test slices of seed {arm.recipe.seed}, dealt {kind}, are all with or all "
            "without a bleed, so there is no AUC; hold out a larger --test-share."
        )
    network = load_trained(place, arm.recipe, TEST, arm.material)
    logits = score_rows(network, arm.recipe, arm.rows.only(tested), device)
    return value(auc, logits[:, 0], truth)


def mean_with_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean of two or more values and its 95 % interval by Student's t.

    >>> [round(each, 3) for each in mean_with_interval([0.1, 0.2, 0.3])]
    [0.2, -0.048, 0.448]
    """
    mean = float(np.mean(values))
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    half = float(student.ppf(0.975, len(values) - 1)) * error
    return mean, mean - half, mean + half


def told(name: str, steps: int, repeats: Sequence[Repeat]) -> str:
    """The repeats and their difference, as Markdown."""
    lines = [
        f"`{name}`, {steps} steps, AUC of any bleed on as many test slices:",
        "",
        f"| seed | test slices | {BY_PATIENT} | {BY_SLICE} | difference |",
        "| --- | --- | --- | --- | --- |",
    ]
    for each in repeats:
        figures = f"{each.by_patient:.3f} | {each.by_slice:.3f} | {each.difference:+.3f}"
        lines.append(f"| {each.seed} | {each.test_slices:,} | {figures} |")
    mean, low, high = mean_with_interval([each.difference for each in repeats])
    interval = f"95 % interval over {len(repeats)} repeats: {low:+.3f} to {high:+.3f}"
    return "\n".join([*lines, "", f"A split {BY_SLICE} adds {mean:+.3f} ({interval})."])
