"""The network: pooled feature maps, one linear layer, class maps in closed form."""

from __future__ import annotations

import pytest
import torch
from stub_checkpoint import stub_network

from ichviewer.core.errors import CheckpointError
from ichviewer.inference.network import build_network, fold_batch_norms


@pytest.mark.parametrize("architecture", ["stub", "mobilenet_v2", "efficientnet_lite0"])
def test_mean_of_a_class_map_plus_bias_is_the_logit(architecture: str) -> None:
    """Hazard: a heat map that does not add up to the score explains something else."""
    network = stub_network(architecture, seed=3)
    with torch.inference_mode():
        torch.nn.init.normal_(network.classifier.bias)
        x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
        maps = network.class_maps(network.feature_maps(x))
        logits = network(x)
    assert maps.shape[:2] == (2, 6)
    torch.testing.assert_close(maps.mean(dim=(2, 3)) + network.classifier.bias, logits, rtol=1e-5, atol=1e-5)


def test_mobilenet_v2_has_one_output_per_label_and_a_cell_per_32_pixels() -> None:
    network = build_network("mobilenet_v2", 6).eval()
    with torch.inference_mode():
        assert network.feature_maps(torch.zeros(1, 3, 96, 64)).shape == (1, 1280, 3, 2)
    assert network.classifier.weight.shape == (6, 1280)
    assert sum(p.numel() for p in network.parameters()) == 2_231_558


def test_an_unknown_architecture_is_named_with_those_known() -> None:
    with pytest.raises(CheckpointError, match=r"'resnet_9000' is not known; known are: .*mobilenet_v2"):
        build_network("resnet_9000", 6)


@pytest.mark.parametrize("architecture", ["mobilenet_v2", "efficientnet_lite0"])
def test_folding_batch_norms_changes_nothing_that_counts(architecture: str) -> None:
    """Hazard: a network made faster that scores otherwise than the one that was judged."""
    network = build_network(architecture, 6).train()
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(4, 3, 64, 64, generator=generator)
    network(image)  # one training step's statistics, so that the norms are not the identity
    network.eval()
    with torch.inference_mode():
        before = network(image)
        fold_batch_norms(network)
        after = network(image)
        fold_batch_norms(network)
        assert torch.equal(network(image), after)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-5)
