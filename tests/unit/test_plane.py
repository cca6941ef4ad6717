"""Planes in the stack frame: where their pixels lie, and which way is up."""

from __future__ import annotations

import numpy as np
import pytest
from stack_shapes import UNEVEN_MM, stack_geometry

from ichviewer.core.plane import (
    NO_SLAB,
    Plane,
    Slab,
    SlabKind,
    axial_plane,
    coronal_plane,
    cut_line,
    rotation_about,
    sagittal_plane,
)
from ichviewer.core.stack_frame import StackFrame

FRAME = StackFrame.of(stack_geometry(UNEVEN_MM, 18.5, (0.8, 0.8)), (60, 50))
POINT = (12.0, 20.0, 31.0)
MAKERS = (axial_plane, coronal_plane, sagittal_plane)
OBLIQUE = rotation_about((1.0, 2.0, -1.0), 25.0)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("rotation", [None, OBLIQUE])
def test_a_plane_runs_through_its_point_and_covers_the_stack(make, rotation) -> None:
    plane = make(FRAME, POINT, rotation)
    _, _, distance = plane.from_frame_mm(np.asarray(POINT))
    assert abs(distance) < 1e-9
    corners = np.stack(np.meshgrid(*FRAME.bounds_mm.T, indexing="ij"), axis=-1).reshape(8, 3)
    rows, columns, _ = plane.from_frame_mm(corners)
    assert rows.min() >= -0.5 - 1e-6
    assert rows.max() <= plane.shape[0] - 0.5 + 1e-6
    assert columns.min() >= -0.5 - 1e-6
    assert columns.max() <= plane.shape[1] - 0.5 + 1e-6
    # And no more than a pixel more.
    assert np.ptp(rows) > plane.shape[0] - 1
    assert np.ptp(columns) > plane.shape[1] - 1


@pytest.mark.parametrize(
    ("make", "right", "down"),
    [
        (axial_plane, (1, 0, 0), (0, 1, 0)),
        (coronal_plane, (1, 0, 0), (0, 0, -1)),
        (sagittal_plane, (0, 1, 0), (0, 0, -1)),
    ],
)
def test_directions_are_those_of_radiology(make, right, down) -> None:
    """Hazard: a reformat shown from the other side puts the bleed on the wrong side."""
    plane = make(FRAME, POINT)
    assert (plane.right, plane.down) == (right, down)


def test_pixels_and_points_are_inverse() -> None:
    plane = coronal_plane(FRAME, POINT, OBLIQUE)
    rows, columns = np.mgrid[0:5, 0:7] * 3.3
    points = plane.to_frame_mm(rows, columns)
    assert points.shape == (5, 7, 3)
    back = plane.from_frame_mm(points)
    assert np.allclose(back[0], rows)
    assert np.allclose(back[1], columns)
    assert np.allclose(back[2], 0.0)


def test_a_step_to_the_right_is_one_pixel_along_the_row() -> None:
    plane = Plane((0, 0, 0), (1, 0, 0), (0, 0, -1), 0.5, (3, 4))
    assert plane.to_frame_mm(0, 0).tolist() == [-0.75, 0.0, 0.5]
    assert (plane.to_frame_mm(0, 1) - plane.to_frame_mm(0, 0)).tolist() == [0.5, 0.0, 0.0]
    assert (plane.to_frame_mm(1, 0) - plane.to_frame_mm(0, 0)).tolist() == [0.0, 0.0, -0.5]


def test_a_plane_moves_along_its_normal() -> None:
    plane = axial_plane(FRAME, POINT)
    assert plane.moved(2.5) == axial_plane(FRAME, (POINT[0], POINT[1], POINT[2] + 2.5))


def test_sideways_moves_of_the_point_leave_the_picture_where_it_is() -> None:
    assert coronal_plane(FRAME, POINT) == coronal_plane(FRAME, (30.0, POINT[1], 3.0))


def test_a_full_turn_is_the_same_plane() -> None:
    turned = rotation_about((0, 0, 1), 180.0) @ rotation_about((0, 0, 1), 180.0)
    assert np.allclose(sagittal_plane(FRAME, POINT, turned).right, sagittal_plane(FRAME, POINT).right)


def test_what_is_no_rotation_is_refused() -> None:
    with pytest.raises(ValueError, match="rotation only"):
        axial_plane(FRAME, POINT, np.diag([1.0, 1.0, 2.0]))


def test_a_slanted_rectangle_is_refused() -> None:
    with pytest.raises(ValueError, match="perpendicular unit vectors"):
        Plane((0, 0, 0), (1, 0, 0), (0.5, 1, 0), 0.5, (3, 4))
    with pytest.raises(ValueError, match="shows nothing"):
        Plane((0, 0, 0), (1, 0, 0), (0, 1, 0), 0.0, (3, 4))


def test_a_slab_has_a_thickness() -> None:
    with pytest.raises(ValueError, match="above 0 mm"):
        Slab(SlabKind.MAXIMUM, 0.0)
    assert NO_SLAB.kind is SlabKind.NONE


def test_reference_lines_lie_in_both_planes() -> None:
    """Hazard: a reference line at the wrong height sends the reader to the wrong slice."""
    plane, other = coronal_plane(FRAME, POINT, OBLIQUE), axial_plane(FRAME, POINT)
    ends = cut_line(plane, other)
    assert ends is not None
    for row, column in ends:
        assert abs(other.from_frame_mm(plane.to_frame_mm(row, column))[2]) < 1e-9
        on_edge = [
            abs(row + 0.5),
            abs(row - plane.shape[0] + 0.5),
            abs(column + 0.5),
            abs(column - plane.shape[1] + 0.5),
        ]
        assert min(on_edge) < 1e-9


def test_parallel_or_distant_planes_have_no_line() -> None:
    plane = axial_plane(FRAME, POINT)
    assert cut_line(plane, plane.moved(1.0)) is None
    assert cut_line(plane, coronal_plane(FRAME, (0.0, -50.0, 0.0))) is None
