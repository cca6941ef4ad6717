"""Every file below the opened paths, once, without following links out of them or round in circles."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ichviewer.core.file_errors import why_not_read
from ichviewer.core.series import ArchiveMember


@dataclass(frozen=True)
class FoundFile:
    """A file to look at.

    Attributes:
        path: Absolute path, of the archive where the file lies in one.
        shown: Path relative to what was opened.
        obstacle: Why it is not opened; empty if nothing is known against it.
        is_damaged: Whether the obstacle is a fault and no choice.
        member: Where the file lies in a ZIP archive; None for a file of its own.
    """

    path: Path
    shown: str
    obstacle: str = ""
    is_damaged: bool = False
    member: ArchiveMember | None = None


def find_files(paths: Sequence[Path]) -> Iterator[FoundFile]:
    """Files of all *paths*, folders recursively, in order of their names.

    A linked folder is entered only if it lies inside the opened one and was not seen yet. Pipes,
    sockets and devices are named, not opened: reading one might never end.
    """
    seen: set[tuple[int, int]] = set()
    for opened in paths:
        root = opened.absolute()
        if root.is_dir():
            yield from _below(root, seen)
        else:
            yield _file(root, root.name)


def _below(root: Path, seen: set[tuple[int, int]]) -> Iterator[FoundFile]:
    """Files of a folder, then those of its folders; a list instead of recursion, for folders nested deep."""
    real_root = root.resolve()
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            shown = str(folder.relative_to(root))
            yield FoundFile(folder, shown, f"cannot be opened: {why_not_read(error)}", is_damaged=True)
            continue
        folders = []
        for entry in entries:
            path = Path(entry.path)
            if not entry.is_dir():
                yield _file(path, str(path.relative_to(root)))
            elif entry.is_symlink() and not path.resolve().is_relative_to(real_root):
                yield FoundFile(
                    path, str(path.relative_to(root)), "a link that leads out of the opened folder"
                )
            else:
                folders.append(path)
        waiting += reversed(folders)


def _file(path: Path, shown: str) -> FoundFile:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return FoundFile(path, shown, f"cannot be opened: {why_not_read(error)}", is_damaged=True)
    return FoundFile(path, shown, "" if stat.S_ISREG(mode) else "not a regular file")
