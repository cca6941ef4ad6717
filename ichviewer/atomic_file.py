"""Files that are written whole or not at all.

The one thing to get wrong: what is at the path before is somebody's work, so it stays until the new
content is on the disk, keeps its rights, and is not replaced where its owner made it read-only.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # On Windows, an open file cannot be deleted, which is as good as a lock.
    fcntl = None  # type: ignore[assignment]

SUFFIX = ".partial"
NAME_KEPT = 40
"""Characters of a file's name in that of its partial file; a whole one could make it too long."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write *content* beside *path* and put it in its place in one step.

    A reader sees the old file or the new one, never a part; a failure leaves the old one and no litter. Where
    the process is killed, ``.NAME.*.partial`` may stay; the next write of the same file removes it. A link is
    followed to its file. Another hard link to the old file keeps the old content. An existing file keeps its
    rights; a new one gets those of the user's other new files.

    Raises:
        OSError: The folder cannot be written, the disk is full, or *path* is a folder or read-only.
    """
    target = Path(os.path.realpath(path))
    mode = _mode_of(target)
    _remove_abandoned(target)
    partial = target.with_name(f".{target.name[:NAME_KEPT]}.{secrets.token_hex(4)}{SUFFIX}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            with contextlib.suppress(OSError):  # Not every network folder knows locks.
                _lock(file.fileno())
            if mode is not None:
                partial.chmod(mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    _sync_folder(target.parent)


@contextlib.contextmanager
def partial_folder(folder: Path) -> Iterator[Path]:
    """A new folder beside *folder*, to be filled and then renamed to it; what is not renamed is removed.

    What a killed process left of an earlier try is removed first.

    Raises:
        OSError: The folder above cannot be written.
    """
    _remove_abandoned(folder)
    prefix = f".{folder.name[:NAME_KEPT]}."
    partial = Path(tempfile.mkdtemp(prefix=prefix, suffix=SUFFIX, dir=folder.parent))
    lock = None
    try:
        with contextlib.suppress(OSError):  # Windows opens no folder, and not every disk knows locks.
            lock = os.open(partial, os.O_RDONLY)
            _lock(lock)
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def require_writable(path: Path) -> None:
    """Find out before the work whether its result could be written; nothing is written.

    Raises:
        OSError: There is no folder that can be written, or *path* is a folder or read-only.
    """
    target = Path(os.path.realpath(path))
    _mode_of(target)
    if not stat.S_ISDIR(target.parent.stat().st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(target.parent))
    if not os.access(target.parent, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target.parent))


def _mode_of(target: Path) -> int | None:
    """Rights of the file to be replaced; None if there is none.

    Raises:
        OSError: It is a folder, something else than a file, or read-only.
    """
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "It is a folder; give the name of a file", str(target))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "It is not a regular file", str(target))
    # Replacing needs the right to write the folder alone; a read-only file says that it shall stay.
    if not mode & stat.S_IWUSR or not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "The file that is there is read-only", str(target))
    return stat.S_IMODE(mode)


def _remove_abandoned(target: Path) -> None:
    """Remove what a killed process left of an earlier write; what is being written is locked and stays."""
    start = f".{target.name[:NAME_KEPT]}."
    # What stands in the way here (a folder that may not be listed, a file in use) does so nowhere else.
    with contextlib.suppress(OSError):
        for entry in os.scandir(target.parent):
            if entry.name.startswith(start) and entry.name.endswith(SUFFIX):
                _remove_unlocked(Path(entry.path))


def _remove_unlocked(partial: Path) -> None:
    with contextlib.suppress(OSError):
        if fcntl is None:
            partial.unlink()
            return
        handle = os.open(partial, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            _lock(handle)
            if partial.is_dir():
                shutil.rmtree(partial)
            else:
                partial.unlink()
        finally:
            os.close(handle)


def _lock(handle: int) -> None:
    """Hold the file until it is closed.

    Raises:
        BlockingIOError: Another process holds it.
    """
    if fcntl is not None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk, where the system can (not on Windows, not on every network folder)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
