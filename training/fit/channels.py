"""Equal channels are framed, kept and varied once, and repeated where the network wants them.

A recipe that shows one window three times has one distinct channel and three of the input.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.preprocessing import PreprocessingSpec


def distinct_channels(spec: PreprocessingSpec) -> list[int]:
    """Places, among the channels of the input, of those that differ."""
    first = [spec.windows.index(window) for window in dict.fromkeys(spec.windows)]
    slices = 2 * spec.neighbours + 1
    return [number * len(spec.windows) + place for number in range(slices) for place in first]


def repeated(grey: NDArray[np.float32], spec: PreprocessingSpec) -> NDArray[np.float32]:
    """(..., distinct, size, size) to (..., channels, size, size)."""
    order = list(dict.fromkeys(spec.windows))
    slices = 2 * spec.neighbours + 1
    places = [
        number * len(order) + order.index(window) for number in range(slices) for window in spec.windows
    ]
    if grey.shape[-3] != len(order) * slices:
        raise ValueError(f"{grey.shape[-3]} framed channels were given, {len(order) * slices} are wanted.")
    return np.asarray(grey[..., places, :, :])
