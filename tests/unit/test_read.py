"""A series to a volume: values, units, orientation, and what a damaged slice costs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_files import AXIAL, make_slice, ramp, save, write_slice, write_stack
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from ichviewer.core.errors import UnreadableError
from ichviewer.core.file_errors import STILL_COPIED
from ichviewer.core.progress import Cancelled, CancelToken, Progress, ignore_progress
from ichviewer.core.series import Series
from ichviewer.core.volume import Volume
from ichviewer.dicom.read import read_slice, read_volume, thumbnail
from ichviewer.dicom.scan import scan


def read(path: Path) -> Volume:
    (series,) = scan([path], ignore_progress, CancelToken()).series
    return read_volume(series, ignore_progress, CancelToken())


def read_pixels(path: Path, pixels: NDArray[np.generic], **arguments: object) -> Volume:
    return read(save(make_slice(pixels=pixels, **arguments), path))


@pytest.mark.parametrize(
    "syntax",
    [
        ExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ],
)
@pytest.mark.parametrize("kind", ["i2", "u2", "u1", "i1"])
def test_values_are_read_as_they_were_written(tmp_path: Path, syntax: str, kind: str) -> None:
    """Hazard: bytes exchanged turn brain into metal."""
    pixels = ramp(start=-90 if kind[0] == "i" else 0).astype(kind)
    volume = read_pixels(tmp_path / "one", pixels, syntax=syntax)
    np.testing.assert_array_equal(volume.stored_values[0], pixels)


def test_values_above_32767_stay_positive(tmp_path: Path) -> None:
    """Hazard: metal read as air."""
    pixels = np.full((4, 4), 65000, np.uint16)
    volume = read_pixels(tmp_path / "one", pixels)
    assert volume.stored_values.dtype == np.uint16
    np.testing.assert_array_equal(volume.stored_values[0], pixels)


@pytest.mark.parametrize("kind", ["i2", "u2"])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_bits_above_the_stored_ones_are_cleared_or_filled_with_the_sign(
    tmp_path: Path, kind: str, syntax: str
) -> None:
    """Hazard: an old overlay in bits 12 to 15 turns brain into metal."""
    values = np.array([[0, 1, 2047], [-2048, -1, 5]] if kind == "i2" else [[0, 1, 2047], [4095, 7, 5]])
    dirty = (values & 0x0FFF | 0x5000).astype(np.uint16).view(kind)
    volume = read_pixels(tmp_path / "one", dirty, bits_stored=12, syntax=syntax)
    np.testing.assert_array_equal(volume.stored_values[0], values)


def test_a_high_bit_above_the_stored_bits_shifts_them_down(tmp_path: Path) -> None:
    """Hazard: values sixteen times too high."""
    values = np.array([[0, 1], [4095, 7]])
    volume = read_pixels(tmp_path / "one", (values << 4 | 0xF).astype(np.uint16), bits_stored=12, HighBit=15)
    np.testing.assert_array_equal(volume.stored_values[0], values)


def test_slope_and_intercept_belong_to_the_slice(tmp_path: Path) -> None:
    """Hazard: the first slice's rescale applied to all shifts the HU of the others."""
    scales = ((1.0, -1024.0), (2.0002442, -4047.0), (32.1216, -4000.0))
    for number, (slope, intercept) in enumerate(scales, start=1):
        write_slice(tmp_path / f"{number}", number, RescaleSlope=slope, RescaleIntercept=intercept)
    volume = read(tmp_path)
    for index, header in enumerate(volume.series.slices):
        dataset = pydicom.dcmread(header.path)
        expected = apply_modality_lut(dataset.pixel_array, dataset)
        np.testing.assert_allclose(volume.hu(index), expected, rtol=1e-6, atol=1e-3)


