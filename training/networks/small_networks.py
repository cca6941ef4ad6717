"""Small networks of the reports, written out."""

from __future__ import annotations

from torch import nn

from training.networks.built import Built


def alqnatri_cnn(channels: int, outputs: int, size_px: int, dropout: float) -> Built:
    """Two 8 x 8 convolutions, one pooling, three dense layers with batch norm between.

    Args:
        channels: Of the input.
        outputs: Of the last layer.
        size_px: Side of the input, on which the first dense layer depends.
        dropout: Before the last layer.
    """
    side = (size_px - 14) // 2
    body = nn.Sequential(
        nn.Conv2d(channels, 16, 8), nn.ReLU(), nn.Conv2d(16, 32, 8), nn.ReLU(), nn.MaxPool2d(2, 2)
    )
    last = nn.Linear(64, outputs)
    head = nn.Sequential(
        nn.Flatten(),
        nn.Linear(32 * side * side, 128),
        nn.ReLU(),
        nn.BatchNorm1d(128),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.BatchNorm1d(64),
        nn.Dropout(dropout),
        last,
    )
    return Built(nn.Sequential(body, head), tuple(body), 2, {"head": (head,)}, (last,))


def castro_cnn4(channels: int, outputs: int, size_px: int, dropout: float) -> Built:
    """Two 3 x 3 convolutions, pooling, two more, pooling, two dense layers.

    Args:
        channels: Of the input.
        outputs: Of the last layer.
        size_px: Side of the input, on which the first dense layer depends.
        dropout: Before the last layer.
    """
    side = ((size_px - 4) // 2 - 4) // 2
    body = nn.Sequential(
        nn.Conv2d(channels, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.Conv2d(64, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )
    last = nn.Linear(64, outputs)
    head = nn.Sequential(nn.Flatten(), nn.Linear(64 * side * side, 64), nn.ReLU(), nn.Dropout(dropout), last)
    return Built(nn.Sequential(body, head), tuple(body), 5, {"head": (head,)}, (last,))
