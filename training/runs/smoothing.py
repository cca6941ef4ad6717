"""Scores that are means over neighboring slices, made of training's rows by the viewer's own function.

The one thing to get wrong: slices are neighbors within one study only, and a slice whose study or place in it
is not known stays as it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.score_smoothing import smoothed_logits


def smoothed_within_studies(
    logits: NDArray[np.floating],
    studies: NDArray[np.int64],
    positions_mm: NDArray[np.float64],
    smoothing_mm: float,
) -> NDArray[np.floating]:
    """Logits as the viewer would calibrate them.

    Args:
        logits: (slices, 6), out of fold.
        studies: (slices,), -1 where not known.
        positions_mm: (slices,), along the study's normal.
        smoothing_mm: See ``core.score_smoothing``; 0 leaves the logits as they are.

    Returns:
        (slices, 6).
    """
    if smoothing_mm == 0:
        return logits
    smoothed = np.array(logits, dtype=np.float64)
    order = np.argsort(studies, kind="stable")
    borders = np.flatnonzero(np.diff(studies[order])) + 1
    for inside in np.split(order, borders):
        if len(inside) and studies[inside[0]] >= 0:
            is_known = np.ones(len(inside), dtype=np.bool_)
            smoothed[inside] = smoothed_logits(logits[inside], positions_mm[inside], is_known, smoothing_mm)
    return smoothed


def smoothing_words(studies: NDArray[np.int64], smoothing_mm: float) -> dict[str, Any]:
    """What a card says of its smoothing; nothing where there is none.

    Args:
        studies: (slices,) that it was calibrated on, -1 where not known.
        smoothing_mm: 0 for none.
    """
    if smoothing_mm == 0:
        return {}
    return {
        "smoothing": (
            "Before calibration, thresholds and figures a slice's logits were averaged with its neighbors' "
            f"in the study, weights falling to 0 at {smoothing_mm:g} mm, on {int((studies >= 0).sum()):,} of "
            f"{len(studies):,} slices; of the others study or place is not known, and they stayed as they "
            "were."
        )
    }
