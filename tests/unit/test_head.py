"""Finding the head in a slice, on drawn heads."""

from __future__ import annotations

import numpy as np
import pytest
from builders import AIR, BONE_HU, BRAIN_HU, head_hu
from hypothesis import given
from hypothesis import strategies as st

from ichviewer.core.head import GRID_CELLS, coarse_head, head_box, head_mask

SIZE = 256


def head_on_table() -> np.ndarray:
    """The round head of builders.py above a curved table that stands apart, and a thin wire."""
    hu = head_hu(SIZE, SIZE).astype(np.float32)
    hu[246:252, 20:236] = 300
    hu[5:6, :] = 500
    return hu


def truth() -> np.ndarray:
    return head_hu(SIZE, SIZE) > AIR


def test_the_mask_is_the_head_to_a_pixel() -> None:
    assert np.count_nonzero(head_mask(head_hu(SIZE, SIZE)) != truth()) == 0


def test_a_table_and_a_wire_are_no_head() -> None:
    """Hazard: a frame that holds the table shows the network a smaller head than it learnt."""
    mask = head_mask(head_on_table())
    assert not mask[240:].any()
    assert not mask[:10].any()
    np.testing.assert_array_equal(mask[15:235], truth()[15:235])


@given(st.integers(-40, 40), st.integers(-12, 12), st.floats(0.4, 1.0))
def test_the_box_holds_the_whole_head_and_little_more(right: int, down: int, size: float) -> None:
    row, column = np.mgrid[0:SIZE, 0:SIZE]
    radius = np.hypot((row - 127.5 - down) / 110, (column - 127.5 - right) / 85) / size
    hu = np.where(radius < 1, np.where(radius > 0.9, BONE_HU, BRAIN_HU), AIR).astype(np.float32)
    box = head_box(hu)
    assert box is not None
    rows, columns = np.flatnonzero((radius < 1).any(axis=1)), np.flatnonzero((radius < 1).any(axis=0))
    cell = SIZE / GRID_CELLS
    edges = (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1)
    assert np.abs(np.subtract(box, edges)).max() <= cell


def test_air_inside_the_head_belongs_to_it() -> None:
    """Hazard: heat over the sinuses or over air in the brain would be cut out of the picture."""
    hu = head_hu(SIZE, SIZE)
    hu[100:140, 100:150] = AIR
    assert head_mask(hu)[100:140, 100:150].all()


def test_fat_of_the_scalp_belongs_to_the_head() -> None:
    row, column = np.mgrid[0:SIZE, 0:SIZE]
    radius = np.hypot(row - 127.5, column - 127.5)
    hu = np.full((SIZE, SIZE), float(AIR))
    hu[radius < 94] = -90
    hu[radius < 90] = BONE_HU
    hu[radius < 80] = BRAIN_HU
    assert head_mask(hu)[radius < 94].all()


def test_a_brain_window_picture_gives_the_same_head_as_full_hu() -> None:
    """Hazard: training on windowed pictures and viewing DICOM would frame the head differently."""
    hu = head_on_table()
    windowed = np.clip(hu, -20, 100)
    assert head_box(windowed) == head_box(hu)


@pytest.mark.parametrize("hu", [AIR, -100])
def test_a_slice_without_tissue_has_no_head(hu: float) -> None:
    empty = np.full((50, 70), float(hu))
    assert head_box(empty) is None
    assert not head_mask(empty).any()


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (64, 64), (65, 130), (700, 650)])
def test_every_shape_has_a_mask_of_its_own_shape(shape: tuple[int, int]) -> None:
    hu = np.full(shape, float(BRAIN_HU))
    assert head_mask(hu).shape == shape
    assert head_mask(hu).all()
    coarse, cell = coarse_head(hu)
    assert max(coarse.shape) <= GRID_CELLS
    assert np.abs(np.subtract(head_box(hu) or (), (0, shape[0], 0, shape[1]))).max() < cell
