"""One pass forward: from a batch to the loss of each of its rows."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from training.fit.batches import Batch, still_batch
from training.fit.distributed import Processes, gathered
from training.fit.losses import ClassWeights, row_losses
from training.fit.precision import Precision
from training.fit.rows import TrainingRows
from training.fit.units import units_of
from training.recipe.tree import Phase, Recipe


def batch_losses(
    module: nn.Module,
    batch: Batch,
    recipe: Recipe,
    phase: Phase,
    weights: ClassWeights,
    precision: Precision,
) -> Tensor:
    """Loss of every row of a batch, (n,).

    Args:
        module: The network, in the mode that it should run in.
        batch: On the network's device.
        recipe: Kind of loss.
        phase: See ``row_losses``.
        weights: Of the classes.
        precision: Of the pass.
    """
    images = batch.images
    if images.ndim == 4:
        images = images.contiguous(memory_format=torch.channels_last)
    with precision.passes():
        outputs = module(images)
    return row_losses(outputs, batch.targets, recipe, phase, weights)


def mean_loss(
    module: nn.Module,
    rows: TrainingRows,
    recipe: Recipe,
    phase: Phase,
    weights: ClassWeights,
    device: torch.device,
    processes: Processes,
) -> float:
    """Mean loss over units as they are, in evaluation mode, each process scoring its part.

    The mean is over all losses in the order of the units, so it is the same in every process.
    """
    members = units_of(rows, recipe).members
    mine = np.arange(len(members))[processes.rank :: processes.count]
    exact = Precision.exact(device)
    losses = [torch.zeros(0, dtype=torch.float64, device=device)]
    module.eval()
    with torch.no_grad():
        for start in range(0, len(mine), recipe.batch_size):
            part = [members[number] for number in mine[start : start + recipe.batch_size]]
            batch = still_batch(rows, recipe, part, recipe.preprocessing.size_px).to(device)
            losses.append(batch_losses(module, batch, recipe, phase, weights, exact).double())
    _, values = gathered(mine, torch.cat(losses).cpu().numpy(), processes)
    return float(values.mean())
