"""Steps of drawing, choosing and changing measurements, from one state to the next.

The one thing to get wrong: a measurement belongs to the slice or plane that it was drawn on. A view shows it
only where it shows that very slice or plane, and a press elsewhere never adds a point to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from ichviewer.core import reader_edits
from ichviewer.core.camera import Camera
from ichviewer.core.drawing import SAYS_SOMETHING, Drawing, begun
from ichviewer.core.history import redo, undo
from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measurement_editing import drawn, handle_moved, handles, moved, with_text
from ichviewer.core.navigation import (
    plane_of,
    shows_stored_slice,
)
from ichviewer.core.plane import Plane, Triple
from ichviewer.core.stack_frame import Vector
from ichviewer.core.tool import Tool
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState, with_edit
from ichviewer.core.volume import Volume

PLACED_MM = 20.0
"""Half the width of what a key draws in the middle of a view."""


def plane_shown(state: ViewState, view: View) -> int | Plane | None:
    """What is drawn on in a view: a stored slice, counted from 0, or a plane; None where nothing can be."""
    if state.volume is None:
        return None
    if shows_stored_slice(state, view):
        return state.slice_index if state.volume.is_readable[state.slice_index] else None
    return plane_of(state, view)


def measurements_shown(state: ViewState, view: View) -> tuple[Measurement, ...]:
    """The measurements that belong into a view, first drawn first."""
    shown, measurements = plane_shown(state, view), state.work.measurements
    if shown is None:
        return ()
    if isinstance(shown, Plane):
        return tuple(each for each in measurements.on_plane(shown) if each.kind is not MeasurementKind.REGION)
    return measurements.on_slice(shown)


def selected(state: ViewState) -> Measurement | None:
    """The measurement that keys and the panel change."""
    return state.work.measurements.found(state.selected_measurement)


def with_selection(state: ViewState, identifier: int | None, handle: int | None = None) -> ViewState:
    """Another measurement chosen, or none."""
    return replace(state, selected_measurement=identifier, selected_handle=handle)


def with_tool(state: ViewState, tool: Tool) -> ViewState:
    """Another tool in the hand; what was half drawn is dropped."""
    return replace(state, tool=tool, drawing=None)


def is_busy(state: ViewState) -> bool:
    """Whether Esc has something to do here before it stops work that goes on."""
    is_armed = state.tool is not Tool.WINDOW
    return state.drawing is not None or is_armed or state.selected_measurement is not None


def cancelled(state: ViewState) -> ViewState:
    """One step back: the drawing is dropped, else the tool is put away, else nothing is chosen any more."""
    if state.drawing is not None:
        return replace(state, drawing=None)
    if state.tool is not Tool.WINDOW:
        return with_tool(state, Tool.WINDOW)
    return with_selection(state, None)


# Drawing


def drawing_pressed(state: ViewState, view: View, point_mm: Triple) -> ViewState:
    """The button went down with a tool that draws: a drawing begins, or goes on where it was begun."""
    shown, kind = plane_shown(state, view), state.tool.kind
    if shown is None or kind is None:
        return state
    now = state.drawing
    goes_on = now is not None and now.plane == shown and now.kind is kind and not now.is_complete
    after = now.pressed(point_mm) if now is not None and goes_on else begun(kind, shown, view, point_mm)
    return replace(state, drawing=after, selected_measurement=None, selected_handle=None)


def drawing_moved(state: ViewState, view: View, point_mm: Triple, is_held: bool) -> ViewState:
    """The mouse moved; the same state where nothing is drawn in this view."""
    now = state.drawing
    if now is None or now.plane != plane_shown(state, view):
        return state
    after = now.moved(point_mm, is_held)
    return state if after == now else replace(state, drawing=after)


def drawing_released(state: ViewState, view: View, point_mm: Triple, is_dragged: bool) -> ViewState:
    """The button went up; a drawing whose last point was set becomes a measurement."""
    now = state.drawing
    if now is None or now.plane != plane_shown(state, view):
        return state
    after = now.released(point_mm, is_dragged)
    if after is None or not after.is_complete or after.awaits_text:
        return replace(state, drawing=after)
    return with_measurement(replace(state, drawing=None), after.measurement)


def drawing_said(state: ViewState, text: str) -> ViewState:
    """What an arrow or a text says was typed; a text that says nothing is dropped."""
    now = state.drawing
    if now is None or not now.awaits_text:
        return state
    after = replace(state, drawing=None)
    if now.kind is MeasurementKind.TEXT and not text.strip():
        return after
    return with_measurement(after, with_text(now.measurement, text))


def with_measurement(state: ViewState, measurement: Measurement) -> ViewState:
    """One more measurement, chosen."""
    after = with_edit(state, partial(reader_edits.measurement_added, measurement=measurement))
    if after is state:
        return state
    return with_selection(after, after.work.measurements.items[-1].identifier)


def placed_in_view(state: ViewState) -> ViewState:
    """What the tool in the hand draws, in the middle of the active view, for a reader without a mouse.

    The same state comes back where nothing can be drawn.
    """
    shown, kind = plane_shown(state, state.active_view), state.tool.kind
    if state.volume is None or shown is None or kind is None or kind is MeasurementKind.REGION:
        return state
    here = drawn(kind, [middle_mm(state.volume, shown, state.cameras[state.active_view])], shown)
    flat = here.in_plane()[0] + PLACED_MM * np.array(_PLACED.get(kind, ((0, 0),)))
    points = here.placed(flat)
    if kind not in SAYS_SOMETHING:
        return with_measurement(state, drawn(kind, points, shown))
    waiting = Drawing(kind, shown, state.active_view, points, points[-1], is_set_by_press=False)
    return replace(state, drawing=waiting)


def middle_mm(volume: Volume, shown: int | Plane, camera: Camera) -> Vector:
    """What lies in the middle of a view, (3,), in the stack frame."""
    # The picture was shifted on the screen, so what lies in the middle is the other way from its center.
    origin = camera.turn.from_screen(0, 0, (1, 1))
    across, along = np.subtract(camera.turn.from_screen(*camera.pan_mm, (1, 1)), origin)
    if isinstance(shown, Plane):
        center, right, down = np.asarray(shown.center_mm), np.asarray(shown.right), np.asarray(shown.down)
    else:
        rows, columns = volume.shape
        center = volume.frame.pixel_to_mm(shown, (rows - 1) / 2, (columns - 1) / 2)
        right, down = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
    return np.asarray(center - across * right - along * down)


_PLACED: dict[MeasurementKind, tuple[tuple[float, float], ...]] = {
    MeasurementKind.RULER: ((-1, 0), (1, 0)),
    MeasurementKind.ANGLE: ((-1, 0), (0, 0), (0, -1)),
    MeasurementKind.ELLIPSE: ((-0.5, -0.5), (0.5, 0.5)),
    MeasurementKind.RECTANGLE: ((-0.5, -0.5), (0.5, 0.5)),
    MeasurementKind.FREEHAND: ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)),
    MeasurementKind.ARROW: ((0, 0), (1, 1)),
    MeasurementKind.BIDIRECTIONAL: ((-1, 0), (1, 0), (0, -0.5), (0, 0.5)),
    MeasurementKind.HEMATOMA: ((-1, 0), (1, 0), (0, -0.5), (0, 0.5)),
    MeasurementKind.MIDLINE_SHIFT: ((0, -2), (0, 2), (0.5, 0)),
}
"""Points around the middle, in parts of ``PLACED_MM``."""


# Changing


def with_changed(
    state: ViewState,
    identifier: int | None,
    change: Callable[[Measurement], Measurement],
    deed: str,
    gesture: int | None = None,
) -> ViewState:
    """One measurement changed; the same state where it is gone, as after undo."""
    now = state.work.measurements.found(identifier)
    if now is None:
        return state
    return with_edit(
        state,
        lambda work, history: reader_edits.measurement_changed(work, history, change(now), deed, gesture),
    )


def removed(state: ViewState) -> ViewState:
    """Without the chosen measurement."""
    now = selected(state)
    if now is None:
        return state
    after = with_edit(state, partial(reader_edits.measurement_removed, identifier=now.identifier))
    return with_selection(after, None)


def undone(state: ViewState) -> ViewState:
    """The last step of the reader's work taken back; what was half drawn is dropped instead, if anything."""
    if state.drawing is not None:
        return replace(state, drawing=None)
    return _still_selected(with_edit(state, undo))


