"""The building blocks of the procedural head."""

from __future__ import annotations

import numpy as np
import pytest

from ichviewer.core.phantom_fields import (
    Points,
    capsule,
    cover,
    ellipsoid,
    enlargement,
    paint,
    smooth_union,
    texture,
)


def at(*points: tuple[float, float, float]) -> Points:
    x, y, z = np.asarray(points, dtype=np.float32).T
    return Points(x, y, z)


def test_distances_are_negative_inside_and_in_mm() -> None:
    points = at((0, 0, 0), (13, 0, 0), (0, 7, 0))
    np.testing.assert_allclose(ellipsoid(points, (0, 0, 0), (10, 5, 5))[1:], (3, 2), atol=0.01)
    assert ellipsoid(points, (0, 0, 0), (10, 5, 5))[0] < 0
    rod = capsule(points, (-5, 0, 0), (10, 0, 0), 2, 2)
    np.testing.assert_allclose(rod, (-2, 1, 5), atol=1e-5)


def test_smooth_union_holds_both_shapes() -> None:
    first, second = (np.array([value], dtype=np.float32) for value in (-1.0, 9.0))
    assert smooth_union(first, second, 4)[0] == pytest.approx(-1)
    assert smooth_union(second, first, 4)[0] == pytest.approx(-1)


def test_cover_is_half_on_the_edge() -> None:
    distances = np.array([-3, 0, 0.5, 3], dtype=np.float32)
    np.testing.assert_allclose(cover(distances, 2.0), (1, 0.5, 0.25, 0))


def test_paint_replaces_the_share() -> None:
    hu = np.array([-1000, -1000], dtype=np.float32)
    paint(hu, np.array([0.25, 1], dtype=np.float32), 40.0)
    np.testing.assert_allclose(hu, (-740, 40))


def test_texture_has_unit_variance_and_its_wavelength() -> None:
    made = texture(np.random.default_rng(1), 20.0, 40)
    line = np.linspace(0, 4000, 20001, dtype=np.float32)
    values = made.at(Points(line, 0 * line, 0 * line))
    assert abs(values.mean()) < 0.1
    assert 0.8 < values.std() < 1.2
    crossings = np.count_nonzero(np.diff(np.sign(values)))
    assert 4000 / 20 * 0.9 < crossings < 4000 / 20 * 1.4, "waves run at all angles to the line"


@pytest.mark.parametrize("fine_count", [20, 77, 300])
def test_enlarging_follows_smooth_functions_and_keeps_lines(fine_count: int) -> None:
    coarse, fine = np.linspace(-5, 5, 41), np.linspace(-5, 5, fine_count)
    made = enlargement(coarse, fine)
    both = np.stack([np.sin(coarse), 2 * coarse + 1]).astype(np.float32)
    columns = made.columns(both)
    np.testing.assert_allclose(columns[0], np.sin(fine), atol=0.03)
    inner = np.abs(fine) < 4.75
    np.testing.assert_allclose(columns[1][inner], (2 * fine + 1)[inner], atol=1e-4)
    np.testing.assert_allclose(made.rows(both.T), columns.T, atol=1e-5)
