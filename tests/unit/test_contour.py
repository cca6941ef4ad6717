"""Lines of equal heat lie where the heat is equal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ichviewer.core.contour import contour_segments


def cone(rows: int, columns: int, row: float, column: float) -> np.ndarray:
    """Falls by 1 a pixel from its top at (row, column), in which 0.5 is the middle of the first pixel."""
    down, across = np.mgrid[0:rows, 0:columns] + 0.5
    return -np.hypot(down - row, across - column)


@settings(max_examples=30, deadline=None)
@given(st.floats(12, 28), st.floats(12, 38), st.floats(3, 10))
def test_the_line_of_a_cone_is_a_circle_about_its_top(row: float, column: float, radius: float) -> None:
    """Hazard: a line half a pixel beside the heat would be drawn beside the anatomy."""
    ends = contour_segments(cone(40, 50, row, column), -radius).reshape(-1, 2)
    distance = np.hypot(ends[:, 0] - column, ends[:, 1] - row)
    np.testing.assert_allclose(distance, radius, atol=0.06)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 0.8))
def test_lines_are_closed_where_they_do_not_meet_the_border(seed: int, level: float) -> None:
    values = np.zeros((12, 14))
    values[1:-1, 1:-1] = np.random.default_rng(seed).random((10, 12))
    ends = contour_segments(values, level).reshape(-1, 2)
    _points, counts = np.unique(ends.round(5), axis=0, return_counts=True)
    assert (counts % 2 == 0).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 0.9))
def test_a_line_is_crossed_between_any_two_neighbors_on_its_two_sides(seed: int, level: float) -> None:
    values = np.random.default_rng(seed).random((6, 7))
    ends = contour_segments(values, level).reshape(-1, 2)
    is_above = values >= level
    crossed_rows = int((is_above[:, 1:] != is_above[:, :-1]).sum())
    crossed_columns = int((is_above[1:] != is_above[:-1]).sum())
    assert len(np.unique(ends.round(6), axis=0)) <= crossed_rows + crossed_columns
    assert (len(ends) == 0) == (crossed_rows + crossed_columns == 0)


def test_a_flat_map_has_no_line() -> None:
    assert contour_segments(np.ones((5, 5)), 1.0).shape == (0, 2, 2)
    assert contour_segments(np.zeros((5, 5)), 1.0).shape == (0, 2, 2)


def test_only_pieces_in_kept_squares_are_given() -> None:
    values = cone(20, 20, 10, 10)
    kept = np.zeros((19, 19), dtype=bool)
    kept[:, :9] = True
    pieces = contour_segments(values, -5, kept)
    assert 0 < len(pieces) < len(contour_segments(values, -5))
    assert pieces[..., 0].max() <= 9.5


@pytest.mark.parametrize("step", [np.fliplr, np.flipud, np.transpose])
def test_a_turned_map_has_turned_lines(step) -> None:
    values = np.random.default_rng(4).random((9, 9))
    ends = contour_segments(values, 0.5).reshape(-1, 2)
    turned = contour_segments(step(values), 0.5).reshape(-1, 2)
    back = {np.fliplr: lambda p: np.stack([9 - p[:, 0], p[:, 1]], axis=1)}
    back[np.flipud] = lambda p: np.stack([p[:, 0], 9 - p[:, 1]], axis=1)
    back[np.transpose] = lambda p: p[:, ::-1]
    np.testing.assert_allclose(
        np.unique(back[step](turned).round(4), axis=0), np.unique(ends.round(4), axis=0), atol=1e-4
    )
