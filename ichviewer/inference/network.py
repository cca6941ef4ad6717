"""Networks by name: feature maps, their mean over the image, one linear layer.

The one place that builds a network, for viewer and training. The one thing to get wrong: the
closed-form class maps hold only because the very maps that are averaged enter the linear layer;
an architecture in which something stands between the two does not belong here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models import (
    DenseNet,
    EfficientNet,
    ResNet,
    densenet121,
    densenet161,
    efficientnet_b0,
    efficientnet_b2,
    mobilenet_v2,
    resnet18,
    resnet34,
    resnet50,
    resnet101,
    resnet152,
)
from torchvision.models.efficientnet import MBConv, MBConvConfig

from ichviewer.core.errors import CheckpointError


class SliceNetwork(nn.Module):
    """Features, global average pool, one linear layer.

    Attributes:
        features: (n, 3, size, size) to (n, channels, h, w).
        dropout: On the pooled features, in training only.
        classifier: (n, channels) to logits (n, labels).
    """

    def __init__(self, features: nn.Module, channels: int, label_count: int, dropout: float) -> None:
        super().__init__()
        self.features = features
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(channels, label_count)

    def feature_maps(self, x: Tensor) -> Tensor:
        """Last convolution's output, (n, channels, h, w)."""
        maps: Tensor = self.features(x)
        return maps

    def forward(self, x: Tensor) -> Tensor:
        """Logits, (n, labels)."""
        logits: Tensor = self.classifier(self.dropout(self.feature_maps(x).mean(dim=(2, 3))))
        return logits

    def class_maps(self, feature_maps: Tensor) -> Tensor:
        """Closed-form Grad-CAM of all labels, (n, labels, h, w), logit units.

        The mean of a map plus the label's bias is its logit.
        """
        return torch.einsum("lc,nchw->nlhw", self.classifier.weight, feature_maps)


def fold_batch_norms(network: SliceNetwork) -> None:
    """Put every batch norm that follows a convolution into that convolution, in place; once is enough.

    For evaluation only: the same arithmetic in fewer passes over the image, equal to about 1e-6.
    """
    for block in network.features.modules():
        children = list(block.named_children())
        for (conv_name, conv), (norm_name, norm) in pairwise(children):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(block, conv_name, fuse_conv_bn_eval(conv, norm))
                setattr(block, norm_name, nn.Identity())


def _mobilenet_v2(label_count: int) -> SliceNetwork:
    whole = mobilenet_v2(weights=None)
    return SliceNetwork(whole.features, whole.last_channel, label_count, dropout=0.2)


def _efficientnet(build: Callable[..., EfficientNet], label_count: int) -> SliceNetwork:
    whole = build(weights=None)
    dropout, classifier = whole.classifier
    return SliceNetwork(whole.features, classifier.in_features, label_count, dropout=dropout.p)


EFFICIENTNET_LITE0 = (
    (1, 3, 1, 32, 16, 1),
    (6, 3, 2, 16, 24, 2),
    (6, 5, 2, 24, 40, 2),
    (6, 3, 2, 40, 80, 3),
    (6, 5, 1, 80, 112, 3),
    (6, 5, 2, 112, 192, 4),
    (6, 3, 1, 192, 320, 1),
)
"""Stages of EfficientNet-Lite0, those of B0: expansion, kernel, stride, channels in and out, blocks.

Tan and Le, EfficientNet, 2019, table 1; the changes for Lite: TensorFlow's "EfficientNet-lite", 2020.
"""


def _efficientnet_lite0(label_count: int) -> SliceNetwork:
    """B0 without squeeze and excitation, with ReLU6 for SiLU: about half of the time on a processor."""
    block = partial(MBConv, se_layer=nn.Identity)
    stages = [MBConvConfig(*stage, block=block) for stage in EFFICIENTNET_LITE0]
    # The published weights were trained with this epsilon; another one changes what the norms do.
    norm = partial(nn.BatchNorm2d, eps=1e-3)
    whole = EfficientNet(stages, dropout=0.2, last_channel=1280, norm_layer=norm)
    for module in list(whole.features.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.SiLU):
                setattr(module, name, nn.ReLU6(inplace=True))
    return SliceNetwork(whole.features, 1280, label_count, dropout=0.2)


def _resnet(build: Callable[..., ResNet], label_count: int) -> SliceNetwork:
    whole = build(weights=None)
    features = nn.Sequential(
        OrderedDict((name, part) for name, part in whole.named_children() if name not in ("avgpool", "fc"))
    )
    return SliceNetwork(features, whole.fc.in_features, label_count, dropout=0.0)


def _densenet(build: Callable[..., DenseNet], label_count: int) -> SliceNetwork:
    whole = build(weights=None)
    # torchvision calls this ReLU by hand; the maps that are averaged are those behind it.
    whole.features.add_module("relu5", nn.ReLU())
    return SliceNetwork(whole.features, whole.classifier.in_features, label_count, dropout=0.0)


ARCHITECTURES: dict[str, Callable[[int], SliceNetwork]] = {
    "mobilenet_v2": _mobilenet_v2,
    "efficientnet_b0": partial(_efficientnet, efficientnet_b0),
    "efficientnet_b2": partial(_efficientnet, efficientnet_b2),
    "efficientnet_lite0": _efficientnet_lite0,
    "resnet18": partial(_resnet, resnet18),
    "resnet34": partial(_resnet, resnet34),
    "resnet50": partial(_resnet, resnet50),
    "resnet101": partial(_resnet, resnet101),
    "resnet152": partial(_resnet, resnet152),
    "densenet121": partial(_densenet, densenet121),
    "densenet161": partial(_densenet, densenet161),
}
"""Builders by the name that stands in a model card."""


def build_network(architecture: str, label_count: int) -> SliceNetwork:
    """A network with random weights.

    Args:
        architecture: One of ARCHITECTURES.
        label_count: Number of outputs.

    Raises:
        CheckpointError: The architecture is not known.
    """
    if architecture not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES))
        raise CheckpointError(f"The architecture {architecture!r} is not known; known are: {known}.")
    return ARCHITECTURES[architecture](label_count)
