"""A file is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ichviewer.atomic_file import require_writable, write_atomically


def test_content_replaces_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old and longer")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: an export that was cut short is read as a complete one."""

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "f"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_gets_the_rights_of_any_new_file(tmp_path: Path) -> None:
    other, path = tmp_path / "other", tmp_path / "f"
    other.write_bytes(b"")
    write_atomically(path, b"")
    assert path.stat().st_mode == other.stat().st_mode


def full_disk(*_arguments: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    "place", ["os.open", "os.fdopen", "os.fsync", "pathlib.Path.chmod", "pathlib.Path.replace"]
)
def test_whichever_step_fails_the_old_file_stays_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Hazard: a full disk destroys the findings that were exported before."""
    path = tmp_path / "findings.csv"
    path.write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(place, full_disk)
        with pytest.raises(OSError, match="No space"):
            write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_private_file_stays_private(tmp_path: Path) -> None:
    """Hazard: findings with a patient's name become readable for everybody on the machine."""
    path = tmp_path / "findings.csv"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write_atomically(path, b"new")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_read_only_file_is_not_replaced(tmp_path: Path) -> None:
    """Hazard: a table that was signed off and made read-only is silently another one."""
    path = tmp_path / "findings.csv"
    path.write_bytes(b"signed off")
    path.chmod(0o444)
    for attempt in (lambda: write_atomically(path, b"new"), lambda: require_writable(path)):
        with pytest.raises(PermissionError, match="read-only"):
            attempt()
    assert path.read_bytes() == b"signed off"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_not_written_and_its_content_stays(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "image").write_bytes(b"image")
    for attempt in (lambda: write_atomically(tmp_path / "study", b"x"), lambda: require_writable(tmp_path)):
        with pytest.raises(IsADirectoryError, match="give the name of a file"):
            attempt()
    assert (tmp_path / "study" / "image").read_bytes() == b"image"


def test_a_folder_that_is_not_there_is_an_error_and_is_not_made(tmp_path: Path) -> None:
    for attempt in (write_atomically, lambda path, _content: require_writable(path)):
        with pytest.raises(FileNotFoundError):
            attempt(tmp_path / "absent" / "f", b"")
    assert list(tmp_path.iterdir()) == []


def test_what_can_be_written_is_not_touched_by_asking(tmp_path: Path) -> None:
    require_writable(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_followed_to_its_file(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "real").write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "disk" / "real")
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "disk" / "real").read_bytes() == b"new"


def test_a_link_to_nowhere_makes_its_file(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "later")
    write_atomically(link, b"new")
    assert (tmp_path / "later").read_bytes() == b"new"


def test_a_second_name_of_the_old_file_keeps_the_old_content(tmp_path: Path) -> None:
    path, copy = tmp_path / "findings.csv", tmp_path / "kept.csv"
    path.write_bytes(b"old")
    copy.hardlink_to(path)
    write_atomically(path, b"new")
    assert (path.read_bytes(), copy.read_bytes()) == (b"new", b"old")


def test_the_longest_name_that_a_disk_takes_can_be_written(tmp_path: Path) -> None:
    for name in ("f" * 251 + ".csv", "頭" * 83 + ".csv"):
        write_atomically(tmp_path / name, b"new")
        assert (tmp_path / name).read_bytes() == b"new"


def test_what_a_killed_process_left_is_removed_by_the_next_write_of_that_file(tmp_path: Path) -> None:
    """Hazard: half a table with a patient's name lies hidden beside the findings for ever."""
    leftover, stranger = tmp_path / ".f.csv.0a1b2c3d.partial", tmp_path / ".g.csv.0a1b2c3d.partial"
    leftover.write_bytes(b"half")
    stranger.write_bytes(b"half of another file")
    write_atomically(tmp_path / "f.csv", b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == [stranger.name, "f.csv"]


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps open files by itself")
def test_what_another_process_is_writing_is_left_alone(tmp_path: Path) -> None:
    """Hazard: two windows that export to one file take each other's work away."""
    fcntl = pytest.importorskip("fcntl")
    busy = tmp_path / ".f.csv.0a1b2c3d.partial"
    with busy.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        write_atomically(tmp_path / "f.csv", b"new")
    assert busy.exists()
