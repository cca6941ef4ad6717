"""Puts class maps to the test: the network runs on changed pictures of the same slice.

The one thing to get wrong: as in ``predict``, the batch is always one slice, so a verdict depends neither on
which other labels are checked nor on when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.map_verdict import MapVerdict, SliceVerdicts
from ichviewer.core.preprocessing import NetworkInput, preprocess_volume_slice
from ichviewer.core.self_doubt import doubt, map_verdict
from ichviewer.core.volume import Volume
from ichviewer.inference.checkpoint import Checkpoint
from ichviewer.inference.predict import Outputs, predict_slice

MapOfLabel = Callable[[NetworkInput, int], NDArray[np.float32]]
"""Another method: map (h, w) of a slice for the label at a position in SUBTYPES."""


def check_maps(
    volume: Volume,
    slice_index: int,
    labels: Sequence[int],
    checkpoint: Checkpoint,
    device: torch.device,
    other_method: MapOfLabel | None = None,
) -> Iterator[SliceVerdicts | None]:
    """Check the maps of some labels of one slice: 12 passes, and one more for each label.

    Args:
        volume: The stack.
        slice_index: A readable slice.
        labels: Positions in SUBTYPES.
        checkpoint: Made ready by ``predict.on_device``.
        device: Where to run.
        other_method: Makes the maps instead of the closed form.

    Yields:
        None after each pass, so that whoever asks can stop there; the verdicts in the end.
    """
    network_input = preprocess_volume_slice(volume, slice_index, checkpoint.card.preprocessing)
    tested = doubt(volume, slice_index, network_input)

    def seen(values: NDArray[np.float32]) -> NetworkInput:
        return NetworkInput(values, network_input.framing)

    def run(values: NDArray[np.float32]) -> Outputs:
        return predict_slice(checkpoint, seen(values), device)

    logits, closed_form = run(tested.values)
    yield None
    _, flipped_closed_form = run(tested.flipped)
    yield None
    without_random = []
    for values in tested.without_random_areas():
        without_random.append(run(values)[0])
        yield None
    verdicts: list[MapVerdict | None] = [None] * len(SUBTYPES)
    for label in labels:
        class_map, of_flipped = closed_form[label], flipped_closed_form[label]
        if other_method is not None:
            class_map = other_method(network_input, label)
            of_flipped = other_method(seen(tested.flipped), label)
        changed = tested.without_hottest(class_map)
        verdicts[label] = map_verdict(
            tested,
            class_map,
            of_flipped,
            float(logits[label]),
            [float(each[label]) for each in without_random],
            None if changed is None else float(run(changed)[0][label]),
        )
        yield None
    key, sha = volume.series.key, checkpoint.card.weights_sha256
    yield SliceVerdicts(key, sha, slice_index, tuple(verdicts))
