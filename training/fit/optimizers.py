"""Who moves the weights: one optimizer per phase, a group for each part of the network that has a rate."""

from __future__ import annotations

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RAdam

from training.networks.built import Built
from training.recipe.tree import Optimizer as Choice
from training.recipe.tree import Phase


def make_optimizer(built: Built, choice: Choice, phase: Phase) -> Optimizer:
    """An optimizer of everything that learns in a phase; rates are set before every step.

    Args:
        built: Its parameters that learn ask for a gradient.
        choice: Of the recipe.
        phase: Rate factors; each group keeps its own as ``factor``.
    """
    factors = phase.rate_factors or (1.0, 1.0, 1.0)
    groups = []
    for (name, modules), factor in zip(built.rate_groups(), factors, strict=True):
        learning = [p for module in modules for p in module.parameters() if p.requires_grad]
        if learning:
            groups.append({"params": learning, "name": name, "factor": factor})
    return _named(choice, groups)


def _named(choice: Choice, groups: list[dict[str, object]]) -> Optimizer:
    decay = choice.weight_decay
    if choice.kind == "sgd":
        return SGD(groups, lr=0.0, momentum=choice.momentum, weight_decay=decay)
    if choice.kind == "radam":
        return RAdam(
            groups, lr=0.0, betas=choice.betas, weight_decay=decay, decoupled_weight_decay=choice.decoupled
        )
    kind = AdamW if choice.decoupled else Adam
    return kind(groups, lr=0.0, betas=choice.betas, weight_decay=decay)


def set_rates(optimizer: Optimizer, rate: float, momentum: float | None) -> None:
    """Give every group its rate, and all of them a momentum where there is one."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]
        if momentum is not None and "betas" in group:
            group["betas"] = (momentum, group["betas"][1])
        elif momentum is not None:
            group["momentum"] = momentum


def clip(optimizer: Optimizer, longest: float) -> None:
    """Shorten the gradient of what an optimizer moves to *longest*; 0 leaves any length.

    Nothing waits for the device, and what is frozen has no part in the length.
    """
    if longest:
        moved = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        nn.utils.clip_grad_norm_(moved, longest)
