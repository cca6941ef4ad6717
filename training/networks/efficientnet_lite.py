"""Published weights of EfficientNet-Lite0 under torchvision's names, for torchvision's padding.

The one thing to get wrong is half a pixel. TensorFlow, in which the weights were trained, pads a convolution
of stride 2 on an even image more to the right and below, torchvision alike on both sides: they sample pixels
1, 3, 5 and 0, 2, 4. Turned by 180 degrees the one is the other. So kernels turned by 180 degrees give, on an
image turned alike, exactly the published network's maps; untouched kernels give others (correlation of the
last maps 0.59). What the network then knows is a world upside down, which for heads is as good as any.
"""

from __future__ import annotations

from torch import Tensor

from ichviewer.inference.network import EFFICIENTNET_LITE0

_CONVOLUTIONS = {"_expand_conv": ("_bn0", 0), "_depthwise_conv": ("_bn1", 1), "_project_conv": ("_bn2", 3)}
"""Of a block: its norm, and its place in torchvision's block; place 2 is squeeze and excitation's."""


def is_published(state: dict[str, Tensor]) -> bool:
    """Whether a state has the names of the published file."""
    return "_conv_stem.weight" in state


def torchvision_state(published: dict[str, Tensor]) -> dict[str, Tensor]:
    """The body's weights by torchvision's names, ``features.0.0.weight`` and so on, kernels turned.

    Args:
        published: State of the published network; its last layer is left out.

    Raises:
        ValueError: A tensor has a name that EfficientNet-Lite0 does not have.
    """
    modules = _modules()
    state = {}
    for name, value in published.items():
        module, _, kind = name.rpartition(".")
        if module == "_fc":
            continue
        if module not in modules:
            raise ValueError(f"{name} is no tensor of EfficientNet-Lite0.")
        state[f"features.{modules[module]}.{kind}"] = value.flip(2, 3) if value.ndim == 4 else value
    return state


def _modules() -> dict[str, str]:
    """Names of convolutions and norms: published to torchvision's."""
    last = len(EFFICIENTNET_LITE0) + 1
    names = {"_conv_stem": "0.0", "_bn0": "0.1", "_conv_head": f"{last}.0", "_bn1": f"{last}.1"}
    count = 0
    for stage, (expansion, *_, blocks) in enumerate(EFFICIENTNET_LITE0, start=1):
        for block in range(blocks):
            for convolution, (norm, place) in _CONVOLUTIONS.items():
                # A block that does not widen has no first convolution.
                own = f"{stage}.{block}.block.{place - (expansion == 1)}"
                names[f"_blocks.{count}.{convolution}"] = f"{own}.0"
                names[f"_blocks.{count}.{norm}"] = f"{own}.1"
            count += 1
    return names
