"""Patient coordinates: normals, canonical orientation, tilt, gaps and letters."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ichviewer.core.geometry import (
    AS_STORED,
    Gap,
    InPlane,
    StackGeometry,
    body_side,
    canonical_directions,
    canonical_in_plane,
    canonical_origin,
    direction_letters,
    find_gaps,
    orientation_name,
    slice_normal,
    tilt_degrees,
)

EIGHT_WAYS = tuple(InPlane(*ways) for ways in product((False, True), repeat=3))
AXIAL, CORONAL, SAGITTAL = (1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, -1), (0, 1, 0, 0, 0, -1)


def stack(origins: object, column: tuple[float, float, float] = (0.0, 1.0, 0.0)) -> StackGeometry:
    row = np.array([1.0, 0.0, 0.0])
    return StackGeometry(np.asarray(origins, dtype=float), row, np.asarray(column), (0.5, 0.25))


def tilted_axial(degrees: float) -> tuple[float, ...]:
    angle = np.radians(degrees)
    return (1.0, 0.0, 0.0, 0.0, float(np.cos(angle)), float(np.sin(angle)))


def stored_orientation(canonical: tuple[float, ...], ways: InPlane) -> tuple[float, ...]:
    """Image Orientation of a file whose pixels ``ways`` brings to *canonical*."""
    row, column = np.asarray(canonical[:3]), np.asarray(canonical[3:])
    row = -row if ways.flip_columns else row
    column = -column if ways.flip_rows else column
    first, second = (column, row) if ways.transpose else (row, column)
    return (*first.tolist(), *second.tolist())


def test_the_normal_of_an_axial_slice_points_to_the_head() -> None:
    """Hazard: the stack upside down."""
    assert slice_normal(AXIAL).tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("bad", [(1, 0, 0, 1, 0, 0), (2, 0, 0, 0, 1, 0), (0,) * 6])
def test_directions_that_are_no_perpendicular_unit_vectors_are_refused(bad: tuple[float, ...]) -> None:
    """Hazard: an order along a direction that is none."""
    with pytest.raises(ValueError, match="Image Orientation"):
        slice_normal(bad)


@pytest.mark.parametrize(
    ("orientation", "name"),
    [
        (AXIAL, "axial"),
        (CORONAL, "coronal"),
        (SAGITTAL, "sagittal"),
        (tilted_axial(34.9), "axial"),
        (tilted_axial(-34.9), "axial"),
        (tilted_axial(35.1), "oblique"),
        (tilted_axial(54.9), "oblique"),
        (tilted_axial(55.1), "coronal"),
    ],
)
def test_the_plane_is_named_by_its_normal_alone(orientation: tuple[float, ...], name: str) -> None:
    """Hazard: Image Type AXIAL believed on a coronal slice (PS3.3 C.8.2.1.1.1)."""
    assert orientation_name(slice_normal(orientation)) == name


@pytest.mark.parametrize("canonical", [AXIAL, CORONAL, SAGITTAL, tilted_axial(20)])
@pytest.mark.parametrize("ways", EIGHT_WAYS)
def test_every_stored_flip_and_turn_comes_back_to_canonical(
    canonical: tuple[float, ...], ways: InPlane
) -> None:
    """Hazard: left and right are exchanged on the screen."""
    stored = stored_orientation(canonical, ways)
    found = canonical_in_plane(stored)
    assert found == ways
    row, column = canonical_directions(stored, found)
    np.testing.assert_allclose(np.concatenate([row, column]), canonical, atol=1e-12)


@pytest.mark.parametrize("ways", EIGHT_WAYS)
def test_canonical_and_stored_indices_name_the_same_pixel(ways: InPlane) -> None:
    """Hazard: a finding's row and column point to another place in the file."""
    stored = np.arange(12).reshape(3, 4)
    canonical: NDArray[np.generic] = ways.to_canonical(stored)
    for row, column in np.ndindex(canonical.shape):
        place = ways.to_stored_index(row, column, (canonical.shape[0], canonical.shape[1]))
        assert stored[int(place[0]), int(place[1])] == canonical[row, column]


