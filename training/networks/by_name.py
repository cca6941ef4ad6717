"""The one place where training builds a network from a recipe.

What the viewer can run comes from ``ichviewer.inference.network``; what has no closed-form class map is here.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn
from torchvision.models import alexnet, vgg16

from ichviewer.inference.network import ARCHITECTURES, SliceNetwork, build_network
from training.networks.built import Built
from training.networks.heads import BodyAndHead, ConcatPoolHead, ParallelHeads, output_count
from training.networks.hu_thresholds import hu_thresholds
from training.networks.patch_fcn import patch_fcn
from training.networks.series_network import BagNetwork, SeriesNetwork
from training.networks.silu import relu_to_silu
from training.networks.small_networks import alqnatri_cnn, castro_cnn4
from training.networks.unet import unet
from training.recipe.tree import Recipe

HALVES = {"resnet": 6, "densenet": 7, "alexnet": 6, "vgg": 16, "mobilenet": 10, "efficientnet": 5}
"""Blocks in the body's first half, by family: where learning rates change."""

SERIES = {"cnn_gru": "resnet18", "bag_of_slices": "resnet18"}
"""Architectures over series, and the body that sees each slice."""

RECURRENT_UNITS = 256
"""Of each direction."""


def build(recipe: Recipe, size_px: int | None = None) -> Built:
    """A recipe's network with random weights, on the default device of torch.

    Args:
        recipe: Says which, with which outputs.
        size_px: Side of the input, for networks that depend on it; the recipe's by default.

    Raises:
        ValueError: The architecture is not known, or does not go with the head.
    """
    outputs, name = output_count(recipe), recipe.network.architecture
    channels, dropout = recipe.preprocessing.channel_count, recipe.network.dropout
    size = size_px or recipe.preprocessing.size_px
    if name == "alqnatri_cnn":
        built = alqnatri_cnn(channels, outputs, size, dropout)
    elif name == "castro_cnn4":
        built = castro_cnn4(channels, outputs, size, dropout)
    elif name == "hu_thresholds":
        built = hu_thresholds(recipe.preprocessing, outputs)
    elif name == "patch_fcn":
        built = patch_fcn(channels, outputs)
    elif name == "unet":
        built = unet(channels, outputs)
    elif name in SERIES:
        built = _over_series(name, outputs, dropout)
    else:
        built = _over_slices(recipe, outputs)
    if recipe.network.activation == "silu":
        return _with_silu(built)
    return built


def check_network(recipe: Recipe) -> None:
    """Refuse a recipe whose network is none or lacks what its phases speak of, before anything is read.

    Raises:
        ValueError: Names recipe and key.
    """
    key = "network"
    try:
        with torch.device("meta"):  # No weights, so no time.
            built = build(recipe)
        for index, phase in enumerate(recipe.phases):
            key = f"phases[{index}].trainable"
            for part in phase.trainable:
                built.modules_of(part)
            key = f"phases[{index}].frozen_blocks"
            if phase.frozen_blocks > len(built.body):
                raise ValueError(f"The body has {len(built.body)} blocks, not {phase.frozen_blocks}.")
    except ValueError as error:
        raise ValueError(f"The recipe {recipe.name}, {key}: {error}") from error


def _with_silu(built: Built) -> Built:
    """SiLU in the place of every ReLU, also where a ReLU is a block of the body."""
    names = {id(module): name for name, module in built.module.named_modules()}
    relu_to_silu(built.module)
    found = dict(built.module.named_modules())

    def anew(modules: tuple[nn.Module, ...]) -> tuple[nn.Module, ...]:
        return tuple(found[names[id(module)]] for module in modules)

    parts = {name: anew(modules) for name, modules in built.parts.items()}
    return replace(built, body=anew(built.body), parts=parts)


def features_of(architecture: str) -> tuple[nn.Module, int]:
    """Body of an architecture and its number of last maps.

    Raises:
        ValueError: It is not known; names those that are.
    """
    if architecture == "alexnet":
        return alexnet(weights=None).features, 256
    if architecture == "vgg16":
        return vgg16(weights=None).features, 512
    if architecture not in ARCHITECTURES:
        known = ", ".join(sorted({*ARCHITECTURES, *SERIES, *OWN, "alexnet", "vgg16"}))
        raise ValueError(f"The architecture {architecture!r} is not known; known are {known}.")
    network = build_network(architecture, 1)
    return network.features, network.classifier.in_features


OWN = ("alqnatri_cnn", "castro_cnn4", "hu_thresholds", "patch_fcn", "unet")


def _half(architecture: str, blocks: int) -> int:
    return next((half for name, half in HALVES.items() if architecture.startswith(name)), (blocks + 1) // 2)


def _over_slices(recipe: Recipe, outputs: int) -> Built:
    name, dropout = recipe.network.architecture, recipe.network.dropout
    if recipe.network.head == "own":
        return _with_own_head(name, outputs)
    features, maps = features_of(name)
    blocks = tuple(features.children())
    half = _half(name, len(blocks))
    if recipe.network.head == "concat_pool":
        head = ConcatPoolHead(maps, outputs, dropout)
        last = head.layers[-1]
        assert isinstance(last, nn.Linear), "a head ends in a linear layer"
        return Built(BodyAndHead(features, head), blocks, half, {"head": (head,)}, (last,))
    if recipe.labels == "five_heads":
        heads = ParallelHeads(maps, outputs, dropout)
        lasts = tuple(module for module in heads.heads if isinstance(module, nn.Linear))
        return Built(BodyAndHead(features, heads), blocks, half, {"head": (heads,)}, lasts)
    network = SliceNetwork(features, maps, outputs, dropout)
    return Built(network, blocks, half, {"head": (network.classifier,)}, (network.classifier,))


def _with_own_head(name: str, outputs: int) -> Built:
    if name not in ("alexnet", "vgg16"):
        raise ValueError(f"{name} has no head of its own here; head = 'linear' is what it ends in.")
    whole = (alexnet if name == "alexnet" else vgg16)(weights=None)
    last = nn.Linear(whole.classifier[-1].in_features, outputs)
    whole.classifier[-1] = last
    blocks = tuple(whole.features.children())
    return Built(whole, blocks, _half(name, len(blocks)), {"head": (whole.classifier,)}, (last,))


def _over_series(name: str, outputs: int, dropout: float) -> Built:
    features, maps = features_of(SERIES[name])
    blocks = tuple(features.children())
    half = _half(SERIES[name], len(blocks))
    if name == "cnn_gru":
        series = SeriesNetwork(features, maps, RECURRENT_UNITS, outputs, dropout)
        parts = {"head": (series.recurrence, series.classifier)}
        return Built(series, blocks, half, parts, (series.classifier,))
    network = SliceNetwork(features, maps, outputs, dropout)
    return Built(BagNetwork(network), blocks, half, {"head": (network.classifier,)}, (network.classifier,))


def start_biases(built: Built, scores: torch.Tensor) -> None:
    """Put the scores of an empty input into the last biases.

    Args:
        built: Changed in place.
        scores: (outputs,), log odds of labels, or log probabilities of classes.

    Raises:
        ValueError: The network has no such biases, or another number of outputs.
    """
    biases = [layer.bias for layer in built.last if layer.bias is not None]
    if sum(len(bias) for bias in biases) != len(scores):
        raise ValueError(f"The network has no place for {len(scores)} starting biases.")
    with torch.no_grad():
        for bias, value in zip(biases, torch.split(scores, [len(b) for b in biases]), strict=True):
            bias.copy_(value)
