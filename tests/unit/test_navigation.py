"""Layouts, crosshair and oblique planes as steps from state to state."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import make_volume
from numpy.typing import NDArray

from ichviewer.core.navigation import (
    crosshair_point,
    not_rotated,
    plane_of,
    rotated_about_crosshair,
    scrolled_in,
    shows_stored_slice,
    visible_views,
    with_crosshair,
    with_layout,
)
from ichviewer.core.plane import Plane, Slab, SlabKind
from ichviewer.core.shown import shown_image
from ichviewer.core.slice_image import NO_DATA
from ichviewer.core.stack_frame import StackFrame
from ichviewer.core.views import PLANE_VIEWS, TRIPTYCH_VIEWS, Layout, View
from ichviewer.core.viewstate import ViewState, opened


class Ramp:
    """Values that say where on the plane they are; the first row has no data."""

    def __init__(self, frame: StackFrame) -> None:
        self.frame = frame

    def hu(self, plane: Plane) -> NDArray[np.float32]:
        values = np.arange(plane.shape[0] * plane.shape[1], dtype=np.float32).reshape(plane.shape)
        values[0] = np.nan
        return values


@pytest.fixture
def state() -> ViewState:
    return with_layout(opened(ViewState(), make_volume(9), ""), Layout.PLANES)


def test_a_layout_shows_its_views_and_its_first_one_is_active(state: ViewState) -> None:
    assert visible_views(state) == PLANE_VIEWS
    assert state.active_view is View.AXIAL
    alone = replace(state, promoted_view=View.CORONAL)
    assert visible_views(alone) == (View.CORONAL,)
    assert visible_views(with_layout(alone, Layout.PLANES)) == PLANE_VIEWS


def test_the_crosshair_lies_in_the_slice_in_view_and_takes_it_along(state: ViewState) -> None:
    assert state.volume is not None
    frame = state.volume.frame
    there = with_crosshair(state, np.array([3.0, 7.0, frame.positions_mm[6] + 0.1]))
    assert there.slice_index == 6
    assert crosshair_point(there) == pytest.approx([3.0, 7.0, frame.positions_mm[6]])
    outside = with_crosshair(state, np.array([-1e4, 1e4, 1e4]))
    assert crosshair_point(outside)[:2] == pytest.approx([frame.bounds_mm[0, 0], frame.bounds_mm[1, 1]])


@pytest.mark.parametrize("view", TRIPTYCH_VIEWS)
def test_the_triptych_shows_stored_slices_whatever_the_planes_do(state: ViewState, view: View) -> None:
    """Hazard: interpolated or thick pictures are taken for the slices that the network scored."""
    thick = replace(state, slab=Slab(SlabKind.MEAN, 10.0))
    oblique = rotated_about_crosshair(thick, View.CORONAL, 20.0)
    assert shows_stored_slice(oblique, view)
    assert plane_of(oblique, view) is None
    image = shown_image(oblique, view)
    assert image is not None
    assert image.slice_index == oblique.slice_index


def test_the_axial_view_is_a_reformat_only_when_thick_or_turned(state: ViewState) -> None:
    assert shows_stored_slice(state, View.AXIAL)
    assert not shows_stored_slice(replace(state, slab=Slab(SlabKind.MAXIMUM, 5.0)), View.AXIAL)
    turned = rotated_about_crosshair(state, View.CORONAL, 5.0)
    assert not shows_stored_slice(turned, View.AXIAL)
    assert shows_stored_slice(not_rotated(turned), View.AXIAL)


def test_turning_in_one_plane_turns_the_two_others_and_leaves_it_alone(state: ViewState) -> None:
    turned = rotated_about_crosshair(state, View.AXIAL, 30.0)
    assert plane_of(turned, View.AXIAL) is None
    coronal, sagittal = plane_of(turned, View.CORONAL), plane_of(turned, View.SAGITTAL)
    assert coronal is not None
    assert sagittal is not None
    assert coronal.right == pytest.approx((np.cos(np.pi / 6), np.sin(np.pi / 6), 0.0))
    assert coronal.normal @ sagittal.normal == pytest.approx(0.0)
    point = crosshair_point(turned)
    for plane in (coronal, sagittal):
        assert plane.from_frame_mm(point)[2] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("degrees", [0.0, 25.0])
@pytest.mark.parametrize(("view", "axis", "sign"), [(View.CORONAL, 1, -1), (View.SAGITTAL, 0, 1)])
def test_scrolling_a_plane_moves_it_by_one_pixel_along_its_normal(
    state: ViewState, view: View, axis: int, sign: int, degrees: float
) -> None:
    start = rotated_about_crosshair(state, View.AXIAL, degrees)
    before = plane_of(start, view)
    moved = scrolled_in(start, view, 3)
    after = plane_of(moved, view)
    assert before is not None
    assert after is not None
    distance = before.from_frame_mm(crosshair_point(moved))[2]
    assert abs(distance) == pytest.approx(3 * before.spacing_mm)
    assert np.sign((crosshair_point(moved) - crosshair_point(start))[axis]) == sign
    assert moved.slice_index == start.slice_index


def test_a_reformat_keeps_what_is_no_data_apart_from_air(state: ViewState) -> None:
    """Hazard: a slice that could not be read looks like air, or like a normal part of the head."""
    assert state.volume is not None
    assert shown_image(state, View.CORONAL) is None
    ready = replace(state, reformats=Ramp(state.volume.frame))
    image = shown_image(ready, View.CORONAL)
    assert image is not None
    assert image.slice_index is None
    assert image.stored_values[0, 0] == NO_DATA
    assert image.hu_at(0, 0) is None
    assert image.hu_at(1, 2) == image.shape[1] + 2


def test_a_place_on_a_picture_is_a_point_of_the_stack_and_back(state: ViewState) -> None:
    assert state.volume is not None
    ready = replace(state, reformats=Ramp(state.volume.frame))
    for view in PLANE_VIEWS:
        image = shown_image(ready, view)
        assert image is not None
        point = image.point_mm(10.25, 3.5)
        assert image.place_of(point) == pytest.approx([10.25, 3.5])
        assert image.distance_mm(point) == pytest.approx(0.0, abs=1e-9)
        assert image.distance_mm(crosshair_point(ready)) == pytest.approx(0.0, abs=1e-9)
