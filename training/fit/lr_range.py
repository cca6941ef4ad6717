"""Learning-rate range test: the rate rises from step to step, and the loss says where it is still of use.

Works on a copy of the network, which is thrown away.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.figure import Figure

from training.fit import chance
from training.fit.batches import Batches
from training.fit.distributed import Processes, unsynchronized
from training.fit.losses import ClassWeights
from training.fit.optimizers import clip, make_optimizer, set_rates
from training.fit.phases import PlannedPhase, set_learning, set_training_mode
from training.fit.precision import precision_of
from training.fit.rows import TrainingRows
from training.fit.step import batch_losses
from training.networks.built import Built
from training.recipe.tree import RangeTest, Recipe

SMOOTHING = 0.9
"""Share of the losses so far in the smoothed loss."""

LOST = 4.0
"""The test ends where the smoothed loss is this many times the lowest."""


@dataclass(frozen=True)
class RangeTestResult:
    """What a range test found.

    Attributes:
        rates: Learning rate of each step.
        losses: Smoothed loss after each step.
        chosen: Where the loss fell most steeply.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    chosen: float


def rate_at(test: RangeTest, step: int) -> float:
    """Learning rate of a step.

    >>> test = RangeTest(first_rate=1e-4, last_rate=1.0, steps=5)
    >>> [round(rate_at(test, step), 6) for step in range(5)]
    [0.0001, 0.001, 0.01, 0.1, 1.0]
    """
    share = step / max(1, test.steps - 1)
    return float(test.first_rate * (test.last_rate / test.first_rate) ** share)


def range_test(
    built: Built,
    recipe: Recipe,
    planned: PlannedPhase,
    number: int,
    rows: TrainingRows,
    weights: ClassWeights,
    device: torch.device,
) -> RangeTestResult:
    """Find the learning rate of a phase.

    Args:
        built: Left as it is.
        recipe: How to train, and the test's own limits.
        planned: The phase.
        number: Of the phase.
        rows: To learn from.
        weights: Of the classes.
        device: Of the network.
    """
    # Only one process tries: a batch norm that waits for the others would wait forever.
    tried = unsynchronized(copy.deepcopy(built))
    set_learning(tried, planned.phase)
    optimizer = make_optimizer(tried, recipe.optimizer, planned.phase)
    precision = precision_of(planned.phase, device)
    test = recipe.range_test
    long_enough = replace(planned, steps=test.steps)
    batches = Batches(rows, recipe, long_enough, number, Processes())
    rates, smoothed, average = [], [], 0.0
    for step in range(test.steps):
        chance.seed_torch(recipe.seed, chance.STEP, number, step)
        set_training_mode(tried, planned.phase)
        set_rates(optimizer, rate_at(test, step), None)
        batch = batches[step].to(device)
        loss = batch_losses(tried.module, batch, recipe, planned.phase, weights, precision).mean()
        optimizer.zero_grad(set_to_none=True)
        precision.scaler.scale(loss).backward()
        precision.scaler.unscale_(optimizer)
        clip(optimizer, recipe.clip_norm)
        precision.scaler.step(optimizer)
        precision.scaler.update()
        average = SMOOTHING * average + (1 - SMOOTHING) * loss.item()
        rates.append(rate_at(test, step))
        smoothed.append(average / (1 - SMOOTHING ** (step + 1)))
        if not math.isfinite(smoothed[-1]) or smoothed[-1] > LOST * min(smoothed):
            break
    return RangeTestResult(tuple(rates), tuple(smoothed), steepest(rates, smoothed))


def steepest(rates: list[float], losses: list[float]) -> float:
    """The rate at which the loss falls most steeply along the logarithm of the rate.

    Raises:
        ValueError: The test was lost before there was anything to see.
    """
    finite = [(rate, loss) for rate, loss in zip(rates, losses, strict=True) if math.isfinite(loss)]
    if len(finite) < 3:
        raise ValueError("The range test was lost in its first steps; begin at a lower rate.")
    logs, values = np.log([rate for rate, _ in finite]), np.asarray([loss for _, loss in finite])
    return float(finite[int(np.argmin(np.gradient(values, logs)))][0])


def plot(result: RangeTestResult, path: Path, title: str) -> None:
    """Draw loss over learning rate, as SVG or PNG, after the file's name."""
    with mpl.rc_context({"svg.hashsalt": "ichviewer"}):
        figure = Figure(figsize=(6, 4), layout="constrained")
        axes = figure.add_subplot()
        axes.plot(result.rates, result.losses)
        axes.axvline(
            result.chosen, linestyle="--", color="tab:red", label=f"steepest fall: {result.chosen:.2g}"
        )
        low = min(loss for loss in result.losses if math.isfinite(loss))
        axes.set(xscale="log", xlabel="learning rate", ylabel="loss, smoothed", title=title)
        axes.set_ylim(low * 0.9, result.losses[0] * 1.5)
        axes.legend()
        figure.savefig(path)
