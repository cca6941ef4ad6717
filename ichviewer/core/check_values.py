"""Whether the values of a stack look like Hounsfield units: their steps, and the air around the head."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ichviewer.core.air import STEP, border_hu, is_air, lacks_air, peak_hu
from ichviewer.core.head_samples import sampled_indices
from ichviewer.core.receipt import counted
from ichviewer.core.volume import Volume
from ichviewer.core.wrap_repair import WRAPPED_REASON, suspected_slices, wrapped_slices

LARGEST_STEP_HU = 2.0

MOST_SLICES = 9
MOST_BORDERS = 40
"""The border of a slice is looked at in a fifth of a millisecond."""


def value_doubts(volume: Volume) -> list[str]:
    """Red doubts from the values alone; of wrapped ones nothing else, for they can be mended first."""
    wrapped = wrapped_slices(volume)
    if wrapped:
        part = f"wrapped are {len(wrapped)} of {volume.slice_count} slices"
        return [WRAPPED_REASON] if len(wrapped) == volume.slice_count else [WRAPPED_REASON, part]
    doubts = []
    coarsest = max(step_hu(volume, index) for index in sampled_indices(volume, MOST_SLICES))
    if coarsest > LARGEST_STEP_HU:
        doubts.append(f"values in steps of {coarsest:.1f} HU")
    return [*doubts, *_shift(volume)]


def _shift(volume: Volume) -> list[str]:
    """Doubts because air is not at -1000 HU, in all of the sampled and suspected slices or in some."""
    looked_at = sorted({*sampled_indices(volume, MOST_BORDERS), *suspected_slices(volume)})
    borders = {index: border_hu(volume, index) for index in looked_at}
    common = peak_hu(np.concatenate(list(borders.values())))
    is_common = common is not None and not is_air(common)
    # A border of tissue with a little air beside it is sound: heads touch the edge of small images.
    peaks = {index: peak_hu(border) for index, border in borders.items() if lacks_air(border)}
    odd = [peak for peak in peaks.values() if peak is not None and not is_air(peak)]
    if odd and len(odd) < len(looked_at):
        part = f"in {len(odd)} of {counted(len(looked_at), 'slice')} looked at"
        return [f"Hounsfield units look shifted {part} (air at {odd[0]:.0f})"]
    return [f"Hounsfield units look shifted (air at {common:.0f})"] if is_common else []


def step_hu(volume: Volume, slice_index: int) -> float:
    """Smallest step between values that occur, HU: the commonest distance of neighbours in value."""
    present = np.unique(volume.stored_values[slice_index, ::STEP, ::STEP])
    if present.size < 16:
        return 0.0
    commonest = Counter(np.diff(present.astype(np.int64)).tolist()).most_common(1)[0][0]
    return abs(float(commonest * volume.slopes[slice_index]))
