"""The demo study read back by plain pydicom: valid, exact in HU, and in agreement with its truth."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from ichviewer.core.errors import ExportError
from ichviewer.core.findings import SUBTYPES
from ichviewer.core.geometry import InPlane, canonical_directions, canonical_in_plane, canonical_origin
from ichviewer.core.phantom import Phantom, PhantomSpec, make_phantom, small_demo_spec
from ichviewer.core.progress import Cancelled, CancelToken, Progress
from ichviewer.export.demo_study import DemoTruth, write_demo_study
from ichviewer.export.dicom_series import SeriesOptions, write_dicom_series

TYPE_1 = (
    *("SOPClassUID", "SOPInstanceUID", "Modality", "StudyInstanceUID", "SeriesInstanceUID"),
    *("FrameOfReferenceUID", "ImageType", "SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData", "PixelSpacing"),
    *("ImageOrientationPatient", "ImagePositionPatient", "RescaleIntercept", "RescaleSlope", "RescaleType"),
)
TYPE_2 = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID"),
    *("ReferringPhysicianName", "AccessionNumber", "SeriesNumber", "PositionReferenceIndicator"),
    *("Manufacturer", "InstanceNumber", "AcquisitionNumber", "KVP", "SliceThickness", "PatientPosition"),
)
SPEC = small_demo_spec(slice_count=12, size=64)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoTruth:
    return write_demo_study(tmp_path_factory.mktemp("demo") / "study", spec=SPEC)


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return make_phantom(SPEC)


def hu_of(dataset: pydicom.Dataset) -> np.ndarray:
    return dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)


def test_files_read_back_hold_exactly_the_phantoms_hu(demo: DemoTruth, phantom: Phantom) -> None:
    """Hazard: a shifted intercept would shift every density in the demo and in all tests built on it."""
    for index, path in enumerate(demo.image_paths):
        np.testing.assert_array_equal(hu_of(pydicom.dcmread(path)), phantom.hu[index])


def test_positions_and_spacing_are_the_phantoms(demo: DemoTruth, phantom: Phantom) -> None:
    for index, path in enumerate(demo.image_paths):
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        np.testing.assert_allclose(
            dataset.ImagePositionPatient, phantom.geometry.origins_mm[index], atol=1e-5
        )
        np.testing.assert_allclose(dataset.ImageOrientationPatient, (1, 0, 0, 0, 1, 0))
        np.testing.assert_allclose(dataset.PixelSpacing, phantom.geometry.pixel_spacing_mm, atol=1e-8)
        assert dataset.SliceThickness == 5


def test_every_file_is_a_valid_ct_image(demo: DemoTruth) -> None:
    for path in demo.image_paths:
        dataset = pydicom.dcmread(path)
        assert path.read_bytes()[:128] == bytes(128)
        assert dataset.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID
        assert dataset.SOPClassUID == CTImageStorage
        assert all(dataset[keyword].value not in ("", None) for keyword in TYPE_1)
        assert all(keyword in dataset for keyword in TYPE_2)
        assert list(dataset.ImageType[:3]) == ["ORIGINAL", "PRIMARY", "AXIAL"]
        assert dataset.RescaleType == "HU"
        for element in dataset:
            if element.VR == "UI":
                assert UID(element.value).is_valid, element.name


def test_every_file_says_that_it_shows_no_patient(demo: DemoTruth) -> None:
    """Hazard: the demo taken for a person's scan."""
    for path in demo.image_paths:
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        assert dataset.PatientID == "DEMO"
        assert dataset.SeriesDescription == "Synthetic head, not a patient"


def test_uids_are_one_per_slice_and_the_same_every_time(demo: DemoTruth, tmp_path: Path) -> None:
    assert len(set(demo.sop_instance_uids)) == 12
    two = replace(SPEC, slice_count=2)
    first, again = (write_demo_study(tmp_path / name, spec=two) for name in ("first", "again"))
    assert [p.read_bytes() for p in again.image_paths] == [p.read_bytes() for p in first.image_paths]


def test_healthy_head_is_another_series_with_the_same_anatomy(demo: DemoTruth, tmp_path: Path) -> None:
    healthy = write_demo_study(tmp_path / "healthy", spec=replace(SPEC, bleeds=(), slice_count=3))
    assert healthy.series_instance_uid != demo.series_instance_uid
    assert not set(healthy.sop_instance_uids) & set(demo.sop_instance_uids)
    assert healthy.bleeds == ()
    assert not any(any(labels) for labels in healthy.labels)


def test_truth_beside_the_files_agrees_with_them(demo: DemoTruth, phantom: Phantom) -> None:
    with demo.truth_csv.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["sop_instance_uid"] for row in rows] == [
        str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID) for path in demo.image_paths
    ]
    assert [int(row["slice_index"]) for row in rows] == list(range(12))
    table = np.array([[int(row[subtype.value]) for subtype in SUBTYPES] for row in rows], dtype=bool)
    np.testing.assert_array_equal(table, phantom.labels)
    truth = json.loads(demo.truth_json.read_text(encoding="utf-8"))
    assert "not a patient" in truth["notice"]
    assert [entry["subtype"] for entry in truth["bleeds"]] == [str(subtype) for subtype in SUBTYPES[1:]]


