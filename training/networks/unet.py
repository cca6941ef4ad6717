"""The nine-block U-Net: four blocks down, one at the bottom, four up, joined at equal sizes."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks.built import Built

CHANNELS = (32, 64, 128, 256, 512)
"""Of the blocks on the way down; the report does not say."""


def block(entering: int, leaving: int, count: int) -> nn.Sequential:
    """*count* times a 3 x 3 convolution, batch norm and ReLU."""
    layers: list[nn.Module] = []
    for _ in range(count):
        layers += [nn.Conv2d(entering, leaving, 3, padding=1), nn.BatchNorm2d(leaving), nn.ReLU()]
        entering = leaving
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Input sides must be multiples of 16.

    Attributes:
        down: Blocks 1 to 5; maximum pooling follows the first four.
        up: The 3 x 3 convolutions behind each enlargement (nearest neighbour), after blocks 5 to 8.
        joined: Blocks 6 to 9, on the enlarged maps beside those of blocks 4, 3, 2, 1.
        last: The 1 x 1 convolution.
    """

    def __init__(self, channels: int, classes: int, convolutions: int) -> None:
        super().__init__()
        entering = (channels, *CHANNELS[:-1])
        self.down = nn.ModuleList(block(e, c, convolutions) for e, c in zip(entering, CHANNELS, strict=True))
        upwards = list(zip(CHANNELS[:0:-1], CHANNELS[-2::-1], strict=True))
        self.up = nn.ModuleList(nn.Conv2d(below, c, 3, padding=1) for below, c in upwards)
        self.joined = nn.ModuleList(block(2 * c, c, convolutions) for _, c in upwards)
        self.last = nn.Conv2d(CHANNELS[0], classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, h, w) to logits (n, classes, h, w)."""
        kept: list[Tensor] = []
        for number, down in enumerate(self.down):
            x = down(x if number == 0 else functional.max_pool2d(x, 2))
            kept.append(x)
        for up, joined, beside in zip(self.up, self.joined, kept[-2::-1], strict=True):
            enlarged = up(functional.interpolate(x, scale_factor=2.0, mode="nearest"))
            x = joined(torch.cat([enlarged, beside], dim=1))
        logits: Tensor = self.last(x)
        return logits


def unet(channels: int, classes: int, convolutions: int = 2) -> Built:
    """The U-Net with the way down as ``body`` and the way up as ``head``."""
    module = UNet(channels, classes, convolutions)
    return Built(
        module, tuple(module.down), 2, {"head": (module.up, module.joined, module.last)}, (module.last,)
    )
