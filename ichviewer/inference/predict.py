"""From a volume to findings, slice by slice.

A second thread prepares the next slice and finds the peak of the last one while the network runs
on the current one, so that an analysis costs little more than the bare forward passes. The one
thing to get wrong: the batch is **always** one slice, since its size changes the last digits and a
result must not depend on the order in which slices are asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray

from ichviewer.core.errors import IchViewerError, InferenceError
from ichviewer.core.findings import SUBTYPES, SliceFinding, SliceStatus, Subtype
from ichviewer.core.heatmap import find_peak
from ichviewer.core.model_card import ModelCard, calibrated_probabilities
from ichviewer.core.preprocessing import NetworkInput, preprocess_volume_slice
from ichviewer.core.progress import CancelToken
from ichviewer.core.volume import Volume
from ichviewer.inference.checkpoint import Checkpoint
from ichviewer.inference.network import fold_batch_norms

LOG = logging.getLogger(__name__)

SLICE_ERRORS = (IchViewerError, ValueError, ArithmeticError, LookupError, RuntimeError, MemoryError)
"""What can go wrong with one slice; it costs that slice only."""

Outputs = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Logits (6,) and class maps (6, h, w), logit units."""


def predict_slice(checkpoint: Checkpoint, network_input: NetworkInput, device: torch.device) -> Outputs:
    """Run the network on one slice.

    Args:
        checkpoint: Its network must lie on *device*.
        network_input: From ``preprocess_slice`` with the spec of the checkpoint's card.
        device: Where to run.

    Returns:
        Logits (6,), before calibration, and class maps (6, h, w) in logit units, both float32 in the order of
        SUBTYPES; the mean of a map plus the label's bias is its logit.
    """
    batch = torch.from_numpy(network_input.values)[None].to(device)
    with torch.inference_mode():
        feature_maps = checkpoint.network.feature_maps(batch.contiguous(memory_format=torch.channels_last))
        logits = checkpoint.network.classifier(feature_maps.mean(dim=(2, 3)))
        class_maps = checkpoint.network.class_maps(feature_maps)
    return logits[0].cpu().numpy(), np.ascontiguousarray(class_maps[0].cpu().numpy())


def on_device(checkpoint: Checkpoint, device: torch.device) -> Checkpoint:
    """Make the network ready to run on *device*: batch norms folded, in the memory order that is fastest."""
    fold_batch_norms(checkpoint.network.eval())
    checkpoint.network.to(device).to(memory_format=torch.channels_last)
    return checkpoint


def predict(
    volume: Volume,
    checkpoint: Checkpoint,
    device: torch.device,
    order: Sequence[int] | None = None,
    cancel: CancelToken | None = None,
) -> Iterator[SliceFinding]:
    """Score slices in the order asked for; a slice that fails costs that slice only.

    Args:
        volume: The stack.
        checkpoint: What to run.
        device: Where to run.
        order: Slice indices; all slices by default. Unreadable slices are left out.
        cancel: Looked at before every slice.

    Yields:
        One finding per readable slice, status OK or FAILED.

    Raises:
        Cancelled: *cancel* was set.
    """
    on_device(checkpoint, device)
    cancel = cancel or CancelToken()
    wanted = range(volume.slice_count) if order is None else order
    indices = [int(index) for index in wanted if volume.is_readable[index]]
    spec = checkpoint.card.preprocessing
    helper = ThreadPoolExecutor(max_workers=1, thread_name_prefix="preprocess")

    def prepare(position: int) -> Future[NetworkInput]:
        return helper.submit(preprocess_volume_slice, volume, indices[position], spec)

    finishing: tuple[int, Future[SliceFinding]] | None = None
    try:
        prepared = [prepare(position) for position in range(min(1, len(indices)))]
        for position, index in enumerate(indices):
            cancel.raise_if_cancelled()
            if position + 1 < len(indices):
                prepared.append(prepare(position + 1))
            try:
                network_input = prepared.pop(0).result()
                outputs = predict_slice(checkpoint, network_input, device)
            except SLICE_ERRORS as error:
                LOG.warning("slice %d failed", index, exc_info=True)
                step = helper.submit(_failed, index, error)
            else:
                step = helper.submit(_finished, volume, index, network_input, outputs, checkpoint.card)
            if finishing is not None:
                yield _settled(*finishing)
            finishing = (index, step)
        if finishing is not None:
            yield _settled(*finishing)
    finally:
        helper.shutdown(wait=True, cancel_futures=True)


def _failed(index: int, error: Exception) -> SliceFinding:
    return SliceFinding(index, SliceStatus.FAILED, reason=str(error) or type(error).__name__)


def _finished(
    volume: Volume, index: int, network_input: NetworkInput, outputs: Outputs, card: ModelCard
) -> SliceFinding:
    """Calibrate, and find the peak of ``any``.

    A subtype's own map can point elsewhere (on the demo, epidural's does, to the other side); the map of
    ``any`` learned from every bleed and pointed at each of them.
    """
    logits, class_maps = outputs
    if not np.isfinite(logits).all():
        return _failed(index, InferenceError("the network gave no finite score"))
    probabilities = tuple(float(p) for p in calibrated_probabilities(logits, card))
    any_map = class_maps[SUBTYPES.index(Subtype.ANY)]
    peak = find_peak(any_map, Subtype.ANY, network_input.framing, volume, index)
    return SliceFinding(index, SliceStatus.OK, probabilities, class_maps, network_input.framing, peak)


def _settled(index: int, step: Future[SliceFinding]) -> SliceFinding:
    try:
        return step.result()
    except SLICE_ERRORS as error:
        LOG.warning("slice %d failed", index, exc_info=True)
        return _failed(index, error)
