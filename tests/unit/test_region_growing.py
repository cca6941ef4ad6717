"""A hematoma grown from a point: as large as it was drawn, and never through the skull."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from builders import make_volume
from numpy.typing import NDArray
from stack_shapes import with_geometry

from ichviewer.core.errors import IchViewerError
from ichviewer.core.findings import Subtype
from ichviewer.core.geometry import StackGeometry
from ichviewer.core.phantom import Bleed, make_phantom, small_demo_spec
from ichviewer.core.plane import Triple, triple
from ichviewer.core.progress import Cancelled, CancelToken
from ichviewer.core.region import Region, volume_ml
from ichviewer.core.stack_frame import StackFrame
from ichviewer.core.volume import Volume
from ichviewer.imaging.region_growing import FRESH_BLOOD, GrowthLimits, grow_region

BLEEDS = {
    "in the brain": Bleed(Subtype.INTRAPARENCHYMAL, (-30, 5, 50), (18, 20, 14), 68.0),
    "epidural": Bleed(Subtype.EPIDURAL, (60, -14, 60), (32, 19, 20), 68.0),
    "subdural": Bleed(Subtype.SUBDURAL, (-60, 4, 70), (75, 14, 30), 66.0),
}
TOLERANCE = {"in the brain": 0.08, "epidural": 0.12, "subdural": 0.18}
"""The edge of a bleed is half blood, and beside bone it is not told from bone: thin ones lose most."""

WIDE = GrowthLimits(50.0, 100.0, 90.0)


@cache
def bleeding_head(which: str) -> tuple[Volume, StackFrame, NDArray[np.bool_]]:
    spec = replace(
        small_demo_spec(with_bleeds=False, slice_count=18, size=192),
        bleeds=(BLEEDS[which],),
        rotation_degrees=(3.0, -4.0, 12.0),
        tilt_degrees=12.0,
    )
    phantom = make_phantom(spec)
    volume = with_geometry(
        make_volume(hu=phantom.hu, pixel_spacing_mm=spec.pixel_spacing_mm), phantom.geometry
    )
    frame = StackFrame.of(volume.geometry, volume.shape)
    return volume, frame, phantom.masks[BLEEDS[which].subtype]


def seed_in(truth: NDArray[np.bool_], frame: StackFrame) -> Triple:
    """A point in the middle of the bleed's largest slice."""
    index = int(np.argmax(truth.sum(axis=(1, 2))))
    pixels = np.argwhere(truth[index])
    nearest = pixels[np.argmin(np.linalg.norm(pixels - np.median(pixels, axis=0), axis=1))]
    return triple(frame.pixel_to_mm(index, *nearest))


def masks_of(region: Region) -> NDArray[np.bool_]:
    return np.stack([region.mask(index) for index in range(region.shape[0])])


@pytest.mark.parametrize("which", BLEEDS)
def test_a_bleed_is_as_large_as_it_was_drawn(which: str) -> None:
    """Hazard: 30 mL is where surgery is weighed; a volume off by a third decides it wrongly."""
    volume, frame, truth = bleeding_head(which)
    grown = grow_region(volume, frame, seed_in(truth, frame), WIDE)
    drawn = volume_ml(Region.of(truth.shape, dict(enumerate(truth))), frame)
    assert volume_ml(grown.region, frame) == pytest.approx(drawn, rel=TOLERANCE[which])
    masks = masks_of(grown.region)
    assert 2 * (masks & truth).sum() / (masks.sum() + truth.sum()) > 0.88
    assert not grown.reaches_limit


@pytest.mark.parametrize("which", ["epidural", "subdural"])
def test_growing_stops_at_the_skull(which: str) -> None:
    """Hazard: a region that runs into bone, scalp or all around the brain gives a volume of those."""
    volume, frame, truth = bleeding_head(which)
    open_above = GrowthLimits(50.0, 3000.0, 90.0)
    masks = masks_of(grow_region(volume, frame, seed_in(truth, frame), open_above).region)
    hu = np.stack([volume.hu(index) for index in range(volume.slice_count)])
    assert hu[masks].max() <= 160
    assert masks.sum() < 1.1 * truth.sum()


