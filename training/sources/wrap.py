"""The 12-bit wrap of some RSNA files (``core.wrap_repair``), mended in the reader, once, and flagged.

The viewer asks its reader before it mends anything; here the data set is known to have the defect, and half
of a label set with air at 3096 HU would teach nonsense.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.series import StoredPixels
from ichviewer.core.wrap_repair import HIGHEST_VALUE, LEAST_INTERCEPT, WRAP


def repair_wrap(
    stored: NDArray[np.integer], pixels: StoredPixels, intercept: float
) -> tuple[NDArray[np.integer], bool]:
    """Stored values as they were meant; slope and intercept stay.

    Args:
        stored: (rows, columns).
        pixels: Bits Stored 12 and Pixel Representation 0 are signs of the defect.
        intercept: One above -100 HU is the other sign.

    Returns:
        Values, and whether any was changed.
    """
    is_suspect = pixels.bits_stored == 12 and not pixels.is_signed and intercept > LEAST_INTERCEPT
    wrapped = stored > HIGHEST_VALUE
    if not is_suspect or not wrapped.any():
        return stored, False
    signed = stored.astype(np.int32)
    signed[wrapped] -= WRAP
    return signed, True
