"""The real head CTs beside the checkout: what is known of each; pydicom and GDCM judge the pixels."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import gdcm
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.pixels import apply_modality_lut

from ichviewer.core.input_check import check_input
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.receipt import receipt, spacings_mm
from ichviewer.core.series import FolderContents, Series, Verdict
from ichviewer.core.volume import Volume
from ichviewer.dicom.decode import SliceDecoder
from ichviewer.dicom.inspect import inspect_document
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import best_series, scan

pytestmark = pytest.mark.needs_shared_data


@pytest.fixture(scope="module")
def decoder() -> Iterator[SliceDecoder]:
    with SliceDecoder() as decoder:
        decoder.start()
        yield decoder


def scanned(path: Path) -> FolderContents:
    return scan([path], ignore_progress, CancelToken())


def best(path: Path) -> Series:
    series = best_series(scanned(path))
    assert series is not None
    return series


def read(series: Series, decoder: SliceDecoder) -> Volume:
    return read_volume(series, ignore_progress, CancelToken(), decoder)


def pydicom_pixels(path: str) -> tuple[pydicom.Dataset, NDArray[np.generic]] | None:
    """The file and its pixels by pydicom; None where its own table refuses the syntax."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path)
        try:
            return dataset, dataset.pixel_array
        except (RuntimeError, NotImplementedError):
            return None


def test_the_ge_head_has_28_slices_no_missing_one_and_one_overlap(shared_data: Path) -> None:
    """Hazard: readers that trust average spacing or file order return 14 of these 28 slices."""
    (series,) = scanned(shared_data / "dcm_qa_ct" / "GE").series
    assert len(series.slices) == 28
    assert series.tilt_degrees == pytest.approx(-18.5, abs=0.05)
    assert series.tilt_tag_degrees == 18.5
    assert (series.gaps, series.overlaps, series.duplicates) == ((), 1, 0)
    steps = Counter(round(step, 2) for step in spacings_mm(series))
    assert steps == {4.0: 13, 1.08: 1, 7.0: 13}
    assert (series.hu, series.is_ai_candidate, series.orientation) == ("claimed", True, "axial")


@pytest.mark.parametrize(
    ("folder", "begins"),
    [
        ("dcm_qa_ct/GE", "sorted by position; 28 slices; tilt -18.5° (tag +18.5); no gaps; spacing 1.08 to"),
        (
            "dcm_qa_ct/Philips",
            "sorted by position; 28 slices; no gaps; 1 localizer hidden; 3 screen captures hidden; spacing",
        ),
        (
            "rsna_series",
            "sorted by position; 32 slices; tilt -11.0° (no tag); no gaps; spacing 5.01 mm; Houns",
        ),
        ("cq500_ct0", "sorted by position; 23 slices; tilt -8.5° (tag +8.5); 1 gap; spacing 0.62 to 1.24 mm"),
    ],
)
def test_the_receipt_of_each_real_head(shared_data: Path, folder: str, begins: str) -> None:
    """Hazard: slices arranged, left out or missing, and nobody told."""
    contents = scanned(shared_data / folder)
    series = best_series(contents)
    assert series is not None
    assert receipt(series).startswith(begins)
    listed = inspect_document(contents, False)["series"]
    assert [entry["receipt"] for entry in listed] == [receipt(one) for one in contents.series]


@pytest.mark.parametrize(
    ("folder", "text"),
    [
        ("dcm_qa_ct/GE", "amber; 1 overlap of slices; age unknown"),
        (
            "dcm_qa_ct/Philips",
            (
                "red; no brain inside a skull: not a head, or too small a part of one "
                "(the slices cover 135 mm); age unknown"
            ),
        ),
        ("rsna_series", "amber; Hounsfield units are assumed, not claimed; age unknown"),
        (
            "cq500_ct0",
            (
                "red; no brain inside a skull: not a head, or too small a part of one "
                "(the slices cover 14 mm); 1 gap where a slice may be missing; thin slices (0.62 mm apart); "
                "age unknown"
            ),
        ),
    ],
)
def test_the_input_check_of_each_real_series(
    shared_data: Path, decoder: SliceDecoder, folder: str, text: str
) -> None:
    """Hazard: a sound head that is doubted teaches its readers to click doubts away.

    GE and RSNA are sound heads; the Philips one is a plastic skull filled with air, and the CQ500 slices show
    the vertex above the brain.
    """
    assert check_input(read(best(shared_data / folder), decoder)).text == text


