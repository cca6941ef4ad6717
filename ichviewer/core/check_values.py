"""Whether the values of a stack look like Hounsfield units: their steps, and the air around the head."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.head_samples import sampled_indices
from ichviewer.core.volume import Volume
from ichviewer.core.wrap_repair import WRAPPED_REASON, has_wrapping_header, is_wrapped_air

LARGEST_STEP_HU = 2.0

AIR_RANGE_HU = (-1150.0, -850.0)
"""Where the peak of the air around the head lies on a sound scanner."""

MOST_SLICES = 9
STEP = 4
"""Every fourth row and column of a slice is looked at."""


def is_wrapped(volume: Volume) -> bool:
    """Whether negative values were stored as high ones, the known defect that ``wrap_repair`` undoes."""
    return has_wrapping_header(volume.series) and is_wrapped_air(air_peak_hu(volume))


def value_doubts(volume: Volume) -> list[str]:
    """Red doubts from the values alone, wrapped values left to ``is_wrapped``."""
    if is_wrapped(volume):
        return [WRAPPED_REASON]
    doubts = []
    coarsest = max(step_hu(volume, index) for index in sampled_indices(volume, MOST_SLICES))
    if coarsest > LARGEST_STEP_HU:
        doubts.append(f"values in steps of {coarsest:.1f} HU")
    air = air_peak_hu(volume)
    if air is not None and not AIR_RANGE_HU[0] <= air <= AIR_RANGE_HU[1]:
        doubts.append(f"Hounsfield units look shifted (air at {air:.0f})")
    return doubts


def step_hu(volume: Volume, slice_index: int) -> float:
    """Smallest step between values that occur, HU: the commonest distance of neighbours in value."""
    present = np.unique(volume.stored_values[slice_index, ::STEP, ::STEP])
    if present.size < 16:
        return 0.0
    commonest = Counter(np.diff(present.astype(np.int64)).tolist()).most_common(1)[0][0]
    return abs(float(commonest * volume.slopes[slice_index]))


def air_peak_hu(volume: Volume) -> float | None:
    """Commonest value in the outer tenth of some slices (top, left, right), HU; None where all is padding.

    Around a head that is air; of which kind the value is, is not asked.

    Values at the very bottom may be a fill outside the scanner's circle and are left out if other
    air is there.
    """
    borders = []
    for index in sampled_indices(volume, MOST_SLICES):
        hu = _every_fourth(volume, index)
        rows, columns = max(1, hu.shape[0] // 10), max(1, hu.shape[1] // 10)
        borders += [hu[:rows].ravel(), hu[:, :columns].ravel(), hu[:, -columns:].ravel()]
    values = np.concatenate(borders)
    values = values[values > -2900]
    if not values.size:
        return None
    inside = values[values > values.min() + 1]
    used = inside if inside.size > 0.02 * values.size else values
    counts, edges = np.histogram(used, bins=np.arange(-2900, 4140, 20))
    return float(edges[int(np.argmax(counts))] + 10)


def _every_fourth(volume: Volume, slice_index: int) -> NDArray[np.float32]:
    """Every fourth row and column of a slice, HU; padding becomes air far below."""
    stored = volume.stored_values[slice_index, ::STEP, ::STEP]
    hu = stored.astype(np.float32) * np.float32(volume.slopes[slice_index])
    hu += np.float32(volume.intercepts[slice_index])
    padding = volume.padding(slice_index)
    if padding is not None:
        hu[(stored >= padding[0]) & (stored <= padding[1])] = -3000
    return hu
