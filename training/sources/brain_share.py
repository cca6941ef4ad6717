"""How much brain a slice shows: the share of its pixels from 0 to 80 HU."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.windowing import BRAIN

BRAIN_CUT = 0.20
"""Slices with a smaller share show little brain; one report dropped them."""


def brain_share(hu: NDArray[np.float32]) -> float:
    """Share of pixels in the brain's range, 0 to 1.

    The ends of a windowed picture hold all that was cut off there; they are no brain and do not count.
    """
    inside = (hu > BRAIN.lower) & (hu < BRAIN.upper) & (hu < hu.max()) & (hu > hu.min())
    return float(inside.mean())
