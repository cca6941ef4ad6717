"""The air around the head, as the outer tenth of a slice shows it.

By its value a wrong scale of Hounsfield units is noticed. The one thing to get wrong: what stands at the
border may also be a fill outside the scanner's circle, or tissue that the image cuts off.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.volume import Volume

AIR_RANGE_HU = (-1150.0, -850.0)
"""Where the peak of the air around the head lies on a sound scanner."""

LEAST_AIR = 0.05
"""A border of which this share is air at its right value is sound, also where tissue is commoner."""

LOWEST_HU = -2900
"""What is lower is a fill."""

STEP = 4
"""Every fourth row and column of a slice is looked at."""


def border_hu(volume: Volume, slice_index: int) -> NDArray[np.float32]:
    """Values of the outer tenth of a slice (top, left, right), without padding and without a fill below.

    Returns:
        (values,), HU; empty where all is padding.
    """
    stored = volume.stored_values[slice_index, ::STEP, ::STEP]
    rows, columns = max(1, stored.shape[0] // 10), max(1, stored.shape[1] // 10)
    parts = (stored[:rows], stored[:, :columns], stored[:, -columns:])
    border = np.concatenate([part.ravel() for part in parts])
    padding = volume.padding(slice_index)
    if padding is not None:
        border = border[(border < padding[0]) | (border > padding[1])]
    hu = border.astype(np.float32) * np.float32(volume.slopes[slice_index])
    hu += np.float32(volume.intercepts[slice_index])
    return _without_fill(hu)


def _without_fill(hu: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values at the very bottom may be a fill; they are left out where there is anything else."""
    above = hu[hu > LOWEST_HU]
    if not above.size:
        return hu
    inside = above[above > above.min() + 1]
    return inside if inside.size > 0.02 * above.size else above


def peak_hu(border: NDArray[np.float32]) -> float | None:
    """The commonest value, in steps of 20 HU; None where there is none. What it stands for is not asked."""
    if not border.size:
        return None
    limited = np.clip(border, LOWEST_HU, 4130)
    counts, edges = np.histogram(limited, bins=np.arange(LOWEST_HU, 4160, 20))
    return float(edges[int(np.argmax(counts))] + 10)


def is_air(hu: float) -> bool:
    """Whether that can be the value of air.

    >>> is_air(-1000.0), is_air(30.0)
    (True, False)
    """
    return AIR_RANGE_HU[0] <= hu <= AIR_RANGE_HU[1]


def lacks_air(border: NDArray[np.float32]) -> bool:
    """Whether the border of one slice shows something, and hardly any of it is air at its right value."""
    if not border.size:
        return False
    inside = (border >= AIR_RANGE_HU[0]) & (border <= AIR_RANGE_HU[1])
    return float(inside.mean()) < LEAST_AIR
