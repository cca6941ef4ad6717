"""DICOMDIR: the files that it names (PS3.10 section 8), those that stay below its own folder."""

from __future__ import annotations

from pathlib import Path

from ichviewer.dicom import tags
from ichviewer.dicom.find_files import FoundFile, find_files
from ichviewer.dicom.raw_header import DamagedError, NotDicomError, read_raw_header, text_values


def referenced_files(dicomdir: Path) -> list[FoundFile]:
    """Files named by a DICOMDIR, relative to its folder; missing ones are named as such.

    Returns:
        The files; empty if the DICOMDIR cannot be read (its own verdict says so).
    """
    root = dicomdir.absolute().parent
    try:
        records = read_raw_header(dicomdir).sequence(tags.DIRECTORY_RECORD_SEQUENCE)
    except (NotDicomError, DamagedError, OSError):
        return []
    found = []
    for record in records:
        names = text_values(record, "ReferencedFileID")
        if names:
            found.append(_referenced(root, names))
    return found


def _referenced(root: Path, names: tuple[str, ...]) -> FoundFile:
    shown = "/".join(names)
    if any(name in ("", ".", "..") or "/" in name or "\\" in name or ":" in name for name in names):
        return FoundFile(root, shown, "the DICOMDIR's reference leads out of its folder")
    path = root.joinpath(*names)
    if not path.resolve().is_relative_to(root.resolve()):
        return FoundFile(path, shown, "the DICOMDIR's reference leads out of its folder")
    if not path.exists():
        return FoundFile(path, shown, "cannot be opened: named by the DICOMDIR, but not there")
    return FoundFile(path, shown, next(find_files([path])).obstacle)