def test_a_missing_intercept_is_not_guessed(tmp_path: Path) -> None:
    """Hazard: -1024 put in its place turns other values into false Hounsfield units."""
    volume = read_pixels(tmp_path / "one", ramp(), RescaleIntercept=None)
    assert (volume.slopes[0], volume.intercepts[0]) == (1.0, 0.0)
    assert volume.series.hu == "not claimed"
    assert volume.series.slices[0].intercept is None
    assert "no Rescale Slope or Intercept in 1 slice: values as stored" in volume.series.notes


@pytest.mark.parametrize("kind", ["u2", "i2"])
def test_monochrome1_is_inverted_once_with_its_padding(tmp_path: Path, kind: str) -> None:
    """Hazard: dense is dark, so that blood looks like fluid."""
    pixels = ramp().astype(kind)
    volume = read_pixels(
        tmp_path / "one", pixels, PhotometricInterpretation="MONOCHROME1", bits_stored=12, PixelPaddingValue=3
    )
    top = 4095 if kind == "u2" else -1
    np.testing.assert_array_equal(volume.stored_values[0], top - pixels)
    assert volume.paddings == ((top - 3, top - 3),)
    assert volume.series.hu == "not claimed"


def test_padding_is_a_range_of_stored_values(tmp_path: Path) -> None:
    """Hazard: half of the padding counts as measured."""
    volume = read_pixels(tmp_path / "one", ramp(), PixelPaddingValue=-2000, PixelPaddingRangeLimit=-1990)
    assert volume.paddings == ((-2000, -1990),)


def test_padding_is_read_per_slice(tmp_path: Path) -> None:
    """Hazard: the first file's padding blanks real values of the others, or theirs pass as measured."""
    for number, padding in ((1, -2000), (2, None), (3, 5)):
        write_slice(tmp_path / f"{number}", number, PixelPaddingValue=padding)
    assert read(tmp_path).paddings == ((-2000, -2000), None, (5, 5))


def test_padding_has_no_hounsfield_units(tmp_path: Path) -> None:
    """Hazard: a probe that reads a density where nothing was measured."""
    volume = read_pixels(tmp_path / "one", ramp(), PixelPaddingValue=5)
    assert volume.hu_at(0, 0, 5) is None
    assert volume.hu_at(0, 0, 6) == 6 - 1024


def test_color_is_shown_as_its_brightness(tmp_path: Path) -> None:
    pixels = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 9, 9]]], np.uint8)
    expected = [[76, 150], [29, 9]]
    interleaved = read_pixels(tmp_path / "one", pixels)
    planar = make_slice(pixels=pixels, PlanarConfiguration=1)
    planar.PixelData = np.moveaxis(pixels, -1, 0).tobytes()
    np.testing.assert_array_equal(interleaved.stored_values[0], expected)
    np.testing.assert_array_equal(read(save(planar, tmp_path / "two")).stored_values[0], expected)


def test_a_modality_table_replaces_slope_and_intercept(tmp_path: Path) -> None:
    """Hazard: values shown as stored, where a table says what they mean."""
    table = Dataset()
    table.LUTDescriptor = [4, 10, 16]
    table["LUTDescriptor"].VR = "US"
    table.ModalityLUTType = "US"
    table.LUTData = [100, 200, 300, 40000]
    table["LUTData"].VR = "US"
    pixels = np.array([[9, 10, 11], [12, 13, 14]], np.uint16)
    volume = read_pixels(
        tmp_path / "one",
        pixels,
        RescaleSlope=None,
        RescaleIntercept=None,
        ModalityLUTSequence=Sequence([table]),
    )
    np.testing.assert_array_equal(volume.hu(0), [[100, 100, 200], [300, 40000, 40000]])
    assert "values come from a Modality LUT" in volume.series.notes
    assert volume.series.hu == "not claimed"


@pytest.mark.parametrize("bits", [1, 32])
def test_other_pixel_sizes_are_refused_in_words(tmp_path: Path, bits: int) -> None:
    """Hazard: four bytes read as two values show a picture that was never taken."""
    save(make_slice(BitsAllocated=bits, BitsStored=bits, HighBit=bits - 1), tmp_path / "one")
    (verdict,) = scan([tmp_path], ignore_progress, CancelToken()).files
    assert verdict.reason == f"{bits} of {bits} bits per pixel are not supported"


