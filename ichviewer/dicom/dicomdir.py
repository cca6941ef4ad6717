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
from ichviewer.dicom.find_files import FoundFile, Search, find_files
from ichviewer.dicom.instance import MEDIA_DIRECTORY
from ichviewer.dicom.raw_header import DamagedError, NotDicomError, media_storage_class, read_raw_header

REFERENCED_FILE_ID = 0x00041500
MOST_RECORDS = 50_000

LONGEST_NAME = 64
"""The standard allows 8 characters; some discs have more."""

OUTSIDE = "the DICOMDIR's reference leads out of its folder"
MISSING = "cannot be opened: named by the DICOMDIR, but not there"


def referenced_files(dicomdir: Path, search: Search) -> list[FoundFile]:
    """Files named by a DICOMDIR, relative to its folder; missing ones are named as such.

    Returns:
        The files; empty if it cannot be read as a DICOM file at all (its own verdict says so).

    Raises:
        DamagedError: Its records are malformed.
        Cancelled: *search* was asked to stop.
    """
    root = dicomdir.absolute().parent
    found = _named(dicomdir.absolute(), root, {dicomdir.resolve()}, search)
    position = 0
    while position < len(found):
        file = found[position]
        position += 1
        search.raise_if_cancelled()
        if file.obstacle or not _is_directory_file(file.path):
            continue
        try:
            seen = {one.path.resolve() for one in found if not one.obstacle}
            found += _named(file.path, root, seen, search)
        except DamagedError as error:
            found[position - 1] = replace(file, obstacle=str(error), is_damaged=True)
    return found


def missing_count(dicomdir: Path, search: Search) -> int:
    """How many of the files that a DICOMDIR names are not there; 0 where its records cannot be read.

    Raises:
        Cancelled: *search* was asked to stop.
    """
    try:
        return sum(file.obstacle == MISSING for file in referenced_files(dicomdir, search))
    except DamagedError:
        return 0


def _named(directory: Path, root: Path, seen: set[Path], search: Search) -> list[FoundFile]:
    """The files that one directory file names, each once, without those *seen* already."""
    real_root = root.resolve()
    found: list[FoundFile] = []
    for names in _references(directory):
        file = _referenced(names, root, real_root, search)
        if not file.obstacle:
            real = file.path.resolve()
            if real in seen:
                continue
            seen.add(real)
        found.append(file)
    return found


def _references(dicomdir: Path) -> list[tuple[str, ...]]:
    try:
        header = read_raw_header(dicomdir)
    except (NotDicomError, DamagedError, OSError):
        return []
    records = header.sequence(tags.DIRECTORY_RECORD_SEQUENCE, MOST_RECORDS)
    try:
        references = [record.texts(REFERENCED_FILE_ID) for record in records]
    except MalformedError as error:
        raise DamagedError(f"malformed file: its directory records cannot be read ({error})") from error
    # What is named again and again is looked for once.
    return list(dict.fromkeys(names for names in references if names))


def _is_directory_file(path: Path) -> bool:
    try:
        return media_storage_class(path) == MEDIA_DIRECTORY
    except OSError:
        # Its own verdict says why.
        return False


def _is_plain_name(name: str) -> bool:
    """Whether a component can be the name of a file or folder and nothing more."""
    return (
        0 < len(name) <= LONGEST_NAME
        and name.isprintable()
        and name not in (".", "..")
        and not set(name) & set("/\\:" + REPLACED)
    )


def _referenced(names: tuple[str, ...], root: Path, real_root: Path, search: Search) -> FoundFile:
    """One reference, relative to *root*; it must stay below it."""
    path, shown = root.joinpath(*names), "/".join(names)
    if not all(_is_plain_name(name) for name in names):
        return FoundFile(root, shown, OUTSIDE, named_within=shown)
    if not path.exists():
        return FoundFile(path, shown, MISSING, is_damaged=True)
    if not path.resolve().is_relative_to(real_root):
        return FoundFile(root, shown, OUTSIDE, named_within=shown)
    return replace(next(find_files([path], search)), shown=shown)