def test_the_philips_tree_falls_into_its_series(shared_data: Path) -> None:
    """Hazard: scouts and dose reports among the slices, or a series lost in the tree."""
    contents = scanned(shared_data / "dcm_qa_ct" / "Philips")
    found = {
        (s.description, len(s.slices), s.orientation, round(s.tilt_degrees, 1), s.is_ai_candidate)
        for s in contents.series
    }
    assert found == {
        ("STEREOTAXIS", 18, "axial", -18.5, True),
        ("STD BRAIN 5MM", 28, "axial", 0.0, True),
        ("", 1, "sagittal", 0.0, False),
        ("Exam Summary", 3, "sagittal", 0.0, False),
    }
    verdicts = Counter((file.verdict, file.reason) for file in contents.files)
    directory = "a DICOM directory; the files themselves were read"
    assert verdicts[(Verdict.SKIPPED, directory)] == 11
    assert verdicts[(Verdict.SKIPPED, f"{directory}; 383 files that it names are not here")] == 1
    assert sum(verdicts.values()) == 62
    assert best_series(contents) == next(s for s in contents.series if s.description == "STD BRAIN 5MM")


def test_the_philips_dicomdir_opens_its_files(shared_data: Path) -> None:
    """Hazard: a disc that shows nothing."""
    contents = scanned(shared_data / "dcm_qa_ct" / "Philips" / "DICOMDIR")
    assert sum(len(series.slices) for series in contents.series) >= 46


def test_the_rsna_series_is_sorted_though_almost_nothing_stands_in_its_headers(
    shared_data: Path,
) -> None:
    """Hazard: slices in the order of their random names."""
    (series,) = scanned(shared_data / "rsna_series").series
    assert len(series.slices) == 32
    assert series.tilt_degrees == pytest.approx(-11.0, abs=0.05)
    assert series.tilt_tag_degrees is None
    assert series.hu == "assumed"
    assert series.gaps == ()
    assert {round(step, 1) for step in spacings_mm(series)} == {5.0}


def test_cq500_misses_one_slice_and_holds_one_of_another_patient(shared_data: Path) -> None:
    """Hazard: another patient's slice inside the stack."""
    contents = scanned(shared_data / "cq500_ct0")
    assert sorted(len(series.slices) for series in contents.series) == [1, 23]
    assert len({series.patient.patient_id for series in contents.series}) == 2
    series = best(shared_data / "cq500_ct0")
    assert len(series.slices) == 23
    (gap,) = series.gaps
    assert gap.mm == pytest.approx(1.24, abs=0.01)
    assert abs(series.tilt_degrees) == pytest.approx(8.5, abs=0.1)


@pytest.mark.parametrize("folder", ["dcm_qa_ct/GE", "dcm_qa_ct/Philips", "rsna_series", "cq500_ct0"])
def test_hounsfield_units_are_pydicoms_on_every_slice(
    shared_data: Path, folder: str, decoder: SliceDecoder
) -> None:
    """Hazard: units that are not the file's."""
    compared = 0
    for series in scanned(shared_data / folder).series:
        volume = read(series, decoder)
        assert volume.is_readable.all()
        for index, header in enumerate(series.slices):
            found = pydicom_pixels(header.path)
            assert found is not None
            dataset, pixels = found
            expected = series.in_plane.to_canonical(apply_modality_lut(pixels, dataset))
            np.testing.assert_allclose(volume.hu(index), expected, rtol=1e-6, atol=1e-3)
            compared += 1
    assert compared >= 24


def syntax_files() -> list[str]:
    folder = Path(__file__).resolve().parents[3] / "shared" / "data" / "transfer_syntaxes"
    return sorted(path.name for path in folder.glob("*")) or ["(the folder is not here)"]