def redone(state: ViewState) -> ViewState:
    """The step that was taken back last, done again."""
    return _still_selected(with_edit(replace(state, drawing=None), redo))


def next_handle(state: ViewState, step: int) -> ViewState:
    """The next handle of the chosen measurement is the one that keys move; after the last, the whole.

    Without a chosen one, the last one drawn in the active view is chosen.
    """
    shown = measurements_shown(state, state.active_view)
    now = selected(state)
    if now is None or now not in shown:
        return with_selection(state, shown[-1].identifier) if shown else state
    count = len(handles(now))
    at = -1 if state.selected_handle is None else state.selected_handle
    following = (at + 1 + step) % (count + 1) - 1
    return replace(state, selected_handle=None if following < 0 else following)


def nudged(state: ViewState, right: int, down: int) -> ViewState:
    """The chosen handle, or the whole chosen measurement, moved by pixels along the screen's axes."""
    now, view = selected(state), state.active_view
    if now is None or state.volume is None or now not in measurements_shown(state, view):
        return state
    turn = state.cameras[view].turn
    origin = turn.from_screen(0, 0, (1, 1))
    columns, rows = np.subtract(turn.from_screen(right, down, (1, 1)), origin)
    by_row, by_column = state.volume.geometry.pixel_spacing_mm
    if isinstance(now.plane, Plane):
        by_row = by_column = now.plane.spacing_mm
    by_mm = columns * by_column * now.right + rows * by_row * now.down
    handle = state.selected_handle
    if handle is None or handle >= len(handles(now)):
        return with_changed(state, now.identifier, lambda each: moved(each, by_mm), "move")
    to_mm = np.asarray(handles(now)[handle]) + by_mm
    return with_changed(state, now.identifier, lambda each: handle_moved(each, handle, to_mm), "change")


def _still_selected(state: ViewState) -> ViewState:
    """Nothing chosen where the chosen measurement is gone."""
    return state if selected(state) is not None else with_selection(state, None)
