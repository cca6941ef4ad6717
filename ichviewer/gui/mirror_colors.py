"""Colors of the mirror view: orange where a place is denser than its mirror place, blue where it is less."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.mirror_picture import NEUTRAL

DENSER, LESS_DENSE = (0xE6, 0x9F, 0x00), (0x56, 0xB4, 0xE9)
"""Okabe and Ito's orange and sky blue: told apart by every eye."""

OPACITY = 0.6
"""At full color; the brain below must stay visible."""


def mirror_table() -> NDArray[np.uint32]:
    """Color of every grey under every level, (65536,), 0xFFRRGGBB at index level * 256 + grey."""
    grey, level = np.meshgrid(np.arange(256.0), np.arange(256.0))
    share = np.clip((level - NEUTRAL) / (255 - NEUTRAL), -1, 1)
    opacity = OPACITY * np.abs(share)
    mixed = [
        grey * (1 - opacity) + np.where(share > 0, dense, less) * opacity
        for dense, less in zip(DENSER, LESS_DENSE, strict=True)
    ]
    red, green, blue = (np.rint(channel).astype(np.uint32) for channel in mixed)
    return np.asarray(np.uint32(0xFF000000) | red << 16 | green << 8 | blue, dtype=np.uint32).ravel()
