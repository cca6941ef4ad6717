"""DICOMDIR: the files that it names (PS3.10 section 8), those that stay below its own folder.

Some discs nest them: a record names another directory file. All references are relative to the
folder of the first.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ichviewer.dicom import tags
from ichviewer.dicom.element_walk import MalformedError
from ichviewer.dicom.file_text import REPLACED
from ichviewer.dicom.find_files import FoundFile, find_files
from ichviewer.dicom.instance import MEDIA_DIRECTORY
from ichviewer.dicom.raw_header import DamagedError, NotDicomError, RawHeader, read_raw_header

REFERENCED_FILE_ID = 0x00041500
MOST_RECORDS = 100_000

LONGEST_NAME = 64
"""The standard allows 8 characters; some discs have more."""

OUTSIDE = "the DICOMDIR's reference leads out of its folder"


def referenced_files(dicomdir: Path) -> list[FoundFile]:
    """Files named by a DICOMDIR, relative to its folder; missing ones are named as such.

    Returns:
        The files; empty if the DICOMDIR cannot be read (its own verdict says so).
    """
    root = dicomdir.absolute().parent
    found: list[FoundFile] = []
    waiting, seen = [dicomdir.absolute()], {dicomdir.resolve()}
    while waiting:
        directory = waiting.pop(0)
        for names in _references(directory):
            file = _referenced(names, root)
            if file.path.resolve() in seen:
                continue
            found.append(file)
            if not file.obstacle:
                seen.add(file.path.resolve())
                waiting += [file.path] if _is_directory_file(file.path) else []
    return found


def _references(dicomdir: Path) -> list[tuple[str, ...]]:
    header = _header(dicomdir)
    if header is None:
        return []
    try:
        records = header.sequence(tags.DIRECTORY_RECORD_SEQUENCE, MOST_RECORDS)
        references = (record.texts(REFERENCED_FILE_ID) for record in records)
        # A record says where its file lies once; what is named again and again is looked for once.
        return list(dict.fromkeys(names for names in references if names))
    except (DamagedError, MalformedError):
        return []


def _is_directory_file(path: Path) -> bool:
    header = _header(path)
    return header is not None and header.ascii(tags.MEDIA_STORAGE_SOP_CLASS_UID) == MEDIA_DIRECTORY


def _header(path: Path) -> RawHeader | None:
    try:
        return read_raw_header(path)
    except (NotDicomError, DamagedError, OSError):
        return None


def _is_plain_name(name: str) -> bool:
    """Whether a component can be the name of a file or folder and nothing more."""
    return (
        0 < len(name) <= LONGEST_NAME
        and name.isprintable()
        and name not in (".", "..")
        and not set(name) & set("/\\:" + REPLACED)
    )


def _referenced(names: tuple[str, ...], root: Path) -> FoundFile:
    """One reference, relative to *root*; it must stay below it."""
    path = root.joinpath(*names)
    shown = "/".join(names)
    if not all(_is_plain_name(name) for name in names) or not path.resolve().is_relative_to(root.resolve()):
        return FoundFile(root, shown, OUTSIDE)
    if not path.exists():
        missing = "cannot be opened: named by the DICOMDIR, but not there"
        return FoundFile(path, shown, missing, is_damaged=True)
    return replace(next(find_files([path])), shown=shown)
