"""Handles: what each kind keeps while the reader drags; what the mouse hits."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ichviewer.core.measurement import Measurement, MeasurementKind, lies_in
from ichviewer.core.measurement_editing import drawn, handle_moved, handles, moved, with_text
from ichviewer.core.measurement_outline import Hit, distance_mm, hit, label_anchor, nearest_handle, outlines
from ichviewer.core.measurements import Measurements
from ichviewer.core.plane import Plane, Slab, SlabKind, Triple, rotation_about, triple

Kind = MeasurementKind

coordinates = st.floats(-200, 200)
points = st.tuples(coordinates, coordinates, st.just(15.0))


def oblique_plane() -> Plane:
    turn = rotation_about((1, 2, 3), 25)
    right, down = triple(turn @ (1, 0, 0)), triple(turn @ (0, 0, -1))
    return Plane((50.0, 60.0, 70.0), right, down, 0.7, (200, 201))


def in_plane(plane: Plane, across: float, along: float) -> Triple:
    return triple(
        np.asarray(plane.center_mm) + across * np.asarray(plane.right) + along * np.asarray(plane.down)
    )


def axes(measurement: Measurement) -> tuple[np.ndarray, np.ndarray]:
    at = np.asarray(measurement.points_mm)
    return at[1] - at[0], at[3] - at[2]


@pytest.mark.parametrize("kind", Kind)
def test_a_drawing_can_be_shown_from_its_first_point_on(kind: MeasurementKind) -> None:
    measurement = drawn(kind, [(1, 2, 3)], 0)
    fewest, _ = kind.point_counts
    assert measurement.points_mm == ((1.0, 2.0, 3.0),) * fewest
    assert handles(measurement)
    assert distance_mm(measurement, (1, 2, 3)) == pytest.approx(0)
    assert label_anchor(measurement) == pytest.approx((1, 2, 3))


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("on_slice", [True, False])
def test_every_handle_goes_where_it_is_dragged_or_to_where_its_kind_lets_it(
    kind: MeasurementKind, on_slice: bool
) -> None:
    plane: int | Plane = 3 if on_slice else oblique_plane()

    def at(across: float, along: float) -> Triple:
        return (across, along, 15.0) if isinstance(plane, int) else in_plane(plane, across, along)

    corners = [at(0, 0), at(30, 10), at(12, 20), at(8, 5)]
    measurement = drawn(kind, corners, plane)
    for handle, place in enumerate(handles(measurement)):
        same = handle_moved(measurement, handle, place)
        assert np.asarray(same.points_mm) == pytest.approx(np.asarray(measurement.points_mm), abs=1e-9)
        dragged = handle_moved(measurement, handle, at(25, 33))
        if not kind.has_two_axes and kind is not Kind.ELLIPSE and handle < 4:
            assert handles(dragged)[handle] == pytest.approx(at(25, 33), abs=1e-9)
        # Back again: nothing of it was lost on the way.
        back = handle_moved(dragged, handle, place)
        if kind is Kind.RECTANGLE or not kind.has_two_axes:
            assert np.asarray(back.points_mm) == pytest.approx(np.asarray(measurement.points_mm), abs=1e-9)
    with pytest.raises(IndexError):
        handle_moved(measurement, len(handles(measurement)), corners[0])


@given(st.sampled_from(list(Kind)), points, st.floats(-50, 50))
def test_a_dragged_point_stays_in_the_plane_of_its_measurement(
    kind: MeasurementKind, to: Triple, beside: float
) -> None:
    """Hazard: a ruler grows out of the slice, and its length is that of a line nobody sees."""
    plane = oblique_plane()
    measurement = drawn(kind, [in_plane(plane, *at) for at in ((0, 0), (30, 9), (14, 22), (3, 3))], plane)
    target = np.asarray(to) + beside * plane.normal
    for edit in (handle_moved(measurement, 0, target), moved(measurement, target)):
        _, _, distances = plane.from_frame_mm(np.asarray(edit.points_mm))
        assert np.abs(distances).max() < 1e-9


@given(
    st.sampled_from([Kind.BIDIRECTIONAL, Kind.HEMATOMA]),
    st.lists(points, min_size=4, max_size=4),
    st.integers(0, 3),
    points,
)
def test_the_second_axis_stays_perpendicular_whatever_is_dragged(
    kind: MeasurementKind, four: list[Triple], handle: int, to: Triple
) -> None:
    """Hazard: B of ABC/2 is no perpendicular diameter, and the volume is wrong."""
    measurement = drawn(kind, four, 2)
    for each in (measurement, handle_moved(measurement, handle, to)):
        long, short = axes(each)
        assert abs(long @ short) <= 1e-6 * (1 + np.linalg.norm(long) * np.linalg.norm(short))


@given(st.lists(points, min_size=4, max_size=4), st.integers(0, 1), points)
def test_dragging_the_long_axis_keeps_the_length_of_the_other(
    four: list[Triple], handle: int, to: Triple
) -> None:
    measurement = drawn(Kind.BIDIRECTIONAL, four, 2)
    _, short = axes(measurement)
    after = handle_moved(measurement, handle, to)
    assert after.points_mm[handle] == pytest.approx(to)
    assert after.points_mm[1 - handle] == pytest.approx(measurement.points_mm[1 - handle])
    assert np.linalg.norm(axes(after)[1]) == pytest.approx(np.linalg.norm(short), abs=1e-6)


def test_a_dragged_end_of_the_short_axis_takes_the_axis_along_and_stays_beside_the_long_one() -> None:
    measurement = drawn(Kind.BIDIRECTIONAL, [(0, 0, 0), (40, 0, 0), (20, -5, 0), (20, 8, 0)], 0)
    after = handle_moved(measurement, 3, (30, 11, 0))
    assert np.asarray(after.points_mm) == pytest.approx(
        np.asarray([(0, 0, 0), (40, 0, 0), (30, -5, 0), (30, 11, 0)])
    )
    beyond = handle_moved(measurement, 3, (90, 11, 0))
    assert beyond.points_mm[3] == pytest.approx((40, 11, 0))


def test_the_short_axis_has_no_length_before_it_is_drawn() -> None:
    """Hazard: a width that nobody measured stands beside the length."""
    measurement = drawn(Kind.BIDIRECTIONAL, [(0, 0, 0), (40, 0, 0)], 0)
    assert measurement.points_mm[2] == measurement.points_mm[3] == (20.0, 0.0, 0.0)


def test_a_side_of_a_box_moves_alone() -> None:
    box = drawn(Kind.RECTANGLE, [(0, 0, 5), (20, 10, 5)], 1)
    assert len(handles(box)) == 8
    right_side = handle_moved(box, 5, (33, 99, 5))
    assert right_side.points_mm == ((0, 0, 5), (33, 10, 5))
    ellipse = drawn(Kind.ELLIPSE, [(0, 0, 5), (20, 10, 5)], 1)
    assert handles(ellipse) == ((10, 0, 5), (20, 5, 5), (10, 10, 5), (0, 5, 5))
    assert handle_moved(ellipse, 0, (99, -4, 5)).points_mm == ((0, -4, 5), (20, 10, 5))


def test_a_corner_can_be_dragged_across_the_opposite_one() -> None:
    box = handle_moved(drawn(Kind.RECTANGLE, [(0, 0, 5), (20, 10, 5)], 1), 2, (-7, -9, 5))
    assert handles(box)[2] == (-7, -9, 5)
    assert handles(box)[0] == (0, 0, 5)


def test_moving_keeps_the_shape() -> None:
    freehand = drawn(Kind.FREEHAND, [(0, 0, 5), (10, 0, 5), (5, 8, 5), (2, 6, 5)], 1)
    shifted = moved(freehand, (3, 4, 99))
    assert np.asarray(shifted.points_mm) - np.asarray(freehand.points_mm) == pytest.approx(
        np.asarray([(3, 4, 0)] * 4)
    )
    region = drawn(Kind.REGION, [(1, 1, 5)], 1)
    assert moved(region, (3, 4, 0)) == region
    assert with_text(drawn(Kind.TEXT, [(0, 0, 0)], 0), " calcified ").text == "calcified"


def test_a_measurement_with_a_wrong_number_of_points_or_none_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot have 3 points"):
        Measurement(Kind.RULER, ((0, 0, 0),) * 3, 0)
    with pytest.raises(ValueError, match="lies nowhere"):
        Measurement(Kind.PROBE, ((math.nan, 0, 0),), 0)


def test_an_outline_of_an_ellipse_touches_its_box_and_ends_where_it_begins() -> None:
    (line,) = outlines(drawn(Kind.ELLIPSE, [(2, 3, 5), (22, 13, 5)], 1))
    assert line.min(axis=0) == pytest.approx((2, 3, 5))
    assert line.max(axis=0) == pytest.approx((22, 13, 5))
    assert line[0] == pytest.approx(line[-1])


def test_a_midline_shift_draws_its_perpendicular_also_beyond_the_line() -> None:
    shift = drawn(Kind.MIDLINE_SHIFT, [(0, 0, 0), (0, 50, 0), (7, 80, 0)], 0)
    falx, perpendicular = outlines(shift)
    assert falx.tolist() == [[0, 0, 0], [0, 80, 0]]
    assert perpendicular.tolist() == [[0, 80, 0], [7, 80, 0]]


def test_an_arrow_is_drawn_to_its_first_point() -> None:
    (line,) = outlines(drawn(Kind.ARROW, [(5, 5, 0), (9, 9, 0)], 0))
    assert line[-1].tolist() == [5, 5, 0]


def test_the_mouse_takes_a_handle_before_a_line_and_the_upper_before_the_lower() -> None:
    lower = drawn(Kind.RULER, [(0, 0, 0), (40, 0, 0)], 0)
    upper = drawn(Kind.RULER, [(20, -20, 0), (20, 20, 0)], 0)
    both = Measurements().added(lower).added(upper)
    assert hit(both.items, (20, 0.5, 0), 1.0) == Hit(2, None)
    assert hit(both.items, (39.5, 0, 0), 1.0) == Hit(1, 1)
    assert hit(both.items, (10, 0.9, 0), 1.0) == Hit(1, None)
    assert hit(both.items, (10, 1.1, 0), 1.0) is None
    end_on_line = both.added(drawn(Kind.RULER, [(5, -5, 0), (5, 30, 0)], 0))
    assert hit(end_on_line.items, (20, 20, 0), 1.0) == Hit(2, 1)


def test_distances_count_within_the_plane_of_the_measurement() -> None:
    ruler = drawn(Kind.RULER, [(0, 0, 30), (40, 0, 30)], 6)
    assert distance_mm(ruler, (10, 3, -500)) == pytest.approx(3)
    assert nearest_handle(ruler, (41, 0, -500), 1.5) == 1
    assert distance_mm(drawn(Kind.PROBE, [(1, 1, 30)], 6), (4, 5, 30)) == pytest.approx(5)


def test_a_freehand_outline_is_hit_where_it_closes() -> None:
    shape = drawn(Kind.FREEHAND, [(0, 0, 0), (10, 0, 0), (10, 10, 0), (0, 10, 0)], 0)
    assert distance_mm(shape, (-2, 5, 0)) == pytest.approx(2)


def test_a_number_is_given_once_and_stays_through_every_edit() -> None:
    """Hazard: the size of one lesion is shown or exported under another's name."""
    ruler, probe = drawn(Kind.RULER, [(0, 0, 0), (1, 0, 0)], 0), drawn(Kind.PROBE, [(0, 0, 0)], 1)
    two = Measurements().added(ruler).added(probe)
    assert [each.identifier for each in two.items] == [1, 2]
    three = two.removed(2).added(replace(probe, identifier=1))
    assert [each.identifier for each in three.items] == [1, 3]
    assert [each.identifier for each in three.added(ruler).items] == [1, 3, 4]
    longer = three.changed(handle_moved(three[1], 1, (9, 0, 0)))
    assert longer[1].points_mm[1] == (9, 0, 0)
    assert longer[3] == three[3]
    assert len(longer) == 2
    assert longer.found(2) is None
    for missing in (lambda: longer[2], lambda: longer.removed(2), lambda: longer.renamed(2, "x")):
        with pytest.raises(KeyError):
            missing()


