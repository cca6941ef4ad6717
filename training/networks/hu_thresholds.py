"""The baseline of two thresholds: how much of the brain has the density of fresh blood, and nothing else."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ichviewer.core.preprocessing import PreprocessingSpec
from training.networks.built import Built

LOWEST_HU, HIGHEST_HU = 40.0, 80.0

WHITE = 0.999
"""Grey from which on a pixel may be denser than its window shows."""


class HuThresholds(nn.Module):
    """Share of the pixels between two thresholds, its logarithm standardized, one linear layer."""

    def __init__(self, lowest: float, highest: float, outputs: int) -> None:
        super().__init__()
        self.lowest, self.highest = lowest, highest
        self.norm = nn.BatchNorm1d(1, affine=False)
        self.classifier = nn.Linear(1, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, h, w), normalized, to (n, outputs); looks at the first channel."""
        inside = (x[:, :1] >= self.lowest) & (x[:, :1] < self.highest)
        # Half a pixel more: an empty slice has no logarithm.
        share = (inside.sum(dim=(2, 3)) + 0.5) / inside[0].numel()
        logits: Tensor = self.classifier(self.norm(torch.log(share)))
        return logits


def hu_thresholds(spec: PreprocessingSpec, outputs: int) -> Built:
    """The baseline, all of it the part ``head``.

    Args:
        spec: Its first window says which grey the thresholds are.
        outputs: Of the linear layer.
    """
    window = spec.windows[0]
    bottom = window.center - window.width / 2

    def normalized(hu: float) -> float:
        grey = min((hu - bottom) / window.width, WHITE)
        return (grey - spec.mean[0]) / spec.std[0]

    module = HuThresholds(normalized(LOWEST_HU), normalized(HIGHEST_HU), outputs)
    return Built(module, (), 0, {"head": (module.norm, module.classifier)}, (module.classifier,))
