"""Files whose negative values are wrapped by 4096: recognized, and repaired only where someone asks."""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import make_card, make_findings
from dicom_files import write_slice
from marred_heads import PIXEL_MM, SPACING_MM, Pixels, whole_head, with_clip
from PIL import Image
from stub_checkpoint import save_stub_checkpoint

from ichviewer.core.findings import Subtype
from ichviewer.core.input_check import CheckLevel, check_input
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.receipt import receipt
from ichviewer.core.volume import Volume
from ichviewer.core.wrap_repair import HIGHEST_VALUE, REPAIR, WRAP, WRAPPED_REASON, unwrapped
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import scan
from ichviewer.export.picture import write_heatmap_picture
from ichviewer.headless import DONE, INPUT_CHECK_RED, AnalyzeRequest, analyze


def wrapped_head() -> Pixels:
    """A head with a clip of metal, in the range that 12 bits can hold."""
    return np.clip(with_clip(whole_head(with_bleeds=True), 20), -1000, 3071)


def write_head(
    folder: Path, hu: Pixels, intercept: int, wrapped: Collection[int] = (), bits_stored: int = 12
) -> Path:
    """Unsigned files; below the intercept, values wrap as they do in the defective ones.

    Slices of the indices *wrapped* have an intercept of 0.
    """
    usual = intercept
    for number, pixels in enumerate(hu, start=1):
        intercept = 0 if number - 1 in wrapped else usual
        write_slice(
            folder / f"{number:02d}",
            number,
            pixels=((pixels.astype(np.int32) - intercept) % WRAP).astype(np.uint16),
            bits_stored=bits_stored,
            position=(0, 0, SPACING_MM * number),
            PixelSpacing=[PIXEL_MM, PIXEL_MM],
            RescaleIntercept=intercept,
            PatientAge="065Y",
        )
    return folder


def read(folder: Path) -> Volume:
    (series,) = scan([folder], ignore_progress, CancelToken()).series
    return read_volume(series, ignore_progress, CancelToken())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_head(tmp_path_factory.mktemp("wrapped"), wrapped_head(), intercept=0)


def test_wrapped_values_are_red_and_the_only_thing_that_can_be_said_of_the_pixels(folder: Path) -> None:
    """Hazard: air as dense as metal, and everything below water bright, is read as a head full of blood."""
    check = check_input(read(folder))
    assert check.level is CheckLevel.RED
    assert check.reasons == (WRAPPED_REASON,)
    assert check.is_wrapped


def test_unwrapping_gives_back_every_value_and_says_so(folder: Path) -> None:
    """Hazard: a repair that shifts or loses values makes other Hounsfield units than the scanner's."""
    volume = read(folder)
    repaired = unwrapped(volume)
    for index, expected in enumerate(wrapped_head()):
        np.testing.assert_array_equal(repaired.hu(index), expected)
    assert receipt(repaired.series).startswith(f"{REPAIR}; sorted by position")
    check = check_input(repaired)
    assert not check.is_wrapped
    assert check.reasons == ("metal (over 2500 HU in 1 slice, most in slice 21)",)


@pytest.mark.parametrize("wrapped", [range(14, 20), range(12, 26), range(10, 34), [33], [0]])
def test_slices_that_are_wrapped_among_sound_ones_are_red_and_alone_are_mended(
    tmp_path: Path, wrapped: Collection[int]
) -> None:
    """Hazard: six slices whose air is at 3096 HU, among sound ones, are scored as if they were a head."""
    volume = read(write_head(tmp_path, wrapped_head(), -1024, wrapped))
    check = check_input(volume)
    assert check.reasons == (WRAPPED_REASON, f"wrapped are {len(wrapped)} of 34 slices")
    assert check.is_red
    repaired = unwrapped(volume)
    for index, expected in enumerate(wrapped_head()):
        np.testing.assert_array_equal(repaired.hu(index), expected)
    assert receipt(repaired.series).startswith(f"{REPAIR} in {len(wrapped)} of 34 slices; sorted by")
    assert check_input(repaired).reasons == ("metal (over 2500 HU in 1 slice, most in slice 21)",)


def test_a_wrapped_slice_that_the_repair_does_not_know_stays_red(folder: Path) -> None:
    """Hazard: a repair of most slices is taken for one of all."""
    volume = read(folder)
    stored = volume.stored_values.copy()
    stored[7] = np.where(stored[7] > HIGHEST_VALUE, 2500, stored[7])
    check = check_input(unwrapped(replace(volume, stored_values=stored)))
    assert check.is_red
    assert check.reasons[0] == "Hounsfield units look shifted in 1 of 34 slices looked at (air at 2510)"


