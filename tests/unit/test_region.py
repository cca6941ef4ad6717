"""Packed voxels: nothing is lost, and volumes follow true positions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ichviewer.core.geometry import StackGeometry
from ichviewer.core.measurement import MeasurementKind
from ichviewer.core.measurement_editing import drawn
from ichviewer.core.measurements import Measurements
from ichviewer.core.region import Region
from ichviewer.core.stack_frame import StackFrame


def frame_of(positions_mm: np.ndarray, side: int) -> StackFrame:
    origins = np.zeros((len(positions_mm), 3))
    origins[:, 2] = positions_mm
    geometry = StackGeometry(origins, np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), (0.8, 0.5))
    return StackFrame.of(geometry, (side, side))


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.floats(0, 0.2), st.integers(1, 5), st.integers(1, 9), st.integers(1, 11))
def test_packing_loses_no_voxel(seed: int, share: float, slices: int, rows: int, columns: int) -> None:
    mask = np.random.default_rng(seed).random((slices, rows, columns)) < share
    region = Region.of(mask)
    assert np.array_equal(np.stack([region.on_slice(index) for index in range(slices)]), mask)
    assert region.voxel_count == mask.sum()
    assert region.slices == tuple(np.flatnonzero(mask.any(axis=(1, 2))).tolist())
    assert region == Region.of(mask.copy())
    assert hash(region) == hash(Region.of(mask.copy()))


def test_an_edit_changes_one_slice_alone() -> None:
    mask = np.zeros((4, 8, 9), dtype=bool)
    mask[1:3, 2:5, 3:6] = True
    region = Region.of(mask)
    drawn_on = np.zeros((8, 9), dtype=bool)
    drawn_on[7, 8] = True
    edited = region.with_slice(3, drawn_on)
    assert edited.slices == (1, 2, 3)
    assert np.array_equal(edited.on_slice(3), drawn_on)
    assert np.array_equal(edited.on_slice(1), region.on_slice(1))
    assert region.slices == (1, 2)
    assert edited.with_slice(3, np.zeros((8, 9), dtype=bool)) == region


@pytest.mark.parametrize(
    "positions_mm",
    [
        np.arange(80) * 0.8,
        np.arange(26) * 2.5,
        np.concatenate([np.arange(24) * 1.25, 30 + np.arange(13) * 2.5]),
    ],
    ids=["0.8 mm", "2.5 mm", "thin below thick"],
)
def test_a_ball_has_its_volume_however_it_was_sliced(positions_mm: np.ndarray) -> None:
    """Hazard: the same hematoma is half as large where slices overlap or lie unevenly."""
    row, column = np.mgrid[0:80, 0:80]
    squared = (row * 0.8 - 32) ** 2 + (column * 0.5 - 20) ** 2
    mask = squared[None] + (positions_mm[:, None, None] - 31) ** 2 <= 15**2
    volume = Region.of(mask).volume_ml(frame_of(positions_mm, 80))
    assert volume == pytest.approx(4 / 3 * math.pi * 15**3 / 1000, rel=0.015)


def test_areas_are_those_of_pixels_that_are_not_square() -> None:
    mask = np.zeros((3, 8, 9), dtype=bool)
    mask[1, 2:5, 3:7] = True
    assert Region.of(mask).areas_mm2(frame_of(np.arange(3) * 5.0, 8)) == {1: pytest.approx(12 * 0.4)}


def test_one_slice_has_no_volume() -> None:
    with pytest.raises(ValueError, match="one slice"):
        Region.of(np.ones((1, 4, 4), dtype=bool)).volume_ml(frame_of(np.zeros(1), 4))


def test_a_grown_region_is_on_all_slices_that_it_has_voxels_on() -> None:
    mask = np.zeros((5, 8, 9), dtype=bool)
    mask[[1, 3], 2, 2] = True
    seeded = Measurements().added(drawn(MeasurementKind.REGION, [(1, 1, 5)], 1))
    seeded = seeded.changed(
        type(seeded.items[0])(MeasurementKind.REGION, ((1, 1, 5),), 1, identifier=1, region=Region.of(mask))
    )
    assert [len(seeded.on_slice(index)) for index in range(5)] == [0, 1, 0, 1, 0]
