"""The procedural head: the same for the same spec, right in HU and place, in agreement with its truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ichviewer.core.findings import SUBTYPES, Subtype
from ichviewer.core.geometry import tilt_degrees
from ichviewer.core.head import head_mask
from ichviewer.core.phantom import (
    BLEEDING_SUBTYPES,
    VISIBLE_AREA_MM2,
    Bleed,
    Phantom,
    PhantomSpec,
    demo_spec,
    make_phantom,
    phantom_slice,
    random_spec,
    small_demo_spec,
    to_patient_mm,
)
from ichviewer.core.progress import Cancelled, CancelToken, Progress


@pytest.fixture(scope="module")
def bleeding() -> Phantom:
    return make_phantom(small_demo_spec(slice_count=17))


@pytest.fixture(scope="module")
def healthy() -> Phantom:
    return make_phantom(small_demo_spec(with_bleeds=False, slice_count=17))


def test_volume_masks_and_labels_have_the_shapes_of_the_spec(bleeding: Phantom) -> None:
    assert bleeding.hu.shape == (17, 128, 128)
    assert bleeding.hu.dtype == np.int16
    assert tuple(bleeding.masks) == BLEEDING_SUBTYPES
    assert all(mask.shape == bleeding.hu.shape for mask in bleeding.masks.values())
    assert bleeding.labels.shape == (17, len(SUBTYPES))
    assert bleeding.geometry.slice_count == 17


def test_a_slice_made_again_and_alone_equals_the_slice_of_the_volume(bleeding: Phantom) -> None:
    alone = phantom_slice(bleeding.spec, 9)
    np.testing.assert_array_equal(alone.hu, bleeding.hu[9])
    np.testing.assert_array_equal(alone.labels, bleeding.labels[9])
    for position, subtype in enumerate(BLEEDING_SUBTYPES):
        np.testing.assert_array_equal(alone.masks[position], bleeding.masks[subtype][9])


def test_another_seed_gives_another_head_and_other_noise(healthy: Phantom) -> None:
    other = phantom_slice(replace(healthy.spec, seed=healthy.spec.seed + 1), 8)
    difference = other.hu.astype(int) - healthy.hu[8]
    assert np.abs(difference[:, :8]).max() > 0, "noise in the air"
    assert np.mean(np.abs(difference) > 100) > 0.01, "outline"


def test_slice_that_is_not_there_is_refused(healthy: Phantom) -> None:
    with pytest.raises(IndexError, match="17"):
        phantom_slice(healthy.spec, 17)


def test_healthy_twin_differs_only_at_the_bleeds(bleeding: Phantom, healthy: Phantom) -> None:
    """Hazard: a score that falls with the bleeds removed would be put down to the bleeds, wrongly."""
    changed = np.abs(bleeding.hu.astype(int) - healthy.hu) > 1
    for index in range(17):
        if not bleeding.labels[index, 0]:
            assert changed[index].mean() < 0.02
    masks = np.any(list(bleeding.masks.values()), axis=0)
    assert np.mean(changed[masks]) > 0.95
    assert not changed[[0, 1, 2, 15, 16]].any(), "no bleed reaches these"
    # Blood that thins out along the sulci is less than half of a pixel, so that no mask shows it.
    assert changed[~_grown(masks, 9)].mean() < 0.001
    assert not healthy.labels.any()
    assert not any(mask.any() for mask in healthy.masks.values())


def _grown(masks: np.ndarray, steps: int) -> np.ndarray:
    grown = masks.copy()
    grown[1:] |= masks[:-1]
    grown[:-1] |= masks[1:]
    for _ in range(steps):
        before = grown.copy()
        grown[:, 1:] |= before[:, :-1]
        grown[:, :-1] |= before[:, 1:]
        grown[:, :, 1:] |= before[:, :, :-1]
        grown[:, :, :-1] |= before[:, :, 1:]
    return grown


def test_labels_agree_with_the_masks(bleeding: Phantom) -> None:
    """Hazard: a wrong truth would teach and judge the network wrongly."""
    spacing = bleeding.geometry.pixel_spacing_mm
    for subtype, mask in bleeding.masks.items():
        area = mask.sum(axis=(1, 2)) * spacing[0] * spacing[1]
        np.testing.assert_array_equal(bleeding.labels[:, SUBTYPES.index(subtype)], area >= VISIBLE_AREA_MM2)
    np.testing.assert_array_equal(bleeding.labels[:, 0], bleeding.labels[:, 1:].any(axis=1))


def test_every_subtype_is_there_and_most_slices_show_at_most_one(bleeding: Phantom) -> None:
    assert bleeding.labels[:, 1:].any(axis=0).all()
    assert np.mean(bleeding.labels[:, 1:].sum(axis=1) <= 1) > 0.8


def test_blood_is_as_dense_as_asked_and_brain_as_brain(bleeding: Phantom, healthy: Phantom) -> None:
    for bleed in bleeding.spec.bleeds:
        blood = bleeding.hu[bleeding.masks[bleed.subtype]]
        assert abs(np.median(blood) - bleed.hu) < 10, bleed.subtype
        assert np.median(blood) > np.median(healthy.hu[bleeding.masks[bleed.subtype]]) + 15
    middle = healthy.hu[9, 40:90, 45:85]
    assert 24 < np.median(middle) < 40
    assert np.percentile(middle, 99) < 60, "nothing in the healthy brain is as dense as blood"


def test_air_bone_fat_and_fluid_have_their_hu() -> None:
    made = phantom_slice(replace(demo_spec(with_bleeds=False), noise_hu=0.5), 18).hu
    assert -1005 < np.median(made[:20]) < -995
    assert 900 < made.max() < 1800
    assert np.sum((made > -120) & (made < -60)) > 1000, "fat of the scalp"
    inside = made[180:330, 180:330]
    assert 2 < np.percentile(inside, 1) < 14, "fluid of the ventricles"


def test_noise_has_the_strength_asked_for() -> None:
    quiet = phantom_slice(replace(demo_spec(with_bleeds=False), noise_hu=0.0001), 21).hu.astype(float)
    noisy = phantom_slice(replace(demo_spec(with_bleeds=False), noise_hu=4.5), 21).hu.astype(float)
    noise = (noisy - quiet)[200:312, 200:312]
    assert 3.5 < noise.std() < 5.5
    assert 0.6 < np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1] < 0.9, "soft kernel"


def test_geometry_is_centered_with_square_pixels_and_even_spacing(healthy: Phantom) -> None:
    geometry = healthy.geometry
    assert geometry.pixel_spacing_mm == (240.64 / 128, 240.64 / 128)
    np.testing.assert_allclose(np.diff(geometry.positions_mm), 168.0 / 17)
    np.testing.assert_allclose(geometry.point_mm(0, 63.5, 63.5), (0, 0, healthy.spec.lowest_mm), atol=1e-9)


@pytest.mark.parametrize("degrees", [-18.5, 0.0, 11.0])
def test_tilt_is_found_again_and_keeps_the_spacing_along_the_normal(degrees: float) -> None:
    spec = replace(small_demo_spec(), tilt_degrees=degrees)
    geometry = make_phantom(replace(spec, slice_count=3, rows=32, columns=32)).geometry
    assert tilt_degrees(geometry) == pytest.approx(degrees, abs=1e-9)
    np.testing.assert_allclose(np.diff(geometry.positions_mm), spec.slice_spacing_mm)


@pytest.mark.parametrize("tilt", [0.0, -15.0])
def test_a_bleed_lies_where_the_patient_coordinates_say(tilt: float) -> None:
    """Hazard: a bleed drawn on one side and reported on the other."""
    bleed = Bleed(Subtype.INTRAPARENCHYMAL, (30, 5, 50), (12, 12, 12))
    spec = PhantomSpec(
        5,
        (bleed,),
        16,
        128,
        128,
        slice_spacing_mm=6,
        lowest_mm=0,
        tilt_degrees=tilt,
        rotation_degrees=(4, 3, -5),
    )
    made = make_phantom(spec)
    points = [made.geometry.point_mm(*index) for index in np.argwhere(made.masks[Subtype.INTRAPARENCHYMAL])]
    np.testing.assert_allclose(np.mean(points, axis=0), to_patient_mm(spec, bleed.center_mm), atol=3.5)
    assert np.mean(points, axis=0)[0] > 20, "the patient's left is +x"


def test_a_bleed_on_the_left_is_on_the_right_of_the_picture(bleeding: Phantom) -> None:
    """Hazard: sides swapped."""
    columns = np.nonzero(bleeding.masks[Subtype.EPIDURAL])[2]
    assert columns.min() > 64


def test_epidural_and_subdural_touch_the_skull(bleeding: Phantom) -> None:
    for subtype in (Subtype.EPIDURAL, Subtype.SUBDURAL):
        mask = bleeding.masks[subtype]
        rim = _grown(mask, 3) & (bleeding.hu > 500)
        assert rim[bleeding.labels[:, SUBTYPES.index(subtype)]].any(axis=(1, 2)).all()


def test_intraventricular_blood_lies_in_the_ventricles(bleeding: Phantom, healthy: Phantom) -> None:
    was = healthy.hu[bleeding.masks[Subtype.INTRAVENTRICULAR]]
    assert np.median(was) < 16


def test_the_head_is_found_in_every_slice_with_brain(healthy: Phantom) -> None:
    for index in range(4, 14):
        assert 0.15 < head_mask(healthy.hu[index].astype(np.float32)).mean() < 0.7


def test_random_heads_are_repeatable_and_as_sick_as_asked() -> None:
    assert random_spec(3) == random_spec(3)
    assert random_spec(3) != random_spec(4)
    assert random_spec(3, bleeding=False).bleeds == ()
    assert random_spec(3, bleeding=True).bleeds
    subtypes = {bleed.subtype for seed in range(60) for bleed in random_spec(seed, bleeding=True).bleeds}
    assert subtypes == set(BLEEDING_SUBTYPES)


def test_any_is_no_bleed() -> None:
    with pytest.raises(ValueError, match="five subtypes"):
        Bleed(Subtype.ANY, (0, 0, 50), (10, 10, 10))


def test_progress_is_told_and_cancel_stops() -> None:
    spec = small_demo_spec(slice_count=4, size=32)
    token, steps = CancelToken(), []

    def report(step: Progress) -> None:
        steps.append((step.done, step.total))
        if step.done == 2:
            token.cancel()

    with pytest.raises(Cancelled):
        make_phantom(spec, report, token)
    assert steps == [(1, 4), (2, 4)]