def test_values_beyond_16_bits_with_a_sign_are_not_mended_and_stay_red(folder: Path) -> None:
    """Hazard: bone of 40000 becomes air when room is made for negative values."""
    volume = read(folder)
    stored = volume.stored_values.astype(np.uint16)
    stored[0, 60, 60] = 40000
    check = check_input(replace(volume, stored_values=stored))
    assert check.is_red
    assert not check.is_wrapped


def test_every_value_from_minus_1000_to_3095_survives_the_wrap() -> None:
    """Hazard: two Hounsfield units stored as one cannot be told apart again."""
    hu = np.arange(-1000, HIGHEST_VALUE + 1)
    stored = hu % WRAP
    assert len(set(stored.tolist())) == len(hu) == WRAP
    np.testing.assert_array_equal(np.where(stored > HIGHEST_VALUE, stored - WRAP, stored), hu)


def test_a_repair_leaves_files_and_the_stack_as_they_were(folder: Path) -> None:
    """Hazard: an original that is altered cannot be read again as it came."""
    before = {path: path.read_bytes() for path in folder.iterdir()}
    volume = read(folder)
    stored = volume.stored_values.copy()
    unwrapped(volume)
    np.testing.assert_array_equal(volume.stored_values, stored)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert check_input(read(folder)).is_wrapped


def test_a_padding_that_was_wrapped_moves_with_its_values(folder: Path) -> None:
    """Hazard: a fill that is no longer known as such is measured as tissue."""
    volume = read(folder)
    padded = replace(volume, paddings=((3096, 3096),) * volume.slice_count)
    assert unwrapped(padded).paddings[0] == (-1000, -1000)
    padded = replace(volume, paddings=((0, 0),) * volume.slice_count)
    assert unwrapped(padded).paddings[0] == (0, 0)


@pytest.mark.parametrize("intercept", [-1024, -1000])
def test_a_sound_head_is_never_called_wrapped(tmp_path: Path, intercept: int) -> None:
    """Hazard: a repair that is offered for sound values turns metal into air."""
    check = check_input(read(write_head(tmp_path, wrapped_head(), intercept)))
    assert not check.is_wrapped
    assert not check.is_red


@pytest.mark.parametrize(
    "changes", [{"bits_stored": 16}, {"is_signed": True}, {"photometric": "MONOCHROME1"}]
)
def test_other_ways_of_storing_are_not_called_wrapped(folder: Path, changes: dict[str, object]) -> None:
    """Hazard: the defect is one of 12-bit unsigned files; air near 3096 elsewhere is another mistake."""
    volume = read(folder)
    headers = tuple(
        replace(header, pixels=replace(header.pixels, **changes))  # type: ignore[type-var, arg-type]
        for header in volume.series.slices
    )
    other = replace(volume, series=replace(volume.series, slices=headers))
    assert not check_input(other).is_wrapped
    assert check_input(other).is_red


def test_analyze_repairs_only_when_asked_and_the_table_says_so(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hazard: scores of silently changed pixels."""
    card = save_stub_checkpoint(tmp_path, architecture="mobilenet_v2")
    table = tmp_path / "findings.csv"
    request = AnalyzeRequest(folder, table, card, device="cpu")
    assert analyze(request) == INPUT_CHECK_RED
    assert not table.exists()
    assert "--repair-wrapped" in capsys.readouterr().err
    assert analyze(replace(request, repair_wrapped=True)) == DONE
    assert "input check amber: metal" in capsys.readouterr().err
    with table.open(newline="", encoding="utf-8") as file:
        (row, *_) = csv.DictReader(file)
    assert row["receipt"].startswith(REPAIR)
    assert row["input_check"].startswith("amber; metal")


def test_a_picture_of_a_repaired_stack_or_a_red_one_says_so(folder: Path, tmp_path: Path) -> None:
    """Hazard: a picture travels without its table."""
    volume, card = unwrapped(read(folder)), make_card()
    finding = make_findings(volume, card, likely=(20,)).slices[20]
    as_read = replace(volume, series=replace(volume.series, repair=""))
    footers = []
    for number, (stack, check) in enumerate(((as_read, "green"), (volume, "green"), (as_read, "red; x"))):
        path = tmp_path / f"{number}.png"
        write_heatmap_picture(path, stack, finding, Subtype.ANY, card, check)
        with Image.open(path) as picture:
            footers.append(np.asarray(picture.convert("L"))[-56:].copy())
    bright = [int((footer > 128).sum()) for footer in footers]
    assert bright[1] > bright[0] < bright[2]
    assert not np.array_equal(footers[1], footers[2])
