"""One network fitted to one set of slices: the training loop, top to bottom."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ichviewer.core.findings import SUBTYPES
from ichviewer.inference.network import SliceNetwork, build_network
from training.augment import augment
from training.first_recipe import Cycle, Recipe
from training.first_starting_weights import start_from

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class TrainingPart:
    """What one network learns from.

    Attributes:
        framed: (slices, channels, size, size), [0, 1]; may be a memory map.
        labels: (slices, 6), 0 or 1.
        indices: The slices of *framed* that may be used.
        generated: Framed generated slices, (m, channels, size, size).
        generated_labels: (m, 6).
    """

    framed: NDArray[np.float32]
    labels: NDArray[np.float32]
    indices: NDArray[np.int64]
    generated: NDArray[np.float32]
    generated_labels: NDArray[np.float32]


def starting_network(recipe: Recipe, seed: int) -> SliceNetwork:
    """The network before its first step: the recipe's starting weights under a random classifier."""
    torch.manual_seed(seed)
    return start_from(build_network(recipe.architecture, len(SUBTYPES)), recipe.architecture, recipe.weights)


def fit_cycle(
    network: SliceNetwork, part: TrainingPart, recipe: Recipe, cycle: Cycle, seed: int
) -> SliceNetwork:
    """Train a network through one cycle.

    Args:
        network: Where to start; changed in place.
        part: What to learn from.
        recipe: How.
        cycle: One of the recipe's cycles.
        seed: Of everything random.

    Returns:
        The moving average of the weights, in evaluation mode.
    """
    how, spec = recipe.optimization, recipe.preprocessing
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    network.to(memory_format=torch.channels_last)
    blocks = list(network.features.children())[: how.frozen_blocks]
    frozen = nn.ModuleList(blocks).requires_grad_(False)
    average = build_network(recipe.architecture, len(SUBTYPES)).to(memory_format=torch.channels_last)
    average.load_state_dict(network.state_dict())

    steps_per_epoch = len(part.indices) // how.batch_size
    steps = steps_per_epoch * cycle.epochs
    optimizer = torch.optim.AdamW(
        [p for p in network.parameters() if p.requires_grad], lr=0.0, weight_decay=how.weight_decay
    )
    label_weights = torch.tensor([how.any_weight] + [1.0] * (len(SUBTYPES) - 1))
    order = list(dict.fromkeys(spec.windows))
    channels = [order.index(window) for window in spec.windows]
    mean, std = (torch.tensor(v)[None, :, None, None] for v in (spec.mean, spec.std))

    losses, began = [], time.perf_counter()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps, cycle.learning_rate, cycle.warmup_share)
        framed, labels = draw_batch(part, recipe, cycle.generated_share, generator)
        size = how.small_size_px if step < cycle.small_epochs * steps_per_epoch else spec.size_px
        varied = augment(framed, recipe.augmentation, spec.windows[0].width, size, generator)
        batch = ((varied[:, channels] - mean) / std).contiguous(memory_format=torch.channels_last)

        network.train()
        frozen.eval()
        loss = (functional.binary_cross_entropy_with_logits(network(batch), labels, label_weights)).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        # A young average follows closely, or the random start would stay in it.
        _follow(average, network, min(how.average_decay, (1 + step) / (10 + step)))

        losses.append(float(loss.detach()))
        if (step + 1) % 20 == 0 or step + 1 == steps:
            spent = time.perf_counter() - began
            LOG.info(
                "step %d/%d size %d loss %.4f, %.2f s/step",
                step + 1,
                steps,
                size,
                np.mean(losses[-20:]),
                spent / (step + 1),
            )
    return average.eval()


def learning_rate(step: int, steps: int, peak: float, warmup_share: float) -> float:
    """Rises linearly to *peak*, then falls to 0 along half a cosine."""
    warmup = max(1, round(steps * warmup_share))
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def draw_batch(
    part: TrainingPart, recipe: Recipe, generated_share: float, generator: np.random.Generator
) -> tuple[NDArray[np.float32], Tensor]:
    """A random batch: bleeding slices more often, and a share of generated slices."""
    how = recipe.optimization
    generated = round(how.batch_size * generated_share) if len(part.generated) else 0
    weights = np.where(part.labels[part.indices, 0] > 0, how.positive_oversampling, 1.0)
    real = generator.choice(
        part.indices, how.batch_size - generated, replace=False, p=weights / weights.sum()
    )
    made = generator.integers(max(1, len(part.generated)), size=generated)
    framed = [part.framed[index] for index in real] + [part.generated[index] for index in made]
    labels = [part.labels[index] for index in real] + [part.generated_labels[index] for index in made]
    return np.stack(framed), torch.from_numpy(np.stack(labels))


def _follow(average: SliceNetwork, network: SliceNetwork, decay: float) -> None:
    """Move *average* towards *network*, weights and running statistics alike."""
    with torch.no_grad():
        current = network.state_dict()
        for name, value in average.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(current[name], 1 - decay)
            else:
                value.copy_(current[name])
