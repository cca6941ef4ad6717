"""PatchFCN: a dilated residual network whose maps stay at an eighth of the input, with a pixel and a patch
branch.

The body follows DRN-D-38 of Yu, Koltun and Funkhouser (CVPR 2017). The one thing to get wrong: a slice is
scored from overlapping patches of the size that was trained on, not as a whole.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks.built import Built
from training.networks.heads import PatchOutputs

STAGES = ((64, 3, 2, 1), (128, 4, 2, 1), (256, 6, 1, 2), (512, 3, 1, 4))
"""Channels, blocks, stride and dilation of the residual stages."""


class ResidualBlock(nn.Module):
    """Two dilated 3 x 3 convolutions beside a shortcut."""

    def __init__(self, entering: int, leaving: int, stride: int, dilation: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(entering, leaving, 3, stride, dilation, dilation, bias=False),
            nn.BatchNorm2d(leaving),
            nn.ReLU(),
            nn.Conv2d(leaving, leaving, 3, 1, dilation, dilation, bias=False),
            nn.BatchNorm2d(leaving),
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or entering != leaving:
            self.shortcut.append(nn.Conv2d(entering, leaving, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(leaving))
        self.activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, h, w)."""
        result: Tensor = self.activation(self.convolutions(x) + self.shortcut(x))
        return result


def _plain(entering: int, leaving: int, side: int, stride: int, dilation: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(entering, leaving, side, stride, dilation * (side // 2), dilation, bias=False),
        nn.BatchNorm2d(leaving),
        nn.ReLU(),
    )


def dilated_resnet38(channels: int) -> nn.Sequential:
    """The body: (n, channels, h, w) to (n, 512, h/8, w/8)."""
    blocks = [_plain(channels, 16, 7, 1, 1), _plain(16, 16, 3, 1, 1), _plain(16, 32, 3, 2, 1)]
    entering = 32
    for leaving, count, stride, dilation in STAGES:
        steps = [
            ResidualBlock(entering if i == 0 else leaving, leaving, stride if i == 0 else 1, dilation)
            for i in range(count)
        ]
        blocks.append(nn.Sequential(*steps))
        entering = leaving
    return nn.Sequential(*blocks, _plain(512, 512, 3, 1, 2), _plain(512, 512, 3, 1, 1))


class PatchFcn(nn.Module):
    """Body, pixel branch (one 1 x 1 convolution, enlarged) and patch branch (pooled, one linear layer)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.body = dilated_resnet38(channels)
        self.pixel_branch = nn.Conv2d(512, classes, 1)
        self.patch_branch = nn.Linear(512, 2 * classes)

    def forward(self, x: Tensor) -> PatchOutputs:
        """(n, channels, h, w) to pixel logits of the same size and patch logits."""
        maps = self.body(x)
        pixels = functional.interpolate(
            self.pixel_branch(maps), size=x.shape[2:], mode="bilinear", align_corners=False
        )
        return PatchOutputs(pixels, self.patch_branch(maps.mean(dim=(2, 3))).unflatten(1, (-1, 2)))


def patch_fcn(channels: int, classes: int) -> Built:
    """PatchFCN with the parts ``body``, ``pixel_branch`` and ``patch_branch``."""
    module = PatchFcn(channels, classes)
    parts = {"pixel_branch": (module.pixel_branch,), "patch_branch": (module.patch_branch,)}
    return Built(module, tuple(module.body), 5, parts, (module.pixel_branch,))


def patch_corners(side: int, patch_px: int, overlap: float = 2 / 3) -> list[int]:
    """Where patches begin along an axis, so that neighbours overlap by *overlap* and the end is covered.

    >>> patch_corners(100, 60)
    [0, 20, 40]
    """
    step = max(1, round(patch_px * (1 - overlap)))
    last = max(0, side - patch_px)
    return sorted({*range(0, last + 1, step), last})


@torch.no_grad()
def score_by_patches(network: nn.Module, x: Tensor, patch_px: int) -> PatchOutputs:
    """Score whole slices from overlapping patches.

    Args:
        network: A PatchFcn in evaluation mode.
        x: (n, channels, h, w).
        patch_px: Side of a patch.

    Returns:
        Pixel logits: the mean over the patches that cover a pixel. Patch logits: those of the patch that says
        *present* loudest, class by class.
    """
    height, width = x.shape[2:]
    total: Tensor | None = None
    covered = x.new_zeros(height, width)
    patches = []
    for top in patch_corners(height, patch_px):
        for left in patch_corners(width, patch_px):
            rows, columns = slice(top, top + patch_px), slice(left, left + patch_px)
            said = network(x[:, :, rows, columns])
            if total is None:
                total = said.pixels.new_zeros(len(x), said.pixels.shape[1], height, width)
            total[:, :, rows, columns] += said.pixels
            covered[rows, columns] += 1
            patches.append(said.patch)
    assert total is not None, "an image has a patch"
    stacked = torch.stack(patches)
    loudest = (stacked[..., 1] - stacked[..., 0]).argmax(dim=0)
    chosen = stacked.gather(0, loudest[None, ..., None].expand(1, -1, -1, 2))[0]
    return PatchOutputs(total / covered, chosen)
