"""Networks over whole series: slices through one body, then a recurrence over them, or a bag of them.

Input is (n, slices, channels, size, size), output (n, slices, outputs). A recurrent head has no closed-form
class map, so it stands beside the slice network and never in its place.
"""

from __future__ import annotations

from torch import Tensor, nn


class SeriesNetwork(nn.Module):
    """Pooled features of every slice, two directions of a GRU over them, one linear layer."""

    def __init__(self, features: nn.Module, channels: int, hidden: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.features = features
        self.recurrence = nn.GRU(channels, hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(2 * hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(n, slices, channels, size, size) to (n, slices, outputs)."""
        count, slices = x.shape[:2]
        pooled = self.features(x.flatten(0, 1)).mean(dim=(2, 3)).unflatten(0, (count, slices))
        context, _ = self.recurrence(pooled)
        logits: Tensor = self.classifier(self.dropout(context))
        return logits


class BagNetwork(nn.Module):
    """Every slice of a series for itself; the loss takes the highest."""

    def __init__(self, slice_network: nn.Module) -> None:
        super().__init__()
        self.slice_network = slice_network

    def forward(self, x: Tensor) -> Tensor:
        """(n, slices, channels, size, size) to (n, slices, outputs)."""
        logits: Tensor = self.slice_network(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        return logits
