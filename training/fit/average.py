"""The moving average of a network's weights, which is often better than the last ones."""

from __future__ import annotations

import torch
from torch import nn


def decay_at(step: int, decay: float) -> float:
    """A young average follows closely, or the random start would stay in it."""
    return min(decay, (1 + step) / (10 + step))


def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move *average* towards *network*, weights and running statistics alike."""
    with torch.no_grad():
        current = network.state_dict()
        for name, value in average.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(current[name], 1 - decay)
            else:
                value.copy_(current[name])
