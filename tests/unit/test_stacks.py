"""Which files make one stack: patients without an ID, files of other classes, copies that are none."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dicom_files import write_slice, write_stack

from ichviewer.core.check_header import red_by_header
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.series import TWO_PATIENTS_NOTE, FolderContents
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import scan


def scanned(*paths: Path) -> FolderContents:
    return scan(paths, ignore_progress, CancelToken())


@pytest.mark.parametrize(
    ("own", "other"),
    [
        ({"PatientName": "Doe^A"}, {"PatientName": "Roe^B"}),
        ({"PatientBirthDate": "19500101"}, {"PatientBirthDate": "19610203"}),
    ],
)
@pytest.mark.parametrize("empty", ["", None])
def test_without_patient_id_name_and_birth_date_tell_patients_apart(
    tmp_path: Path, own: dict[str, Any], other: dict[str, Any], empty: str | None
) -> None:
    """Hazard: two heads mixed slice by slice, under the name of one."""
    for place in range(4):
        write_slice(tmp_path / f"a{place}", place, PatientID=empty, **own)
        write_slice(
            tmp_path / f"b{place}", 50 + place, position=(0, 0, 5 * place + 2), PatientID=empty, **other
        )
    found = scanned(tmp_path).series
    assert [{Path(header.path).name[0] for header in series.slices} for series in found] == [{"a"}, {"b"}]
    assert all(TWO_PATIENTS_NOTE in red_by_header(series) for series in found)


def test_a_patient_id_counts_before_another_spelling_of_the_name(tmp_path: Path) -> None:
    """Hazard: a head torn in two, and one patient called two, where a name was corrected on the way."""
    write_stack(tmp_path, 4)
    write_slice(tmp_path / "later", 9, PatientName="Test^Head^M")
    (series,) = scanned(tmp_path).series
    assert len(series.slices) == 5


def test_a_slice_of_another_class_keeps_its_stack_from_the_network(tmp_path: Path) -> None:
    """Hazard: an image that is no CT read by the network, because the lowest slice is one."""
    write_stack(tmp_path, 4)
    write_slice(tmp_path / "other", 9, SOPClassUID="1.2.840.10008.5.1.4.1.1.4")
    (series,) = scanned(tmp_path).series
    assert (len(series.slices), series.is_ai_candidate, series.hu) == (5, False, "not claimed")


@pytest.mark.parametrize(
    "apart",
    [
        lambda place: {},
        lambda place: {"ImagePositionPatient": None},
        lambda place: {"position": (0, 0, 5), "ContentTime": f"10000{place}"},
        lambda place: {"position": (0, 0, 5), "ConvolutionKernel": f"H{place}1s"},
    ],
)
def test_different_images_under_one_uid_are_all_kept_and_it_is_said(
    tmp_path: Path, apart: Callable[[int], dict[str, Any]]
) -> None:
    """Hazard: a tool that removes names gives one UID to all images, and all but one are thrown away."""
    for place in range(1, 5):
        write_slice(tmp_path / str(place), place, SOPInstanceUID="1.2.9", **apart(place))
    found = scanned(tmp_path).series
    assert sum(len(series.slices) for series in found) == 4
    for series in found:
        count = len(series.slices)
        note = f"one SOP Instance UID for several images: {count} slice{'s' * (count > 1)}, all kept"
        assert (note in series.notes, series.duplicates) == (True, 0)


def test_a_plain_file_is_kept_rather_than_its_copy_in_an_archive(tmp_path: Path) -> None:
    """Hazard: a slice lost to a damaged archive while the sound file beside it is dropped as its copy."""
    write_stack(tmp_path, 4)
    with zipfile.ZipFile(tmp_path / "AA.zip", "w") as archive:
        for path in sorted(tmp_path.glob("IM*")):
            archive.write(path, path.name)
    content = bytearray((tmp_path / "AA.zip").read_bytes())
    content[archive.infolist()[1].header_offset + archive.infolist()[1].file_size] ^= 0xFF
    (tmp_path / "AA.zip").write_bytes(content)
    (series,) = scanned(tmp_path).series
    assert (len(series.slices), series.duplicates) == (4, 4)
    assert read_volume(series, ignore_progress, CancelToken()).unreadable_reasons == {}
