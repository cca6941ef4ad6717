"""Other methods of explaining one slice, by pytorch-grad-cam; the closed form is in ``predict``.

The one thing to get wrong: pytorch-grad-cam normalizes each map twice, per image, so that a cold slice
looks as hot as a bleeding one, and leaves hooks on the network. Here the map is taken before any
normalization, and the hooks are released whatever happens.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_grad_cam import (
    EigenCAM,
    EigenGradCAM,
    GradCAM,
    GradCAMPlusPlus,
    HiResCAM,
    LayerCAM,
    XGradCAM,
)
from pytorch_grad_cam.base_cam import BaseCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from ichviewer.core.errors import InferenceError
from ichviewer.core.heatmap import OTHER_METHODS
from ichviewer.core.preprocessing import NetworkInput
from ichviewer.inference.checkpoint import Checkpoint

METHODS: dict[str, type[BaseCAM]] = dict(
    zip(
        OTHER_METHODS,
        (GradCAM, GradCAMPlusPlus, XGradCAM, HiResCAM, LayerCAM, EigenCAM, EigenGradCAM),
        strict=True,
    )
)


def explain_slice(
    checkpoint: Checkpoint, network_input: NetworkInput, label_index: int, method: str, device: torch.device
) -> NDArray[np.float32]:
    """Map of one method for one slice and label, at the last convolution, not normalized.

    Args:
        checkpoint: Its network must lie on *device*.
        network_input: From ``preprocess_slice``.
        label_index: Position in SUBTYPES.
        method: One of ``core.heatmap.OTHER_METHODS``.
        device: Where to run.

    Returns:
        (h, w), float32, in the method's own unit. Grad-CAM's is the closed-form class map divided by the
        number of cells: the gradient of a mean is 1/(h w).

    Raises:
        InferenceError: The method is not known.
    """
    if method not in METHODS:
        raise InferenceError(f"{method!r} is not a known method; there are {', '.join(METHODS)}.")
    image = torch.from_numpy(network_input.values)[None].to(device)
    target = ClassifierOutputTarget(label_index)
    layer = checkpoint.network.features
    cam = METHODS[method](checkpoint.network, [layer])
    try:
        # Frozen or not when it was trained: without a gradient to the features no hook is called.
        with torch.enable_grad():
            logits = cam.activations_and_grads(image.requires_grad_(True))
            if cam.uses_gradients:
                checkpoint.network.zero_grad()
                target(logits[0]).backward()
        activations = cam.activations_and_grads.activations[0].numpy(force=True)
        gradients = cam.activations_and_grads.gradients
        gradient = gradients[0].numpy(force=True) if gradients else None
        values = cam.get_cam_image(image, layer, [target], activations, gradient, eigen_smooth=False)
    finally:
        cam.activations_and_grads.release()
        checkpoint.network.zero_grad()
    return np.asarray(values[0], dtype=np.float32)
