"""``training soup``: one network whose weights are the mean of several trained networks' weights.

It costs one network's time for every slice, where a mean of scores costs all of theirs. Whether it is better
than one of them is for ``evaluate NAME --against ONE`` to say, out of fold. The one thing to get wrong: a
fold's mean is made of the networks that held *that* fold out, and batch norms are measured anew on the rows
that they learned from, but for frozen ones, whose statistics all members share; the members' own statistics
belong to other weights, and the fold's slices to no one.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from training.fit.batches import still_batch
from training.fit.frames import mapped_frames, prepared_frames
from training.fit.loop import Fitted
from training.fit.rows import TrainingRows
from training.networks.by_name import build
from training.prepare.write import file_sha256
from training.recipe.read import recipe_names, recipe_to_dict
from training.recipe.tree import Recipe
from training.runs.material import learning_rows, open_material, prepared_sources
from training.runs.run_folders import (
    LEARNED,
    RUN,
    WEIGHTS,
    WHOLE,
    learned_rows,
    learned_sha256,
    require_learned,
    run_folder,
    split_path,
    trained_recipe,
    write_run,
)

LOG = logging.getLogger(__name__)

BATCHES = 64
"""Of the recipe's size, at most; statistics of some 2,000 slices hardly change any more."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("name", help="of the run that is made")
    parser.add_argument(
        "--of", nargs="+", required=True, metavar="RUN", help="trained runs of one recipe, NAME or NAME@SEED"
    )
    parser.add_argument("--threads", type=int, default=1, help="of torch; part of the result")


def main(options: argparse.Namespace) -> None:
    """Average the named runs, every fold and the whole."""
    torch.set_num_threads(options.threads)
    members = [trained_recipe(options.work, text) for text in options.of]
    soup(options.name, members, options.data, options.work)


def soup(name: str, members: Sequence[Recipe], data: Path, work: Path) -> Recipe:
    """Average the weights of several runs of a recipe, fold by fold; what is there already stays.

    Args:
        name: Of the run that is made; ``evaluate`` and ``release`` know it by that.
        members: Recipes that differ in their seeds alone, trained in *work*.
        data: Folder of the label sets.
        work: Of the trainings.

    Returns:
        The recipe of the run.

    Raises:
        ValueError: A member was not trained or on other slices, the members have no mean, or another run has
            the name.
    """
    _check(name, members)
    runs = {fold: _members_runs(members, fold, work) for fold in (*range(members[0].folds), WHOLE)}
    recipe = replace(members[0], name=name, remark=_remark(members, runs))
    sources = prepared_sources(recipe.sources, data, work)
    material = open_material(recipe, sources, split_path(work, recipe))
    rows = learning_rows(
        material, mapped_frames(prepared_frames(material.sources, recipe.preprocessing), work)
    )
    for fold, folders in runs.items():
        for member, its_folder in zip(members, folders, strict=True):
            require_learned(its_folder, learned_sha256(member, material, fold))
        folder, learned_from = run_folder(work, recipe, fold), learned_sha256(recipe, material, fold)
        if (folder / WEIGHTS).exists():
            _require_same(folder, recipe)
            require_learned(folder, learned_from)
            continue
        network, states = build(recipe).module, [load_file(each / WEIGHTS) for each in folders]
        network.load_state_dict(mean_state(states))
        learned, _ = learned_rows(recipe, material, rows, fold)
        measure_batch_norms(network, recipe, learned, differing_norms(states))
        made = [json.loads((each / RUN).read_text(encoding="utf-8")) for each in folders]
        lost = tuple(dict.fromkeys(words for each in made for words in each["lost"]))
        folder.mkdir(parents=True, exist_ok=True)
        asked = {
            "recipe": recipe_to_dict(recipe),
            "budget": made[0]["budget"],
            "lost": [],
            LEARNED: learned_from,
        }
        write_run(folder, Fitted(network, sum(each["steps"] for each in made), lost, None), asked)
        LOG.info("%s is written", folder / WEIGHTS)
    return recipe


