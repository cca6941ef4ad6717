"""How much memory a large stack may take without the system ending a process for it.

The one thing to get wrong: in a container the machine's memory is not ours; its own limit counts.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
OWN_GROUP = Path("/proc/self/cgroup")
GROUPS = Path("/sys/fs/cgroup")


def free_memory_bytes() -> int | None:
    """Memory that can be taken now; None where the system does not say.

    On Linux what the kernel calls available, or what is left of the limit of the own control group (version
    2) and those above it, whichever is less. On macOS the machine's whole memory.
    """
    if MEMINFO.exists():
        left = [_available_bytes(), *(_left_of_group(group) for group in _own_groups())]
        known = [number for number in left if number is not None]
        return min(known) if known else None
    if hasattr(ctypes, "windll"):
        return _windows_bytes()
    if "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _available_bytes() -> int | None:
    fields = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines() if ":" in line)
    number = fields.get("MemAvailable", "").split()
    return int(number[0]) << 10 if number else None


def _own_groups() -> list[Path]:
    """Folders of the own control group and those above it; empty without version 2."""
    with contextlib.suppress(OSError):
        for line in OWN_GROUP.read_text().splitlines():
            if line.startswith("0::"):
                own = GROUPS / line.removeprefix("0::").strip().lstrip("/")
                return [own, *(folder for folder in own.parents if folder.is_relative_to(GROUPS))]
    return []


def _left_of_group(group: Path) -> int | None:
    """What the limit of one control group leaves; cached files are given up when memory is wanted."""
    try:
        limit, used = (group / "memory.max").read_text().strip(), (group / "memory.current").read_text()
        counted = dict(line.split(" ", 1) for line in (group / "memory.stat").read_text().splitlines())
    except OSError:
        return None
    if not limit.isdigit():
        return None
    return max(int(limit) - int(used) + int(counted.get("file", "0")), 0)


class _WindowsMemory(ctypes.Structure):
    """MEMORYSTATUSEX of the Windows API."""

    _fields_ = (
        ("length", ctypes.c_ulong),
        ("load", ctypes.c_ulong),
        *((name, ctypes.c_ulonglong) for name in ("total", "free", "total_page", "free_page")),
        *((name, ctypes.c_ulonglong) for name in ("total_virtual", "free_virtual", "free_extended")),
    )


def _windows_bytes() -> int | None:
    status = _WindowsMemory(length=ctypes.sizeof(_WindowsMemory))
    windows = getattr(ctypes, "windll", None)
    if windows is None or not windows.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return int(status.free)