@pytest.mark.parametrize("ways", EIGHT_WAYS)
def test_a_pixel_has_the_same_patient_coordinates_however_it_is_stored(ways: InPlane) -> None:
    """Hazard: a finding in mm on the other side of the head."""
    between_rows, between_columns = 0.5, 0.25
    canonical_shape, origin = (3, 4), np.array([10.0, -20.0, 30.0])
    stored = stored_orientation(AXIAL, ways)
    stored_shape = (4, 3) if ways.transpose else (3, 4)
    spacing = (between_columns, between_rows) if ways.transpose else (between_rows, between_columns)
    # The file's position is that of its own first pixel: find it in canonical terms.
    first = next(
        index
        for index in np.ndindex(canonical_shape)
        if ways.to_stored_index(*index, canonical_shape) == (0, 0)
    )
    position = origin + np.array([first[1] * between_columns, first[0] * between_rows, 0])
    found = canonical_origin(position.tolist(), stored, spacing, stored_shape, ways)
    np.testing.assert_allclose(found, origin, atol=1e-9)


def test_pixel_spacing_is_between_rows_first() -> None:
    """Hazard: exchanged spacings turn a round head into an oval and every length wrong."""
    geometry = stack([[0, 0, 0]])
    assert geometry.point_mm(0, row=2, column=0).tolist() == [0.0, 1.0, 0.0]
    assert geometry.point_mm(0, row=0, column=2).tolist() == [0.5, 0.0, 0.0]


@given(st.floats(-30, 30), st.floats(0.5, 10))
def test_tilt_is_found_from_the_positions(degrees: float, spacing: float) -> None:
    """Hazard: a reformat sheared by the vendor's tag goes the wrong way."""
    shift = spacing * np.tan(np.radians(degrees))
    geometry = stack([[0, shift * k, spacing * k] for k in range(4)])
    assert tilt_degrees(geometry) == pytest.approx(degrees, abs=1e-6)


def test_a_single_slice_and_a_repeated_position_have_no_tilt() -> None:
    """Hazard: a tilt made of rounding."""
    assert tilt_degrees(stack([[0, 0, 0]])) == 0.0
    assert tilt_degrees(stack([[0, 0, 0], [0, 3, 0]])) == 0.0


def test_positions_are_measured_along_the_normal() -> None:
    """Hazard: spacing along z instead of the normal is wrong for every tilted head."""
    geometry = stack([[5, 7, 0], [5, 9, 4]])
    assert geometry.positions_mm.tolist() == [0.0, 4.0]


@pytest.mark.parametrize(
    ("positions", "thicknesses", "gaps"),
    [
        ([0, 5, 10, 15], [5] * 4, []),
        ([0, 5, 15, 20], [5] * 4, [Gap(1, 10.0)]),
        ([0, 5, 12.4, 17.4], [5] * 4, []),
        ([0, 5, 10, 15, 20, 30, 40, 50], [5] * 8, []),
        ([0, 5, 10, 20, 30, 35], [5] * 6, [Gap(2, 10.0), Gap(3, 10.0)]),
        ([0, 4, 8, 12, 13, 20, 27], [4, 4, 4, 4, 7, 7, 7], []),
        ([0, 4, 8, 16, 17, 24, 31], [4, 4, 4, 4, 7, 7, 7], [Gap(2, 8.0)]),
        ([0, 5, 15, 20], [None] * 4, [Gap(1, 10.0)]),
        ([0], [5], []),
        ([], [], []),
    ],
)
def test_a_gap_is_longer_than_the_usual_one_of_its_thickness_and_stands_alone(
    positions: list[float], thicknesses: list[float | None], gaps: list[Gap]
) -> None:
    """Hazard: a missing slice that nobody is told of."""
    assert list(find_gaps(positions, thicknesses)) == gaps


@pytest.mark.parametrize(
    ("direction", "letters"),
    [((1, 0, 0), "L"), ((-1, 0, 0), "R"), ((0, 1, 0), "P"), ((0, 0, -1), "F"), ((0.1, -0.9, 0.4), "AH")],
)
def test_letters_name_the_side_towards_which_a_direction_points(
    direction: tuple[float, float, float], letters: str
) -> None:
    """Hazard: left and right exchanged."""
    assert direction_letters(direction) == letters


@pytest.mark.parametrize(
    ("x", "side"), [(31.0, "left"), (-11.0, "right"), (19.0, "midline"), (0.0, "midline")]
)
def test_left_is_plus_x(x: float, side: str) -> None:
    """Hazard: a bleed reported on the wrong side."""
    assert body_side(x, midline_x_mm=10.0) == side


def test_as_stored_changes_nothing() -> None:
    pixels = np.arange(6).reshape(2, 3)
    assert AS_STORED.to_canonical(pixels) is pixels
