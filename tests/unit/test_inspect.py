"""What ``ichviewer inspect`` prints."""

from __future__ import annotations

import json
from pathlib import Path

from dicom_files import SERIES, STUDY, write_slice, write_stack

from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.dicom.inspect import hashed_uid, inspect_document
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


def test_a_hashed_uid_is_a_legal_one() -> None:
    uid = hashed_uid("ID_not_legal")
    assert uid.startswith("2.25.")
    assert len(uid) <= 64
    assert hashed_uid("") == ""
