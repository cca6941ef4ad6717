"""What stands behind the body's last maps, and what its outputs mean as six scores."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.recipe.tree import Recipe

ANY = 0
"""Place of ``any`` among the six labels; the subtypes follow."""


class PatchOutputs(NamedTuple):
    """What a pixel network says of a patch.

    Attributes:
        pixels: (n, classes, h, w), logits; class 0 is *none*.
        patch: (n, classes, 2), logits of absent and present; class 0 is *any*.
    """

    pixels: Tensor
    patch: Tensor


Outputs = Tensor | PatchOutputs


class BodyAndHead(nn.Module):
    """Last maps of a body, (n, channels, h, w), and a head that makes outputs of them."""

    def __init__(self, features: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.features = features
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        """(n, outputs)."""
        outputs: Tensor = self.head(self.features(x))
        return outputs


class ConcatPoolHead(nn.Module):
    """Maximum and mean of every map, then one hidden layer of 512 with batch norm, then the outputs.

    There is no closed-form class map behind such a head.
    """

    HIDDEN = 512

    def __init__(self, channels: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm1d(2 * channels),
            nn.Dropout(dropout / 2),
            nn.Linear(2 * channels, self.HIDDEN),
            nn.ReLU(),
            nn.BatchNorm1d(self.HIDDEN),
            nn.Dropout(dropout),
            nn.Linear(self.HIDDEN, outputs),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """(n, outputs)."""
        pooled = torch.cat([maps.amax(dim=(2, 3)), maps.mean(dim=(2, 3))], dim=1)
        outputs: Tensor = self.layers(pooled)
        return outputs


class ParallelHeads(nn.Module):
    """One linear layer per label on the same pooled maps."""

    def __init__(self, channels: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleList(nn.Linear(channels, 1) for _ in range(outputs))

    def forward(self, maps: Tensor) -> Tensor:
        """(n, outputs)."""
        pooled = self.dropout(maps.mean(dim=(2, 3)))
        return torch.cat([head(pooled) for head in self.heads], dim=1)


def output_count(recipe: Recipe) -> int:
    """How many outputs a recipe's network has for a slice, or for a pixel."""
    if recipe.labels == "binary":
        return 2 if recipe.loss.kind == "cross_entropy" else 1
    return {"six": 6, "five": 5, "five_heads": 5, "single_label": 6, "pixels": 6}[recipe.labels]


def six_logits(outputs: Outputs, recipe: Recipe) -> Tensor:
    """Scores of the six labels from a network's outputs, float64.

    Args:
        outputs: Of the recipe's network in evaluation; (..., outputs), or for pixels (n, classes, h, w).
        recipe: Says what they mean.

    Returns:
        (..., 6), log odds. NaN where the system says nothing: a binary one has ``any`` only. Where ``any`` is
        not learned it is the highest subtype; of classes that exclude each other it is the log odds of all
        but *none*.
    """
    if isinstance(outputs, PatchOutputs):
        return _log_odds_present(outputs.patch.double())
    values = outputs.double()
    if recipe.labels == "pixels":
        return _highest_pixel(values)
    if recipe.labels == "single_label":
        return _of_classes(functional.log_softmax(values, dim=-1))
    if recipe.labels == "binary":
        score = values[..., 1] - values[..., 0] if values.shape[-1] == 2 else values[..., 0]
        scores = torch.full((*values.shape[:-1], 6), torch.nan, dtype=torch.float64)
        scores[..., ANY] = score
        return scores
    if values.shape[-1] == 5:
        return torch.cat([values.amax(dim=-1, keepdim=True), values], dim=-1)
    return values


def _log_odds_present(patch: Tensor) -> Tensor:
    return patch[..., 1] - patch[..., 0]


def _of_classes(log_p: Tensor) -> Tensor:
    """(..., 6) log probabilities of *none* and five subtypes to log odds of ``any`` and the subtypes."""
    any_log_p = torch.logsumexp(log_p[..., 1:], dim=-1, keepdim=True)
    rest = torch.stack(
        [torch.logsumexp(log_p[..., [c for c in range(6) if c != k]], dim=-1) for k in range(1, 6)], dim=-1
    )
    return torch.cat([any_log_p - log_p[..., :1], log_p[..., 1:] - rest], dim=-1)


def _highest_pixel(pixels: Tensor) -> Tensor:
    scores = _of_classes(functional.log_softmax(pixels, dim=1).movedim(1, -1))
    return scores.flatten(1, 2).amax(dim=1)
