"""What makes the input check red or amber; each doubt alone, on a head that is green without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import head_hu, make_volume
from numpy.typing import NDArray

from ichviewer.core.check_header import age_years, is_bone_kernel
from ichviewer.core.geometry import Gap
from ichviewer.core.input_check import CheckLevel, check_input
from ichviewer.core.series import TWO_PATIENTS_NOTE, PatientText
from ichviewer.core.volume import Volume

ADULT = PatientText(age="065Y")


def noisy_head() -> NDArray[np.int16]:
    """A head of 190 mm with a little noise, (256, 256)."""
    noise = np.random.default_rng(0).normal(0, 4, (256, 256))
    return np.asarray(head_hu(256, 256) + noise).astype(np.int16)


def make_head(hu: NDArray[np.integer] | None = None, slices: int = 20, **arguments: object) -> Volume:
    pixels = noisy_head() if hu is None else hu
    stack = np.repeat(pixels[None], slices, axis=0)
    defaults: dict[str, object] = {"pixel_spacing_mm": (0.9, 0.9), "patient": ADULT}
    return make_volume(hu=stack, **{**defaults, **arguments})  # type: ignore[arg-type]


def with_series(volume: Volume, **changes: object) -> Volume:
    return replace(volume, series=replace(volume.series, **changes))


def test_an_ordinary_adult_head_is_green() -> None:
    check = check_input(make_head())
    assert check.reasons == ()
    assert check.level is CheckLevel.GREEN
    assert not check.is_red


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"modality": "MR"}, "not CT (modality MR)"),
        ({"is_ai_candidate": False, "orientation": "coronal"}, "not an axial CT original (coronal)"),
        ({"hu": "not claimed"}, "Hounsfield units are not claimed"),
        ({"notes": (TWO_PATIENTS_NOTE,)}, TWO_PATIENTS_NOTE),
    ],
)
def test_the_header_alone_can_make_it_red(changes: dict[str, object], reason: str) -> None:
    """Hazard: scores for a picture that the network was never made for."""
    check = check_input(with_series(make_head(), **changes))
    assert check.is_red
    assert reason in check.reasons


def test_an_axial_series_without_pixel_spacing_is_told_so() -> None:
    """Hazard: a reason that contradicts itself is clicked away unread; 1 mm per pixel is nobody's head."""
    volume = make_head(np.repeat(np.repeat(noisy_head(), 2, axis=0), 2, axis=1))
    geometry = replace(volume.geometry, pixel_spacing_mm=(1.0, 1.0))
    unmeasured = replace(with_series(volume, geometry=None, is_ai_candidate=False), geometry=geometry)
    assert check_input(unmeasured).reasons == ("no Pixel Spacing: nothing can be measured",)
    assert check_input(unmeasured).is_red


def test_fewer_than_8_slices_are_red() -> None:
    assert not check_input(make_head(slices=8)).is_red
    assert "only 7 slices" in check_input(make_head(slices=7)).reasons


def test_slices_over_7_5_mm_are_red() -> None:
    assert check_input(make_head(spacing_mm=7.5)).level is CheckLevel.GREEN
    assert "slices over 7.5 mm thick or apart" in check_input(make_head(spacing_mm=8.0)).reasons


def test_shifted_hounsfield_units_are_red() -> None:
    """Hazard: a missing intercept leaves brain at 1064 HU."""
    volume = make_head()
    shifted = replace(volume, intercepts=volume.intercepts + 1024)
    (reason,) = check_input(shifted).reasons[:1]
    assert reason == "Hounsfield units look shifted (air at 30)"
    assert check_input(shifted).is_red


def test_hounsfield_units_that_are_shifted_in_some_slices_are_red() -> None:
    """Hazard: a missing intercept in a few slices, whose brain is at 1064 HU, is lost among the others."""
    volume = make_head()
    intercepts = volume.intercepts.copy()
    intercepts[10:13] += 1024
    check = check_input(replace(volume, intercepts=intercepts))
    assert check.is_red
    assert check.reasons[0] == "Hounsfield units look shifted in 3 of 20 slices looked at (air at 30)"


def test_a_head_that_touches_the_edges_in_some_slices_is_not_shifted() -> None:
    """Hazard: a sound head that is doubted teaches its readers to click doubts away."""
    near = np.full((256, 256), -1000)
    row, column = (np.mgrid[0:256, 0:256] - 127.5) / 128
    near[np.hypot(row, column) < 1.3] = 35
    near[np.hypot(row, column) < 0.9] = noisy_head()[np.hypot(row, column) < 0.9]
    stack = np.repeat(noisy_head()[None], 20, axis=0)
    stack[8:12] = near
    volume = make_volume(hu=stack, pixel_spacing_mm=(0.9, 0.9), patient=ADULT)
    assert not any("shifted" in reason for reason in check_input(volume).reasons)


