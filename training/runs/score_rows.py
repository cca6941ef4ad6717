"""Six scores of every held-out row by a trained network, in the way it is judged.

What a slice's score is, ``slice_outputs`` beside this says. The one thing to get wrong: in training a series
may be thinned out; here each of its slices is scored.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from training.fit.batches import still_batch
from training.fit.rows import TrainingRows, series_of
from training.networks.heads import six_logits
from training.recipe.tree import Recipe
from training.runs.slice_outputs import one_pass, slice_outputs

TIMED_PASSES = 5


def score_rows(
    module: nn.Module, recipe: Recipe, rows: TrainingRows, device: torch.device
) -> NDArray[np.float64]:
    """Logits of the rows that ``rows.indices`` name, (rows, 6), in their order.

    Args:
        module: Trained; in evaluation mode.
        recipe: Of the network.
        rows: What to score.
        device: Where to run.

    Returns:
        Log odds; NaN in the columns of labels that the system says nothing of.
    """
    module.to(device).eval()
    logits = np.full((len(rows.labels), 6), np.nan)
    with torch.inference_mode():
        for units in _batches(recipe, rows):
            found = six_logits(slice_outputs(module, recipe, rows, units, device), recipe).cpu().numpy()
            if recipe.sampling.unit == "series":
                for unit, scores in zip(units, found, strict=True):
                    logits[unit] = scores[: len(unit)]
            else:
                logits[np.concatenate(units)] = found
    return logits[rows.indices]


def scored_labels(logits: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(6,), the labels that the system says anything of.

    Raises:
        ValueError: A label is scored for some rows and not for others.
    """
    is_number = np.isfinite(logits)
    if (is_number.any(axis=0) != is_number.all(axis=0)).any():
        raise ValueError("The network gave scores that are not finite.")
    return np.asarray(is_number.all(axis=0))


def seconds_per_slice(module: nn.Module, recipe: Recipe, rows: TrainingRows, device: torch.device) -> float:
    """Median time of one slice's passes, without preprocessing; of a series per slice of it.

    Patches and varied copies count: they are what the score costs.
    """
    module.to(device).eval()
    unit = next(_batches(recipe, rows))[0]
    images = still_batch(rows, recipe, [unit], recipe.preprocessing.size_px).images.to(device)
    images = images.repeat(max(1, recipe.test_copies), *[1] * (images.ndim - 1))
    seconds = []
    with torch.inference_mode():
        for _ in range(TIMED_PASSES + 1):
            began = time.perf_counter()
            one_pass(module, recipe, images)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            seconds.append(time.perf_counter() - began)
    # The first pass pays for what later ones find ready.
    return float(np.median(seconds[1:])) / len(unit)


def _batches(recipe: Recipe, rows: TrainingRows) -> Iterator[list[NDArray[np.int64]]]:
    """Units to score together: a whole series, or a batch of slices."""
    if recipe.sampling.unit == "series":
        for series in series_of(rows, rows.indices):
            yield [series]
        return
    singles = [np.asarray([row]) for row in rows.indices]
    for start in range(0, len(singles), recipe.batch_size):
        yield singles[start : start + recipe.batch_size]
