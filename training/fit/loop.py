"""The training loop: one network fitted to one set of rows, from the first step or from where a kill left it.

Reads top to bottom in ``fit``. The one thing to get wrong: everything that a step depends on is either in the
state file or follows from recipe, phase and step.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from training.fit import chance
from training.fit.distributed import synchronized, wait_for_all
from training.fit.losses import target_known, target_values, weights_of_part
from training.fit.phase_run import PhaseRun, Task, TrainingError
from training.fit.phases import PlannedPhase, plan
from training.fit.place import Place
from training.fit.rows import TrainingRows
from training.fit.run_log import RunLog
from training.fit.step import mean_loss
from training.fit.training_state import TrainingState, load_state, save_state
from training.fit.units import make_sampler
from training.networks.built import Built
from training.networks.by_name import build, start_biases
from training.networks.starting_weights import start_from
from training.recipe.read import learned_part, recipe_to_dict
from training.recipe.tree import Recipe

STATE, LOG = "state.safetensors", "log.jsonl"

LOG_EVERY = 10
"""Steps between two lines of the log: reading a loss makes a graphics card wait."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained network.

    Attributes:
        network: In evaluation mode, on the CPU.
        steps: That were made.
        lost: What was asked for and could not be had, in words.
        validation_loss: Of the weights that were kept; None without validation rows.
    """

    network: nn.Module
    steps: int
    lost: tuple[str, ...]
    validation_loss: float | None


def fit(
    recipe: Recipe,
    rows: TrainingRows,
    place: Place,
    *,
    validation: TrainingRows | None = None,
    generated: Callable[[int], TrainingRows] | None = None,
    budget: int | None = None,
) -> Fitted:
    """Train a recipe's network.

    Args:
        recipe: How.
        rows: What to learn from.
        place: Where. A state that lies in its folder is gone on with.
        validation: What to steer by.
        generated: Gives so many slices of the procedural head, for phases that mix them in.
        budget: Steps over all phases, in the place of the recipe's own.

    Returns:
        The network that the recipe keeps: the average where there is one, else the best or the last.

    Raises:
        StateError: The state in the folder is of another run, or damaged.
        TrainingError: The loss is no number any more.
    """
    phases = tuple(plan(recipe.phases, make_sampler(rows, recipe).steps_per_epoch, budget))
    key = run_key(recipe, rows, phases)
    state = load_state(place.folder / STATE, key)
    built = synchronized(starting_network(recipe, rows, state is not None), place.device, place.processes)
    state = state or TrainingState(key, 0, 0, built.module.state_dict())
    built.module.load_state_dict(state.network)
    weights = weights_of_part(rows, recipe)
    task = Task(recipe, rows, validation, place, phases, built, weights)
    ends = np.cumsum([0, *(planned.steps for planned in phases)]).tolist()
    log_path = place.folder / LOG if place.processes.writes else None
    lost = []

    with RunLog(log_path, ends[-1], _done(state, ends), recipe.name, place.curves) as log:
        for number in range(state.phase, len(phases)):
            share = recipe.phases[number].generated_share
            made = generated(recipe.phases[number].generated_slices) if generated and share else None
            run = PhaseRun(task, number, state, made)
            lost.append(run.precision.lost)
            for step, batch in run.batches():
                done = ends[number] + step + 1
                made_step = run.step(step, batch)
                is_last = step + 1 == run.planned.steps
                log.advance()
                if is_last or (step + 1) % LOG_EVERY == 0:
                    log.write("step", phase=number, done=done, **_checked(made_step, number))
                if validation is not None and run.planned.steers_after(step):
                    log.write("validation", phase=number, done=done, loss=run.steer())
                if place.processes.writes and not is_last and (step + 1) % place.state_every == 0:
                    save_state(place.folder / STATE, run.state(step + 1))
            state = run.end()
            if place.processes.writes:
                save_state(place.folder / STATE, state)
            wait_for_all(place.processes)

    built.module.load_state_dict(state.best if state.best else state.network)
    loss = None
    if validation is not None:
        loss = mean_loss(
            built.module, validation, recipe, recipe.phases[-1], weights, place.device, place.processes
        )
    return Fitted(built.module.cpu().eval(), ends[-1], tuple(dict.fromkeys(filter(None, lost))), loss)


def starting_network(recipe: Recipe, rows: TrainingRows, has_state: bool = False) -> Built:
    """The network before its first step.

    Args:
        recipe: Says which, from which weights.
        rows: For the prevalence that biases start at.
        has_state: Whether a state's weights will take the place of all of these.
    """
    chance.seed_torch(recipe.seed, chance.NETWORK)
    built = build(recipe)
    built.module.to(memory_format=torch.channels_last)
    if not has_state:
        start_from(built, recipe.network.architecture, recipe.network.weights)
        if recipe.network.bias_start == "prevalence":
            start_biases(built, prevalence_scores(rows, recipe))
    return built


def prevalence_scores(rows: TrainingRows, recipe: Recipe) -> torch.Tensor:
    """What every output should be where nothing is known but the training part's prevalence, (outputs,).

    Log odds of labels; log probabilities of classes that exclude each other, over pixels where those are
    learned.

    Raises:
        ValueError: A label is always or never positive.
    """
    if recipe.labels == "pixels":
        counts = np.full(6, 1.0)  # one pixel each, or a class without any would start at minus infinity
        for row in rows.indices:
            classes = rows.frames.classes(int(row))
            if classes is not None:
                counts += np.bincount(classes.ravel(), minlength=6)
        return torch.tensor(np.log(counts / counts.sum()), dtype=torch.float32)
    values = target_values(rows.labels[rows.indices], recipe)
    known = target_known(rows.known[rows.indices], recipe)
    # A label that nobody gave is in no prevalence; where it was given nowhere, none is left to start at.
    p = (values * known).sum(axis=0, dtype=np.float64) / known.sum(axis=0, dtype=np.float64).clip(min=1)
    if ((p <= 0) | (p >= 1)).any():
        raise ValueError("A label is always or never positive in the training part: no bias to start at.")
    scores = np.log(p) if recipe.loss.kind == "cross_entropy" else np.log(p / (1 - p))
    return torch.tensor(scores, dtype=torch.float32)


def run_key(recipe: Recipe, rows: TrainingRows, phases: tuple[PlannedPhase, ...]) -> str:
    """What a state must have been made with, hex."""
    digest = hashlib.sha256(json.dumps(learned_part(recipe_to_dict(recipe)), sort_keys=True).encode())
    digest.update(repr([planned.steps for planned in phases]).encode())
    for values in (rows.labels, rows.known, rows.series, rows.indices):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _done(state: TrainingState, ends: list[int]) -> int:
    return ends[state.phase] + state.step


def _checked(made_step: dict[str, float | torch.Tensor], number: int) -> dict[str, float]:
    """A step's values as numbers.

    Raises:
        TrainingError: The loss is none.
    """
    values = {name: float(value) for name, value in made_step.items()}
    if not math.isfinite(values["loss"]):
        raise TrainingError(
            f"The loss is {values['loss']} at step {int(values['step'])} of phase {number}: the learning "
            f"rate ({values['rate']:.3g}) is too high, or the input is damaged."
        )
    return values