def mean_state(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Means of tensors of the same names; whole numbers, which only count batches, are the first's.

    >>> mean_state([{"w": torch.tensor([1.0])}, {"w": torch.tensor([4.0])}])["w"].item()
    2.5
    """
    return {
        name: torch.stack([state[name] for state in states]).mean(dim=0)
        if value.is_floating_point()
        else value
        for name, value in states[0].items()
    }


def differing_norms(states: Sequence[Mapping[str, Tensor]]) -> frozenset[str]:
    """Names of the batch norms whose statistics differ between networks; frozen ones are as they began.

    >>> one, other = ({"a.running_mean": torch.zeros(1), "b.running_mean": torch.ones(1) * k} for k in (1, 2))
    >>> sorted(differing_norms([one, other]))
    ['b']
    """
    return frozenset(
        name.rpartition(".")[0]
        for name, value in states[0].items()
        if name.endswith((".running_mean", ".running_var"))
        and not all(torch.equal(state[name], value) for state in states[1:])
    )


def measure_batch_norms(
    network: nn.Module, recipe: Recipe, rows: TrainingRows, names: Collection[str]
) -> None:
    """Give batch norms the mean statistics of some batches of rows as they are, in place.

    Args:
        network: Left in evaluation mode.
        recipe: Of the network.
        rows: That it learned from; a spread of them is used, in the same order whenever it is asked.
        names: Of the batch norms; the others keep the statistics that all members share.
    """
    norms = [
        module for name, module in network.named_modules() if isinstance(module, _BatchNorm) and name in names
    ]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        # None: the plain mean over all batches in place of one that forgets.
        norm.momentum = None
        norm.train()
    order = np.random.default_rng(recipe.seed).permutation(rows.indices)
    size = min(recipe.batch_size, len(order))
    with torch.no_grad():
        for start in range(0, min(len(order) // size, BATCHES) * size, size):
            units = [np.asarray([row]) for row in order[start : start + size]]
            network(still_batch(rows, recipe, units, recipe.preprocessing.size_px).images)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()


def _check(name: str, members: Sequence[Recipe]) -> None:
    first = members[0]
    if len(members) < 2 or len({member.name for member in members}) < len(members):
        raise ValueError("A mean is made of two or more different runs.")
    if name in {*recipe_names(), *(member.name for member in members)}:
        raise ValueError(f"{name} is a recipe's or a member's own name; the mean needs another.")
    if first.sampling.unit != "slice":
        raise ValueError(f"{first.name} scores whole series; only networks of slices are averaged.")
    if first.network.weights == "none":
        raise ValueError(
            f"{first.name} starts from random weights; networks with different starts have no useful mean."
        )
    for member in members[1:]:
        alike = replace(member, name=first.name, seed=first.seed, summary=first.summary, remark=first.remark)
        if alike != first:
            raise ValueError(f"{member.name} and {first.name} differ in more than their seeds.")


def _members_runs(members: Sequence[Recipe], fold: int, work: Path) -> list[Path]:
    folders = [run_folder(work, member, fold) for member in members]
    for folder, member in zip(folders, members, strict=True):
        if not (folder / WEIGHTS).exists():
            raise ValueError(f"{folder / WEIGHTS} is not there: `python -m training train {member.name}`.")
    return folders


def _remark(members: Sequence[Recipe], runs: Mapping[int, Sequence[Path]]) -> str:
    """Whose mean it is, by hash, so that a mean of others is another run."""
    parts = []
    for i, member in enumerate(members):
        hashes = [file_sha256(folders[i] / WEIGHTS)[:12] for folders in runs.values()]
        parts.append(f"{member.name} ({', '.join(hashes)})")
    return f"Mean of the weights of {' and '.join(parts)}; batch norms measured anew."


def _require_same(folder: Path, recipe: Recipe) -> None:
    made: dict[str, Any] = json.loads((folder / RUN).read_text(encoding="utf-8"))
    if made["recipe"]["remark"] != recipe.remark:
        raise ValueError(f"{folder} holds the mean of other networks; move it away or choose another name.")
