"""Where the picture of a view lies on its widget, and which point of the stack lies under the mouse.

The one thing to get wrong: prior, bone kernel and network input are drawn in the same views, and their places
are no places of the open stack; nothing may be measured there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF

from ichviewer.core.fit import fit_shift_mm, fit_size_mm
from ichviewer.core.navigation import plane_of
from ichviewer.core.shown import picture_grid, shift_beside_mm, shows_open_stack
from ichviewer.core.slice_image import SliceImage
from ichviewer.core.stack_frame import Vector
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.placement import Placement, fitting_mm_per_px, place_picture


def view_fitting_mm(
    state: ViewState, view: View, image: SliceImage | None, size: tuple[float, float]
) -> float | None:
    """Millimetres per Qt pixel at zoom 1; None without a volume. *size* is (width, height) in Qt pixels."""
    volume, turn = state.volume, state.cameras[view].turn
    if volume is None:
        return None
    if view is View.NETWORK:
        shape, spacing = picture_grid(state, view, image) or (volume.shape, (1.0, 1.0))
        return fitting_mm_per_px(turn.shape(shape), spacing[::-1] if turn.is_sideways else spacing, size)
    # Prior and bone kernel are drawn at the scale of the open stack, or sizes could not be compared.
    width_mm, height_mm = fit_size_mm(state, view, volume)
    if turn.is_sideways:
        width_mm, height_mm = height_mm, width_mm
    return max(width_mm / max(size[0], 1), height_mm / max(size[1], 1))


def view_placement(
    state: ViewState, view: View, image: SliceImage | None, size: tuple[float, float], ratio: float
) -> Placement | None:
    """Where the picture of a view lies, in device pixels; None without a volume.

    Args:
        state: What the window shows.
        view: Which one.
        image: From ``core.shown.shown_image``.
        size: (width, height) of the widget in Qt pixels.
        ratio: Device pixels per Qt pixel.
    """
    volume, plane = state.volume, plane_of(state, view)
    grid = picture_grid(state, view, image)
    if plane is not None:
        grid = plane.shape, (plane.spacing_mm, plane.spacing_mm)
    fitting_mm = view_fitting_mm(state, view, image, size)
    if volume is None or grid is None or fitting_mm is None:
        return None
    view_px, camera = (round(size[0] * ratio), round(size[1] * ratio)), state.cameras[view]
    if view is View.NETWORK:
        return place_picture(*grid, view_px, camera)
    right, down = fit_shift_mm(state, view, volume)
    right_beside, down_beside = shift_beside_mm(state, view)
    shift_mm = camera.turn.to_screen(right + right_beside, down + down_beside, (0.0, 0.0))
    return place_picture(*grid, view_px, camera.panned(*shift_mm), fitting_mm / ratio)


def stack_to_screen(
    state: ViewState,
    view: View,
    image: SliceImage | None,
    placement: Placement | None,
    ratio: float,
    points_mm: Vector,
) -> Vector:
    """Points of the stack frame, (..., 3), in Qt pixels of the view, (..., 2); NaN where they have none."""
    if image is None or placement is None or not shows_open_stack(state, view):
        return np.full((*points_mm.shape[:-1], 2), np.nan)
    places: NDArray[np.float64] = image.place_of(points_mm)
    across, down = placement.screen_point(places[..., 0], places[..., 1])
    return np.stack([across, down], axis=-1) / ratio


def screen_to_stack(
    state: ViewState,
    view: View,
    image: SliceImage | None,
    placement: Placement | None,
    ratio: float,
    position: QPointF,
) -> Vector | None:
    """Point of the stack frame, (3,), under a Qt position of the view; None where there is none."""
    if image is None or placement is None or not shows_open_stack(state, view):
        return None
    return image.point_mm(*placement.picture_point(position.x() * ratio, position.y() * ratio))
