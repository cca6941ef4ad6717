"""A progress bar on standard error."""

from __future__ import annotations

import sys

from ichviewer.core.progress import Progress


class ProgressLine:
    """Bar that is redrawn in place on a terminal and silent elsewhere."""

    WIDTH = 30

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._is_open = False

    def show(self, progress: Progress) -> None:
        """Draw the bar."""
        if not self._is_terminal:
            return
        filled = self.WIDTH * progress.done // progress.total if progress.total else 0
        bar = "#" * filled + "." * (self.WIDTH - filled)
        # Without a total the text says how far it is, if there is anything to count.
        count = f"{progress.done}/{progress.total} " if progress.total else ""
        print(f"\r{bar} {count}{progress.text}\x1b[K", end="", file=sys.stderr, flush=True)
        self._is_open = True

    def end(self) -> None:
        """Leave the line."""
        if self._is_open:
            print(file=sys.stderr)
            self._is_open = False
