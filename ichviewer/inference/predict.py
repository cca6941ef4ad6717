"""From a volume to findings, slice by slice.

A second thread prepares the next slice and finds the peak of the last one while the network runs
on the current one, so that an analysis costs little more than the bare forward passes. A finding is given
out once every neighbor that enters its score was scored or failed. The one
thing to get wrong: the batch is **always** one slice, since its size changes the last digits and a
result must not depend on the order in which slices are asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from ichviewer.core.errors import IchViewerError, InferenceError
from ichviewer.core.findings import SUBTYPES, SliceFinding, SliceStatus, Subtype
from ichviewer.core.heatmap import find_peak
from ichviewer.core.model_card import ModelCard, calibrated_probabilities
from ichviewer.core.preprocessing import NetworkInput, preprocess_volume_slice
from ichviewer.core.progress import CancelToken
from ichviewer.core.score_smoothing import (
    applied_smoothing_mm,
    neighbors_within,
    smoothed_slice_logits,
)
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


OwnOutput = tuple[SliceFinding, NDArray[np.float32]]
"""What came of one slice by itself: all of its finding but the probabilities, and its logits (6,), which are
NaN where it failed."""


def predict(
    volume: Volume,
    checkpoint: Checkpoint,
    device: torch.device,
    order: Sequence[int] | None = None,
    cancel: CancelToken | None = None,
) -> Iterator[tuple[SliceFinding, ...]]:
    """Score slices in the order asked for; a slice that fails costs that slice only.

    Args:
        volume: The stack.
        checkpoint: What to run.
        device: Where to run.
        order: Slice indices; all slices by default. Unreadable slices are left out. Neighbors that enter the
            score of a slice in it are scored too, last, and not given out.
        cancel: Looked at before every slice.

    Yields:
        Whenever the network is through with one more slice, the findings that became final by it: without
        smoothing that slice's; with it none at first, and several in the end. In all one finding per readable
        slice in *order*, status OK or FAILED.

    Raises:
        Cancelled: *cancel* was set.
    """
    on_device(checkpoint, device)
    card, positions_mm = checkpoint.card, volume.geometry.positions_mm
    smoothing_mm = applied_smoothing_mm(volume.series, card.smoothing_mm)

    def entering(index: int) -> list[int]:
        near = neighbors_within(index, positions_mm, smoothing_mm)
        return [each for each in near if volume.is_readable[each]]

    wanted = range(volume.slice_count) if order is None else order
    waiting = dict.fromkeys(int(index) for index in wanted if volume.is_readable[index])
    scored = list(dict.fromkeys([*waiting, *(each for index in waiting for each in entering(index))]))
    own: dict[int, SliceFinding] = {}
    logits = np.full((volume.slice_count, len(SUBTYPES)), np.nan)
    with closing(_own_outputs(volume, checkpoint, device, scored, cancel or CancelToken())) as outputs:
        for finding, own_logits in outputs:
            arrived = finding.slice_index
            own[arrived], logits[arrived] = finding, own_logits
            final = [k for k in entering(arrived) if k in waiting and own.keys() >= set(entering(k))]
            for index in final:
                del waiting[index]
            yield tuple(
                _with_probabilities(
                    own[index],
                    smoothed_slice_logits(index, logits, positions_mm, volume.is_readable, smoothing_mm),
                    card,
                )
                for index in final
            )


def _own_outputs(
    volume: Volume,
    checkpoint: Checkpoint,
    device: torch.device,
    indices: Sequence[int],
    cancel: CancelToken,
) -> Generator[OwnOutput, None, None]:
    """Each slice by itself, in order."""
    spec = checkpoint.card.preprocessing
    helper = ThreadPoolExecutor(max_workers=1, thread_name_prefix="preprocess")

    def prepare(position: int) -> Future[NetworkInput]:
        return helper.submit(preprocess_volume_slice, volume, indices[position], spec)

    finishing: tuple[int, Future[OwnOutput]] | None = None
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
                step = helper.submit(_finished, volume, index, network_input, outputs)
            if finishing is not None:
                yield _settled(*finishing)
            finishing = (index, step)
        if finishing is not None:
            yield _settled(*finishing)
    finally:
        helper.shutdown(wait=True, cancel_futures=True)


def _failed(index: int, error: Exception) -> OwnOutput:
    finding = SliceFinding(index, SliceStatus.FAILED, reason=str(error) or type(error).__name__)
    return finding, np.full(len(SUBTYPES), np.nan, dtype=np.float32)


def _finished(volume: Volume, index: int, network_input: NetworkInput, outputs: Outputs) -> OwnOutput:
    """Find the peak of ``any``.

    A subtype's own map can point elsewhere (on the demo, epidural's does, to the other side); the map of
    ``any`` learned from every bleed and pointed at each of them.
    """
    logits, class_maps = outputs
    if not np.isfinite(logits).all():
        return _failed(index, InferenceError("the network gave no finite score"))
    any_map = class_maps[SUBTYPES.index(Subtype.ANY)]
    peak = find_peak(any_map, Subtype.ANY, network_input.framing, volume, index)
    finding = SliceFinding(index, SliceStatus.OK, None, class_maps, network_input.framing, peak)
    return finding, logits


def _settled(index: int, step: Future[OwnOutput]) -> OwnOutput:
    try:
        return step.result()
    except SLICE_ERRORS as error:
        LOG.warning("slice %d failed", index, exc_info=True)
        return _failed(index, error)


def _with_probabilities(own: SliceFinding, logits: NDArray[np.float64], card: ModelCard) -> SliceFinding:
    """The finding with what its smoothed logits are calibrated to; one that failed stays without."""
    if own.status is not SliceStatus.OK:
        return own
    return replace(own, probabilities=tuple(float(p) for p in calibrated_probabilities(logits, card)))
