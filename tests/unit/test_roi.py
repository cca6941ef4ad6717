"""Areas of shapes, pixels within them, and their statistics, each against a slow and plain count."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ichviewer.core.roi import (
    PixelCenters,
    box_area,
    crosses_itself,
    ellipse_area,
    inside_box,
    inside_ellipse,
    inside_outline,
    outline_area,
)
from ichviewer.core.roi_statistics import MOST_BINS, roi_statistics

CENTERS = PixelCenters(np.arange(23) * 0.7 - 3.0, np.arange(17) * 1.1 - 2.0)

# Off any grid of halves, so that no pixel center of CENTERS lies on an outline by chance.
uneven = st.integers(-40, 160).map(lambda number: number * 0.1 + 0.0317)
vertices = st.lists(st.tuples(uneven, uneven), min_size=3, max_size=9, unique=True).map(np.array)


def crossings_to_the_right(outline: NDArray[np.float64], u: float, v: float) -> int:
    """How many sides a ray to the right meets, one by one."""
    count = 0
    for (u0, v0), (u1, v1) in zip(outline.tolist(), np.roll(outline, -1, axis=0).tolist(), strict=True):
        if (v0 <= v) != (v1 <= v):
            count += u0 + (u1 - u0) * (v - v0) / (v1 - v0) > u
    return count


def distance_to_outline(outline: NDArray[np.float64], u: float, v: float) -> float:
    nearest = math.inf
    for start, end in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        along, to = end - start, np.array([u, v]) - start
        at = min(max(float(to @ along) / float(along @ along), 0.0), 1.0)
        nearest = min(nearest, float(np.linalg.norm(to - at * along)))
    return nearest


@settings(max_examples=20)
@given(vertices)
def test_pixels_within_an_outline_are_those_of_a_count_pixel_by_pixel(outline: NDArray[np.float64]) -> None:
    inside = inside_outline(outline, CENTERS)
    for row, v in enumerate(CENTERS.v_mm.tolist()):
        for column, u in enumerate(CENTERS.u_mm.tolist()):
            distance = distance_to_outline(outline, u, v)
            if not 0.0009 < distance < 0.0011:
                expected = distance <= 0.001 or crossings_to_the_right(outline, u, v) % 2 == 1
                assert inside[row, column] == expected


@settings(max_examples=40)
@given(st.tuples(uneven, uneven), st.tuples(uneven, uneven))
def test_pixels_within_an_ellipse_or_a_box_are_those_of_a_count(
    first: tuple[float, float], second: tuple[float, float]
) -> None:
    corners = np.array([first, second])
    ellipse, box = inside_ellipse(corners, CENTERS), inside_box(corners, CENTERS)
    (u0, v0), (u1, v1) = first, second
    a, b = abs(u1 - u0) / 2 + 0.001, abs(v1 - v0) / 2 + 0.001
    for row, v in enumerate(CENTERS.v_mm.tolist()):
        for column, u in enumerate(CENTERS.u_mm.tolist()):
            across, along = (u - (u0 + u1) / 2) / a, (v - (v0 + v1) / 2) / b
            if abs(across**2 + along**2 - 1) > 1e-9:
                assert ellipse[row, column] == (across**2 + along**2 <= 1)
            assert box[row, column] == (abs(across) <= 1 and abs(along) <= 1)


def test_a_center_on_the_outline_lies_within_whichever_way_it_was_drawn() -> None:
    """Hazard: last decimals of a file's positions change which pixels are counted."""
    centers = PixelCenters(np.arange(6.0), np.arange(6.0))
    square = np.array([[1.0, 1], [4, 1], [4, 4], [1, 4]])
    expected = np.zeros((6, 6), dtype=bool)
    expected[1:5, 1:5] = True
    for shift in (0.0, 1e-7, -1e-7):
        for outline in (square, square[::-1], np.roll(square, 2, axis=0)):
            assert np.array_equal(inside_outline(outline + shift, centers), expected)
        assert np.array_equal(inside_box(square[[0, 2]] + shift, centers), expected)


def shoelace(outline: NDArray[np.float64]) -> float:
    u, v = outline.T
    return abs(float(u @ np.roll(v, -1) - v @ np.roll(u, -1))) / 2


