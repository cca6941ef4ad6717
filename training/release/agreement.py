"""Whether the viewer makes of a slice what the training made of it, to the last bit, at every release.

The one thing to get wrong: comparing a function with itself. The trainer's side here is the prepared cache
and the frames that networks learned from; the viewer's is Hounsfield units and the files just released.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ichviewer.core.model_card import ModelCard, calibrated_probabilities
from ichviewer.core.preprocessing import Framing, NetworkInput, normalize, preprocess_slice
from ichviewer.core.score_smoothing import smoothed_slice_logits
from ichviewer.inference.checkpoint import load_checkpoint
from ichviewer.inference.network import SliceNetwork
from ichviewer.inference.predict import on_device, predict_slice
from training.fit.channels import repeated
from training.fit.frames import PreparedFrames, prepared_frames
from training.prepare.prepared import PreparedSource
from training.release.export_onnx import AgreementError
from training.runs.out_of_fold import ASSUMED_SPACING_MM, raw_checkpoint
from training.runs.smoothing import smoothed_within_studies
from training.sources import UNKNOWN_SPACING_MM, LabeledSlice, read_hu

LOG = logging.getLogger(__name__)

SLICES = 8


def check_agreement(
    card_path: Path,
    sources: Sequence[PreparedSource],
    files: Mapping[tuple[str, str], LabeledSlice],
    trained: SliceNetwork,
    smoothing_mm: float,
) -> NDArray[np.float32]:
    """Compare input and logits of some slices, and the scores that a stack of them gets, bit for bit.

    Args:
        card_path: Of the checkpoint just released.
        sources: Prepared, as the network learned from them.
        files: Rows of picture sets with their files, by source and name.
        trained: The network that was released.
        smoothing_mm: That calibration and figures were made with.

    Returns:
        The inputs that were compared, (slices, channels, size, size).

    Raises:
        AgreementError: Something differs; names the slice.
    """
    checkpoint = load_checkpoint(card_path)
    card, device = checkpoint.card, torch.device("cpu")
    frames = prepared_frames(sources, card.preprocessing)
    raw = raw_checkpoint(card.name, card.architecture, card.preprocessing, trained)
    on_device(checkpoint, device)
    on_device(raw, device)
    inputs, learned_logits, shown_logits = [], [], []
    rows = [row for source in sources for row in source.rows]
    for index in sample(frames, [(row.source, row.name) in files for row in rows]):
        row = files[rows[index].source, rows[index].name]
        learned = normalize(repeated(frames.framed(index), card.preprocessing), card.preprocessing)
        copies = 2 * card.preprocessing.neighbours + 1
        shown = preprocess_slice(
            np.stack([read_hu(row)] * copies), UNKNOWN_SPACING_MM, card.preprocessing
        ).values
        if not np.array_equal(learned, shown):
            raise AgreementError(
                f"{row.source} {row.name}: the viewer's input differs from the training's by "
                f"{np.abs(learned - shown).max():.2g}."
            )
        ours, _ = predict_slice(raw, NetworkInput(learned, Framing(0.0, 0.0, 1.0, 1.0)), device)
        theirs, _ = predict_slice(checkpoint, NetworkInput(shown, Framing(0.0, 0.0, 1.0, 1.0)), device)
        if not np.array_equal(ours, theirs):
            raise AgreementError(
                f"{row.source} {row.name}: logits of the released file differ from the trained network's by "
                f"{np.abs(ours - theirs).max():.2g}."
            )
        inputs.append(shown)
        learned_logits.append(ours)
        shown_logits.append(theirs)
    _check_stack(np.stack(learned_logits), np.stack(shown_logits), card, smoothing_mm)
    LOG.info("viewer and training agree to the last bit on %d slices", len(inputs))
    return np.stack(inputs)


def _check_stack(
    learned: NDArray[np.float32], shown: NDArray[np.float32], card: ModelCard, smoothing_mm: float
) -> None:
    """The slices as one stack, from logits to scores: training's as a study in any order.

    Args:
        learned: (slices, 6), the trained network's logits.
        shown: (slices, 6), the released file's.
        card: The released one.
        smoothing_mm: That calibration and figures were made with.

    Raises:
        AgreementError: A score differs.
    """
    positions_mm = np.arange(len(shown), dtype=np.float64) * ASSUMED_SPACING_MM
    is_known = np.ones(len(shown), dtype=np.bool_)
    study = np.zeros(len(learned), dtype=np.int64)
    downwards = smoothed_within_studies(learned[::-1], study, positions_mm[::-1], smoothing_mm)
    each = [
        smoothed_slice_logits(index, shown, positions_mm, is_known, card.smoothing_mm)
        for index in range(len(shown))
    ]
    ours, theirs = (calibrated_probabilities(logits, card) for logits in (downwards[::-1], np.stack(each)))
    if not np.array_equal(ours, theirs):
        raise AgreementError(
            f"The scores of a stack differ by {np.abs(ours - theirs).max():.2g}: the card smooths over "
            f"{card.smoothing_mm:g} mm, training over {smoothing_mm:g} mm."
        )


def sample(frames: PreparedFrames, has_file: Sequence[bool], count: int = SLICES) -> list[int]:
    """At most *count* rows with a file, evenly spread, that are framed from themselves alone.

    Raises:
        AgreementError: There are none or only one, so that nothing can be compared.
    """
    alone = [
        index
        for index, around in enumerate(frames.around)
        if has_file[index] and all(len(members) == 1 and members[0] == index for members in around)
    ]
    if len(alone) < 2:
        raise AgreementError("No slice has a picture of its own to compare viewer and training on.")
    places = np.unique(np.linspace(0, len(alone) - 1, count).round().astype(int))
    return [alone[place] for place in places]
