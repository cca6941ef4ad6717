"""Networks by name: parameters counted by hand, heads, SiLU, starting weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models

from ichviewer.core.windowing import BRAIN
from ichviewer.inference.network import ARCHITECTURES, build_network, fold_batch_norms
from training.networks.built import Built
from training.networks.by_name import build, start_biases
from training.networks.heads import PatchOutputs, six_logits
from training.networks.patch_fcn import patch_corners, score_by_patches
from training.networks.silu import relu_to_silu
from training.networks.starting_weights import WeightsUnavailableError, start_from
from training.recipe.read import named_recipe
from training.recipe.tree import Recipe

SHIPPED = named_recipe("ichviewer_mobilenet_v2")
WITH_CLASS_MAPS = sorted(set(ARCHITECTURES) - {"stub"})
TORCHVISION = sorted(set(WITH_CLASS_MAPS) - {"efficientnet_lite0"})


def recipe_of(
    architecture: str, labels: str = "six", loss: str = "bce", channels: int = 3, **choices: Any
) -> Recipe:
    spec = replace(
        SHIPPED.preprocessing, windows=(BRAIN,) * channels, mean=(0.5,) * channels, std=(0.5,) * channels
    )
    spec = replace(spec, size_px=choices.pop("size_px", 224))
    network = replace(SHIPPED.network, architecture=architecture, weights="none", **choices)
    return replace(
        SHIPPED,
        preprocessing=spec,
        network=network,
        labels=labels,  # type: ignore[arg-type]
        loss=replace(SHIPPED.loss, kind=loss, label_weights=()),  # type: ignore[arg-type]
    )


def parameter_count(recipe: Recipe) -> int:
    with torch.device("meta"):
        return sum(p.numel() for p in build(recipe).module.parameters())


def dense(entering: int, leaving: int) -> int:
    return entering * leaving + leaving


def conv(entering: int, leaving: int, side: int, bias: bool = True) -> int:
    return entering * leaving * side * side + leaving * bias


@pytest.mark.parametrize("architecture", [*TORCHVISION, "alexnet", "vgg16"])
def test_bodies_are_torchvisions(architecture: str) -> None:
    with torch.device("meta"):
        whole = getattr(models, architecture)(weights=None)
    last = [module for module in whole.modules() if isinstance(module, nn.Linear)][-1]
    body = sum(p.numel() for p in whole.parameters()) - dense(last.in_features, 1000)
    head = "own" if architecture in ("alexnet", "vgg16") else "linear"
    assert parameter_count(recipe_of(architecture, head=head)) == body + dense(last.in_features, 6)


@pytest.mark.parametrize("architecture", WITH_CLASS_MAPS)
def test_what_the_viewer_can_run_adds_up_and_folds(architecture: str) -> None:
    """Hazard: a heat map of another tensor than the one that is pooled, or a folded network that scores
    otherwise.
    """
    torch.manual_seed(0)
    network = build_network(architecture, 6).train()
    image = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        network(image)
        network.eval()
        before, maps = network(image), network.feature_maps(image)
        added = network.class_maps(maps).mean(dim=(2, 3)) + network.classifier.bias
        fold_batch_norms(network)
        after = network(image)
    torch.testing.assert_close(added, before, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-3)


def test_densenet_ends_in_its_last_norm_and_relu() -> None:
    network = build_network("densenet121", 6).eval()
    whole = models.densenet121(weights=None).eval()
    whole.features.load_state_dict(network.features.state_dict())
    image = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        expected = torch.relu(whole.features(image))
        torch.testing.assert_close(network.feature_maps(image), expected)


RESNET18_BODY = 11_689_512 - dense(512, 1000)
CONCAT_HEAD = 2 * 1024 + dense(1024, 512) + 2 * 512
DILATED_38 = (
    sum((conv(3, 16, 7, False), conv(16, 16, 3, False), conv(16, 32, 3, False))) + 2 * (16 + 16 + 32)
    + sum(
        conv(a, c, 3, False) + conv(c, c, 3, False) * (2 * n - 1) + 2 * c * 2 * n + conv(a, c, 1, False) + 2 *
        c for a, c, n in ((32, 64, 3), (64, 128, 4), (128, 256, 6), (256, 512, 3))
    )
    + 2 * (conv(512, 512, 3, False) + 2 * 512)
)  # fmt: skip
UP = ((512, 256), (256, 128), (128, 64), (64, 32))
UNET = (
    sum(conv(a, c, 3) + conv(c, c, 3) + 4 * c for a, c in ((3, 32), (32, 64), (64, 128), (128, 256), (256,
    512))) + sum(conv(b, c, 3) + conv(2 * c, c, 3) + conv(c, c, 3) + 4 * c for b, c in UP)
    + conv(32, 6, 1)
)  # fmt: skip


@pytest.mark.parametrize(
    ("recipe", "count"),
    [
        (recipe_of("alqnatri_cnn", "binary", channels=1), 1040 + 32_800 + 45_158_528 + 256 + 8256 + 128 + 65),
        (recipe_of("castro_cnn4", "binary", channels=1, size_px=256), 15_306_337),
        (recipe_of("resnet18", "binary", "cross_entropy", head="concat_pool"),
         RESNET18_BODY + CONCAT_HEAD + dense(512, 2)),
        (recipe_of("resnet18", "five_heads", "bce_sum"), RESNET18_BODY + 5 * dense(512, 1)),
        (recipe_of("resnet18", "five"), RESNET18_BODY + dense(512, 5)),
        (recipe_of("cnn_gru"), RESNET18_BODY + 2 * (3 * 256 * (512 + 256) + 2 * 3 * 256) + dense(512, 6)),
        (recipe_of("bag_of_slices"), RESNET18_BODY + dense(512, 6)),
        (recipe_of("patch_fcn", "pixels", "patch_fcn"), DILATED_38 + conv(512, 6, 1) + dense(512, 12)),
        (recipe_of("unet", "pixels", "pixel_cross_entropy"), UNET),
    ],
    ids=lambda value: value.network.architecture if isinstance(value, Recipe) else "",
)  # fmt: skip
def test_parameters_are_those_counted_by_hand(recipe: Recipe, count: int) -> None:
    assert parameter_count(recipe) == count


def test_dilated_resnet_38_has_38_convolutions_and_an_eighth_of_the_side() -> None:
    built = build(recipe_of("patch_fcn", "pixels", "patch_fcn"))
    convolutions = [
        m for block in built.body for m in block.modules()
        if isinstance(m, nn.Conv2d) and m.kernel_size != (1, 1)
    ]  # fmt: skip
    assert len(convolutions) + 1 == 38  # and the classifying layer
    with torch.inference_mode():
        x = torch.zeros(1, 3, 48, 48)
        maps = nn.Sequential(*built.body).eval()(x)
        said = built.module.eval()(x)
    assert maps.shape == (1, 512, 6, 6)
    assert said.pixels.shape == (1, 6, 48, 48)
    assert said.patch.shape == (1, 6, 2)


@pytest.mark.parametrize(
    ("recipe", "entering", "leaving"),
    [
        (recipe_of("cnn_gru"), (2, 3, 3, 32, 32), (2, 3, 6)),
        (recipe_of("bag_of_slices", "binary"), (2, 3, 3, 32, 32), (2, 3, 1)),
        (recipe_of("unet", "pixels", "pixel_cross_entropy"), (1, 3, 32, 48), (1, 6, 32, 48)),
    ],
    ids=["series", "bag", "unet"],
)
def test_shapes_of_series_and_pixel_networks(recipe: Recipe, entering: Any, leaving: Any) -> None:
    with torch.inference_mode():
        assert build(recipe).module.eval()(torch.zeros(entering)).shape == leaving


def test_an_unknown_architecture_is_named_with_those_known() -> None:
    with pytest.raises(ValueError, match=r"'resnet_9000' is not known; known are .*alexnet.*unet"):
        build(recipe_of("resnet_9000"))


def test_silu_takes_the_place_of_every_relu_and_the_weights_stay() -> None:
    plain = build(recipe_of("resnet18"))
    swapped = build(recipe_of("resnet18", activation="silu"))
    swapped.module.load_state_dict(plain.module.state_dict())
    assert not any(isinstance(module, nn.ReLU) for module in swapped.module.modules())
    assert sum(isinstance(module, nn.SiLU) for module in swapped.module.modules()) == 9
    shared = nn.ReLU()
    assert relu_to_silu(nn.Sequential(shared, nn.Linear(1, 1), shared)) == 1


@pytest.mark.parametrize("labels", ["six", "five_heads"])
def test_biases_start_at_the_log_odds(labels: str) -> None:
    loss = "bce_sum" if labels == "five_heads" else "bce"
    built = build(recipe_of("resnet18", labels, loss))
    log_odds = torch.arange(5 if labels == "five_heads" else 6, dtype=torch.float32)
    start_biases(built, log_odds)
    said = torch.cat([layer.bias.detach() for layer in built.last])
    assert torch.equal(said, log_odds)
    with pytest.raises(ValueError, match="no place for 2"):
        start_biases(built, log_odds[:2])


def test_after_the_swap_the_parts_are_those_of_the_network() -> None:
    built = build(recipe_of("resnet34", activation="silu"))
    there = {id(module) for module in built.module.modules()}
    assert all(id(block) in there for block in built.body)


def test_parts_are_known_by_name() -> None:
    built = build(recipe_of("resnet18"))
    assert len(built.modules_of("body")) == 8
    assert [len(modules) for _, modules in built.rate_groups()] == [6, 2, 1]
    with pytest.raises(ValueError, match="no part 'tail'; it has body, head"):
        built.modules_of("tail")


class TestSixScores:
    def test_a_binary_system_says_nothing_of_subtypes(self) -> None:
        scores = six_logits(torch.tensor([[0.3]]), recipe_of("resnet18", "binary"))
        assert scores[0, 0] == pytest.approx(0.3)
        assert scores[0, 1:].isnan().all()
        two = six_logits(torch.tensor([[1.0, 3.0]]), recipe_of("resnet18", "binary", "cross_entropy"))
        assert two[0, 0] == pytest.approx(2.0)

    def test_any_is_the_highest_of_five(self) -> None:
        scores = six_logits(torch.tensor([[0.0, 4.0, 1.0, 2.0, 3.0]]), recipe_of("resnet18", "five"))
        assert scores[0].tolist() == [4, 0, 4, 1, 2, 3]

    def test_of_exclusive_classes_the_log_odds_are_exact(self) -> None:
        p = torch.tensor([0.5, 0.1, 0.1, 0.05, 0.05, 0.2], dtype=torch.float64)
        scores = six_logits(p.log()[None], recipe_of("resnet18", "single_label", "cross_entropy"))[0]
        torch.testing.assert_close(
            torch.sigmoid(scores), torch.tensor([0.5, 0.1, 0.1, 0.05, 0.05, 0.2]).double()
        )

    def test_pixels_give_their_highest(self) -> None:
        pixels = torch.zeros(1, 6, 4, 4)
        pixels[0, 3, 1, 2] = 5.0
        scores = six_logits(pixels, recipe_of("unet", "pixels", "pixel_cross_entropy"))[0]
        expected = np.exp(5) / (np.exp(5) + 5)
        assert torch.sigmoid(scores[3]) == pytest.approx(expected)
        assert torch.sigmoid(scores[0]) == pytest.approx(1 - 1 / (np.exp(5) + 5))

    def test_patches_give_present_against_absent(self) -> None:
        patch = torch.zeros(1, 6, 2)
        patch[0, 2] = torch.tensor([1.0, 4.0])
        outputs = PatchOutputs(torch.zeros(1, 6, 2, 2), patch)
        assert six_logits(outputs, recipe_of("patch_fcn", "pixels", "patch_fcn"))[0].tolist() == [
            0,
            0,
            3,
            0,
            0,
            0,
        ]


def test_patches_cover_everything_and_overlap_by_two_thirds() -> None:
    assert patch_corners(512, 240) == [0, 80, 160, 240, 272]
    assert patch_corners(100, 240) == [0]

    class Center(nn.Module):
        def forward(self, x: torch.Tensor) -> PatchOutputs:
            return PatchOutputs(x, x.amax(dim=(2, 3))[..., None] * torch.tensor([0.0, 1.0]))

    x = torch.arange(100.0).reshape(1, 1, 10, 10)
    said = score_by_patches(Center(), x, 6)
    torch.testing.assert_close(said.pixels, x)
    assert said.patch[0, 0].tolist() == [0, 99]


def whole_state(architecture: str) -> dict[str, torch.Tensor]:
    torch.manual_seed(5)
    return dict(getattr(models, architecture)(weights=None).state_dict())


@pytest.mark.parametrize("architecture", ["resnet18", "densenet121", "alexnet", "efficientnet_b0"])
def test_published_weights_fill_the_body(tmp_path: Path, architecture: str) -> None:
    state = whole_state(architecture)
    save_file(state, tmp_path / "w.safetensors")
    built = build(recipe_of(architecture, head="concat_pool"))
    start_from(built, architecture, str(tmp_path / "w.safetensors"))
    own = built.module.features.state_dict()
    for name, tensor in state.items():
        short = name.removeprefix("features.")
        if short in own and "tracked" not in name:
            assert torch.equal(own[short], tensor)
    assert sum(n.removeprefix("features.") in own for n in state) == len(own)


def test_densenet_files_with_the_old_layer_names_fit(tmp_path: Path) -> None:
    state = whole_state("densenet121")
    old = {n.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): t for n, t in state.items()}
    assert old.keys() != state.keys()
    torch.save(old, tmp_path / "w.pth")
    built = build(recipe_of("densenet121"))
    start_from(built, "densenet121", str(tmp_path / "w.pth"))
    name = "denseblock1.denselayer1.norm1.weight"
    assert torch.equal(built.module.features.state_dict()[name], state[f"features.{name}"])


def test_weights_that_are_absent_or_do_not_fit_are_refused(tmp_path: Path) -> None:
    built: Built = build(recipe_of("resnet18"))
    with pytest.raises(WeightsUnavailableError, match=r"absent\.pth are not there"):
        start_from(built, "resnet18", str(tmp_path / "absent.pth"))
    with pytest.raises(WeightsUnavailableError, match="No package with starting weights for resnet18"):
        start_from(built, "resnet18", "package")
    save_file(whole_state("resnet34"), tmp_path / "w.safetensors")
    with pytest.raises(ValueError, match=r"do not fit resnet18: .* is too many"):
        start_from(built, "resnet18", str(tmp_path / "w.safetensors"))
    with pytest.raises(ValueError, match=r"do not fit resnet50: .* is missing"):
        start_from(build(recipe_of("resnet50")), "resnet50", str(tmp_path / "w.safetensors"))