@given(
    st.lists(st.floats(1, 50), min_size=3, max_size=40),
    st.floats(-100, 100),
    st.floats(0.2, 1.0),
)
def test_the_area_of_an_outline_without_crossings_is_the_surveyors(
    radii: list[float], shift: float, flatness: float
) -> None:
    turns = np.linspace(0, 2 * math.pi, len(radii), endpoint=False) + 0.01
    star = np.stack([np.cos(turns) * radii + shift, np.sin(turns) * radii * flatness], axis=1)
    assert not crosses_itself(star)
    assert outline_area(star) == pytest.approx(shoelace(star), rel=1e-9)
    assert outline_area(star[::-1]) == pytest.approx(shoelace(star), rel=1e-9)


def test_what_an_outline_goes_around_twice_counts_neither_as_area_nor_as_pixels() -> None:
    eight = np.array([[0.0, 0], [4, 4], [4, 0], [0, 4]])
    assert crosses_itself(eight)
    assert outline_area(eight) == pytest.approx(8)
    turns = np.linspace(0, 4 * math.pi, 41)[:-1]
    spiral = np.stack([np.cos(turns), np.sin(turns)], axis=1) * np.linspace(20, 10, 40)[:, None] + 0.013
    centers = PixelCenters(np.arange(-22, 22, 0.05), np.arange(-22, 22, 0.05))
    assert outline_area(spiral) == pytest.approx(inside_outline(spiral, centers).sum() * 0.05**2, rel=2e-3)
    assert outline_area(spiral) < shoelace(spiral)


def test_a_circle_has_the_area_of_a_circle_and_pixels_for_it() -> None:
    corners = np.array([[2.0, 3.0], [22.0, 23.0]])
    assert ellipse_area(corners) == pytest.approx(math.pi * 100)
    assert box_area(corners) == 400
    centers = PixelCenters(np.arange(0, 30, 0.1), np.arange(0, 30, 0.1))
    assert inside_ellipse(corners, centers).sum() * 0.01 == pytest.approx(math.pi * 100, rel=2e-3)


def test_pixels_that_are_not_square_are_counted_by_their_centers() -> None:
    centers = PixelCenters(np.arange(100) * 0.25, np.arange(50) * 1.0)
    inside = inside_box(np.array([[5.1, 10.1], [9.9, 19.9]]), centers)
    assert inside.sum() == 19 * 9


def test_no_pixel_gives_no_statistics_and_never_zero() -> None:
    """Hazard: an empty region reads as 0 HU, the value of water."""
    assert roi_statistics(np.array([])) is None


def test_a_value_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="without a value"):
        roi_statistics(np.array([1.0, math.nan]))


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=60), st.sampled_from([1.0, 2.0002, 32.12]))
def test_statistics_are_those_of_the_definition(stored: list[int], slope: float) -> None:
    values = [number * slope for number in stored]
    found = roi_statistics(np.array(values), slope)
    assert found is not None
    mean = math.fsum(values) / len(values)
    assert found.count == len(values)
    assert found.mean == pytest.approx(mean, abs=1e-6)
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
    assert found.sd == pytest.approx(spread, abs=1e-6)
    assert (found.minimum, found.maximum) == (min(values), max(values))
    histogram = found.histogram
    assert histogram.counts.sum() == len(values)
    assert len(histogram.counts) <= MOST_BINS
    assert histogram.counts[0] > 0
    assert histogram.counts[-1] > 0
    assert histogram.bin_width >= math.floor(slope)
    for bin_index, count in enumerate(histogram.counts.tolist()):
        low = histogram.first_edge + bin_index * histogram.bin_width
        assert count == sum(low <= value < low + histogram.bin_width for value in values)


def test_the_standard_deviation_is_divided_by_the_number_of_pixels() -> None:
    found = roi_statistics(np.array([10.0, 20.0]))
    assert found is not None
    assert found.sd == 5.0


def test_whole_numbers_over_a_narrow_range_have_a_bin_each() -> None:
    found = roi_statistics(np.array([30.0, 31.0, 31.0, 33.0]))
    assert found is not None
    assert found.histogram.bin_width == 1
    assert found.histogram.first_edge == 29.5
    assert found.histogram.counts.tolist() == [1, 2, 0, 1]