def test_centers_in_the_truth_lie_in_the_bleeds(demo: DemoTruth, phantom: Phantom) -> None:
    for bleed in demo.bleeds:
        points = [phantom.geometry.point_mm(*index) for index in np.argwhere(phantom.masks[bleed.subtype])]
        np.testing.assert_allclose(bleed.center_mm, np.mean(points, axis=0), atol=0.01)
        assert bleed.largest_slice in bleed.slice_indices


def test_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    """Hazard: a user's files overwritten by a demo."""
    (tmp_path / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ExportError, match=r"letter\.txt"):
        write_demo_study(tmp_path, spec=SPEC)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study").write_text("mine", encoding="utf-8")
    with pytest.raises(ExportError, match="is a file"):
        write_demo_study(tmp_path / "study", spec=SPEC)


def test_older_demo_study_is_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    write_demo_study(folder, spec=replace(SPEC, slice_count=3))
    write_demo_study(folder, spec=replace(SPEC, slice_count=2))
    names = ["IM0001.dcm", "IM0002.dcm", "SCOUT.dcm", "truth.csv", "truth.json"]
    assert sorted(p.name for p in folder.iterdir()) == names
    assert [path.name for path in tmp_path.iterdir()] == ["study"], "no litter"


def test_empty_folder_may_be_given(tmp_path: Path) -> None:
    truth = write_demo_study(tmp_path, spec=replace(SPEC, slice_count=2))
    assert all(path.is_file() for path in (*truth.image_paths, truth.truth_csv, truth.truth_json))


def test_cancelled_demo_leaves_nothing(tmp_path: Path) -> None:
    token = CancelToken()
    totals = set()

    def report(step: Progress) -> None:
        totals.add(step.total)
        if step.done == 3:
            token.cancel()

    with pytest.raises(Cancelled):
        write_demo_study(tmp_path / "study", report=report, cancel=token, spec=replace(SPEC, slice_count=2))
    assert totals == {4}, "drawing and writing count together"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("flip_rows", [False, True])
@pytest.mark.parametrize("flip_columns", [False, True])
def test_all_eight_stored_orientations_lead_back_to_the_same_patient(
    transpose: bool, flip_rows: bool, flip_columns: bool, tmp_path: Path
) -> None:
    """Hazard: left and right swapped by a mistake in both writer and reader."""
    spec = PhantomSpec(1, (), 2, 40, 32, slice_spacing_mm=5, lowest_mm=40, tilt_degrees=9)
    phantom = make_phantom(spec)
    in_plane = InPlane(transpose, flip_rows, flip_columns)
    geometry = replace(phantom.geometry, pixel_spacing_mm=(7.52, 6.5))
    paths = write_dicom_series(tmp_path / "s", phantom.hu, geometry, SeriesOptions(in_plane=in_plane))
    for index, path in enumerate(paths):
        dataset = pydicom.dcmread(path)
        orientation = [float(value) for value in dataset.ImageOrientationPatient]
        assert canonical_in_plane(orientation) == in_plane
        np.testing.assert_array_equal(in_plane.to_canonical(hu_of(dataset)), phantom.hu[index])
        spacing = tuple(float(value) for value in dataset.PixelSpacing)
        position = [float(value) for value in dataset.ImagePositionPatient]
        origin = canonical_origin(position, orientation, spacing, (dataset.Rows, dataset.Columns), in_plane)
        np.testing.assert_allclose(origin, geometry.origins_mm[index], atol=1e-5)
        row_direction, column_direction = canonical_directions(orientation, in_plane)
        np.testing.assert_allclose(row_direction, geometry.row_direction, atol=1e-8)
        np.testing.assert_allclose(column_direction, geometry.column_direction, atol=1e-8)


def test_slope_and_intercept_may_differ_per_slice(tmp_path: Path, phantom: Phantom) -> None:
    options = SeriesOptions(
        slope=(1.0, 0.5), intercept=(-1024.0, -1000.0), is_signed=True, slice_order=(5, 6)
    )
    paths = write_dicom_series(tmp_path, phantom.hu, phantom.geometry, options)
    for index, path in zip((5, 6), paths, strict=True):
        np.testing.assert_array_equal(hu_of(pydicom.dcmread(path)), phantom.hu[index])
    assert float(pydicom.dcmread(paths[1]).RescaleSlope) == 0.5


def test_slices_can_be_left_out_and_doubled(tmp_path: Path, phantom: Phantom) -> None:
    options = SeriesOptions(slice_order=(0, 1, 1, 3))
    paths = write_dicom_series(tmp_path, phantom.hu, phantom.geometry, options)
    datasets = [pydicom.dcmread(path) for path in paths]
    heights = [float(dataset.ImagePositionPatient[2]) for dataset in datasets]
    assert np.diff(heights).tolist() == pytest.approx([14.0, 0.0, 28.0])
    assert len({str(dataset.SOPInstanceUID) for dataset in datasets}) == 4


def test_hu_that_the_bits_cannot_hold_are_refused(tmp_path: Path, phantom: Phantom) -> None:
    with pytest.raises(ValueError, match="12 bits"):
        write_dicom_series(tmp_path, phantom.hu + 3000, phantom.geometry)


def test_existing_files_are_not_overwritten(tmp_path: Path, phantom: Phantom) -> None:
    write_dicom_series(tmp_path, phantom.hu[:1], phantom.geometry)
    with pytest.raises(ExportError, match=r"IM0001\.dcm"):
        write_dicom_series(tmp_path, phantom.hu[:1], phantom.geometry)
