"""EfficientNet-Lite0 from its published file: the same network, under other names and with other padding."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from ichviewer.inference.network import build_network
from training.networks.efficientnet_lite import torchvision_state
from training.networks.starting_weights import body_state
from training.recipe.read import named_recipe
from training.release.release import license_words

# Per published block: kernel, stride, channels in, widening and out.
BLOCKS = (
    (3, 1, 32, 1, 16),
    (3, 2, 16, 6, 24), (3, 1, 24, 6, 24),
    (5, 2, 24, 6, 40), (5, 1, 40, 6, 40),
    (3, 2, 40, 6, 80), (3, 1, 80, 6, 80), (3, 1, 80, 6, 80),
    (5, 1, 80, 6, 112), (5, 1, 112, 6, 112), (5, 1, 112, 6, 112),
    (5, 2, 112, 6, 192), (5, 1, 192, 6, 192), (5, 1, 192, 6, 192), (5, 1, 192, 6, 192),
    (3, 1, 192, 6, 320),
)  # fmt: skip


def published_file() -> dict[str, Tensor]:
    """Random tensors under the published names, in no order."""
    draw = torch.Generator().manual_seed(4)
    state: dict[str, Tensor] = {}

    def convolution(name: str, norm: str, *shape: int) -> None:
        spread = (2 / (shape[1] * shape[2] * shape[3])) ** 0.5
        state[f"{name}.weight"] = torch.randn(*shape, generator=draw) * spread
        for kind, value in (("weight", 1.0), ("bias", 0.1), ("running_mean", 0.1), ("running_var", 1.0)):
            state[f"{norm}.{kind}"] = value * (0.75 + 0.5 * torch.rand(shape[0], generator=draw))

    convolution("_conv_head", "_bn1", 1280, 320, 1, 1)
    convolution("_conv_stem", "_bn0", 32, 3, 3, 3)
    for i, (kernel, _, inside, widening, outside) in enumerate(BLOCKS):
        wide, own = inside * widening, f"_blocks.{i}"
        if widening > 1:
            convolution(f"{own}._expand_conv", f"{own}._bn0", wide, inside, 1, 1)
        convolution(f"{own}._depthwise_conv", f"{own}._bn1", wide, 1, kernel, kernel)
        convolution(f"{own}._project_conv", f"{own}._bn2", outside, wide, 1, 1)
    return {**state, "_fc.weight": torch.zeros(1000, 1280), "_fc.bias": torch.zeros(1000)}


def published_maps(state: dict[str, Tensor], x: Tensor) -> Tensor:
    """What the published network makes of an image of even side: padded as TensorFlow does."""

    def step(x: Tensor, name: str, norm: str, stride: int = 1, activated: bool = True) -> Tensor:
        weight = state[f"{name}.weight"]
        total = max(weight.shape[-1] - stride, 0)
        before, after = total // 2, total - total // 2
        groups = x.shape[1] if weight.shape[1] == 1 else 1
        x = functional.pad(x, (before, after, before, after))
        x = functional.conv2d(x, weight, stride=stride, groups=groups)
        kinds = ("running_mean", "running_var", "weight", "bias")
        x = functional.batch_norm(x, *(state[f"{norm}.{kind}"] for kind in kinds), eps=1e-3)
        return functional.relu6(x) if activated else x

    x = step(x, "_conv_stem", "_bn0", 2)
    for i, (_, stride, inside, widening, outside) in enumerate(BLOCKS):
        own, entered = f"_blocks.{i}", x
        if widening > 1:
            x = step(x, f"{own}._expand_conv", f"{own}._bn0")
        x = step(x, f"{own}._depthwise_conv", f"{own}._bn1", stride)
        x = step(x, f"{own}._project_conv", f"{own}._bn2", activated=False)
        if stride == 1 and inside == outside:
            x = x + entered
    return step(x, "_conv_head", "_bn1")


def test_the_published_weights_give_the_published_maps_of_the_image_turned_around() -> None:
    """Hazard: pretrained weights that see every layer half a pixel beside where they learned."""
    state = published_file()
    network = build_network("efficientnet_lite0", 6).eval()
    missing = network.load_state_dict(torchvision_state(state), strict=False)
    assert not missing.unexpected_keys
    assert all(
        name.startswith("classifier.") or name.endswith("num_batches_tracked")
        for name in missing.missing_keys
    )
    image = torch.randn(1, 3, 96, 64, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        expected = published_maps(state, image)
        made = network.feature_maps(image.flip(2, 3)).flip(2, 3)
    assert 0.1 < float((expected > 0).float().mean()) < 0.9
    torch.testing.assert_close(made, expected, rtol=1e-3, atol=1e-4)


def test_a_published_file_is_known_by_its_names() -> None:
    names = set(build_network("efficientnet_lite0", 6).features.state_dict())
    assert set(body_state(published_file())) == {n for n in names if not n.endswith("num_batches_tracked")}


def test_a_tensor_of_another_network_is_named() -> None:
    with pytest.raises(
        ValueError, match=r"_blocks\.16\._expand_conv\.weight is no tensor of EfficientNet-Lite0"
    ):
        torchvision_state({"_blocks.16._expand_conv.weight": torch.zeros(1)})


@pytest.mark.parametrize(
    ("name", "weights", "said"),
    [
        ("ichviewer_mobilenet_v2", "package", "torchvision's ImageNet weights (BSD-3)"),
        ("ichviewer_efficientnet_lite0", "package", "ImageNet weights of EfficientNet-Lite0 (Apache 2.0)"),
        (
            "ichviewer_efficientnet_lite0",
            "folder/mine.pth",
            "the weights of mine.pth, under their own terms",
        ),
        ("ojha_resnet50", "none", "random weights"),
    ],
)
def test_a_license_names_data_and_whose_weights_a_network_started_from(
    name: str, weights: str, said: str
) -> None:
    """Hazard: weights passed on under terms that their makers never gave."""
    recipe = named_recipe(name)
    words = license_words(
        replace(recipe, sources=("cq500",), network=replace(recipe.network, weights=weights))
    )
    assert words.endswith(f"{said}.")
    assert "cq500 (its own terms)" in words
