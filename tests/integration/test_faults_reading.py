"""What goes wrong while something is read: what can be read is shown, the rest has a reason in words."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom_files import make_slice, ramp, save, write_slice, write_stack
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian

from ichviewer.core.errors import UnreadableError
from ichviewer.core.progress import CancelToken, Progress, ignore_progress
from ichviewer.core.series import FolderContents, Series, Verdict
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import scan

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534

INSPECT_AS_NOBODY = f"""
import os, sys
from ichviewer.cli import run
if os.getuid() == 0:
    os.setgroups([])
    os.setgid({NOBODY})
    os.setuid({NOBODY})
sys.exit(run(["inspect", *sys.argv[1:]]))
"""


def scanned(path: Path) -> FolderContents:
    return scan((path,), ignore_progress, CancelToken())


def only_series(path: Path) -> Series:
    (series,) = scanned(path).series
    return series


def reasons(contents: FolderContents) -> dict[str, tuple[Verdict, str]]:
    return {file.path: (file.verdict, file.reason) for file in contents.files}


# The folder vanishes


def test_files_that_vanish_while_the_folder_is_listed_are_named_and_the_others_open(tmp_path: Path) -> None:
    """Hazard: a disk that is pulled out leaves a shorter study that looks like a whole one."""
    study = write_stack(tmp_path / "study", 40)
    gone: list[str] = []

    def pull_out(progress: Progress) -> None:
        if 16 <= progress.done < progress.total and not gone:
            for path in sorted(study.iterdir())[30:]:
                gone.append(path.name)
                path.unlink()

    contents = scan((study,), pull_out, CancelToken())
    verdicts = reasons(contents)
    assert len(gone) == 10
    for name in gone:
        verdict, reason = verdicts[name]
        assert verdict is Verdict.DAMAGED
        assert reason.startswith("cannot be read: No such file or directory; it was moved or deleted")
    assert sum(len(series.slices) for series in contents.series) == 30
    assert any(series.gaps for series in contents.series) or contents.series[0].slices


def test_a_text_that_vanishes_between_two_looks_ends_no_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is no DICOM is opened a second time to say what it is."""
    write_stack(tmp_path, 3)
    (tmp_path / "notes.txt").write_text("no image, though long enough to be looked at" * 9)
    real, seen = Path.open, []

    def vanishes(self: Path, *arguments: object, **options: object) -> object:
        if self.name == "notes.txt":
            seen.append(self)
            if len(seen) > 1:
                raise FileNotFoundError(2, "No such file or directory")
        return real(self, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", vanishes)
    contents = scanned(tmp_path)
    assert reasons(contents)["notes.txt"][0] is Verdict.DAMAGED
    assert len(contents.series[0].slices) == 3


def test_a_folder_that_is_gone_between_listing_and_reading_is_an_error_that_says_what_to_do(
    tmp_path: Path,
) -> None:
    series = only_series(write_stack(tmp_path / "study", 4))
    shutil.rmtree(tmp_path / "study")
    with pytest.raises(UnreadableError, match="it was moved or deleted, open it where it lies now"):
        read_volume(series, ignore_progress, CancelToken())


def test_a_folder_that_vanishes_while_slices_are_read_costs_the_slices_that_were_left(tmp_path: Path) -> None:
    """Hazard: slices that were never read are shown as air."""
    study = write_stack(tmp_path / "study", 24)
    series = only_series(study)

    def pull_out(progress: Progress) -> None:
        if progress.done and study.exists():
            shutil.rmtree(study)

    volume = read_volume(series, pull_out, CancelToken())
    assert 0 < volume.is_readable.sum() < 24
    assert set(volume.unreadable_reasons) == set(np.flatnonzero(~volume.is_readable))
    assert all("moved or deleted" in reason for reason in volume.unreadable_reasons.values())


def test_what_is_open_needs_its_folder_no_more(tmp_path: Path) -> None:
    series = only_series(write_stack(tmp_path / "study", 4))
    volume = read_volume(series, ignore_progress, CancelToken())
    shutil.rmtree(tmp_path / "study")
    assert [int(volume.hu(index)[0, 0]) for index in range(4)] == [-1023, -1022, -1021, -1020]


# A file is half-copied


@pytest.mark.parametrize("share", [0.2, 0.6, 0.99])
def test_a_half_copied_file_is_named_and_says_that_it_may_still_be_copied(
    tmp_path: Path, share: float
) -> None:
    """Hazard: the lower half of a slice that has not arrived yet reads as air."""
    write_stack(tmp_path, 5)
    path = write_slice(tmp_path / "late", 6)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    contents = scanned(tmp_path)
    verdict, reason = reasons(contents)["late"]
    assert verdict is Verdict.DAMAGED
    assert "perhaps the file is still being copied, then open it again" in reason
    path.write_bytes(content)
    assert reasons(scanned(tmp_path))["late"] == (Verdict.LOADED, "")


def test_a_file_that_is_written_again_after_it_was_listed_is_refused(tmp_path: Path) -> None:
    """Hazard: pixels of another image lie where the header said, under this patient's name."""
    write_stack(tmp_path, 5)
    series = only_series(tmp_path)
    path = Path(series.slices[2].path)
    status = path.stat()
    write_slice(path, 3, pixels=ramp(start=30000))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    volume = read_volume(series, ignore_progress, CancelToken())
    assert volume.is_readable.tolist() == [True, True, False, True, True]
    assert volume.unreadable_reasons[2] == (
        "it was changed after its folder was listed; open the folder again"
    )
    assert only_series(tmp_path).slices[2].path == str(path)


def test_a_file_of_another_size_is_refused_where_the_clock_of_its_disk_is_coarse(tmp_path: Path) -> None:
    """Hazard: pixels of another image lie where the header said, under this patient's name."""
    write_stack(tmp_path, 5)
    series = only_series(tmp_path)
    path = Path(series.slices[2].path)
    status = path.stat()
    path.write_bytes(path.read_bytes() + b"\0\0")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    volume = read_volume(series, ignore_progress, CancelToken())
    assert volume.unreadable_reasons == {
        2: "it was changed after its folder was listed; open the folder again"
    }


def test_a_file_that_takes_the_place_of_another_while_it_is_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: the file that was asked is not the file that was read."""
    write_stack(tmp_path, 5)
    series = only_series(tmp_path)
    path, other = Path(series.slices[2].path), Path(series.slices[3].path)
    os.utime(other, ns=(0, 0))
    really_open = Path.open

    def swapped(self: Path, *args: Any, **options: Any) -> Any:
        return really_open(other if self == path else self, *args, **options)

    monkeypatch.setattr(Path, "open", swapped)
    volume = read_volume(series, ignore_progress, CancelToken())
    assert not volume.is_readable[2]


class HesitantFile(io.FileIO):
    """Gives at most 100 bytes at a time, as network disks may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(100 if size is None or size < 0 else min(size, 100)) or b""

    def readinto(self, buffer: Any, /) -> int:
        return super().readinto(memoryview(buffer)[:100]) or 0


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
@pytest.mark.parametrize("kind", ["i2", "u1"])
def test_a_disk_that_gives_fewer_bytes_than_asked_for_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, syntax: str
) -> None:
    """Hazard: a sound study on a network disk is called damaged."""
    pixels = (np.arange(64 * 64) % 200).reshape(64, 64).astype(kind)
    path = save(make_slice(1, pixels=pixels, syntax=syntax), tmp_path / "one")
    really_open = Path.open

    def slowed(self: Path, *args: Any, **options: Any) -> Any:
        return HesitantFile(self) if self == path else really_open(self, *args, **options)

    monkeypatch.setattr(Path, "open", slowed)
    volume = read_volume(only_series(tmp_path), ignore_progress, CancelToken())
    np.testing.assert_array_equal(volume.stored_values[0], pixels)


