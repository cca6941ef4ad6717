"""What the left button takes hold of when it goes down, and what moving it then does.

The one thing to get wrong: what the cursor showed before the press is what the press takes. Both ask
``grip_at``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ichviewer.core.growing import chosen_region, painted, region_wanted
from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measurement_editing import handle_moved, moved
from ichviewer.core.measurement_outline import hit
from ichviewer.core.measuring import (
    drawing_moved,
    drawing_pressed,
    drawing_released,
    measurements_shown,
    plane_shown,
    with_changed,
    with_selection,
)
from ichviewer.core.navigation import (
    crosshair_point,
    rotated_about_crosshair,
    thin_plane,
    with_crosshair,
)
from ichviewer.core.plane import Plane, Triple, triple
from ichviewer.core.stack_frame import Vector
from ichviewer.core.tool import Tool
from ichviewer.core.views import PLANE_VIEWS, View
from ichviewer.core.viewstate import Rotation, ViewState, with_new_gesture

CENTER_REACHES = 2.0
"""The crosshair is moved when it is taken this near to where its lines meet, in parts of the reach."""

ROTATING_REACHES = 7.0
"""Along its lines the crosshair is moved up to here; beyond, the planes are turned. Nearer to the center a
pixel would be several degrees."""


@dataclass(frozen=True)
class DrawingGrip:
    """A drawing begins or goes on."""

    view: View

    def pressed(self, state: ViewState, point_mm: Triple) -> ViewState:
        """The button went down."""
        return drawing_pressed(state, self.view, point_mm)

    def dragged(self, state: ViewState, point_mm: Triple, _before_mm: Triple) -> ViewState:
        """The mouse moved with the button down."""
        return drawing_moved(state, self.view, point_mm, is_held=True)

    def released(self, state: ViewState, point_mm: Triple, is_dragged: bool) -> ViewState:
        """The button went up."""
        return drawing_released(state, self.view, point_mm, is_dragged)


@dataclass(frozen=True)
class MeasurementGrip:
    """A measurement is chosen, and dragged by a handle or as a whole; the drag is one step to undo.

    Attributes:
        measurement: As it was when it was taken.
        handle: Index into its handles; None for the whole.
        from_mm: Where it was taken.
    """

    measurement: Measurement
    handle: int | None
    from_mm: Triple

    def pressed(self, state: ViewState, _point_mm: Triple) -> ViewState:
        """The button went down."""
        chosen = with_selection(replace(state, drawing=None), self.measurement.identifier, self.handle)
        return with_new_gesture(chosen)

    def dragged(self, state: ViewState, point_mm: Triple, _before_mm: Triple) -> ViewState:
        """The mouse moved with the button down. A grown region stays where it was found."""
        if self.measurement.kind is MeasurementKind.REGION:
            return state
        deed = "move" if self.handle is None else "change"
        return with_changed(
            state, self.measurement.identifier, lambda now: self._put(now, point_mm), deed, state.gesture
        )

    def released(self, state: ViewState, _point_mm: Triple, _is_dragged: bool) -> ViewState:
        """The button went up."""
        return state

    def _put(self, now: Measurement, point_mm: Triple) -> Measurement:
        # From where it was taken, not from where it is: no drag adds up rounding.
        before = replace(now, points_mm=self.measurement.points_mm)
        if self.handle is None:
            return moved(before, np.subtract(point_mm, self.from_mm))
        return handle_moved(before, self.handle, point_mm)


@dataclass(frozen=True)
class CrosshairGrip:
    """The crosshair goes where the mouse is."""

    view: View

    def pressed(self, state: ViewState, point_mm: Triple) -> ViewState:
        """The button went down."""
        return with_crosshair(state, np.asarray(point_mm))

    def dragged(self, state: ViewState, point_mm: Triple, _before_mm: Triple) -> ViewState:
        """The mouse moved with the button down."""
        return with_crosshair(state, np.asarray(point_mm))

    def released(self, state: ViewState, _point_mm: Triple, _is_dragged: bool) -> ViewState:
        """The button went up."""
        return state


@dataclass(frozen=True)
class CrosshairDragGrip:
    """The crosshair is taken beside its center and moved as far as the mouse: it never jumps."""

    from_mm: Triple
    center_mm: Triple

    def pressed(self, state: ViewState, _point_mm: Triple) -> ViewState:
        """The button went down."""
        return state

    def dragged(self, state: ViewState, point_mm: Triple, _before_mm: Triple) -> ViewState:
        """The mouse moved with the button down."""
        return with_crosshair(state, np.add(self.center_mm, np.subtract(point_mm, self.from_mm)))

    def released(self, state: ViewState, _point_mm: Triple, _is_dragged: bool) -> ViewState:
        """The button went up."""
        return state


@dataclass(frozen=True)
class RotationGrip:
    """The other two planes turn about the crosshair with the mouse.

    Attributes:
        view: The plane that is seen; it stays.
        rotations: Of the planes when the line was taken.
        from_degrees: Direction of the mouse from the crosshair then.
    """

    view: View
    rotations: tuple[Rotation, Rotation, Rotation]
    from_degrees: float

    def pressed(self, state: ViewState, _point_mm: Triple) -> ViewState:
        """The button went down."""
        return state

    def dragged(self, state: ViewState, point_mm: Triple, _before_mm: Triple) -> ViewState:
        """The mouse moved with the button down."""
        turn = direction_degrees(state, self.view, point_mm) - self.from_degrees
        return rotated_about_crosshair(replace(state, plane_rotations=self.rotations), self.view, turn)

    def released(self, state: ViewState, _point_mm: Triple, _is_dragged: bool) -> ViewState:
        """The button went up."""
        return state


@dataclass(frozen=True)
class SeedGrip:
    """A region grows from where the button goes up."""

    slice_index: int

    def pressed(self, state: ViewState, _point_mm: Triple) -> ViewState:
        """The button went down."""
        return with_selection(state, None)

    def dragged(self, state: ViewState, _point_mm: Triple, _before_mm: Triple) -> ViewState:
        """The mouse moved with the button down."""
        return state

    def released(self, state: ViewState, point_mm: Triple, _is_dragged: bool) -> ViewState:
        """The button went up."""
        return region_wanted(state, point_mm, self.slice_index)


@dataclass(frozen=True)
class BrushGrip:
    """A grown region is painted on one slice; the strokes of one drag are one step to undo.

    Attributes:
        identifier: Of the region.
        slice_index: Where the brush was set down.
        adds: Whether it adds; else it removes.
    """

    identifier: int
    slice_index: int
    adds: bool

    def pressed(self, state: ViewState, point_mm: Triple) -> ViewState:
        """The button went down."""
        return self.dragged(with_new_gesture(state), point_mm, point_mm)

    def dragged(self, state: ViewState, point_mm: Triple, before_mm: Triple) -> ViewState:
        """The mouse moved with the button down."""
        return painted(state, self.identifier, before_mm, point_mm, self.slice_index, self.adds)

    def released(self, state: ViewState, _point_mm: Triple, _is_dragged: bool) -> ViewState:
        """The button went up."""
        return state


Grip = DrawingGrip | MeasurementGrip | CrosshairGrip | CrosshairDragGrip | RotationGrip | SeedGrip | BrushGrip


@dataclass(frozen=True)
class Modifiers:
    """Keys held with the left button.

    Attributes:
        sets_crosshair: The crosshair goes there, whatever the tool.
        removes: The brush removes.
    """

    sets_crosshair: bool = False
    removes: bool = False


NO_MODIFIERS = Modifiers()


def grip_at(
    state: ViewState, view: View, point_mm: Triple, reach_mm: float, keys: Modifiers = NO_MODIFIERS
) -> Grip | None:
    """What a press of the left button takes hold of; None where it changes the window.

    A drawing that was begun comes first, then what the reader drew before, then the tool.

    Args:
        state: What is shown.
        view: The view that is pressed in.
        point_mm: Where, in the stack frame.
        reach_mm: How near is near enough.
        keys: What is held with it.
    """
    shown = plane_shown(state, view)
    if shown is None:
        return None
    if keys.sets_crosshair:
        return CrosshairGrip(view)
    if state.tool is Tool.BRUSH:
        return _brush_grip(state, shown, keys.removes)
    drawing = state.drawing
    if drawing is not None and not drawing.is_complete and drawing.plane == shown:
        return DrawingGrip(view)
    found = hit(measurements_shown(state, view), point_mm, reach_mm)
    if found is not None:
        return MeasurementGrip(state.work.measurements[found.identifier], found.handle, point_mm)
    if state.tool is Tool.REGION:
        return SeedGrip(shown) if isinstance(shown, int) else None
    if state.tool.kind is not None:
        return DrawingGrip(view)
    lines = _lines_grip(state, view, point_mm, reach_mm)
    return CrosshairGrip(view) if lines is None and state.tool is Tool.CROSSHAIR else lines


def direction_degrees(state: ViewState, view: View, point_mm: Triple) -> float:
    """Direction of a point from the crosshair, degrees clockwise from the right of the upright picture."""
    plane = thin_plane(state, view)
    across = np.subtract(point_mm, crosshair_point(state))
    return math.degrees(math.atan2(across @ np.asarray(plane.down), across @ np.asarray(plane.right)))


def _brush_grip(state: ViewState, shown: int | Plane, removes: bool) -> Grip | None:
    """The brush paints the chosen region, on stored slices alone."""
    now = chosen_region(state)
    if now is None or not isinstance(shown, int):
        return None
    return BrushGrip(now.identifier, shown, adds=not removes)


def _lines_grip(state: ViewState, view: View, point_mm: Triple, reach_mm: float) -> Grip | None:
    """The crosshair's center or one of its lines, where they are drawn and near."""
    if view not in PLANE_VIEWS or not state.shows_crosshair:
        return None
    others = [other for other in state.layout.views if other in PLANE_VIEWS and other is not view]
    center, here = crosshair_point(state), thin_plane(state, view)
    across = np.subtract(point_mm, center)
    distance = float(np.linalg.norm(across - here.normal * (across @ here.normal)))
    nearest = min((_from_line(across, here, thin_plane(state, other)) for other in others), default=math.inf)
    is_on_line = nearest <= reach_mm
    if not others or (distance > CENTER_REACHES * reach_mm and not is_on_line):
        return None
    if distance <= ROTATING_REACHES * reach_mm:
        return CrosshairDragGrip(point_mm, triple(center))
    return RotationGrip(view, state.plane_rotations, direction_degrees(state, view, point_mm))


def _from_line(across: Vector, here: Plane, other: Plane) -> float:
    """Distance within a plane from the line in which another one cuts it, mm."""
    sideways = other.normal - here.normal * float(other.normal @ here.normal)
    length = float(np.linalg.norm(sideways))
    return abs(float(across @ sideways)) / length if length > 1e-6 else math.inf
