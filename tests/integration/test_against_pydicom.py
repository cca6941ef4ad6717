"""Every file that both can read, ours against pydicom: pixels, Hounsfield units, geometry and windows.

The files are pydicom's test files, those of pydicom-data, and the real head CTs. What pydicom reads and the
viewer refuses is listed here, with the words of the refusal.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pydicom
import pytest
from found_files import pydicom_files, shared_files
from numpy.typing import NDArray
from pydicom.pixels import apply_modality_lut, apply_windowing, pixel_array

from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.series import Series, SliceHeader, Verdict
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import VoiFunction, apply_voi
from ichviewer.dicom.decode import SliceDecoder
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import scan
from ichviewer.dicom.stored_pixels import NATIVE_SYNTAXES

pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR:UserWarning")
"""What pydicom says of its own files; the viewer itself must not warn."""

LOSSY = ("1.2.4.50", "1.2.4.51", "1.2.4.53", "1.2.4.55", "1.2.4.81", "1.2.4.91")
"""Ends of the transfer syntaxes in which two decoders may differ by one."""

REFUSED = {
    "1 of 1 bits per pixel are not supported": ("liver", "liver_expb", "liver_1frame", "liver_expb_1frame"),
    "32 of 32 bits per pixel are not supported": (
        "SC_rgb_32bit",
        "SC_rgb_32bit_2frame",
        "SC_rgb_expb_32bit",
        "SC_rgb_expb_32bit_2frame",
        "SC_rgb_rle_32bit",
        "SC_rgb_rle_32bit_2frame",
        "rtdose",
        "rtdose_1frame",
        "rtdose_expb",
        "rtdose_expb_1frame",
        "rtdose_rle",
        "rtdose_rle_1frame",
    ),
}
"""Sound images that the viewer refuses, by the words of the refusal: segmentations, doses, deep colors."""


@pytest.fixture(scope="module")
def decoder() -> Iterator[SliceDecoder]:
    with SliceDecoder() as decoder:
        decoder.start()
        yield decoder


def by_pydicom(path: Path) -> tuple[pydicom.Dataset, NDArray[np.generic]] | None:
    """Data set and frames (frames, rows, columns[, samples]), or None where pydicom cannot read it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(path)
            is_luma = dataset.file_meta.TransferSyntaxUID in NATIVE_SYNTAXES and str(
                dataset.PhotometricInterpretation
            ).startswith("YBR_FULL")
            # The viewer shows the Y of YBR as it is stored; by way of RGB, saturated colors would be clipped.
            pixels = pixel_array(dataset, raw=True)[..., 0] if is_luma else dataset.pixel_array
        except Exception:  # noqa: BLE001  whatever pydicom refuses is not for comparison
            return None
        frames = int(dataset.get("NumberOfFrames", 1) or 1)
        return dataset, pixels[None] if frames == 1 else pixels


def gray_of(dataset: pydicom.Dataset, frame: NDArray[np.generic]) -> NDArray[np.float64]:
    """The brightness of a frame: values through pydicom's Modality LUT; of color BT.601's weights."""
    if frame.ndim == 2:
        return np.asarray(apply_modality_lut(frame, dataset), dtype=np.float64)
    return np.asarray(frame, dtype=np.float64) @ (0.299, 0.587, 0.114)


def has_tables(dataset: pydicom.Dataset) -> bool:
    return "PerFrameFunctionalGroupsSequence" in dataset


def compare(volume: Volume, index: int, dataset: pydicom.Dataset, frames: NDArray[np.generic]) -> None:
    """One slice of ours against pydicom's frame."""
    series, header = volume.series, volume.series.slices[index]
    frame = frames[(header.frame_number or 1) - 1]
    if header.pixels is None:
        raise AssertionError(header.path)
    is_lossy = str(dataset.file_meta.TransferSyntaxUID).endswith(LOSSY)
    tolerance = 1.0 if is_lossy or frame.ndim == 3 else 0.0
    scale = abs(header.slope or 1.0)
    expected = frame.astype(np.float64) * (header.slope or 1.0) + (header.intercept or 0.0)
    if not has_tables(dataset):
        expected = gray_of(dataset, frame)
    if header.pixels.photometric == "MONOCHROME1":
        top = -1 if header.pixels.is_signed else (1 << header.pixels.bits_stored) - 1
        expected = scale * top + 2 * (header.intercept or 0.0) - expected
    expected = series.in_plane.to_canonical(expected)
    difference = np.abs(volume.hu(index) - expected).max()
    assert difference <= tolerance * scale + 1e-6 * np.abs(expected).max() + 1e-3, header.path


def compare_header(header: SliceHeader, dataset: pydicom.Dataset) -> None:
    """Geometry, rescale and windows of a single-frame file, attribute by attribute."""
    pairs = (
        (header.image_position_mm, dataset.get("ImagePositionPatient")),
        (header.image_orientation, dataset.get("ImageOrientationPatient")),
        (header.pixel_spacing_mm, dataset.get("PixelSpacing")),
    )
    for ours, theirs in pairs:
        if ours is not None:
            np.testing.assert_allclose(ours, [float(value) for value in theirs])
    if header.pixels is not None and header.pixels.modality_lut is None:
        assert header.slope == dataset.get("RescaleSlope", None)
        assert header.intercept == dataset.get("RescaleIntercept", None)
    assert header.sop_instance_uid == dataset.get("SOPInstanceUID", "")
    if header.pixels is not None and header.pixels.photometric == "MONOCHROME2" and "WindowCenter" in dataset:
        centers, widths = np.atleast_1d(dataset.WindowCenter), np.atleast_1d(dataset.WindowWidth)
        ours = [(each.window.center, each.window.width) for each in header.file_windows]
        theirs = [(float(center), float(width)) for center, width in zip(centers, widths, strict=True)]
        assert ours == [pair for pair in theirs if pair[1] >= 1]


