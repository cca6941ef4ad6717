"""Every file below the opened paths, once, without following links out of them or round in circles."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ichviewer.core.file_errors import why_not_read
from ichviewer.core.progress import CancelToken, Progress, ReportProgress
from ichviewer.core.series import ArchiveMember
from ichviewer.dicom.file_text import shown

REPORT_EVERY = 64


class Search:
    """What a search tells while it goes on, and what stops it; a whole disk may have been dropped."""

    def __init__(self, progress: ReportProgress, cancel: CancelToken) -> None:
        self._progress = progress
        self._cancel = cancel
        self._count = 0

    def look_at_next(self) -> None:
        """One more file or folder was found.

        Raises:
            Cancelled: The search was asked to stop.
        """
        self.raise_if_cancelled()
        self._count += 1
        if self._count % REPORT_EVERY == 0:
            self._progress(Progress(self._count, 0, f"Looking for files: {self._count}"))

    def raise_if_cancelled(self) -> None:
        """Stop here if asked to.

        Raises:
            Cancelled: The search was asked to stop.
        """
        self._cancel.raise_if_cancelled()


@dataclass(frozen=True)
class FoundFile:
    """A file to look at.

    Attributes:
        path: Absolute path, of the archive where the file lies in one.
        shown: Path relative to what was opened.
        obstacle: Why it is not opened; empty if nothing is known against it.
        is_damaged: Whether the obstacle is a fault and no choice.
        member: Where the file lies in a ZIP archive; None for a file of its own.
        named_within: Its name in the archive, or in the DICOMDIR, where the obstacle is that it cannot be got
            at from there; empty for a file of its own.
    """

    path: Path
    shown: str
    obstacle: str = ""
    is_damaged: bool = False
    member: ArchiveMember | None = None
    named_within: str = ""


def find_files(paths: Sequence[Path], search: Search) -> Iterator[FoundFile]:
    """Files of all *paths*, folders recursively, in order of their names.

    A link within an opened folder is followed only to what lies in that folder too, and nothing is read twice
    for it. Pipes, sockets and devices are named, not opened: reading one might never end.

    Raises:
        Cancelled: *search* was asked to stop.
    """
    seen_folders: set[tuple[int, int]] = set()
    seen_files: dict[str, bool] = {}
    for opened in paths:
        root = opened.absolute()
        if is_folder(root):
            found = _below(root, seen_folders, search)
        else:
            search.look_at_next()
            found = iter([_Entry(FoundFile(root, shown(root.name)), os.path.realpath(root), is_link=False)])
        for entry in found:
            is_link_to_it = seen_files.get(entry.real_path)
            if is_link_to_it is None:
                seen_files[entry.real_path] = entry.is_link
                yield _unless_special(entry.found)
            elif is_link_to_it or entry.is_link:
                yield replace(entry.found, obstacle="the same file was named before", is_damaged=False)


def is_folder(path: Path) -> bool:
    """Whether there is a folder; what may not even be looked at is none, and opening it says why."""
    try:
        return path.is_dir()
    except OSError:
        return False


@dataclass(frozen=True)
class _Entry:
    """A name of something that is no folder.

    Attributes:
        found: The file.
        real_path: Its path without links.
        is_link: Whether the name, found in an opened folder, is a link.
    """

    found: FoundFile
    real_path: str
    is_link: bool


def _below(root: Path, seen: set[tuple[int, int]], search: Search) -> Iterator[_Entry]:
    """Files of a folder, then those of its folders; a list instead of recursion, for folders nested deep."""
    real_root = root.resolve()
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        real_folder = os.path.realpath(folder)
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            entries = _sorted_entries(folder, search)
        except OSError as error:
            why = f"cannot be opened: {why_not_read(error)}"
            closed = FoundFile(folder, _relative(folder, root), why, is_damaged=True)
            yield _Entry(closed, real_folder, is_link=False)
            continue
        folders = []
        for entry in entries:
            path, is_link = Path(entry.path), entry.is_symlink()
            real_path = os.path.realpath(path) if is_link else f"{real_folder}{os.sep}{entry.name}"
            if is_link and not Path(real_path).is_relative_to(real_root):
                why = "a link that leads out of the opened folder"
                yield _Entry(FoundFile(path, _relative(path, root), why), str(path), is_link)
            elif _is_folder(entry):
                folders.append(path)
            else:
                yield _Entry(FoundFile(path, _relative(path, root)), real_path, is_link)
        waiting += reversed(folders)


def _sorted_entries(folder: Path, search: Search) -> list[os.DirEntry[str]]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            search.look_at_next()
            found.append(entry)
    return sorted(found, key=lambda entry: entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # A link in a circle, say; the attempt to open it names the reason.
        return False


def _relative(path: Path, root: Path) -> str:
    """Path below *root*; bytes that are no text and signs that steer a terminal are marked."""
    return shown(str(path.relative_to(root)) if path != root else root.name or str(root))


def _unless_special(found: FoundFile) -> FoundFile:
    """The file, with an obstacle if it is none that can be read to its end."""
    if found.obstacle:
        return found
    try:
        mode = found.path.stat().st_mode
    except OSError as error:
        return replace(found, obstacle=f"cannot be opened: {why_not_read(error)}", is_damaged=True)
    return found if stat.S_ISREG(mode) else replace(found, obstacle="not a regular file")
