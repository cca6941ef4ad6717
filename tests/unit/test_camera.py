"""Flips, rotations, zoom and pan on the screen."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ichviewer.core.camera import LARGEST_ZOOM, SMALLEST_ZOOM, Camera, Turn

TURNS = [Turn(*each) for each in product(range(4), (False, True))]
PICTURE = np.arange(12).reshape(3, 4)


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_each_step_acts_on_what_is_on_the_screen(turn: Turn) -> None:
    """Hazard: H after R flips top and bottom, and the letters do not say so."""
    shown = turn.applied(PICTURE)
    assert np.array_equal(turn.flipped_across().applied(PICTURE), shown[:, ::-1])
    assert np.array_equal(turn.flipped_down().applied(PICTURE), shown[::-1])
    assert np.array_equal(turn.rotated().applied(PICTURE), np.rot90(shown, -1))
    assert turn.shape(PICTURE.shape) == shown.shape


def test_the_eight_turns_are_eight_pictures() -> None:
    assert len({turn.applied(PICTURE).tobytes() + bytes(turn.shape((3, 4))) for turn in TURNS}) == 8


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_places_go_where_their_pixels_go_and_come_back(turn: Turn) -> None:
    shown = turn.applied(PICTURE)
    for row, column in product(range(3), range(4)):
        across, down = turn.to_screen(column + 0.5, row + 0.5, (3, 4))
        assert shown[int(down), int(across)] == PICTURE[row, column]
        assert turn.from_screen(across, down, (3, 4)) == (column + 0.5, row + 0.5)


@given(st.floats(1e-6, 1e6))
def test_zoom_stays_within_its_limits(factor: float) -> None:
    assert SMALLEST_ZOOM <= Camera().zoomed(factor).zoom <= LARGEST_ZOOM


def test_pan_adds_up() -> None:
    assert Camera().panned(1, 2).panned(3, -4).pan_mm == (4, -2)