def with_unknown_files(series: Series) -> Series:
    """The same series, as if nobody had asked when its files were written and how large they are."""
    slices = [
        replace(header, pixels=header.pixels and replace(header.pixels, modified_ns=None, file_bytes=None))
        for header in series.slices
    ]
    return replace(series, slices=tuple(slices))


def test_a_slice_that_goes_missing_costs_that_slice(tmp_path: Path) -> None:
    """Hazard: one bad file hides a whole study."""
    write_stack(tmp_path, 5)
    (series,) = scan([tmp_path], ignore_progress, CancelToken()).series
    lost = Path(series.slices[2].path)
    cut = Path(series.slices[3].path)
    lost.unlink()
    cut.write_bytes(cut.read_bytes()[:-20])
    volume = read_volume(with_unknown_files(series), ignore_progress, CancelToken())
    assert volume.is_readable.tolist() == [True, True, False, False, True]
    assert "cannot be opened" in volume.unreadable_reasons[2]
    assert volume.unreadable_reasons[3] == f"the pixel data end after 364 of 384 bytes; {STILL_COPIED}"
    np.testing.assert_array_equal(volume.stored_values[4], ramp(start=5))


def test_a_series_without_any_readable_slice_is_an_error_that_names_a_file(tmp_path: Path) -> None:
    path = write_slice(tmp_path / "one")
    (series,) = scan([tmp_path], ignore_progress, CancelToken()).series
    path.unlink()
    with pytest.raises(UnreadableError, match="one cannot be read"):
        read_volume(series, ignore_progress, CancelToken())


def test_signed_and_wide_unsigned_slices_in_one_stack_never_wrap(tmp_path: Path) -> None:
    """Hazard: 40000 read as -25536."""
    write_slice(tmp_path / "1", 1, pixels=np.full((2, 2), -5, np.int16))
    write_slice(tmp_path / "2", 2, pixels=np.full((2, 2), 1000, np.uint16))
    write_slice(tmp_path / "3", 3, pixels=np.full((2, 2), 40000, np.uint16))
    volume = read(tmp_path)
    assert volume.stored_values[:2, 0, 0].tolist() == [-5, 1000]
    assert volume.is_readable.tolist() == [True, True, False]


def test_the_frames_of_one_file_lie_in_order_of_position(tmp_path: Path) -> None:
    """Hazard: frames in the order of the file put a bleed at the wrong height."""
    pixels = np.stack([ramp(start=1000 * number) for number in range(3)])
    dataset = make_slice(pixels=pixels[0], NumberOfFrames=3, ImagePositionPatient=None)
    dataset.PixelData = pixels.tobytes()
    frames = []
    for place in (2, 0, 1):
        frame, position, plane = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = [0, 0, place]
        plane.ImageOrientationPatient = list(AXIAL)
        frame.PlanePositionSequence = Sequence([position])
        frame.PlaneOrientationSequence = Sequence([plane])
        frames.append(frame)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(frames)
    volume = read(save(dataset, tmp_path / "multi"))
    assert volume.stored_values[:, 0, 0].tolist() == [1000, 2000, 0]


def test_pictures_without_geometry_can_still_be_looked_at(tmp_path: Path) -> None:
    """Hazard: lengths measured on a picture that has none."""
    volume = read_pixels(tmp_path / "one", ramp(), ImagePositionPatient=None, PixelSpacing=None)
    assert volume.series.geometry is None
    assert volume.geometry.slice_count == 1
    assert "no Pixel Spacing: nothing can be measured" in volume.series.notes


