"""Paths to series: reads every header below the opened paths and gives every file its verdict.

The one thing to get wrong: a file may be skipped, never silently.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ichviewer.core.file_errors import why_not_read
from ichviewer.core.progress import CancelToken, Progress, ReportProgress
from ichviewer.core.receipt import counted
from ichviewer.core.series import FileVerdict, FolderContents, Verdict
from ichviewer.dicom import tags
from ichviewer.dicom.best_series import best_series
from ichviewer.dicom.build_series import KIND_NOTES, build_all
from ichviewer.dicom.dicomdir import missing_count, referenced_files
from ichviewer.dicom.file_text import shown
from ichviewer.dicom.find_files import FoundFile, Search, find_files, is_folder
from ichviewer.dicom.frames import instances
from ichviewer.dicom.instance import DirectoryError, Instance, SkippedError, check_is_image
from ichviewer.dicom.raw_header import DamagedError, NotDicomError, read_raw_header
from ichviewer.dicom.source import open_for_header
from ichviewer.dicom.stacks import Stack, split_into_stacks, without_duplicates
from ichviewer.dicom.zip_archive import archived_files, is_archive

__all__ = ["best_series", "scan"]

REPORT_EVERY = 16


@dataclass(frozen=True, eq=False)
class _Scanned:
    """One file after its header was read."""

    found: FoundFile
    verdict: Verdict
    reason: str
    instances: tuple[Instance, ...] = ()


def scan(paths: Sequence[Path], progress: ReportProgress, cancel: CancelToken) -> FolderContents:
    """Read all headers below *paths* and put the slices into series.

    Args:
        paths: Folders (searched recursively), files, ZIP archives (read where they lie), or a DICOMDIR (its
            references are followed, those that stay below its own folder).
        progress: Told now and then how many files were found, and then how many were looked at.
        cancel: Looked at before every file.

    Returns:
        The series, and one verdict per file, in order of the files' names.

    Raises:
        Cancelled: *cancel* was set.
    """
    search = Search(progress, cancel)
    found = _once(file for path in paths for file in _files_of(path, search))
    scanned = []
    for number, file in enumerate(found):
        cancel.raise_if_cancelled()
        if number % REPORT_EVERY == 0:
            progress(Progress(number, len(found), "Reading headers"))
        scanned.append(_scan_file(file, search))
    progress(Progress(len(found), len(found), "Reading headers"))
    slices = [instance for file in scanned for instance in file.instances]
    stacks = [stack for stack in split_into_stacks(slices) if _has_sound_slice(stack)]
    duplicates = {id(instance) for instance in without_duplicates(slices)[1]}
    return FolderContents(tuple(build_all(stacks)), tuple(_verdict(file, duplicates) for file in scanned))


def _once(found: Iterable[FoundFile]) -> list[FoundFile]:
    """What several paths name (a folder and a file in it, say) once, in the order of the first."""
    by_place: dict[tuple[object, ...], FoundFile] = {}
    for file in found:
        by_place.setdefault(_place(file), file)
    return list(by_place.values())


def _place(file: FoundFile) -> tuple[object, ...]:
    """What tells a file from all others, whatever was opened to find it."""
    if not file.obstacle:
        return os.path.realpath(file.path), file.member and file.member.offset
    # A link that is not followed is told from the file that it leads to.
    folder, name = os.path.split(file.path)
    return os.path.realpath(folder), name, file.named_within


def _files_of(path: Path, search: Search) -> Iterator[FoundFile]:
    """The files of one opened path; a DICOMDIR or an archive that is opened itself stands for its files.

    Within a folder only what is named ``.zip`` is taken for an archive: many documents are archives too.
    """
    opened_itself = not is_folder(path)
    for file in find_files([path], search):
        if opened_itself and path.name.upper() == "DICOMDIR" and not file.obstacle:
            yield from _with_referenced(file, search)
        elif opened_itself or file.path.suffix.lower() == ".zip":
            yield from _within(file)
        else:
            yield file


def _with_referenced(dicomdir: FoundFile, search: Search) -> list[FoundFile]:
    try:
        return [dicomdir, *referenced_files(dicomdir.path, search)]
    except DamagedError as error:
        return [replace(dicomdir, obstacle=str(error), is_damaged=True)]


def _within(file: FoundFile) -> list[FoundFile]:
    """The file, and if it is an archive what lies in it."""
    return [file] if file.obstacle or not is_archive(file.path) else archived_files(file)


def _scan_file(file: FoundFile, search: Search) -> _Scanned:
    if file.obstacle:
        return _Scanned(file, Verdict.DAMAGED if file.is_damaged else Verdict.SKIPPED, file.obstacle)
    try:
        raw = read_raw_header(file.path, file.member)
        check_is_image(raw)
        slices = tuple(instances(file.path, raw))
    except NotDicomError:
        return _of_another_kind(file)
    except DirectoryError as error:
        return _Scanned(file, Verdict.SKIPPED, str(error) + _missing_beside(file, search))
    except SkippedError as error:
        return _Scanned(file, Verdict.SKIPPED, str(error))
    except DamagedError as error:
        return _Scanned(file, Verdict.DAMAGED, str(error))
    except OSError as error:
        return _Scanned(file, Verdict.DAMAGED, f"cannot be read: {why_not_read(error)}")
    fault = slices[0].header.pixels.fault if slices[0].header.pixels else ""
    if fault:
        return _Scanned(file, Verdict.DAMAGED, fault, slices)
    return _Scanned(file, Verdict.LOADED, KIND_NOTES.get(slices[0].kind, ""), slices)


def _missing_beside(directory: FoundFile, search: Search) -> str:
    """How many files a DICOMDIR names that are not there, or a copy that lacks some would look whole."""
    if directory.member is not None or directory.path.name.upper() != "DICOMDIR":
        return ""
    missing = missing_count(directory.path, search)
    verb = "is" if missing == 1 else "are"
    return f"; {counted(missing, 'file')} that it names {verb} not here" if missing else ""


def _of_another_kind(found: FoundFile) -> _Scanned:
    """What a file is that is not DICOM, as far as its reader should know."""
    try:
        with open_for_header(found.path, found.member) as file:
            start = file.read(4)
    except OSError as error:
        return _Scanned(found, Verdict.DAMAGED, f"cannot be read: {why_not_read(error)}")
    if not start:
        return _Scanned(found, Verdict.SKIPPED, "empty file")
    unpacks_itself = start[:2] == b"MZ" and found.member is None and is_archive(found.path)
    if start != b"PK\x03\x04" and not unpacks_itself:
        return _Scanned(found, Verdict.SKIPPED, "not a DICOM file")
    advice = "unpack it" if found.member else "open it by itself, or name it .zip"
    return _Scanned(found, Verdict.SKIPPED, f"a ZIP archive; {advice}")


def _has_sound_slice(stack: Stack) -> bool:
    """Whether there is anything to see: a stack of nothing but damaged files is left to their verdicts."""
    return any(not (i.header.pixels and i.header.pixels.fault) for i in stack.instances)


def _verdict(file: _Scanned, duplicates: set[int]) -> FileVerdict:
    if not file.instances:
        return FileVerdict(shown(file.found.shown), file.verdict, file.reason)
    uid = file.instances[0].raw.ascii(tags.SERIES_INSTANCE_UID)
    if all(id(instance) in duplicates for instance in file.instances):
        reason = "duplicate: its SOP Instance UID was read from another file"
        return FileVerdict(shown(file.found.shown), Verdict.SKIPPED, reason, uid)
    return FileVerdict(shown(file.found.shown), file.verdict, file.reason, uid)
