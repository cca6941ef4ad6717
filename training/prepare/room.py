"""Whether memory and disk suffice, asked before hours are spent."""

from __future__ import annotations

import shutil
from pathlib import Path

MEMINFO = Path("/proc/meminfo")

SPARE = 1.05
"""What is needed is an estimate."""


class NoRoomError(ValueError):
    """Memory or disk do not suffice; the text says what is needed and what there is."""


def free_disk_bytes(folder: Path) -> int:
    """Free bytes where a folder lies, or will lie."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(existing).free


def free_memory_bytes() -> int | None:
    """Memory that can be taken without pushing others out; None where the system does not say."""
    if not MEMINFO.exists():
        return None
    for line in MEMINFO.read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def require_disk(folder: Path, needed_bytes: int, what: str, free_bytes: int | None = None) -> None:
    """Refuse to start what the disk cannot hold.

    Args:
        folder: Where it is to lie.
        needed_bytes: Estimate.
        what: For the text.
        free_bytes: Asked of the system by default.

    Raises:
        NoRoomError: Names the folder, what is needed and what is free.
    """
    free = free_disk_bytes(folder) if free_bytes is None else free_bytes
    if needed_bytes * SPARE > free:
        text = f"{what} needs about {gigabytes(needed_bytes)} on disk; {folder} has {gigabytes(free)} free."
        raise NoRoomError(text)


def require_memory(needed_bytes: int, what: str, free_bytes: int | None = None) -> None:
    """Refuse to start what memory cannot hold; passes where the system does not say how much there is.

    Raises:
        NoRoomError: Says what is needed and what is free.
    """
    free = free_memory_bytes() if free_bytes is None else free_bytes
    if free is not None and needed_bytes * SPARE > free:
        raise NoRoomError(
            f"{what} needs about {gigabytes(needed_bytes)} of memory; {gigabytes(free)} are available."
        )


def gigabytes(number: int) -> str:
    """Bytes for people.

    >>> gigabytes(99_000_000_000), gigabytes(12_400_000)
    ('99.0 GB', '0.012 GB')
    """
    return f"{number / 1e9:.1f} GB" if number >= 1e8 else f"{number / 1e9:.2g} GB"
