"""Files under any name, at any depth, through links, named twice: each is read once and has its verdict."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
import unicodedata
from pathlib import Path

import pytest
from dicom_files import write_slice, write_stack

from ichviewer.__main__ import main
from ichviewer.cli import run
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.series import FolderContents, Verdict
from ichviewer.dicom.inspect import inspect_document
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import scan

NAMES = [
    "no extension",
    "IM 0001 (copy).dcm",
    "kopf-\N{BRAIN}.dcm",
    unicodedata.normalize("NFD", "Schädel-Größe.dcm"),
    unicodedata.normalize("NFC", "Schädel-Größe 2.dcm"),
    "דוח-ראש.dcm",
    "頭部CT",
    "-rf",
    "line\nbreak.dcm",
    "100% *?[x].DCM",
    "a" * 251 + ".dcm",
]
AT_HOME_ON_WINDOWS = [name for name in NAMES if not set(name) & set('*?"<>|\n')]


def scanned(*paths: Path) -> FolderContents:
    return scan(paths, ignore_progress, CancelToken())


@pytest.mark.parametrize("name", AT_HOME_ON_WINDOWS if sys.platform == "win32" else NAMES)
def test_a_file_is_read_whatever_its_name(tmp_path: Path, name: str) -> None:
    """Hazard: a slice is missing because of its file's name."""
    path = write_slice(tmp_path / name)
    for opened in (tmp_path, path):
        contents = scanned(opened)
        (file,), (series,) = contents.files, contents.series
        assert (file.path, file.verdict) == (name.replace("\n", "\N{REPLACEMENT CHARACTER}"), Verdict.LOADED)
        assert read_volume(series, ignore_progress, CancelToken()).is_readable.all()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse names that are not Unicode")
def test_a_name_that_is_no_text_is_read_shown_and_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hazard: one old file name, in no encoding, ends the export of a whole study."""
    folder = Path(os.fsdecode(bytes(tmp_path) + b"/K\xf6pfe"))
    write_stack(folder, 3)
    (folder / "IM000").rename(Path(os.fsdecode(bytes(folder) + b"/\xff.dcm")))
    contents = scanned(tmp_path)
    (series,) = contents.series
    assert len(series.slices) == 3
    assert read_volume(series, ignore_progress, CancelToken()).is_readable.all()
    shown = [file.path for file in contents.files]
    assert "K\N{REPLACEMENT CHARACTER}pfe/\N{REPLACEMENT CHARACTER}.dcm" in shown
    json.dumps(inspect_document(contents, False), ensure_ascii=False).encode()
    assert run(["inspect", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["series"][0]["slice_count"] == 3


def test_a_terminal_that_cannot_show_a_name_does_not_end_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hazard: a batch of studies ends at the first Japanese folder, for want of a letter on the terminal."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="cp1252"))
    monkeypatch.setattr("ichviewer.__main__.run", lambda words: print("頭.csv: 34 slices", flush=True) or 0)
    assert main() == 0
    assert written.getvalue().decode("cp1252").strip() == r"\u982d.csv: 34 slices"


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    """Hazard: a slice shown twice, or a duplicate reported that is none."""
    write_stack(tmp_path, 4)
    inside = tmp_path / "IM000"
    for paths in ((tmp_path, inside), (inside, tmp_path), (inside, inside), (tmp_path, tmp_path)):
        contents = scanned(*paths)
        (series,) = contents.series
        assert len({header.path for header in series.slices}) == len(series.slices)
        assert series.duplicates == 0
        assert len(contents.files) == len(series.slices)


def test_a_folder_and_one_within_it_are_read_once(tmp_path: Path) -> None:
    write_stack(tmp_path / "a" / "b", 4)
    for paths in ((tmp_path, tmp_path / "a"), (tmp_path / "a", tmp_path), (tmp_path / "a" / "..", tmp_path)):
        contents = scanned(*paths)
        assert [len(series.slices) for series in contents.series] == [4]
        assert (contents.series[0].duplicates, len(contents.files)) == (0, 4)


@pytest.mark.skipif(not hasattr(os, "symlink") or sys.platform == "win32", reason="links need rights there")
def test_links_are_followed_inside_and_named_otherwise(tmp_path: Path) -> None:
    """Hazard: a link reads another patient's files, or the scan never ends, or ends at the first bad link."""
    folder, outside = tmp_path / "opened", write_slice(tmp_path / "outside", 9)
    real = write_slice(folder / "sub" / "real")
    (folder / "dangling").symlink_to(folder / "nothing")
    (folder / "itself").symlink_to(folder / "itself")
    (folder / "out").symlink_to(outside)
    (folder / "z_inside").symlink_to(real)
    (folder / "sub" / "up").symlink_to(folder, target_is_directory=True)
    contents = scanned(folder)
    (series,) = contents.series
    assert len(series.slices) == 1
    reasons = {file.path: file.reason for file in contents.files}
    assert set(reasons) == {"dangling", "itself", "out", "z_inside", "sub/real"}
    assert reasons["out"] == "a link that leads out of the opened folder"
    assert reasons["dangling"].startswith("cannot be opened")
    assert reasons["itself"].startswith("cannot be opened")
    assert sorted((reasons["z_inside"], reasons["sub/real"])) == ["", "the same file was named before"]


def test_a_link_that_is_opened_itself_is_followed(tmp_path: Path) -> None:
    write_slice(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert len(scanned(tmp_path / "link").series) == 1


def deep_folder(root: Path, length: int) -> Path:
    """A folder whose path has just under *length* bytes."""
    folder = root
    while len(bytes(folder)) < length - 120:
        folder = folder / ("d" * 100)
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("length", [300, 1000, 3900])
@pytest.mark.skipif(sys.platform == "win32", reason="long paths are a setting there")
def test_long_paths_are_read(tmp_path: Path, length: int) -> None:
    """Hazard: the slices of a deeply nested archive are missing."""
    write_stack(deep_folder(tmp_path, length), 3)
    (series,) = scanned(tmp_path).series
    assert read_volume(series, ignore_progress, CancelToken()).is_readable.tolist() == [True] * 3


@pytest.mark.skipif(sys.platform != "linux", reason="about Linux's PATH_MAX")
def test_a_path_that_is_too_long_for_the_system_is_named(tmp_path: Path) -> None:
    """Hazard: what lies too deep is passed over in silence."""
    write_slice(tmp_path / "near")
    handle = os.open(deep_folder(tmp_path, 4000), os.O_RDONLY)
    try:
        for _ in range(3):
            os.mkdir("e" * 200, dir_fd=handle)
            deeper = os.open("e" * 200, os.O_RDONLY, dir_fd=handle)
            os.close(handle)
            handle = deeper
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=handle))
    finally:
        os.close(handle)
    contents = scanned(tmp_path)
    assert len(contents.series) == 1
    assert any("name too long" in file.reason for file in contents.files)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no such permission")
def test_a_read_only_folder_is_read(tmp_path: Path) -> None:
    folder = write_stack(tmp_path / "disc", 3)
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        (series,) = scanned(folder).series
        assert read_volume(series, ignore_progress, CancelToken()).is_readable.all()
    finally:
        folder.chmod(stat.S_IRWXU)


def test_a_folder_that_cannot_be_opened_is_called_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = tmp_path / "study of 2024"
    study.mkdir()

    def refused(_folder: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("ichviewer.dicom.find_files.os.scandir", refused)
    (file,) = scanned(study).files
    assert file.path == "study of 2024"
    assert file.reason.startswith("cannot be opened: ")
