"""Moving through a stack in its three planes: layouts, crosshair, oblique planes, and what each view shows.

The one thing to get wrong: the triptych shows stored slices and nothing else. Slab, rotation and
interpolation belong to the three planes, and a view that is not a stored slice never carries scores or heat.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from ichviewer.core.midline import MidlineFit
from ichviewer.core.mirror import mirror_plane
from ichviewer.core.plane import (
    NO_SLAB,
    Plane,
    Slab,
    Triple,
    axial_plane,
    coronal_plane,
    rotation_about,
    sagittal_plane,
    triple,
)
from ichviewer.core.prior import prior_scrolled
from ichviewer.core.stack_frame import StackFrame, Vector
from ichviewer.core.views import PLANE_VIEWS, Layout, View
from ichviewer.core.viewstate import NOT_ROTATED, Rotation, ViewState, scrolled_to

PLANES_OF_VIEW = {View.AXIAL: axial_plane, View.CORONAL: coronal_plane, View.SAGITTAL: sagittal_plane}


def with_layout(state: ViewState, layout: Layout) -> ViewState:
    """Other views side by side; windows, cameras and slice stay."""
    if layout is state.layout:
        return replace(state, promoted_view=None)
    there = replace(state, layout=layout, active_view=layout.views[0], promoted_view=None)
    return straight_wanted(there, is_wanted=True) if layout is Layout.MIRROR else there


def visible_views(state: ViewState) -> tuple[View, ...]:
    """The views on the screen."""
    return state.layout.views if state.promoted_view is None else (state.promoted_view,)


def crosshair_point(state: ViewState) -> Vector:
    """Where the three planes meet, (3,), in the stack frame.

    Raises:
        ValueError: No stack is open.
    """
    if state.volume is None:
        raise ValueError("Without a stack there is no crosshair.")
    return np.array([*state.crosshair_mm, state.volume.frame.positions_mm[state.slice_index]])


def with_crosshair(state: ViewState, point_mm: Vector) -> ViewState:
    """The three planes meet at a point of the stack frame, (3,); its z goes to the nearest slice."""
    if state.volume is None:
        return state
    low, high = state.volume.frame.bounds_mm
    x, y, z = np.clip(point_mm, low, high)
    there = scrolled_to(state, state.volume.frame.nearest_slice(float(z)))
    return replace(there, crosshair_mm=(float(x), float(y)))


def rotation_of(state: ViewState, view: View) -> Rotation:
    """How the plane of a view is turned about the crosshair; not at all outside the three planes."""
    return state.plane_rotations[PLANE_VIEWS.index(view)] if view in PLANE_VIEWS else NOT_ROTATED


def plane_of(state: ViewState, view: View) -> Plane | None:
    """The plane that a view of the three cuts through the stack; None where a view shows a stored slice.

    The axial view shows the stored slice unless the reader turned it or made it thick.
    """
    if state.volume is None:
        return None
    if view is View.MIRROR and state.midline is not None:
        return mirror_plane(state.volume.frame, state.midline, crosshair_point(state))
    if view not in PLANES_OF_VIEW:
        return None
    rotation = rotation_of(state, view)
    if view is View.AXIAL and rotation == NOT_ROTATED and state.slab == NO_SLAB:
        return None
    return _plane(state.volume.frame, view, triple(crosshair_point(state)), rotation, state.slab)


def thin_plane(state: ViewState, view: View) -> Plane:
    """The plane of one of the three views without its slab; also of the axial view on a stored slice.

    Raises:
        ValueError: No stack is open.
    """
    if state.volume is None:
        raise ValueError("Without a stack there are no planes.")
    point = triple(crosshair_point(state))
    return _plane(state.volume.frame, view, point, rotation_of(state, view), NO_SLAB)


@lru_cache(maxsize=32)
def _plane(frame: StackFrame, view: View, point: Triple, rotation: Rotation, slab: Slab) -> Plane:
    """Kept, because one drawing of a view asks for its planes a dozen times."""
    return PLANES_OF_VIEW[view](frame, point, np.asarray(rotation), slab)


def shows_stored_slice(state: ViewState, view: View) -> bool:
    """Whether a view shows the slice in view as it was stored, so that scores and heat belong to it."""
    if view is View.BONE and state.bone_stack is not None:
        return False
    return view <= View.AXIAL and plane_of(state, view) is None


def scrolled_in(state: ViewState, view: View, steps: int) -> ViewState:
    """Further through the stack along a view's normal: slices, or rows and columns in the planes across them.

    Upwards is to the head, to the face, and to the patient's left.
    """
    if view is View.PRIOR and state.prior is not None and not state.links.scroll:
        return prior_scrolled(state, steps)
    if state.volume is None or view not in (View.CORONAL, View.SAGITTAL):
        return scrolled_to(state, state.slice_index + steps)
    plane = plane_of(state, view)
    if plane is None:
        return state
    # Moved within the slice, so that z stays: the plane goes exactly so far along its normal.
    # The coronal normal points to the back, the sagittal one to the patient's right.
    towards = -plane.normal[:2]
    step = towards / max(float(towards @ towards), 1e-6) * (steps * plane.spacing_mm)
    low, high = state.volume.frame.bounds_mm[:, :2]
    x, y = np.clip(np.asarray(state.crosshair_mm) + step, low, high)
    return replace(state, crosshair_mm=(float(x), float(y)))


def rotated_about_crosshair(state: ViewState, view: View, degrees: float) -> ViewState:
    """The two other planes turned about the crosshair, as seen in *view*: oblique planes.

    Args:
        state: Before.
        view: One of the three planes; it stays as it is.
        degrees: Clockwise on the upright picture of *view*.
    """
    if state.volume is None or view not in PLANES_OF_VIEW:
        return state
    seen = thin_plane(state, view)
    # Right x down points away from the reader, so a right-handed turn about it is clockwise on the screen.
    turn = rotation_about(triple(seen.normal), degrees)
    rotations = tuple(
        rotation if each is view else _rotation(turn @ np.asarray(rotation))
        for each, rotation in zip(PLANE_VIEWS, state.plane_rotations, strict=True)
    )
    return replace(state, plane_rotations=(rotations[0], rotations[1], rotations[2]))


def straight_wanted(state: ViewState, is_wanted: bool) -> ViewState:
    """The planes along the head's own midline, at once if it is known; or along the stack again."""
    if not is_wanted:
        return replace(state, wants_straight=False, plane_rotations=(NOT_ROTATED,) * 3)
    wanted = replace(state, wants_straight=True)
    return wanted if state.midline is None else with_midline(wanted, state.midline)


def with_midline(state: ViewState, midline: MidlineFit) -> ViewState:
    """The head's midline became known; where straight planes are wanted, all three are turned alike."""
    found = replace(state, midline=midline)
    return (
        replace(found, plane_rotations=(_rotation(midline.rotation),) * 3) if state.wants_straight else found
    )


def is_straight(state: ViewState, view: View) -> bool:
    """Whether a plane lies along the head's own midline."""
    return state.midline is not None and rotation_of(state, view) == _rotation(state.midline.rotation)


def not_rotated(state: ViewState) -> ViewState:
    """The three planes along the stack again."""
    return straight_wanted(state, is_wanted=False)


def _rotation(matrix: Vector) -> Rotation:
    return triple(matrix[0]), triple(matrix[1]), triple(matrix[2])
