"""The midline is found, tissue comes from the other side, and areas are the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ichviewer.core.mirror_tissue import Midline, find_midline, hottest_area, mirror_image, random_area

SIZE = 112


def slanted_head(
    angle_degrees: float, right: float = 0.0, bleed: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """A long head with a bright skull and dark ventricles, and where it is; a bleed on one side."""
    row, column = np.mgrid[0:SIZE, 0:SIZE] + 0.5 - SIZE / 2
    column = column - right
    angle = np.radians(angle_degrees)
    across = column * np.cos(angle) + row * np.sin(angle)
    along = row * np.cos(angle) - column * np.sin(angle)
    radius = np.hypot(across / 40, along / 48)
    picture = np.where(radius < 1, np.where(radius < 0.9, 0.45, 1.0), 0.0)
    picture[np.hypot((np.abs(across) - 7) / 4, along / 14) < 1] = 0.1
    picture[np.hypot((across - 20) / 8, (along + 8) / 8) < 1] += bleed
    return picture, radius < 1


@settings(max_examples=15, deadline=None)
@given(st.integers(-20, 20), st.floats(-6, 6), st.sampled_from([0.0, 0.45]))
def test_the_midline_of_a_slanted_head_is_found(angle: int, right: float, bleed: float) -> None:
    """Hazard: mirrored about an upright line, skull is pasted into the brain, and true maps fail."""
    picture, head = slanted_head(angle, right, bleed)
    midline = find_midline(picture, head)
    assert abs(midline.angle_degrees - angle) <= 2
    assert abs(midline.column * SIZE - (SIZE / 2 + right)) <= 2.5


def test_a_head_mirrored_about_its_midline_is_itself() -> None:
    picture, head = slanted_head(14)
    mirrored = mirror_image(picture[None], find_midline(picture, head))[0]
    upright = mirror_image(picture[None], Midline(0.5, 0.5, 0))[0]
    assert np.abs(mirrored - picture)[head].mean() < 0.05 < 0.1 < np.abs(upright - picture)[head].mean()


def test_about_an_upright_middle_line_columns_are_reversed() -> None:
    picture = np.random.default_rng(2).random((3, 20, 20))
    np.testing.assert_allclose(mirror_image(picture, Midline(0.5, 0.5, 0)), picture[..., ::-1])


def test_the_hottest_area_has_the_pixels_asked_for_and_no_cooler_one() -> None:
    generator = np.random.default_rng(3)
    heat, allowed = generator.random((30, 30)), generator.random((30, 30)) < 0.5
    area = hottest_area(heat, allowed, 40)
    assert area.sum() == 40
    assert not (area & ~allowed).any()
    assert heat[area].min() >= heat[allowed & ~area].max()


@pytest.mark.parametrize("pixels", [0, 5, 4000])
def test_an_area_is_never_larger_than_what_is_allowed(pixels: int) -> None:
    allowed = np.zeros((20, 20), dtype=bool)
    allowed[4:8, 4:8] = True
    assert hottest_area(np.ones((20, 20)), allowed, pixels).sum() == min(pixels, 16)
    assert random_area(allowed, pixels, "seed").sum() == min(pixels, 16)
    assert random_area(np.zeros_like(allowed), pixels, "seed").sum() == 0


def test_random_areas_depend_on_their_seed_alone() -> None:
    """The same series gives the same verdict; the centers stand here so that no version changes them."""
    allowed = np.ones((40, 40), dtype=bool)
    first, again, other = (random_area(allowed, 20, seed) for seed in ("1.2.3|7|0", "1.2.3|7|0", "1.2.3|7|1"))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    rows, columns = np.nonzero(random_area(allowed, 1, "1.2.3|7|0"))
    assert (int(rows[0]), int(columns[0])) == (27, 1)