# Not allowed, not there, no answer


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user can reach; pytest's own are private."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        if not all(parent.stat().st_mode & 0o001 for parent in folder.parents):
            pytest.skip("other users cannot reach the temporary folder")
        yield folder


@pytest.mark.skipif(os.name != "posix", reason="rights are POSIX's")
def test_what_may_not_be_read_is_named_and_the_rest_opens(open_folder: Path) -> None:
    study = write_stack(open_folder / "study", 4)
    (study / "IM000").chmod(0)
    write_slice(study / "locked" / "inside", 9)
    (study / "locked").chmod(0)
    script = open_folder / "child.py"
    script.write_text(INSPECT_AS_NOBODY)

    def inspect(path: Path) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, str(script), str(path)]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    done = inspect(study)
    within = inspect(study / "locked" / "inside")
    (study / "locked").chmod(0o755)
    assert done.returncode == 0, done.stderr
    refused = "Permission denied; ask for the right to read it"
    assert f"cannot be read: {refused}" in done.stdout
    assert f"cannot be opened: {refused}" in done.stdout
    assert '"slice_count": 3' in done.stdout
    assert within.returncode == 2
    assert f"cannot be opened: {refused}" in within.stderr
    assert "Traceback" not in within.stderr


@pytest.mark.parametrize(
    ("number", "words"),
    [(5, "Input/output error"), (116, "Stale file handle"), (110, "Connection timed out")],
)
def test_a_network_folder_that_stops_answering_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    """Hazard: a share that drops out for a second makes a shorter study, and nobody is told."""
    write_stack(tmp_path, 5)
    series = only_series(tmp_path)
    lost = series.slices[3].path
    real = Path.open

    def fails(self: Path, *arguments: object, **options: object) -> object:
        if str(self) == lost:
            raise OSError(number, words)
        return real(self, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", fails)
    advice = f"{words}; the disk or the network folder does not answer, open it again once it does"
    assert reasons(scanned(tmp_path))[Path(lost).name] == (Verdict.DAMAGED, f"cannot be read: {advice}")
    volume = read_volume(series, ignore_progress, CancelToken())
    assert volume.unreadable_reasons == {3: f"cannot be opened: {advice}"}


def test_a_path_that_is_gone_is_one_verdict_in_words(tmp_path: Path) -> None:
    contents = scanned(tmp_path / "last-week")
    (file,) = contents.files
    assert (file.path, file.verdict) == ("last-week", Verdict.DAMAGED)
    assert "it was moved or deleted" in file.reason
