"""A progress bar with throughput and remaining time, fed by the reports of long functions."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from tqdm import tqdm

from ichviewer.core.progress import Progress

LINE_EVERY_S, DRAW_EVERY_S = 30.0, 0.5
"""Seconds between two lines in a log, and between two drawings on a terminal."""


class Bar:
    """Shows one bar after the other: a new text begins a new one.

    What earlier runs have done counts as done and not as speed.
    """

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._bar: tqdm[None] | None = None
        self._text = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def show(self, progress: Progress) -> None:
        """Draw what was reported."""
        if self._bar is None or progress.text != self._text:
            self._close()
            self._text = progress.text
            self._bar = tqdm(
                total=progress.total,
                initial=progress.done,
                desc=progress.text,
                unit=self._unit,
                mininterval=DRAW_EVERY_S if sys.stderr.isatty() else LINE_EVERY_S,
                file=sys.stderr,
            )
        self._bar.update(progress.done - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