@pytest.mark.parametrize("name", syntax_files())
def test_every_syntax_equals_its_judge_or_says_which_one_it_is(
    shared_data: Path, name: str, decoder: SliceDecoder
) -> None:
    """Hazard: a decoder that guesses shows a picture that was never taken."""
    path = shared_data / "transfer_syntaxes" / name
    contents = scanned(path)
    if not contents.series:
        (verdict,) = contents.files
        assert verdict.reason in (
            "no image (Basic Text SR Storage, SR)",
            "colors from a palette are not supported",
        )
        return
    (series,) = contents.series
    volume = read(series, decoder)
    expected = _judged(path, series)
    shown = volume.stored_values.astype(np.int32)
    if expected is not None:
        tolerance = 1 if series.is_lossy or not _is_lossless(series) else 0
        assert np.abs(shown - expected).max() <= tolerance


def _is_lossless(series: Series) -> bool:
    (syntax,) = series.transfer_syntaxes
    lossy = ("4.50", "4.51", "4.53", "4.55", "4.81", "4.91")
    return not syntax.endswith(lossy)


def _judged(path: Path, series: Series) -> NDArray[np.int32] | None:
    """Canonical stored values of all slices by pydicom, or by GDCM where it refuses; None for color."""
    found = pydicom_pixels(str(path))
    if series.slices[0].pixels is None or series.slices[0].pixels.samples != 1:
        return None
    rows, columns = series.slices[0].stored_shape
    frames = found[1].reshape(-1, rows, columns) if found else _gdcm_frames(path, rows, columns)
    order = [(header.frame_number or 1) - 1 for header in series.slices]
    return np.stack([series.in_plane.to_canonical(frames[index]).astype(np.int32) for index in order])


def _gdcm_frames(path: Path, rows: int, columns: int) -> NDArray[np.generic]:
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    assert reader.Read()
    content = reader.GetImage().GetBuffer().encode("utf-8", "surrogateescape")
    return np.frombuffer(content, np.uint16).reshape(-1, rows, columns)


@pytest.mark.parametrize(
    "stem", ["JPEGProcess2_4", "JPEGProcess6_8", "JPEGProcess10_12"], ids=["51", "53", "55"]
)
def test_what_pydicoms_table_refuses_still_shows_the_same_chest(
    shared_data: Path, stem: str, decoder: SliceDecoder
) -> None:
    """Hazard: a 12-bit picture read as 8 bits."""
    folder = shared_data / "transfer_syntaxes"
    (path,) = folder.glob(f"CTImage.dcm_{stem}*")
    original = read(best(folder / "CTImage.dcm"), decoder).hu(0)
    lossy = read(best(path), decoder).hu(0)
    inside = original > -1500
    assert np.median(np.abs(lossy - original)[inside]) < 15


def test_the_inspect_document_holds_no_uid_when_asked(shared_data: Path) -> None:
    """Hazard: UIDs lead whoever has the archive to the patient."""
    contents = scanned(shared_data / "rsna_series")
    (series,) = contents.series
    plain, hashed = inspect_document(contents, False), inspect_document(contents, True)
    secrets = {series.series_instance_uid, series.study_instance_uid}
    secrets |= {header.sop_instance_uid for header in series.slices}
    text = str(hashed)
    assert all(secret in str(plain) for secret in (series.series_instance_uid, series.study_instance_uid))
    assert not any(secret in text for secret in secrets)
    assert hashed == inspect_document(contents, True)


def test_the_inspect_document_of_the_ge_head(shared_data: Path) -> None:
    document = inspect_document(scanned(shared_data / "dcm_qa_ct" / "GE"), False)
    (series,) = document["series"]
    assert list(series) == [
        "study_instance_uid",
        "series_instance_uid",
        "description",
        "modality",
        "slice_count",
        "rows",
        "columns",
        "pixel_spacing_mm",
        "slice_spacing_mm",
        "median_spacing_mm",
        "tilt_degrees",
        "orientation",
        "gaps",
        "duplicates",
        "sorted_by",
        "hu",
        "ai_candidate",
        "receipt",
        "notes",
    ]
    assert series["tilt_degrees"] == pytest.approx(-18.5, abs=0.05)
    assert len(series["slice_spacing_mm"]) == 27
    assert list(document["files"][0]) == ["path", "verdict", "reason", "series_instance_uid"]
    assert {file["verdict"] for file in document["files"]} == {"loaded"}
