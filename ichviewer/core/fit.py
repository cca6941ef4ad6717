"""What fills a view at zoom 1: the head, or the whole image.

The one thing to get wrong: all views of the open stack have one scale, or sizes in them could not be compared
by eye.
"""

from __future__ import annotations

import numpy as np

from ichviewer.core.navigation import plane_of
from ichviewer.core.stack_frame import Vector
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState
from ichviewer.core.volume import Volume

MARGIN = 0.12
"""Of the head's size, half on each side: room for letters and scale bar, and for slices that are larger."""


def fit_bounds_mm(state: ViewState, volume: Volume) -> Vector:
    """Lowest and highest corner, (2, 3), of what is to fill the views, in the stack frame."""
    bounds = volume.frame.bounds_mm.copy()
    if state.fits_head and state.head_bounds_mm is not None:
        head = np.asarray(state.head_bounds_mm)
        margin = MARGIN / 2 * (head[1] - head[0])
        bounds[:, :2] = np.clip([head[0] - margin, head[1] + margin], bounds[0, :2], bounds[1, :2])
    return bounds


def fit_size_mm(state: ViewState, view: View, volume: Volume) -> tuple[float, float]:
    """(width, height) that fills a view of the open stack, upright.

    The planes have one scale where their views are alike in size: that of the largest of them.
    """
    across, along, height = (float(side) for side in np.diff(fit_bounds_mm(state, volume), axis=0)[0])
    if plane_of(state, view) is None:
        return across, along
    return max(across, along), max(along, height)


def fit_shift_mm(state: ViewState, view: View, volume: Volume) -> tuple[float, float]:
    """How far a picture's middle is to be shifted, (right, down) of the upright picture, so that it fits."""
    middle = fit_bounds_mm(state, volume).mean(axis=0)
    plane = plane_of(state, view)
    if plane is not None:
        apart = np.asarray(plane.center_mm) - middle
        return float(apart @ np.asarray(plane.right)), float(apart @ np.asarray(plane.down))
    rows, columns = volume.shape
    center = volume.frame.pixel_to_mm(state.slice_index, (rows - 1) / 2, (columns - 1) / 2)
    return float(center[0] - middle[0]), float(center[1] - middle[1])