def test_air_that_was_cut_off_at_the_scanners_circle_does_not_count_as_shifted() -> None:
    pixels = noisy_head()
    row, column = np.mgrid[0:256, 0:256] - 127.5
    pixels[np.hypot(row, column) > 127] = -2000
    volume = replace(make_head(pixels), paddings=((-2000, -2000),) * 20)
    assert check_input(volume).level is CheckLevel.GREEN


def test_a_fill_as_dense_as_metal_is_neither_metal_nor_head() -> None:
    """Hazard: padding that is measured as bone closes an open skull, or is told as metal."""
    pixels = noisy_head()
    row, column = np.mgrid[0:256, 0:256] - 127.5
    pixels[(pixels > 500) & (column > np.abs(row))] = 40
    pixels[np.hypot(row, column) > 108] = 3000
    pixels[:30] = -1000
    volume = replace(make_head(pixels), paddings=((3000, 3000),) * 20)
    (reason,) = check_input(volume).reasons
    assert reason.startswith("bone is missing from the skull")


def test_values_in_coarse_steps_are_red() -> None:
    """Hazard: 8-bit values with a slope of 32 show no bleed at all."""
    coarse = make_head(noisy_head() // 4 * 4)
    assert "values in steps of 4.0 HU" in check_input(coarse).reasons
    assert check_input(make_head(noisy_head() // 2 * 2)).level is CheckLevel.GREEN


@pytest.mark.parametrize(
    ("inside", "spacing"),
    [("water", 0.9), ("empty skull", 0.9), ("head", 0.3), ("head", 2.0)],
)
def test_what_is_no_head_is_red(inside: str, spacing: float) -> None:
    """Hazard: scores for a knee, a chest or a phantom."""
    pixels = noisy_head()
    if inside == "water":
        pixels[pixels > 100] = 0
    if inside == "empty skull":
        pixels[np.abs(pixels - 35) < 30] = -1000
    check = check_input(make_head(pixels, pixel_spacing_mm=(spacing, spacing)))
    assert (
        "no brain inside a skull: not a head, or too small a part of one (the slices cover 95 mm)"
        in check.reasons
    )


def test_a_part_of_a_head_is_amber_and_told_as_such() -> None:
    """Hazard: "no slice above threshold" of half a brain is read as the whole one's."""
    assert check_input(make_head(slices=12)).reasons == ("only a part of the head (the slices cover 55 mm)",)
    assert check_input(make_head(slices=19)).level is CheckLevel.GREEN


def test_slices_without_brain_are_red_even_where_they_are_a_part_of_a_head() -> None:
    """Hazard: scores for the vertex or the neck alone stand for nothing that the network learnt."""
    vertex = np.full((256, 256), -1000, dtype=np.int16)
    row, column = np.mgrid[0:256, 0:256] - 127.5
    vertex[np.hypot(row, column) < 60] = 60
    vertex[np.hypot(row, column) < 20] = 900
    check = check_input(make_head(vertex))
    assert check.is_red
    assert check.reasons[0].startswith("no brain inside a skull")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"contrast_agent": "Iomeron"}, "contrast agent (Iomeron)"),
        ({"kernel": "BONEPLUS"}, "bone kernel (BONEPLUS)"),
        ({"gaps": (Gap(1, 10.0),)}, "1 gap where a slice may be missing"),
        ({"overlaps": 2}, "2 overlaps of slices"),
        ({"is_lossy": True}, "compressed with loss"),
        ({"tilt_degrees": -25.5}, "tilt -25.5 degrees is over 25"),
        ({"hu": "assumed"}, "Hounsfield units are assumed, not claimed"),
        ({"sorted_by": "file name"}, "sorted by file name, not by position"),
        ({"patient": PatientText()}, "age unknown"),
        ({"patient": PatientText(age="017Y")}, "age under 18"),
    ],
)
def test_a_doubt_makes_it_amber(changes: dict[str, object], reason: str) -> None:
    check = check_input(with_series(make_head(), **changes))
    assert check.level is CheckLevel.AMBER
    assert check.reasons == (reason,)


def test_thin_slices_are_amber() -> None:
    check = check_input(make_head(slices=160, spacing_mm=0.625))
    assert (check.level, check.reasons) == (CheckLevel.AMBER, ("thin slices (0.62 mm apart)",))