def read(path: Path, decoder: SliceDecoder) -> list[Volume]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        contents = scan([path], ignore_progress, CancelToken())
        return [read_volume(series, ignore_progress, CancelToken(), decoder) for series in contents.series]


def check_file(path: Path, decoder: SliceDecoder) -> int:
    """Compare all slices of one file; the number of slices that were compared."""
    theirs = by_pydicom(path)
    if theirs is None:
        return 0
    dataset, frames = theirs
    volumes = read(path, decoder)
    compared = 0
    for volume in volumes:
        for index, header in enumerate(volume.series.slices):
            if Path(header.path) != path:
                continue  # A DICOMDIR stands for its files; each of them is compared by itself.
            assert volume.is_readable[index], volume.unreadable_reasons
            compare(volume, index, dataset, frames)
            if header.frame_number is None:
                compare_header(header, dataset)
            compared += 1
    if not compared:
        (verdict,) = scan([path], ignore_progress, CancelToken()).files
        assert verdict.verdict is not Verdict.LOADED
        names = {name: reason for reason, stems in REFUSED.items() for name in stems}
        names_color = "colors from a palette are not supported"
        is_palette = str(dataset.get("PhotometricInterpretation", "")).startswith("PALETTE")
        assert verdict.reason == (names_color if is_palette else names.get(path.stem)), path
    return compared


FILES = pydicom_files()


@pytest.mark.parametrize("path", FILES, ids=[f"{path.parent.name}-{path.name}" for path in FILES])
def test_a_file_of_pydicoms_reads_as_pydicom_reads_it(path: Path, decoder: SliceDecoder) -> None:
    """Hazard: a picture, a unit or a position that is not the file's."""
    check_file(path, decoder)


def test_the_files_of_pydicom_are_there() -> None:
    assert len(FILES) >= 150


@pytest.mark.needs_shared_data
def test_every_real_file_reads_as_pydicom_reads_it(shared_data: Path, decoder: SliceDecoder) -> None:
    """Hazard: a picture, a unit or a position that is not the file's."""
    compared = sum(check_file(path, decoder) for path in shared_files())
    assert compared >= 28 + 47 + 32 + 24 + 30


@pytest.mark.needs_shared_data
@pytest.mark.parametrize("folder", ["dcm_qa_ct/GE", "dcm_qa_ct/Philips", "rsna_series", "cq500_ct0"])
def test_order_and_spacing_of_real_series_follow_pydicoms_values(shared_data: Path, folder: str) -> None:
    """Hazard: slices in a false order, or lengths along the body that are wrong."""
    contents = scan([shared_data / folder], ignore_progress, CancelToken())
    measured = [series for series in contents.series if series.geometry is not None]
    assert measured
    for series in measured:
        check_geometry(series)


def check_geometry(series: Series) -> None:
    assert series.geometry is not None
    datasets = [pydicom.dcmread(header.path, stop_before_pixels=True) for header in series.slices]
    cosines = np.asarray(datasets[0].ImageOrientationPatient, dtype=np.float64)
    normal = np.cross(cosines[:3], cosines[3:])
    normal /= np.linalg.norm(normal)
    normal *= np.sign(normal @ series.geometry.normal)
    along = [float(np.asarray(each.ImagePositionPatient, dtype=np.float64) @ normal) for each in datasets]
    assert along == sorted(along)
    steps = [upper - lower for lower, upper in pairwise(along)]
    np.testing.assert_allclose(np.diff(series.geometry.positions_mm), steps, atol=1e-4)
    for index, dataset in enumerate(datasets):
        position = np.asarray(dataset.ImagePositionPatient, dtype=np.float64)
        shape = (
            (dataset.Columns, dataset.Rows) if series.in_plane.transpose else (dataset.Rows, dataset.Columns)
        )
        corner = next(
            (row, column)
            for row in (0, shape[0] - 1)
            for column in (0, shape[1] - 1)
            if series.in_plane.to_stored_index(row, column, shape) == (0, 0)
        )
        np.testing.assert_allclose(series.geometry.point_mm(index, *corner), position, atol=1e-6)


@pytest.mark.needs_shared_data
@pytest.mark.parametrize("folder", ["dcm_qa_ct/GE", "rsna_series", "cq500_ct0", "transfer_syntaxes"])
def test_the_windows_of_real_files_give_pydicoms_picture(
    shared_data: Path, folder: str, decoder: SliceDecoder
) -> None:
    """Hazard: the scanner's own window shows another picture than on its console."""
    compared = 0
    for path in shared_files():
        theirs = by_pydicom(path) if path.is_relative_to(shared_data / folder) else None
        if theirs is None or theirs[1].ndim != 3 or has_tables(theirs[0]):
            continue
        dataset, frames = theirs
        for volume in read(path, decoder):
            values = np.asarray(apply_modality_lut(frames[0], dataset), dtype=np.float64)
            for number, proposal in enumerate(volume.series.slices[0].file_windows):
                assert proposal.window.function is VoiFunction(dataset.get("VOILUTFunction", "LINEAR"))
                shown = np.asarray(apply_windowing(values, dataset, number))
                signed = int(dataset.PixelRepresentation)
                low = -(1 << (dataset.BitsStored - 1)) if signed else 0
                range_ = ((1 << dataset.BitsStored) - 1) * float(dataset.RescaleSlope)
                expected = (
                    shown - low * float(dataset.RescaleSlope) - float(dataset.RescaleIntercept)
                ) / range_
                np.testing.assert_allclose(apply_voi(values, proposal.window), expected, atol=1e-5)
                compared += 1
        if compared >= 30:
            break
    assert compared >= 2
