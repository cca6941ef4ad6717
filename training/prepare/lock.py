"""One process at a time in a cache's folder: two would write the same rows, each after the other's."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has none; what was written is held against the rows at the end all the same.
    fcntl = None  # type: ignore[assignment]

LOG = logging.getLogger(__name__)

LOCK = "preparing.lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock; it falls with the process, also after kill -9, and the empty file stays.

    Raises:
        ValueError: Another process holds it; names the folder.
    """
    with (folder / LOCK).open("w") as handle:
        if fcntl is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno in (errno.EAGAIN, errno.EACCES):
                    raise ValueError(
                        f"{folder} is being prepared by another process; wait for it, or name another folder."
                    ) from error
                # Some network disks know no locks.
                LOG.warning(
                    "%s cannot be locked (%s): let no other process prepare it.", folder, error.strerror
                )
        yield
