"""Steps of measuring from state to state: where drawings belong, and the way back to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import make_volume

from ichviewer.core.camera import Camera, Turn
from ichviewer.core.grip import DrawingGrip, MeasurementGrip, Modifiers, SeedGrip, grip_at
from ichviewer.core.hematoma_steps import areas_drawn, judged, judged_by_areas
from ichviewer.core.measurement import MeasurementKind
from ichviewer.core.measurement_editing import drawn
from ichviewer.core.measuring import (
    cancelled,
    drawing_pressed,
    drawing_released,
    is_busy,
    measurements_shown,
    middle_mm,
    next_handle,
    plane_shown,
    redone,
    removed,
    undone,
    with_measurement,
    with_selection,
    with_tool,
)
from ichviewer.core.navigation import (
    rotated_about_crosshair,
    scrolled_in,
    with_crosshair,
    with_layout,
)
from ichviewer.core.plane import Plane, Slab, SlabKind
from ichviewer.core.tool import Tool
from ichviewer.core.views import PLANE_VIEWS, Layout, View
from ichviewer.core.viewstate import ViewState, opened, scrolled_to
from ichviewer.core.way_to_measurement import gone_to

Kind = MeasurementKind


def start(tool: Tool = Tool.WINDOW, slices: int = 9) -> ViewState:
    return replace(opened(ViewState(), make_volume(slices), ""), tool=tool)


def planes_state() -> ViewState:
    return with_layout(start(), Layout.PLANES)


def ruler_on(state: ViewState, view: View) -> ViewState:
    plane = plane_shown(state, view)
    assert isinstance(plane, Plane)
    points = [plane.to_frame_mm(8.0, 9.0), plane.to_frame_mm(30.0, 41.0)]
    return with_measurement(state, drawn(Kind.RULER, points, plane))


def test_a_measurement_of_a_slice_is_shown_in_every_view_of_that_slice_alone() -> None:
    """Hazard: a ruler is drawn over a slice that it was not measured on."""
    state = with_measurement(start(), drawn(Kind.RULER, [(1, 2, 20), (9, 2, 20)], 4))
    for view in (View.BRAIN, View.SUBDURAL, View.BONE, View.AXIAL):
        assert len(measurements_shown(state, view)) == 1
        assert not measurements_shown(scrolled_to(state, 5), view)
    for view in (View.CORONAL, View.SAGITTAL, View.NETWORK, View.MIRROR, View.PRIOR):
        assert not measurements_shown(state, view)


def test_a_measurement_of_a_plane_is_shown_on_that_plane_alone() -> None:
    state = ruler_on(planes_state(), View.CORONAL)
    assert len(measurements_shown(state, View.CORONAL)) == 1
    assert not measurements_shown(state, View.SAGITTAL)
    assert not measurements_shown(scrolled_in(state, View.CORONAL, 3), View.CORONAL)
    turned = rotated_about_crosshair(state, View.AXIAL, 5.0)
    assert not measurements_shown(turned, View.CORONAL)


def test_nothing_is_drawn_where_nothing_of_the_open_stack_is_shown() -> None:
    state = start(Tool.RULER)
    for view in (View.NETWORK, View.MIRROR, View.PRIOR):
        assert plane_shown(state, view) is None
        assert drawing_pressed(state, view, (1.0, 1.0, 20.0)) is state
        assert grip_at(state, view, (1.0, 1.0, 20.0), 1.0) is None
    volume = state.volume
    assert volume is not None
    unread = replace(state, volume=replace(volume, is_readable=volume.is_readable & False))
    assert drawing_pressed(unread, View.BRAIN, (1.0, 1.0, 20.0)) is unread


@pytest.mark.parametrize("view", [View.CORONAL, View.SAGITTAL])
@pytest.mark.parametrize("degrees", [0.0, 12.0, -33.0])
@pytest.mark.parametrize("seen_in", PLANE_VIEWS)
def test_the_way_back_to_a_measurement_shows_the_plane_it_was_drawn_on(
    view: View, degrees: float, seen_in: View
) -> None:
    """Hazard: a click on a measurement shows another plane, and nothing on it."""
    state = with_crosshair(planes_state(), np.array([12.0, 21.0, 25.0]))
    state = ruler_on(rotated_about_crosshair(state, seen_in, degrees), view)
    elsewhere = replace(opened(state, make_volume(9), ""), work=state.work, layout=Layout.TRIPTYCH)
    back = gone_to(elsewhere, 1)
    assert back.selected_measurement == 1
    assert back.active_view in PLANE_VIEWS
    assert measurements_shown(back, back.active_view) == state.work.measurements.items


def test_the_way_back_brings_the_slab_along() -> None:
    thick = replace(planes_state(), slab=Slab(SlabKind.MAXIMUM, 10.0))
    state = ruler_on(thick, View.AXIAL)
    back = gone_to(scrolled_to(replace(state, slab=Slab(), layout=Layout.TRIPTYCH), 1), 1)
    assert back.slab == thick.slab
    assert (back.active_view, back.slice_index) == (View.AXIAL, 4)
    assert measurements_shown(back, View.AXIAL)


def test_the_way_back_to_a_slice_leaves_planes_that_do_not_show_it() -> None:
    state = with_measurement(start(), drawn(Kind.RULER, [(1, 2, 20), (9, 2, 20)], 4))
    alone = replace(with_layout(state, Layout.PLANES), promoted_view=View.CORONAL)
    back = gone_to(scrolled_to(alone, 0), 1)
    assert (back.slice_index, back.layout, back.promoted_view) == (4, Layout.PLANES, None)
    thick = replace(alone, slab=Slab(SlabKind.MEAN, 5.0))
    assert gone_to(thick, 1).layout is Layout.TRIPTYCH


def test_a_press_takes_a_begun_drawing_then_a_measurement_then_the_tool() -> None:
    state = with_measurement(start(), drawn(Kind.RULER, [(1, 2, 20), (9, 2, 20)], 4))
    on_line = (5.0, 2.2, 20.0)
    assert isinstance(grip_at(state, View.BRAIN, on_line, 0.5), MeasurementGrip)
    assert grip_at(state, View.BRAIN, (5.0, 9.0, 20.0), 0.5) is None
    angle = with_tool(state, Tool.ANGLE)
    assert isinstance(grip_at(angle, View.BRAIN, on_line, 0.5), MeasurementGrip)
    assert grip_at(angle, View.BRAIN, (5.0, 9.0, 20.0), 0.5) == DrawingGrip(View.BRAIN)
    begun = drawing_pressed(angle, View.BRAIN, (5.0, 9.0, 20.0))
    assert grip_at(begun, View.BRAIN, on_line, 0.5) == DrawingGrip(View.BRAIN)
    seed = with_tool(state, Tool.REGION)
    assert grip_at(seed, View.BRAIN, (5.0, 9.0, 20.0), 0.5) == SeedGrip(4)
    assert not isinstance(
        grip_at(begun, View.BRAIN, on_line, 0.5, Modifiers(sets_crosshair=True)), DrawingGrip
    )


def test_a_drawing_goes_on_in_another_view_of_the_same_slice() -> None:
    state = drawing_pressed(start(Tool.RULER), View.BRAIN, (1.0, 2.0, 20.0))
    state = drawing_released(state, View.BRAIN, (1.0, 2.0, 20.0), is_dragged=False)
    state = drawing_pressed(state, View.BONE, (7.0, 2.0, 20.0))
    state = drawing_released(state, View.BONE, (7.0, 2.0, 20.0), is_dragged=False)
    (ruler,) = state.work.measurements.items
    assert ruler.points_mm == ((1.0, 2.0, 20.0), (7.0, 2.0, 20.0))


def test_another_stack_drops_drawing_and_choice() -> None:
    """Hazard: half a ruler from the head before goes on in this one."""
    state = drawing_pressed(start(Tool.RULER), View.BRAIN, (1.0, 2.0, 20.0))
    state = replace(state, selected_measurement=3, selected_handle=1)
    other = opened(state, make_volume(9, series_uid="7.7"), "")
    assert (other.drawing, other.selected_measurement, other.selected_handle) == (None, None, None)
    assert other.tool is Tool.RULER


def test_escape_goes_one_step_back_at_a_time() -> None:
    state = with_measurement(start(), drawn(Kind.RULER, [(1, 2, 20), (9, 2, 20)], 4))
    state = drawing_pressed(with_tool(state, Tool.ANGLE), View.BRAIN, (1.0, 2.0, 20.0))
    state = with_selection(state, 1)
    steps = []
    while is_busy(state):
        state = cancelled(state)
        steps.append((state.drawing is not None, state.tool, state.selected_measurement))
    assert steps == [(False, Tool.ANGLE, 1), (False, Tool.WINDOW, 1), (False, Tool.WINDOW, None)]


def test_handles_are_walked_through_the_whole_and_back() -> None:
    state = with_measurement(start(), drawn(Kind.ANGLE, [(1, 2, 20), (9, 2, 20), (9, 9, 20)], 4))
    walked = []
    for _ in range(5):
        state = next_handle(state, 1)
        walked.append(state.selected_handle)
    assert walked == [0, 1, 2, None, 0]
    assert next_handle(next_handle(state, -1), -1).selected_handle == 2


def test_undo_and_redo_choose_nothing_that_is_gone() -> None:
    state = with_measurement(start(), drawn(Kind.RULER, [(1, 2, 20), (9, 2, 20)], 4))
    gone = removed(state)
    assert gone.selected_measurement is None
    back = undone(gone)
    assert len(back.work.measurements) == 1
    assert undone(back).selected_measurement is None
    assert not redone(redone(undone(back))).work.measurements.items


def test_undo_first_drops_what_is_half_drawn() -> None:
    state = with_measurement(start(), drawn(Kind.RULER, [(1, 2, 20), (9, 2, 20)], 4))
    state = drawing_pressed(with_tool(state, Tool.ANGLE), View.BRAIN, (1.0, 2.0, 20.0))
    once = undone(state)
    assert (once.drawing, len(once.work.measurements)) == (None, 1)
    assert not undone(once).work.measurements.items


@pytest.mark.parametrize("turn", [Turn(), Turn(1), Turn(2, True), Turn(3)])
def test_the_middle_of_a_view_is_where_the_camera_looks(turn: Turn) -> None:
    state = start()
    volume = state.volume
    assert volume is not None
    center = middle_mm(volume, 4, Camera(turn=turn))
    assert center == pytest.approx(volume.frame.pixel_to_mm(4, 31.5, 31.5))
    moved = middle_mm(volume, 4, Camera(pan_mm=(3.0, 0.0), turn=turn)) - center
    # The picture went to the right on the screen: what lay left of its middle is in the middle now.
    origin = np.asarray(turn.to_screen(0, 0, (0, 0)))
    on_screen = np.asarray(turn.to_screen(float(moved[0]), float(moved[1]), (0, 0))) - origin
    assert on_screen == pytest.approx((-3.0, 0.0))


def test_slices_are_judged_for_the_chosen_hematoma_alone() -> None:
    state = start()
    assert judged(state, 1.0) is state
    axes = [(5, 10, 20), (15, 10, 20), (10, 8, 20), (10, 12, 20)]
    state = with_measurement(state, drawn(Kind.HEMATOMA, axes, 4))
    state = judged(scrolled_to(judged(state, 1.0), 5), 0.5)
    (hematoma,) = state.work.measurements.items
    assert [(each.slice_index, each.weight) for each in hematoma.hematoma_slices] == [(4, 1.0), (5, 0.5)]
    assert state.history.undo_name == "judge slice 6 of hematoma ABC/2 1"
    assert len(judged(state, None).work.measurements[1].hematoma_slices) == 1


def test_areas_of_drawn_regions_weigh_the_slices() -> None:
    state = start()
    for index, side in ((3, 4.0), (4, 8.0), (5, 7.5)):
        corners = [(5, 5, index * 5), (5 + side, 13, index * 5)]
        state = with_measurement(state, drawn(Kind.RECTANGLE, corners, index))
    assert areas_drawn(state) == {}
    axes = [(5, 10, 20), (15, 10, 20), (10, 8, 20), (10, 12, 20)]
    state = with_measurement(state, drawn(Kind.HEMATOMA, axes, 4))
    assert areas_drawn(state) == pytest.approx({3: 32.0, 4: 64.0, 5: 60.0})
    state = judged_by_areas(state)
    weights = [each.weight for each in state.work.measurements.items[-1].hematoma_slices]
    assert weights == [0.5, 1.0, 1.0]


def test_what_is_drawn_elsewhere_is_no_part_of_the_hematoma() -> None:
    """Hazard: a rectangle in sound brain, or a second bleed, changes the volume of the first by a quarter."""
    state = start()
    for index, corner in ((4, 5.0), (5, 5.0), (2, 5.0), (5, 24.0), (4, 24.0)):
        corners = [(corner, 5, index * 5), (corner + (2 if corner < 10 else 6), 13, index * 5)]
        state = with_measurement(state, drawn(Kind.RECTANGLE, corners, index))
    axes = [(5, 10, 20), (15, 10, 20), (10, 8, 20), (10, 12, 20)]
    state = with_measurement(state, drawn(Kind.HEMATOMA, axes, 4))
    assert areas_drawn(state) == pytest.approx({4: 16.0, 5: 16.0})
