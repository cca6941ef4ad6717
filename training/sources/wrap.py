"""The known defect of some RSNA files: 12-bit values that were wrapped by 4096.

Their headers say 12 bits, unsigned, and an intercept near 0 where it should be near -1000: air, which should
be the lowest value, stands at the top of the range. Here it is mended once, in the reader, and flagged; the
viewer never mends it by itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.series import StoredPixels

WRAP = 1 << 12
SHIFT = 1000
HIGHEST_SOUND_INTERCEPT = -100.0


def repair_wrap(
    stored: NDArray[np.integer], pixels: StoredPixels, intercept: float
) -> tuple[NDArray[np.integer], float, bool]:
    """Stored values and intercept as they were meant.

    Args:
        stored: (rows, columns).
        pixels: Bits Stored 12 and Pixel Representation 0 are signs of the defect.
        intercept: One above -100 HU is the other sign.

    Returns:
        Values, intercept, and whether anything was changed.
    """
    has_defect = pixels.bits_stored == 12 and not pixels.is_signed and intercept > HIGHEST_SOUND_INTERCEPT
    if not has_defect:
        return stored, intercept, False
    return (stored.astype(np.int32) + SHIFT) % WRAP, intercept - SHIFT, True
