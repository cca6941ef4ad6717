"""A tiny checkpoint for tests: an architecture ``stub``, weights set by hand, a valid card.

``from stub_checkpoint import save_stub_checkpoint``. The architecture ``stub`` is known only where this
module was imported, so a child process that loads a stub needs ``architecture="mobilenet_v2"``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.model_card import LabelCard, ModelCard, OperatingPoint
from ichviewer.core.preprocessing import PreprocessingSpec
from ichviewer.core.windowing import Window
from ichviewer.inference.checkpoint import Checkpoint, save_checkpoint
from ichviewer.inference.network import ARCHITECTURES, SliceNetwork, build_network

STUB_SPEC = PreprocessingSpec(
    windows=(Window(35, 70),) * 3,
    size_px=64,
    head_margin=0.03,
    smallest_frame=0.6,
    mean=(0.5,) * 3,
    std=(0.25,) * 3,
)


def _stub(label_count: int) -> SliceNetwork:
    features = nn.Sequential(nn.Conv2d(3, 8, 8, stride=8), nn.ReLU())
    return SliceNetwork(features, 8, label_count, dropout=0.0)


ARCHITECTURES["stub"] = _stub


def stub_card(name: str = "stub", architecture: str = "stub", threshold: float = 0.5) -> ModelCard:
    """A card with identity calibration; ``weights_sha256`` is filled in on saving."""
    point = OperatingPoint(threshold, None, None, "set by hand, for tests")
    labels = tuple(LabelCard(str(subtype), 1.0, 0.0, 0.5, point, point, 1.0, {}) for subtype in SUBTYPES)
    return ModelCard(
        name=name,
        architecture=architecture,
        weights_sha256="0" * 64,
        preprocessing=STUB_SPEC,
        labels=labels,
        calibrated_on="nothing: a stub for tests",
        license="research use only",
        provenance={"kind": "stub"},
    )


def stub_network(architecture: str = "stub", seed: int = 0) -> SliceNetwork:
    """A network with seeded weights; the global random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_network(architecture, len(SUBTYPES)).eval()


def stub_checkpoint(seed: int = 0) -> Checkpoint:
    """The stub in memory, without files."""
    return Checkpoint(stub_card(), stub_network(seed=seed))


def save_stub_checkpoint(
    folder: Path, *, architecture: str = "stub", seed: int = 0, **card_fields: object
) -> Path:
    """Write a stub checkpoint into *folder*; gives the path of its card."""
    card = replace(stub_card(architecture=architecture), **card_fields)  # type: ignore[arg-type]
    return save_checkpoint(folder, card, stub_network(architecture, seed))
