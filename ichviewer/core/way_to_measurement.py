"""The way back to a measurement: its slice, or the very plane that it was drawn on.

The one thing to get wrong: the three planes meet at the height of a slice, so an oblique plane is reached by
moving the crosshair within it until its z is that of a slice.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ichviewer.core.measuring import selected, with_selection
from ichviewer.core.navigation import (
    PLANES_OF_VIEW,
    crosshair_point,
    shows_stored_slice,
    visible_views,
    with_crosshair,
    with_layout,
)
from ichviewer.core.plane import Plane, triple
from ichviewer.core.stack_frame import Vector
from ichviewer.core.views import PLANE_VIEWS, Layout, View
from ichviewer.core.viewstate import ViewState, scrolled_to


def gone_to(state: ViewState, identifier: int) -> ViewState:
    """A measurement chosen, and its slice or plane in view."""
    there = state.work.measurements.found(identifier)
    if there is None or state.volume is None:
        return state
    chosen = with_selection(replace(state, drawing=None), identifier)
    if isinstance(there.plane, int):
        return _with_stored_slice(scrolled_to(chosen, there.plane))
    return _with_plane(chosen, there.plane, np.asarray(there.points_mm[0]))


def next_measurement(state: ViewState, step: int) -> ViewState:
    """The next measurement in the order of drawing is chosen, and shown."""
    items = state.work.measurements.items
    if not items:
        return state
    now = selected(state)
    at = items.index(now) + step if now in items else (0 if step > 0 else -1)
    return gone_to(state, items[at % len(items)].identifier)


def _with_stored_slice(state: ViewState) -> ViewState:
    """A layout that shows the slice as it was stored, if none of the views on the screen does."""
    if any(shows_stored_slice(state, view) for view in visible_views(state)):
        return state
    together = replace(state, promoted_view=None)
    if any(shows_stored_slice(together, view) for view in visible_views(together)):
        return together
    return with_layout(state, Layout.TRIPTYCH)


def _with_plane(state: ViewState, plane: Plane, point_mm: Vector) -> ViewState:
    """The view of the three that needs the least turning shows a plane, through a point of it."""
    volume = state.volume
    if volume is None:
        return state
    axes = np.stack([plane.right, plane.down, plane.normal])

    def turn_of(view: View) -> Vector:
        upright = PLANES_OF_VIEW[view](volume.frame, crosshair_point(state))
        return np.asarray(axes.T @ np.stack([upright.right, upright.down, upright.normal]))

    turns = {view: turn_of(view) for view in PLANE_VIEWS}
    view = max(turns, key=lambda each: float(np.trace(turns[each])))
    rotations = list(state.plane_rotations)
    rotation = np.round(turns[view], 12) + 0.0
    rotations[PLANE_VIEWS.index(view)] = triple(rotation[0]), triple(rotation[1]), triple(rotation[2])
    there = replace(
        state, plane_rotations=(rotations[0], rotations[1], rotations[2]), slab=plane.slab, promoted_view=None
    )
    if view not in there.layout.views:
        there = with_layout(there, Layout.PLANES)
    there = replace(there, active_view=view)
    return with_crosshair(there, _on_a_slice(plane, point_mm, volume.frame.positions_mm))


def _on_a_slice(plane: Plane, point_mm: Vector, positions_mm: Vector) -> Vector:
    """A point of a plane beside another one, at the height of a slice: the crosshair's z is that of one."""
    nearest = float(positions_mm[np.argmin(np.abs(positions_mm - point_mm[2]))])
    sideways = plane.normal[:2]
    squared = float(sideways @ sideways)
    if squared < 1e-12:
        return point_mm
    rise = nearest - point_mm[2]
    return np.array([*(point_mm[:2] - sideways * (plane.normal[2] * rise / squared)), nearest])
