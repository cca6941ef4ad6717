"""What the input check notices in the head itself, on the procedural head with one thing wrong at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from marred_heads import (
    Pixels,
    as_volume,
    moved_between_slices,
    moved_within_slice,
    whole_head,
    with_clip,
    without_flap,
)

from ichviewer.core.check_skull import wide_openings
from ichviewer.core.input_check import CheckLevel, check_input


@pytest.fixture(scope="module")
def sound() -> Pixels:
    return whole_head(with_bleeds=False)


def reasons(hu: Pixels) -> tuple[str, ...]:
    return check_input(as_volume(hu)).reasons


def test_a_sound_head_is_green_and_so_is_one_that_bleeds(sound: Pixels) -> None:
    """Hazard: doubts that are always there are never read; a bleed must not be called motion or metal."""
    assert check_input(as_volume(sound)).level is CheckLevel.GREEN
    assert check_input(as_volume(whole_head(with_bleeds=True))).level is CheckLevel.GREEN


@pytest.mark.parametrize("degrees", [50, 90, 130])
def test_a_missing_bone_flap_is_amber(sound: Pixels, degrees: float) -> None:
    """Hazard: the network never saw a brain that bulges through an open skull."""
    (reason,) = reasons(without_flap(sound, slice(18, 28), degrees))
    assert reason == "bone is missing from the skull (craniectomy?) around slice 22"


@pytest.mark.parametrize(("first", "last", "degrees"), [(18, 28, 15), (19, 21, 90)])
def test_a_burr_hole_or_one_thin_place_is_no_craniectomy(
    sound: Pixels, first: int, last: int, degrees: float
) -> None:
    assert reasons(without_flap(sound, slice(first, last), degrees)) == ()


@pytest.mark.parametrize(("slices", "is_told"), [(2, False), (3, True)])
def test_an_opening_counts_from_a_height_of_10_mm(sound: Pixels, slices: int, is_told: bool) -> None:
    upper_head = sound[12:32]
    assert bool(reasons(without_flap(upper_head, slice(10, 10 + slices), 90))) == is_told


def test_an_opening_counts_from_40_degrees_all_the_way_round() -> None:
    has_skull = np.ones(36, dtype=np.bool_)
    has_skull[[34, 35, 0]] = False
    assert not wide_openings(has_skull).any()
    has_skull[1] = False
    assert np.flatnonzero(wide_openings(has_skull)).tolist() == [0, 1, 34, 35]


def test_a_head_that_fills_the_image_is_not_called_open(sound: Pixels) -> None:
    """Hazard: bone outside the field of view is not bone that is missing."""
    assert not any("missing" in reason for reason in reasons(sound[:, :, :-34].copy()))


def test_metal_at_the_brain_is_amber_and_names_its_slice(sound: Pixels) -> None:
    """Hazard: streaks from a clip look like blood."""
    assert reasons(with_clip(sound, 20)) == ("metal (over 2500 HU in 1 slice, most in slice 21)",)


def test_bone_a_speck_and_teeth_are_no_metal(sound: Pixels) -> None:
    assert reasons(with_clip(sound, 20, value=2300)) == ()
    assert reasons(with_clip(sound, 20, side_px=1)) == ()
    assert reasons(with_clip(sound, 0)) == ()


def test_a_head_that_moved_between_slices_is_amber(sound: Pixels) -> None:
    """Hazard: a jump doubles or hides what lies between two slices."""
    assert reasons(moved_between_slices(sound, 20, 4)) == (
        "the head moved by about 7 mm above slice 20 (motion)",
    )
    assert reasons(moved_between_slices(sound, 20, 1)) == ()


def test_slices_at_one_position_have_not_moved(sound: Pixels) -> None:
    """Hazard: two phases at the same places are told as a head that moved by no number."""
    volume = as_volume(moved_between_slices(sound, 20, 4))
    origins = volume.geometry.origins_mm.copy()
    origins[21] = origins[19]
    geometry = replace(volume.geometry, origins_mm=origins)
    twice = replace(volume, geometry=geometry, series=replace(volume.series, geometry=geometry))
    assert not any("moved" in reason for reason in check_input(twice).reasons)


def test_a_coarse_turn_within_a_slice_is_amber(sound: Pixels) -> None:
    """Hazard: the bright bands beside the dark ones look like a thin subdural bleed."""
    turned = sound.copy()
    turned[21] = moved_within_slice(sound[21], 8)
    assert reasons(turned) == ("dark bands beside the skull in slice 22 (motion, metal or air in the head)",)
    turned[21] = moved_within_slice(sound[21], 1)
    assert reasons(turned) == ()
