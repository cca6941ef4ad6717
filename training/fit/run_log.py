"""What happened in a run, one JSON line per event, the progress bar, and curves where they are wanted.

The one thing to get wrong: a run that was killed goes on from its last state, so lines of steps after that
one are taken back, or they would stand there twice.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm

from training.fit.curves import Curves


class RunLog:
    """Writes to ``log.jsonl``, and shows progress on a terminal."""

    def __init__(
        self,
        path: Path | None,
        total_steps: int,
        done_steps: int,
        name: str,
        curves_folder: Path | None = None,
    ) -> None:
        """Open, keeping the lines of the steps that are done.

        Args:
            path: File; None where another process writes.
            total_steps: Of the run.
            done_steps: That the state holds.
            name: Shown before the bar.
            curves_folder: For TensorBoard; None for no curves.
        """
        self._file = None
        self._curves = None
        if path is not None:
            kept = _lines_until(path, done_steps)
            path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
            self._file = path.open("a", encoding="utf-8")
            self._curves = Curves(curves_folder, done_steps) if curves_folder else None
        # None: no bar where nobody looks, as when the output goes to a file.
        self._bar = tqdm(
            total=total_steps,
            initial=done_steps,
            desc=name,
            unit="step",
            disable=None if path else True,
            leave=False,
        )

    def write(self, event: str, **values: Any) -> None:
        """Add a line; ``done`` among the values counts steps over all phases."""
        if self._file is not None:
            self._file.write(json.dumps({"event": event, **values}) + "\n")
            self._file.flush()
        if self._curves is not None:
            self._curves.write(event, values)
        if "loss" in values:
            self._bar.set_postfix_str(f"{event}: loss {values['loss']:.4f}", refresh=False)

    def advance(self) -> None:
        """Move the bar on by one step."""
        self._bar.update()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.close()
        if self._curves is not None:
            self._curves.close()
        if self._file is not None:
            self._file.close()


def _lines_until(path: Path, done_steps: int) -> list[str]:
    """Whole lines of steps that are done; a last line may have been cut by a kill."""
    if not path.exists() or not done_steps:
        return []
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            done = json.loads(line).get("done", 0)
        except ValueError:
            continue
        if done <= done_steps:
            kept.append(line)
    return kept


def read_log(path: Path) -> list[dict[str, Any]]:
    """All events of a run."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