def test_unreadable_slices_are_amber_and_never_looked_at() -> None:
    check = check_input(make_head(unreadable={0: "cut", 4: "cut"}))
    assert (check.level, check.reasons) == (CheckLevel.AMBER, ("2 of 20 slices cannot be read",))


def test_red_reasons_come_first() -> None:
    check = check_input(with_series(make_head(slices=3), is_lossy=True))
    seen = "only a part of the head (the slices cover 10 mm)"
    assert check.reasons == ("only 3 slices", seen, "compressed with loss")


@pytest.mark.parametrize(
    ("age", "birth", "years"),
    [
        ("065Y", "", 65),
        ("018M", "", 1.5),
        ("", "19500131", 74),
        ("", "20060201", 17),
        ("", "", None),
        ("x", "?", None),
    ],
)
def test_the_age_comes_from_the_age_or_from_two_dates(age: str, birth: str, years: float | None) -> None:
    volume = make_head(patient=PatientText(age=age, birth_date=birth))
    assert age_years(volume.series) == years


@pytest.mark.parametrize(
    "kernel", ["BONE", "BONEPLUS", "H60s", "H70h", "B70s", "Hr68h", "FC30", "YB", "EDGE", "LUNG"]
)
def test_bone_kernels_are_known(kernel: str) -> None:
    assert is_bone_kernel(kernel, "")


@pytest.mark.parametrize(
    "kernel", ["STANDARD", "SOFT", "H31s", "H40f", "J40s", "UB", "FC21", "STD+", "B", ""]
)
def test_soft_kernels_are_no_bone_kernels(kernel: str) -> None:
    assert not is_bone_kernel(kernel, "HEAD 5mm")


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, -60000.0), (1.0, 60000.0), (1e30, 0.0), (-1.0, 0.0)])
def test_absurd_slopes_and_intercepts_are_red_and_nothing_breaks(slope: float, intercept: float) -> None:
    """Hazard: a file with a wrong header takes the whole study down."""
    volume = make_head()
    count = volume.slice_count
    odd = replace(volume, slopes=np.full(count, slope), intercepts=np.full(count, intercept))
    assert check_input(odd).is_red


def test_a_head_whose_intercept_leaves_16_bits_is_looked_at_all_the_same() -> None:
    volume = make_head()
    far = replace(
        volume,
        stored_values=(volume.stored_values.astype(np.int32) + 30000).astype(np.int16),
        slopes=np.full(volume.slice_count, 1.0),
        intercepts=np.full(volume.slice_count, -30000.0),
    )
    assert check_input(far).level is CheckLevel.GREEN


@pytest.mark.parametrize("intercept", [60000.0, -60000.0, float("inf")])
def test_one_slice_with_an_absurd_intercept_does_not_end_the_check(intercept: float) -> None:
    """Hazard: a file with a wrong header takes the whole study down."""
    volume = make_head()
    intercepts = volume.intercepts.copy()
    intercepts[-1] = intercept
    assert isinstance(check_input(replace(volume, intercepts=intercepts)).level, CheckLevel)


def unread(volume: Volume, *lost: int) -> Volume:
    readable = np.asarray([index not in lost for index in range(volume.slice_count)])
    return replace(volume, is_readable=readable, unreadable_reasons=dict.fromkeys(lost, "damaged"))


def test_one_unreadable_slice_among_many_is_amber_like_a_gap() -> None:
    check = check_input(unread(make_head(slices=20), 9))
    assert check.level is CheckLevel.AMBER
    assert "1 of 20 slices cannot be read" in check.reasons


@pytest.mark.parametrize("lost", [(9, 10), (0, 1), (18, 19)])
def test_unreadable_slices_that_hide_a_stretch_of_the_head_are_red(lost: tuple[int, ...]) -> None:
    """Hazard: a bleed on slices that nobody could read, in a study that the network calls inconspicuous."""
    check = check_input(unread(make_head(slices=20), *lost))
    assert check.is_red
    assert "2 of 20 slices cannot be read: 10 mm of the head at a stretch are not seen" in check.reasons


def test_many_unreadable_slices_are_red_though_none_are_neighbours() -> None:
    """Hazard: every second slice lost, and scores as if the head had been seen."""
    assert check_input(unread(make_head(slices=20), 3, 7, 11)).is_red


def test_thin_slices_far_apart_are_amber() -> None:
    """Hazard: half of the slices lost in the archive, evenly, so that no gap shows."""
    volume = make_head(spacing_mm=5.0)
    slices = tuple(replace(header, thickness_mm=2.5) for header in volume.series.slices)
    check = check_input(with_series(volume, slices=slices))
    assert "slices 2.5 mm thick are 5.0 mm apart: parts of the head are not imaged" in check.reasons
