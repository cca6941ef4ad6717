"""A checkpoint as ONNX beside its safetensors: logits and class maps from the same input.

The one thing to get wrong: the file holds the network alone. Preprocessing, smoothing over neighboring slices
and calibration are the card's; the file's metadata repeat the first two and name the weights by hash. A file
that does not agree with the network is not left behind.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ichviewer.core.findings import SUBTYPES
from ichviewer.inference.checkpoint import load_checkpoint
from ichviewer.inference.network import SliceNetwork

LOG = logging.getLogger(__name__)

LARGEST_DIFFERENCE = 1e-3
"""Of logits and class maps, logit units; rounding is some 1e-5."""


class AgreementError(RuntimeError):
    """What was released does not give what was trained; says where and by how much."""


class LogitsAndMaps(nn.Module):
    """A slice network with both of its outputs, closed form."""

    def __init__(self, network: SliceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, slices: Tensor) -> tuple[Tensor, Tensor]:
        """(n, channels, size, size), normalized, to logits (n, 6) and class maps (n, 6, h, w)."""
        maps = self.network.feature_maps(slices)
        logits: Tensor = self.network.classifier(maps.mean(dim=(2, 3)))
        return logits, self.network.class_maps(maps)


def export_onnx(card_path: Path, inputs: NDArray[np.float32]) -> Path:
    """Write NAME.onnx beside a released checkpoint and hold it against the network.

    Args:
        card_path: Of the checkpoint.
        inputs: (n, channels, size, size), normalized, to compare on; n of two or more.

    Returns:
        Path of the file.

    Raises:
        AgreementError: Outputs differ by more than LARGEST_DIFFERENCE; no file is left.
    """
    checkpoint = load_checkpoint(card_path)
    module = LogitsAndMaps(checkpoint.network).eval()
    path, partial = card_path.with_suffix(".onnx"), card_path.with_suffix(".onnx.partial")
    program = torch.onnx.export(
        module,
        (torch.from_numpy(inputs[:2]),),
        input_names=["slices"],
        output_names=["logits", "class_maps"],
        dynamic_shapes={"slices": {0: torch.export.Dim("count")}},
        external_data=False,
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise AgreementError(f"{card_path.name} could not be exported.")
    model = program.model_proto
    onnx.helper.set_model_props(
        model,
        {
            "name": checkpoint.card.name,
            "weights_sha256": checkpoint.card.weights_sha256,
            "labels": ",".join(SUBTYPES),
            "preprocessing": json.dumps(checkpoint.card.preprocessing.to_dict()),
            "smoothing_mm": repr(checkpoint.card.smoothing_mm),
            "license": checkpoint.card.license,
        },
    )
    onnx.checker.check_model(model)
    partial.write_bytes(model.SerializeToString())
    try:
        difference = largest_difference(partial, module, inputs)
        if not difference <= LARGEST_DIFFERENCE:
            raise AgreementError(f"{path.name} differs from the network by {difference:.2g} logit units.")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    LOG.info("%s differs from the network by %.2g logit units at most", path.name, difference)
    return path


def largest_difference(path: Path, module: LogitsAndMaps, inputs: NDArray[np.float32]) -> float:
    """Largest difference of any output between an ONNX file and the network, logit units.

    Slices go through one by one and all together: an export may have taken the number for fixed.
    """
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    differences = []
    for batch in (inputs, *(inputs[index : index + 1] for index in range(len(inputs)))):
        with torch.inference_mode():
            expected = module(torch.from_numpy(batch))
        found = session.run(["logits", "class_maps"], {"slices": batch})
        differences += [
            float(np.abs(ours - theirs.numpy()).max()) for ours, theirs in zip(found, expected, strict=True)
        ]
    # A NaN must not pass for a small difference.
    return max(differences) if np.isfinite(differences).all() else float("inf")
