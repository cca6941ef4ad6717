"""How much memory may be taken: the machine's, or what a container leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from ichviewer import free_memory
from ichviewer.free_memory import free_memory_bytes

MIB = 1 << 20


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up Linux with 8 GiB available, in a control group without a limit."""
    monkeypatch.setattr(free_memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(free_memory, "OWN_GROUP", tmp_path / "own")
    monkeypatch.setattr(free_memory, "GROUPS", tmp_path / "groups")
    (tmp_path / "meminfo").write_text(f"MemTotal: {16 << 20} kB\nMemAvailable:    {8 << 20} kB\n")
    (tmp_path / "own").write_text("0::/box/inner\n")
    (tmp_path / "groups" / "box" / "inner").mkdir(parents=True)
    return tmp_path


def limit(group: Path, most: str, used_mib: int, cached_mib: int) -> None:
    (group / "memory.max").write_text(f"{most}\n")
    (group / "memory.current").write_text(f"{used_mib * MIB}\n")
    (group / "memory.stat").write_text(f"anon 1\nfile {cached_mib * MIB}\n")


def test_what_the_kernel_calls_available_may_be_taken(system: Path) -> None:
    limit(system / "groups" / "box" / "inner", "max", 100, 0)
    assert free_memory_bytes() == 8 << 30


def test_the_limit_of_a_container_counts_also_of_an_outer_one(system: Path) -> None:
    """Hazard: in a container the window is ended by the system although the machine has memory."""
    limit(system / "groups" / "box" / "inner", str(4096 * MIB), 1000, 400)
    assert free_memory_bytes() == (4096 - 1000 + 400) * MIB
    limit(system / "groups" / "box", str(2048 * MIB), 1500, 0)
    assert free_memory_bytes() == 548 * MIB


def test_a_container_that_is_full_leaves_nothing(system: Path) -> None:
    limit(system / "groups" / "box", str(100 * MIB), 150, 0)
    assert free_memory_bytes() == 0


def test_this_machine_says_what_is_free() -> None:
    free = free_memory_bytes()
    assert free is None or free > 0
