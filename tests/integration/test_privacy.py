"""Who the patient is stays where it was: nothing that is written or printed says it unasked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pydicom
import pytest

from ichviewer.cli import CHECKPOINT
from ichviewer.core.phantom_spec import small_demo_spec
from ichviewer.export.demo_study import write_demo_study
from ichviewer.resources import resource_path

ROOT = Path(__file__).resolve().parents[2]
MARKED = {
    "PatientName": "MÄRKED^SÉCRET",
    "PatientID": "GEHEIM-4711",
    "PatientBirthDate": "19011223",
    "AccessionNumber": "ACC-0815-XYZ",
    "ReferringPhysicianName": "REFERRËR^DOC",
    "InstitutionName": "HOSPITÄL-Q",
    "PatientAddress": "MARKED ROAD 7",
}
FOLDER_MARK = "PFAD-GEHEIM"
IDENTITY = [*(part for value in MARKED.values() for part in value.split("^") if len(part) > 3)]
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "latin-1")


def traces(content: bytes, marks: list[str]) -> list[str]:
    """The marks that some bytes hold, in whichever encoding, also as JSON and as escapes write them."""
    found = []
    for mark in marks:
        written = [mark.encode(encoding) for encoding in ENCODINGS]
        written += [json.dumps(mark).strip('"').encode(), ascii(mark).strip("'").encode()]
        if any(form in content for form in written):
            found.append(mark)
    return found


def traces_below(folder: Path, marks: list[str]) -> dict[str, list[str]]:
    """By file (and by name): the marks that it holds."""
    found = {}
    for path in folder.rglob("*"):
        held = traces(os.fsencode(str(path.relative_to(folder))), marks)
        held += traces(path.read_bytes(), marks) if path.is_file() else []
        if held:
            found[str(path.relative_to(folder))] = held
    return found


class Place:
    """A machine of its own: home, temporary folder, and a marked study with its faults."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home, self.temporary, self.out = (folder / name for name in ("home", "tmp", "out"))
        for path in (self.home, self.temporary, self.out):
            path.mkdir()
        self.study = folder / FOLDER_MARK / "study"
        images = write_demo_study(self.study, spec=small_demo_spec(slice_count=24)).image_paths
        for path in images:
            dataset = pydicom.dcmread(path)
            for keyword, value in MARKED.items():
                setattr(dataset, keyword, value)
            dataset.save_as(path)
        whole = images[-1].read_bytes()
        (self.study / "cut.dcm").write_bytes(whole[: len(whole) // 2])
        (self.study / "head.dcm").write_bytes(whole[:600])
        self.printed = b""

    def run(self, *arguments: str | Path, code: int = 0) -> None:
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            timeout=400,
            check=False,
        )
        assert done.returncode == code, done.stderr.decode()
        self.printed += done.stdout + done.stderr

    def environment(self) -> Mapping[str, str]:
        homes = {f"XDG_{kind}_HOME": str(self.home / kind) for kind in ("CONFIG", "DATA", "CACHE", "STATE")}
        return {
            **os.environ,
            **homes,
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": str(ROOT),
            "QT_QPA_PLATFORM": "offscreen",
        }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """After the whole job by window and by command line, with faults on the way."""
    place = Place(tmp_path_factory.mktemp("machine"))
    card = resource_path(CHECKPOINT)
    driver = ROOT / "tests" / "e2e" / "drive_privately.py"
    place.run(driver, place.study, place.out / "window.csv", card)
    command = ("-m", "ichviewer", "analyze", place.study, "--device", "cpu")
    place.run(*command, "--csv", place.out / "cli.csv", "--heatmaps", place.out / "pictures")
    place.run(*command, "--csv", place.out / "pictures", code=1)
    place.run("-m", "ichviewer", "inspect", place.study)
    return place


def test_the_search_finds_what_it_looks_for(place: Place) -> None:
    found = traces_below(place.study, IDENTITY).values()
    assert {mark for marks in found for mark in marks} == set(IDENTITY)
    assert traces("SÉCRET".encode("utf-16-le"), ["SÉCRET"]) == ["SÉCRET"]


def test_everything_was_written_and_every_fault_met(place: Place) -> None:
    names = {path.name for path in place.out.rglob("*")}
    assert {"window.csv", "cli.csv", "pictures"} <= names
    assert any(name.endswith(".png") for name in names)
    for words in (b"ichviewer: unexpected error", b"It is a folder", b"cut.dcm", b"head.dcm"):
        assert words in place.printed


def test_nothing_that_was_written_names_the_patient(place: Place) -> None:
    """Hazard: the name of a patient in a file that is passed on."""
    for folder in (place.home, place.temporary, place.out):
        assert traces_below(folder, IDENTITY) == {}


def test_nothing_that_was_printed_names_the_patient(place: Place) -> None:
    """Hazard: the name of a patient in a log of the hospital's queue."""
    assert traces(place.printed, IDENTITY) == []


def test_only_the_list_of_recent_folders_and_the_kept_sitting_know_the_path(place: Place) -> None:
    """Hazard: folders are named after patients; where the name stays must be known, and can be cleared."""
    assert traces_below(place.temporary, [FOLDER_MARK]) == {}
    assert traces_below(place.out, [FOLDER_MARK]) == {}
    settings = place.home / "CONFIG" / "ichviewer" / "settings.json"
    sittings = place.home.rglob("sessions/sitting-*.json")
    assert set(traces_below(place.home, [FOLDER_MARK])) == {
        str(path.relative_to(place.home)) for path in (settings, *sittings)
    }
    content = json.loads(settings.read_text(encoding="utf-8"))
    assert content.pop("recent_paths") == [str(place.study)]
    assert traces(json.dumps(content).encode(), [FOLDER_MARK]) == []


def test_pictures_carry_nothing_but_the_picture(place: Place) -> None:
    """The pixels hold what the writer draws (slice, label, score, notice); it draws no name, date or UID."""
    for path in (place.out / "pictures").iterdir():
        content, position, kinds = path.read_bytes(), 8, []
        while position < len(content):
            length = int.from_bytes(content[position : position + 4], "big")
            kinds.append(content[position + 4 : position + 8])
            position += 12 + length
        assert set(kinds) <= {b"IHDR", b"IDAT", b"IEND", b"pHYs"}, path.name


def test_the_temporary_folder_is_empty_again(place: Place) -> None:
    assert [path for path in place.temporary.rglob("*") if path.is_file()] == []
