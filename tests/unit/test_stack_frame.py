"""The millimeter frame of a stack: rigid, truthful under tilt and uneven gaps."""

from __future__ import annotations

import numpy as np
import pytest
from stack_shapes import UNEVEN_MM, stack_geometry

from ichviewer.core.geometry import StackGeometry
from ichviewer.core.stack_frame import StackFrame

SHAPE = (40, 50)
TILTED = stack_geometry(UNEVEN_MM, 18.5, (0.9, 0.7))


def test_a_pixel_lies_where_the_files_say() -> None:
    """Hazard: a point that lands elsewhere in the patient measures and marks the wrong place."""
    frame = StackFrame.of(TILTED, SHAPE)
    for slice_index, row, column in ((0, 0, 0), (13, 7.5, 3), (28, 39, 49)):
        in_frame = frame.pixel_to_mm(slice_index, row, column)
        assert np.allclose(frame.to_patient_mm(in_frame), TILTED.point_mm(slice_index, row, column))
        assert np.allclose(frame.mm_to_pixel(slice_index, in_frame[0], in_frame[1]), (row, column))
        assert in_frame[2] == pytest.approx(UNEVEN_MM[slice_index])


def test_patient_coordinates_and_back_are_the_same_point() -> None:
    frame = StackFrame.of(TILTED, SHAPE)
    points = np.random.default_rng(0).normal(size=(4, 5, 3)) * 80
    assert np.allclose(frame.from_patient_mm(frame.to_patient_mm(points)), points)
    assert np.allclose(frame.direction_from_patient(frame.direction_to_patient(points)), points)


def test_the_frame_keeps_lengths_and_has_no_mirror() -> None:
    frame = StackFrame.of(TILTED, SHAPE)
    assert np.allclose(frame.axes @ frame.axes.T, np.eye(3))
    assert np.linalg.det(frame.axes) == pytest.approx(1.0)


def test_tilt_shifts_each_slice_against_the_next() -> None:
    frame = StackFrame.of(TILTED, SHAPE)
    shift = frame.slice_origins_mm[:, 1]
    assert np.allclose(shift, np.asarray(UNEVEN_MM) * np.tan(np.radians(18.5)))
    assert np.allclose(frame.slice_origins_mm[:, 0], 0.0)


def test_rounded_directions_still_give_an_orthonormal_frame() -> None:
    leaning = StackGeometry(TILTED.origins_mm, np.array([1.0, 0.0, 0.0]), np.array([4e-3, 1.0, 0.0]), (1, 1))
    frame = StackFrame.of(leaning, SHAPE)
    assert np.allclose(frame.axes @ frame.axes.T, np.eye(3))
    assert np.allclose(frame.axes[0], (1.0, 0.0, 0.0))


def test_a_slice_takes_half_the_way_to_each_neighbor() -> None:
    frame = StackFrame.of(stack_geometry((0.0, 4.0, 5.0, 12.0)), SHAPE)
    assert frame.slice_extents_mm.tolist() == [[-2.0, 2.0], [2.0, 4.5], [4.5, 8.5], [8.5, 15.5]]


def test_a_lone_slice_is_a_millimeter_thick() -> None:
    frame = StackFrame.of(stack_geometry((0.0,)), SHAPE)
    assert frame.slice_extents_mm.tolist() == [[-0.5, 0.5]]


def test_the_box_holds_every_voxel_and_no_more() -> None:
    frame = StackFrame.of(TILTED, SHAPE)
    low, high = frame.bounds_mm
    shift = UNEVEN_MM[-1] * np.tan(np.radians(18.5))
    assert np.allclose(low, (-0.35, -0.45, -1.0))
    assert np.allclose(high, (50 * 0.7 - 0.35, 40 * 0.9 - 0.45 + shift, UNEVEN_MM[-1] + 1.2))


def test_the_nearest_slice_is_found_by_position() -> None:
    frame = StackFrame.of(stack_geometry((0.0, 4.0, 5.0, 12.0)), SHAPE)
    assert [frame.nearest_slice(z) for z in (-9.0, 4.4, 4.6, 8.4, 8.6)] == [0, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("row", "column", "expected"),
    [
        ((1, 0, 0), (0, 1, 0), [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        ((1, 0, 0), (0, 0, -1), [[1, 0, 0], [0, 0, 1], [0, -1, 0]]),
        ((0, 1, 0), (0, 0, -1), [[0, 0, -1], [1, 0, 0], [0, -1, 0]]),
    ],
)
def test_left_back_and_head_are_found_in_any_stack(
    row: tuple[int, ...], column: tuple[int, ...], expected: list[list[int]]
) -> None:
    """Hazard: a plane called coronal that is another one, or one turned upside down."""
    normal = np.cross(row, column).astype(float)
    geometry = StackGeometry(
        normal * np.arange(4)[:, None], np.array(row, float), np.array(column, float), (1, 1)
    )
    frame = StackFrame.of(geometry, SHAPE)
    assert frame.anatomical_axes.tolist() == expected
    # Each is the patient's own axis again: left, back, head.
    assert np.allclose(frame.direction_to_patient(frame.anatomical_axes), np.eye(3))


def test_a_frame_is_refused_where_slices_are_out_of_order() -> None:
    with pytest.raises(ValueError, match="order of their positions"):
        StackFrame.of(stack_geometry((0.0, 5.0, 4.0)), SHAPE)
    with pytest.raises(ValueError, match="without slices"):
        StackFrame.of(
            StackGeometry(np.zeros((0, 3)), TILTED.row_direction, TILTED.column_direction, (1, 1)), SHAPE
        )
