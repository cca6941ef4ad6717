"""``make bench``: run every ``bench_*.py`` of this folder in turn, or the named ones, and print their tables.

Each runs in a process of its own, so that peak memory and imports of one do not count for the next.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import ichviewer  # noqa: F401  what it sets for numpy holds for the benchmarks too

FOLDER = Path(__file__).resolve().parent


def main(names: list[str]) -> int:
    """Run the benchmarks *names* (``open`` for ``bench_open.py``), all for an empty list; 1 if any failed."""
    known = [path.stem.removeprefix("bench_") for path in sorted(FOLDER.glob("bench_*.py"))]
    if unknown := set(names) - set(known):
        print(
            f"No such benchmark: {', '.join(sorted(unknown))}. There are: {', '.join(known)}.",
            file=sys.stderr,
        )
        return 2
    print(
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    )
    failed = [name for name in names or known if not run(name)]
    for name in failed:
        print(f"bench_{name} failed", file=sys.stderr)
    return 1 if failed else 0


def run(name: str) -> bool:
    """Run one benchmark's ``main()``; its output goes straight to the terminal."""
    print(f"\n# {name}", flush=True)
    # `spawn` must be able to import the main module in a benchmark's own children, which rules out `-c`.
    command = [sys.executable, "-m", f"tests.benchmarks.bench_{name}"]
    return subprocess.run(command, cwd=FOLDER.parents[1], check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
