"""Every ReLU of a network replaced by SiLU; the weights stay."""

from __future__ import annotations

from torch import nn


def relu_to_silu(module: nn.Module) -> int:
    """Replace every nn.ReLU below *module*, in place.

    Returns:
        How many were replaced; an activation that is used at several places is one.
    """
    replaced: dict[int, nn.SiLU] = {}
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.ReLU):
                setattr(parent, name, replaced.setdefault(id(child), nn.SiLU()))
    return len(replaced)
