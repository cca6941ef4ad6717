"""A marked region: packed masks, edits that leave the old value alone, and a volume that follows the gaps."""

from __future__ import annotations

import numpy as np
import pytest
from stack_shapes import stack_geometry

from ichviewer.core.errors import IchViewerError
from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measurements import Measurements
from ichviewer.core.region import Region, areas_mm2, volume_ml, with_disc, without_disc, without_slice
from ichviewer.core.stack_frame import StackFrame

SHAPE = (5, 21, 30)
FRAME = StackFrame.of(stack_geometry((0.0, 4.0, 5.0, 12.0, 17.0), 18.5, (0.5, 0.8)), SHAPE[1:])


def square(rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros(SHAPE[1:], dtype=np.bool_)
    mask[rows, columns] = True
    return mask


def test_masks_come_back_as_they_went_in() -> None:
    masks = {
        3: square(slice(2, 5), slice(1, 30)),
        1: square(slice(0, 1), slice(0, 1)),
        2: square(slice(0), slice(0)),
    }
    region = Region.of(SHAPE, masks)
    assert region.slice_indices == (1, 3)
    for index in range(5):
        assert np.array_equal(region.mask(index), masks.get(index, np.zeros(SHAPE[1:], dtype=np.bool_)))
    assert region == Region.of(SHAPE, masks)
    assert Region(SHAPE).is_empty
    assert not region.is_empty


def test_a_mask_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Region.of(SHAPE, {0: np.ones((3, 3), dtype=np.bool_)})
    with pytest.raises(ValueError, match="does not fit"):
        Region.of(SHAPE, {5: square(slice(1), slice(1))})


def test_each_slice_counts_as_far_as_it_reaches() -> None:
    """Hazard: a volume from one spacing is wrong by half in a head of 1 and 7 mm gaps."""
    pixels, pixel_ml = 10, 0.5 * 0.8 / 1000
    for index, reach_mm in enumerate((4.0, 2.5, 4.0, 6.0, 5.0)):
        region = Region.of(SHAPE, {index: square(slice(0, 1), slice(0, pixels))})
        assert volume_ml(region, FRAME) == pytest.approx(pixels * pixel_ml * reach_mm)
    whole = Region.of(SHAPE, {index: square(slice(0, 1), slice(0, pixels)) for index in range(5)})
    assert volume_ml(whole, FRAME) == pytest.approx(pixels * pixel_ml * 21.5)


def test_one_slice_has_no_volume() -> None:
    """Hazard: a made-up thickness gives a made-up volume."""
    frame = StackFrame.of(stack_geometry((0.0,)), SHAPE[1:])
    with pytest.raises(IchViewerError, match="at least two slices"):
        volume_ml(Region((1, *SHAPE[1:])), frame)


def test_a_disc_is_round_in_millimeters_and_lies_where_it_was_put() -> None:
    center = FRAME.pixel_to_mm(3, 10, 12)
    region = with_disc(Region(SHAPE), FRAME, 3, (center[0], center[1]), 2.0)
    rows, columns = np.nonzero(region.mask(3))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (6, 14, 10, 14)
    assert len(rows) * 0.5 * 0.8 == pytest.approx(np.pi * 4, rel=0.1)


def test_edits_add_and_take_away_and_leave_the_rest() -> None:
    before = Region.of(SHAPE, {1: square(slice(0, 9), slice(0, 9)), 3: square(slice(0, 9), slice(0, 9))})
    corner = FRAME.pixel_to_mm(1, 0, 0)
    cut = without_disc(before, FRAME, 1, (corner[0], corner[1]), 1.6)
    assert not cut.mask(1)[0, 0]
    assert cut.mask(1)[8, 8]
    assert np.array_equal(cut.mask(3), before.mask(3))
    assert before.mask(1)[0, 0]
    assert with_disc(cut, FRAME, 1, (corner[0], corner[1]), 1.6).mask(1)[0, 0]
    assert without_slice(before, 3).slice_indices == (1,)
    assert without_slice(before, 2) == before


def test_a_slice_that_lost_its_last_pixel_is_gone() -> None:
    before = Region.of(SHAPE, {1: square(slice(0, 1), slice(0, 1))})
    corner = FRAME.pixel_to_mm(1, 0, 0)
    assert without_disc(before, FRAME, 1, (corner[0], corner[1]), 1.0) == Region(SHAPE)


def test_a_grown_region_is_listed_on_every_slice_that_it_reaches_and_weighed_by_its_areas() -> None:
    mask = square(slice(2, 4), slice(2, 7))
    region = Region.of(SHAPE, {1: mask, 3: mask})
    seeded = Measurement(MeasurementKind.REGION, ((1.0, 1.0, 5.0),), 1, region=region)
    one = Measurements().added(seeded)
    assert [len(one.on_slice(index)) for index in range(5)] == [0, 1, 0, 1, 0]
    assert areas_mm2(region, FRAME) == {1: pytest.approx(4.0), 3: pytest.approx(4.0)}