def test_without_pixel_spacing_directions_and_positions_are_those_of_the_files(tmp_path: Path) -> None:
    """Hazard: a coronal picture with the letters of an axial one."""
    coronal = [1.0, 0.0, 0.0, 0.0, 0.0, -1.0]
    for number, place in enumerate((-30.0, -23.0, -18.0), start=1):
        write_slice(
            tmp_path / f"{number}",
            number,
            position=(-100.0, place, 80.0),
            ImageOrientationPatient=coronal,
            PixelSpacing=None,
        )
    volume = read(tmp_path)
    series, geometry = volume.series, volume.geometry
    assert (series.is_measured, series.has_directions, series.has_positions) == (False, True, True)
    np.testing.assert_array_equal(geometry.row_direction, (1, 0, 0))
    np.testing.assert_array_equal(geometry.column_direction, (0, 0, -1))
    assert np.diff(geometry.positions_mm).tolist() == [7, 5]
    assert sorted(abs(geometry.positions_mm)) == [18, 23, 30]


def test_without_positions_only_the_directions_are_known(tmp_path: Path) -> None:
    """Hazard: made-up positions pass for measured ones."""
    upside_down = [-1.0, 0.0, 0.0, 0.0, -1.0, 0.0]
    write_stack(tmp_path, 3, ImagePositionPatient=None, ImageOrientationPatient=upside_down)
    volume = read(tmp_path)
    series = volume.series
    assert (series.is_measured, series.has_directions, series.has_positions) == (False, True, False)
    np.testing.assert_array_equal(volume.geometry.row_direction, (1, 0, 0))


def test_a_stack_too_large_for_memory_is_refused_before_any_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: one file brings the machine to a halt."""
    monkeypatch.setattr("ichviewer.dicom.stack_reading.LARGEST_VOLUME_BYTES", 1000)
    with pytest.raises(UnreadableError, match="memory"):
        read(write_stack(tmp_path, 3))


def test_reading_stops_between_slices_and_reports_how_far_it_is(tmp_path: Path) -> None:
    write_stack(tmp_path, 20)
    (series,) = scan([tmp_path], ignore_progress, CancelToken()).series
    cancel, told = CancelToken(), []

    def report(progress: Progress) -> None:
        told.append((progress.done, progress.total))
        cancel.cancel()

    with pytest.raises(Cancelled):
        read_volume(series, report, cancel)
    assert told == [(8, 20)]


def test_one_slice_can_be_read_alone(tmp_path: Path) -> None:
    write_stack(tmp_path, 3)
    (series,) = scan([tmp_path], ignore_progress, CancelToken()).series
    np.testing.assert_array_equal(read_slice(series, 1, CancelToken()), ramp(start=2))


def test_a_thumbnail_shows_the_middle_slice_in_the_brain_window_in_true_proportions(tmp_path: Path) -> None:
    pixels = np.full((32, 32), 1024 - 1000, np.int16)
    pixels[:16] = 1024 + 40
    (series,) = scan(
        [write_stack(tmp_path, 3, pixels=pixels, PixelSpacing=[1, 2])], ignore_progress, CancelToken()
    ).series
    picture = thumbnail(series, 64)
    assert (picture.shape, picture.dtype) == ((64, 64), np.uint8)
    assert (picture[:15] == 0).all()
    assert (picture[17:31] == 128).all()
    assert (picture[33:] == 0).all()


def test_a_thumbnail_of_other_values_spans_what_is_there(tmp_path: Path) -> None:
    pixels = ramp(64, 64) * 3 + 500
    path = save(make_slice(pixels=pixels, Modality="MR"), tmp_path / "one")
    (series,) = scan([path], ignore_progress, CancelToken()).series
    picture = thumbnail(series, 32)
    assert picture.min() < 8
    assert picture.max() > 247


def test_a_thumbnail_of_a_damaged_slice_is_an_error_in_words(tmp_path: Path) -> None:
    write_slice(tmp_path / "one")
    (series,) = scan([tmp_path], ignore_progress, CancelToken()).series
    (tmp_path / "one").unlink()
    with pytest.raises(UnreadableError, match="one"):
        thumbnail(series, 32)