def test_the_soft_edge_of_the_bone_is_not_followed_around_the_brain() -> None:
    """Hazard: along the inner edge of the skull pixels have the value of blood; all would count."""
    row, column = np.mgrid[0:160, 0:160] - 79.5
    radius = np.hypot(row, column)
    hu = np.where(radius < 78, 40, -1000)
    hu[(radius > 66) & (radius < 74)] = 900
    hu[(radius > 64) & (radius <= 66)] = 80
    bleed = np.hypot(row, column + 55) < 10
    hu[bleed & (radius <= 66)] = 70
    volume = make_volume(8, hu=np.repeat(hu[None], 8, axis=0).astype(np.int16), pixel_spacing_mm=(1.0, 1.0))
    frame = StackFrame.of(volume.geometry, volume.shape)
    masks = masks_of(grow_region(volume, frame, (24.5, 79.5, 15.0), WIDE).region)
    # The bleed reaches the bone, and so does the region there, but not elsewhere.
    assert masks[3][bleed & (radius <= 64)].mean() > 0.95
    assert not masks[3][column > -40].any()
    assert masks[3][80, 14]


def test_growing_ends_at_the_radius_and_says_so() -> None:
    """Hazard: a region that was cut off passes for the whole bleed."""
    volume, frame, truth = bleeding_head("in the brain")
    seed = seed_in(truth, frame)
    grown = grow_region(volume, frame, seed, replace(WIDE, radius_mm=9.0))
    assert grown.reaches_limit
    for index in grown.region.slice_indices:
        for row, column in np.argwhere(grown.region.mask(index)):
            assert np.linalg.norm(frame.pixel_to_mm(index, row, column) - np.asarray(seed)) <= 9.0


def test_growing_does_not_cross_an_unreadable_slice() -> None:
    """Hazard: blood counted on the far side of a slice that nobody saw."""
    volume, frame, truth = bleeding_head("in the brain")
    seed = seed_in(truth, frame)
    index = frame.nearest_slice(seed[2])
    readable = volume.is_readable.copy()
    readable[index + 1] = False
    grown = grow_region(replace(volume, is_readable=readable), frame, seed, WIDE)
    assert max(grown.region.slice_indices) == index
    assert grown.reaches_limit


def test_uneven_gaps_weigh_as_they_are() -> None:
    """Hazard: with one spacing for all slices, the volume of the same pixels would be another."""
    volume, frame, truth = bleeding_head("in the brain")
    stretched = StackGeometry(
        volume.geometry.origins_mm * np.array([1.0, 1.0, 2.0]),
        volume.geometry.row_direction,
        volume.geometry.column_direction,
        volume.geometry.pixel_spacing_mm,
    )
    region = grow_region(volume, frame, seed_in(truth, frame), WIDE).region
    twice = StackFrame.of(stretched, volume.shape)
    ratio = np.diff(twice.positions_mm)[0] / np.diff(frame.positions_mm)[0]
    assert volume_ml(region, twice) == pytest.approx(ratio * volume_ml(region, frame))


def test_a_point_without_blood_is_refused_with_its_value() -> None:
    volume, frame, truth = bleeding_head("in the brain")
    seed = seed_in(truth, frame)
    with pytest.raises(IchViewerError, match=r"has 6\d HU, which is not between 80 and 100 HU"):
        grow_region(volume, frame, seed, GrowthLimits(80.0, 100.0, 50.0))


def test_a_point_outside_the_skull_is_refused() -> None:
    """Hazard: blood under the scalp counted as blood in the head."""
    volume, frame, _ = bleeding_head("in the brain")
    index = 9
    scalp = triple(frame.pixel_to_mm(index, 3, 3))
    with pytest.raises(IchViewerError, match="inside the skull"):
        grow_region(volume, frame, scalp, GrowthLimits(-2000.0, 3000.0, 50.0))


def test_a_point_off_the_images_or_on_an_unreadable_slice_is_refused() -> None:
    volume, frame, truth = bleeding_head("in the brain")
    seed = seed_in(truth, frame)
    for outside in ((-500.0, seed[1], seed[2]), (seed[0], seed[1], 5000.0)):
        with pytest.raises(IchViewerError, match="outside the images"):
            grow_region(volume, frame, outside)
    index = frame.nearest_slice(seed[2])
    readable = np.arange(volume.slice_count) != index
    with pytest.raises(IchViewerError, match=f"Slice {index + 1}.*could not be read"):
        grow_region(replace(volume, is_readable=readable), frame, seed)


def test_limits_that_hold_nothing_are_refused() -> None:
    with pytest.raises(IchViewerError, match="No value lies between 90 and 50 HU"):
        GrowthLimits(90.0, 50.0, 30.0)
    with pytest.raises(IchViewerError, match="longer than 0 mm"):
        GrowthLimits(50.0, 90.0, 0.0)


def test_growing_can_be_cancelled() -> None:
    volume, frame, truth = bleeding_head("in the brain")
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        grow_region(volume, frame, seed_in(truth, frame), FRESH_BLOOD, token)
