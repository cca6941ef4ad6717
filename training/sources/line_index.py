"""What was learned of many files, kept line by line, so that an interrupted reading of headers goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from ichviewer.core.progress import Progress, ReportProgress

CHUNK = 256
"""Names between two writes; as many are read again after a kill."""

THREADS = 8
"""Reading headers waits for the disk, not for the processor."""


def indexed(
    path: Path | None,
    of: str,
    names: Sequence[str],
    make: Callable[[str], dict[str, Any]],
    report: ReportProgress,
    text: str,
) -> dict[str, dict[str, Any]]:
    """What *make* says of every name.

    Args:
        path: JSON lines file, gone on with if it is there; None keeps nothing.
        of: What the names belong to; an index of something else is refused.
        names: Unique.
        make: Called in threads, once per name that the file does not hold.
        report: Told now and then.
        text: For *report*.

    Raises:
        ValueError: The file is an index of something else, or broken elsewhere than in its last line.
    """
    found = {} if path is None or not path.exists() else _read(path, of)
    wanted = [name for name in names if name not in found]
    with ExitStack() as stack:
        file: BinaryIO | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not path.exists() or not path.stat().st_size
            file = stack.enter_context(path.open("ab"))
            if is_new:
                _append(file, [{"index_of": of}])
        pool = stack.enter_context(ThreadPoolExecutor(THREADS))
        for first in range(0, len(wanted), CHUNK):
            report(Progress(len(names) - len(wanted) + first, len(names), text))
            chunk = wanted[first : first + CHUNK]
            made = list(pool.map(make, chunk))
            if file is not None:
                lines = [{"name": name, **value} for name, value in zip(chunk, made, strict=True)]
                _append(file, lines)
            found.update(zip(chunk, made, strict=True))
    report(Progress(len(names), len(names), text))
    return {name: found[name] for name in names}


def _append(file: BinaryIO, lines: Sequence[dict[str, Any]]) -> None:
    file.write("".join(json.dumps(line) + "\n" for line in lines).encode())
    file.flush()
    os.fsync(file.fileno())


def _read(path: Path, of: str) -> dict[str, dict[str, Any]]:
    """The whole lines of an index; what a kill left of the last one is cut off."""
    end = whole_lines(path)
    with path.open("r+b") as file:
        file.truncate(end)
    lines = read_json_lines(path)
    head = next(lines, None)
    if head is None:
        return {}
    if head.get("index_of") != of:
        raise ValueError(f"{path} is the index of {head.get('index_of')}, not of {of}; remove it.")
    return {line.pop("name"): line for line in lines}


def whole_lines(path: Path) -> int:
    """Bytes of a file up to the end of its last whole line."""
    end = path.stat().st_size
    with path.open("rb") as file:
        while end:
            begin = max(0, end - 65536)
            file.seek(begin)
            newline = file.read(end - begin).rfind(b"\n")
            if newline >= 0:
                return begin + newline + 1
            end = begin
    return 0


def read_json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a JSON lines file.

    Raises:
        ValueError: One is no JSON; names file and line.
    """
    with path.open(encoding="utf-8") as file:
        for number, text in enumerate(file, start=1):
            try:
                yield json.loads(text)
            except json.JSONDecodeError as error:
                raise ValueError(f"{path}, line {number} is damaged: {error}.") from error
