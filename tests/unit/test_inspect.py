"""What ``ichviewer inspect`` prints."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from builders import make_volume
from dicom_files import SERIES, STUDY, write_slice, write_stack

from ichviewer.core.hashed_uid import hashed_uid
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.series import FileVerdict, FolderContents, Verdict
from ichviewer.dicom.inspect import inspect_document
from ichviewer.dicom.scan import scan


def test_series_and_files_are_plain_values_under_the_agreed_names(tmp_path: Path) -> None:
    for number, height in enumerate((0, 5, 10, 20, 25), start=1):
        write_slice(tmp_path / f"{number}.dcm", number, position=(0, 0, height), SeriesDescription="HEAD")
    (tmp_path / "note.txt").write_text("x")
    document = inspect_document(scan([tmp_path], ignore_progress, CancelToken()), hash_uids=False)
    assert json.loads(json.dumps(document)) == document
    assert document["series"] == [
        {
            "study_instance_uid": STUDY,
            "series_instance_uid": SERIES,
            "description": "HEAD",
            "modality": "CT",
            "slice_count": 5,
            "rows": 12,
            "columns": 16,
            "pixel_spacing_mm": [0.5, 0.5],
            "slice_spacing_mm": [5.0, 5.0, 10.0, 5.0],
            "median_spacing_mm": 5.0,
            "tilt_degrees": 0.0,
            "orientation": "axial",
            "gaps": [{"after_slice": 2, "mm": 10.0}],
            "duplicates": 0,
            "sorted_by": "position",
            "hu": "claimed",
            "ai_candidate": True,
            "receipt": "sorted by position; 5 slices; 1 gap; spacing 5.00 to 10.00 mm (median 5.00); "
            "missing slice after slice 3? (10.00 mm); Hounsfield units claimed",
            "notes": [],
        }
    ]
    assert document["files"][-1] == {
        "path": "note.txt",
        "verdict": "skipped",
        "reason": "not a DICOM file",
        "series_instance_uid": None,
    }


def test_what_is_unknown_is_null_and_never_0(tmp_path: Path) -> None:
    write_slice(tmp_path / "one", ImagePositionPatient=None, PixelSpacing=None)
    (series,) = inspect_document(scan([tmp_path], ignore_progress, CancelToken()), False)["series"]
    assert series["pixel_spacing_mm"] is None
    assert series["median_spacing_mm"] is None
    assert series["tilt_degrees"] is None
    assert series["orientation"] == "unknown"


def test_hashed_uids_are_stable_and_nowhere_to_be_seen_even_in_paths(tmp_path: Path) -> None:
    """Hazard: UIDs lead whoever has the archive to the patient."""
    folder = write_stack(tmp_path / "opened" / "1.2.840.113619.2.55.3", 2).parent
    contents = scan([folder], ignore_progress, CancelToken())
    text = json.dumps(inspect_document(contents, hash_uids=True))
    for secret in (STUDY, SERIES, "1.2.840.113619.2.55.3"):
        assert secret not in text
        assert hashed_uid(secret) in text


def contents_of(uids: list[str], paths: list[str]) -> FolderContents:
    """A series of these SOP Instance UIDs, and files of these names."""
    series = make_volume(len(uids)).series
    headers = zip(series.slices, uids, strict=True)
    slices = tuple(replace(header, sop_instance_uid=uid) for header, uid in headers)
    files = (FileVerdict(path, Verdict.LOADED, "", series.series_instance_uid) for path in paths)
    return FolderContents((replace(series, slices=slices),), tuple(files))


def test_illegal_uids_are_hashed_wherever_they_stand_in_a_text() -> None:
    """Hazard: public data sets name files by UIDs that are none ("ID_0a1b"), others by more than the UID."""
    contents = contents_of(["ID_ab12", "ID_ab12f"], ["xID_ab12f.dcm", "ID_ab12", "1.2.3.4.5.6.dcm"])
    files = inspect_document(contents, hash_uids=True)["files"]
    hashed = [f"x{hashed_uid('ID_ab12f')}.dcm", hashed_uid("ID_ab12"), f"{hashed_uid('1.2.3.4.5.6')}.dcm"]
    assert [file["path"] for file in files] == hashed


@pytest.mark.parametrize("uid", ["1.2.826.0.1.498.{}", "ID_{}"])
def test_no_text_is_held_against_every_uid_of_a_folder(uid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern of all UIDs, tried on every file, took 14 s for 4,000 files."""
    contents = contents_of([uid.format(number) for number in range(300)], [f"{uid.format(299)}.dcm"])
    patterns: list[str] = []

    def compile_and_note(pattern: str) -> re.Pattern[str]:
        patterns.append(pattern)
        return compiled(pattern)

    compiled = re.compile
    monkeypatch.setattr(re, "compile", compile_and_note)
    (file,) = inspect_document(contents, hash_uids=True)["files"]
    assert file["path"] == f"{hashed_uid(uid.format(299))}.dcm"
    assert sum(map(len, patterns)) < 300


def test_a_hashed_uid_is_a_legal_one() -> None:
    uid = hashed_uid("ID_not_legal")
    assert uid.startswith("2.25.")
    assert len(uid) <= 64
    assert hashed_uid("") == ""