def test_a_name_replaces_kind_and_number_until_it_is_taken_away() -> None:
    one = Measurements().added(drawn(Kind.RULER, [(0, 0, 0), (1, 0, 0)], 0))
    assert one[1].title == "ruler 1"
    assert one.renamed(1, " clot ")[1].title == "clot"
    assert one.renamed(1, "clot").renamed(1, "  ")[1].title == "ruler 1"


def test_measurements_are_drawn_where_they_lie_and_nowhere_else() -> None:
    """Hazard: a ruler of one slice is drawn over another, where there is nothing that it measured."""
    plane = Plane((0.0, 0.0, 30.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), 0.5, (64, 64))
    on_slice = drawn(Kind.RULER, [(0, 0, 30), (5, 0, 30)], 6)
    assert lies_in(on_slice, plane)
    assert not lies_in(on_slice, plane.moved(0.6))
    assert lies_in(on_slice, plane.moved(4.9).with_slab(Slab(SlabKind.MEAN, 10.0)))
    coronal = Plane((0.0, 0.0, 30.0), (1.0, 0.0, 0.0), (0.0, 0.0, -1.0), 0.5, (64, 64))
    assert not lies_in(on_slice, coronal)
    flipped = replace(plane, right=(-1.0, 0.0, 0.0), down=(0.0, 1.0, 0.0))
    assert lies_in(on_slice, flipped)
    both = Measurements().added(on_slice).added(drawn(Kind.RULER, [(0, 0, 30), (5, 0, 33)], coronal))
    assert both.on_slice(6) == both.items[:1]
    assert both.on_slice(5) == ()
    assert both.on_plane(coronal) == both.items[1:]
    assert both.on_plane(plane) == both.items[:1]
