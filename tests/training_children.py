"""A process that forks training runs, driven from a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


class Children:
    """Carries orders out, each in children of its own; see ``tests/fit_child.py``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def order(self, folder: Path, job: str = "run", **values: Any) -> list[dict[str, Any]]:
        """Exit status and output of every child of an order."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"folder": str(folder), "job": job, **values}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the process that forks has ended"
        return list(json.loads(answer))


@contextmanager
def training_children() -> Iterator[Children]:
    """Start the process that forks, and end it."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(ROOT / "tests" / "fit_child.py")]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        yield Children(process)
