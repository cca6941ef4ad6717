"""The closed form agrees with pytorch-grad-cam, and its other methods leave the network as it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import make_volume
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.image import scale_cam_image
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from stub_checkpoint import stub_card, stub_network

from ichviewer.core.errors import InferenceError
from ichviewer.core.findings import SUBTYPES
from ichviewer.core.heatmap import OTHER_METHODS
from ichviewer.core.preprocessing import NetworkInput, preprocess_volume_slice
from ichviewer.inference.checkpoint import Checkpoint
from ichviewer.inference.explain import explain_slice
from ichviewer.inference.predict import predict_slice

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return Checkpoint(stub_card(), stub_network("mobilenet_v2"))


@pytest.fixture(scope="module")
def network_input(checkpoint: Checkpoint) -> NetworkInput:
    hu = make_volume(1, 128, 128).hu(0)
    hu[50:70, 40:60] = 65
    volume = make_volume(hu=hu.astype(np.int16)[None])
    return preprocess_volume_slice(volume, 0, checkpoint.card.preprocessing)


@pytest.mark.parametrize("label", range(6), ids=SUBTYPES)
def test_closed_form_agrees_with_pytorch_grad_cam_after_its_own_normalization(
    checkpoint: Checkpoint, network_input: NetworkInput, label: int
) -> None:
    """pytorch-grad-cam clips at 0, scales to its maximum, enlarges, and scales again; so does this test.

    One of the two scalings left out would cost 1e-2.
    """
    image = torch.from_numpy(network_input.values)[None]
    with GradCAM(checkpoint.network, [checkpoint.network.features]) as oracle:
        expected = oracle(image, [ClassifierOutputTarget(label)])
    _logits, class_maps = predict_slice(checkpoint, network_input, CPU)
    # Its scaling adds 1e-7 to the maximum of a map that is 1/(h w) of ours: copy that too.
    gradient_of_mean = class_maps[label].size
    positive = np.maximum(class_maps[label] / gradient_of_mean, 0)[None]
    size = image.shape[-1], image.shape[-2]
    ours = scale_cam_image(np.maximum(scale_cam_image(positive, size), 0))
    assert expected.max() > 0.9
    np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_grad_cam_before_normalization_is_the_class_map_over_its_cells(
    checkpoint: Checkpoint, network_input: NetworkInput
) -> None:
    _logits, class_maps = predict_slice(checkpoint, network_input, CPU)
    values = explain_slice(checkpoint, network_input, 3, "Grad-CAM", CPU)
    np.testing.assert_allclose(values * values.size, class_maps[3], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("method", OTHER_METHODS)
def test_a_method_leaves_no_hook_and_no_gradient(
    checkpoint: Checkpoint, network_input: NetworkInput, method: str
) -> None:
    """Hazard: a hook left on the shared network keeps every later slice in memory."""
    before = predict_slice(checkpoint, network_input, CPU)
    values = explain_slice(checkpoint, network_input, 2, method, CPU)
    after = predict_slice(checkpoint, network_input, CPU)
    assert values.shape == before[1].shape[1:]
    assert np.isfinite(values).all()
    assert not checkpoint.network.features._forward_hooks
    assert all(parameter.grad is None for parameter in checkpoint.network.parameters())
    assert np.array_equal(before[0], after[0])


def test_methods_differ(checkpoint: Checkpoint, network_input: NetworkInput) -> None:
    maps = [explain_slice(checkpoint, network_input, 1, method, CPU) for method in ("Grad-CAM", "LayerCAM")]
    assert not np.allclose(maps[0] / maps[0].max(), maps[1] / maps[1].max(), atol=1e-3)


def test_an_unknown_method_is_named(checkpoint: Checkpoint, network_input: NetworkInput) -> None:
    with pytest.raises(InferenceError, match="Tea leaves"):
        explain_slice(checkpoint, network_input, 0, "Tea leaves", CPU)


@pytest.mark.parametrize("method", ["Grad-CAM", "HiResCAM"])
def test_two_methods_are_the_closed_form_again(
    checkpoint: Checkpoint, network_input: NetworkInput, method: str
) -> None:
    """So the menu says, for a network that ends in global average pooling and one linear layer."""
    _logits, class_maps = predict_slice(checkpoint, network_input, CPU)
    values = explain_slice(checkpoint, network_input, 2, method, CPU)
    scale = np.abs(class_maps[2]).max()
    np.testing.assert_allclose(values * values.size / scale, class_maps[2] / scale, atol=1e-3)
