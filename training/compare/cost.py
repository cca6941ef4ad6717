"""``training cost``: what a recipe's network costs, counted and not measured, so the same on every machine.

Operations are those of convolutions and matrix products (a multiplication and an addition are two), as torch
counts them; nothing is computed. The one thing to get wrong: memory here is what the backward pass keeps of
the forward pass in 32 bits; the weights, their gradients and the optimizer come on top.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count

from training.fit.phases import set_learning, set_training_mode
from training.networks.by_name import build
from training.recipe.read import recipe_names, recipe_of
from training.recipe.tree import Recipe

UNITS = 2
"""In the batch that is counted; batch norms of a single one have nothing to norm."""


@dataclass(frozen=True)
class NetworkCost:
    """Of a recipe's network at the size of its last phase.

    Attributes:
        parameters: Of the network.
        learned: Of these, in the last phase.
        input_shape: Of one slice, (channels, rows, columns).
        forward_operations: Of a slice's forward pass.
        training_operations: Of forward and backward pass in the last phase.
        kept_bytes: That the backward pass keeps of a slice's forward pass.
    """

    parameters: int
    learned: int
    input_shape: tuple[int, int, int]
    forward_operations: float
    training_operations: float
    kept_bytes: float


def cost_of(recipe: Recipe) -> NetworkCost:
    """Count what a recipe's network costs a slice."""
    phase, spec, sampling = recipe.phases[-1], recipe.preprocessing, recipe.sampling
    built = build(recipe)
    built.module.to("meta")
    set_learning(built, phase)
    set_training_mode(built, phase)
    side = sampling.patch_px or phase.size_px[-1]
    shape = len(spec.windows) * (2 * spec.neighbours + 1), side, side
    slices = sampling.series_length if sampling.unit == "series" else 1
    lead = (UNITS, slices) if sampling.unit == "series" else (UNITS,)
    images = torch.zeros(*lead, *shape, device="meta")
    given = {id(value.untyped_storage()) for value in (*built.module.parameters(), images)}
    kept: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if id(storage) not in given:
            kept[id(storage)] = storage
        return tensor

    with FlopCounterMode(display=False) as forward, saved_tensors_hooks(keep, lambda tensor: tensor):
        outputs = built.module(images)
    parts = outputs if isinstance(outputs, tuple) else (outputs,)
    total = torch.stack([part.sum() for part in parts]).sum()
    mended = {torch.ops.aten.convolution_backward: _convolution_backward}
    with FlopCounterMode(display=False, custom_mapping=mended) as backward:
        if total.requires_grad:
            total.backward()
    count = UNITS * slices
    return NetworkCost(
        _size(built.module),
        _size(built.module, learned=True),
        shape,
        forward.get_total_flops() / count,
        (forward.get_total_flops() + backward.get_total_flops()) / count,
        sum(storage.nbytes() for storage in kept.values()) / count,
    )


def _convolution_backward(
    gradient: Sequence[int], inputs: Sequence[int], weight: Sequence[int], *others: Any, **_: Any
) -> int:
    """The forward pass's operations once for each gradient that is wanted, of the input and of the weight.

    Torch's own count takes every convolution for a dense one: five times too much for a MobileNetV2.
    """
    is_transposed, wanted = others[4], others[7]
    forward = conv_flop_count(list(inputs), list(weight), list(gradient), transposed=is_transposed)
    return int(forward * (wanted[0] + wanted[1]))


def _size(module: nn.Module, learned: bool = False) -> int:
    return sum(value.numel() for value in module.parameters() if value.requires_grad or not learned)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("names", nargs="*", help="recipes; all without one")


def main(options: argparse.Namespace) -> None:
    """Print one line per recipe."""
    line = "{:36} {:>11} {:>11} {:>13} {:>9} {:>9} {:>8}"
    print(line.format("recipe", "parameters", "learned", "input", "forward", "training", "kept"))
    print(line.format("", "", "", "", "GFLOP", "GFLOP", "MB"))
    for name in options.names or recipe_names():
        cost = cost_of(recipe_of(name))
        shape = " x ".join(str(side) for side in cost.input_shape)
        numbers = (f"{each / 1e9:.2f}" for each in (cost.forward_operations, cost.training_operations))
        kept = f"{cost.kept_bytes / 1e6:.1f}"
        print(line.format(name, f"{cost.parameters:,}", f"{cost.learned:,}", shape, *numbers, kept))
