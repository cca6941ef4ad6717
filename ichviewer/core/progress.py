"""Progress that a long function reports, and the token that stops it.

Both are passed in by the caller; a function that takes them stays free of threads and of Qt.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass


class Cancelled(Exception):
    """Raised inside a long function once its token was cancelled; never shown to a user."""


@dataclass(frozen=True)
class Progress:
    """How far a long function is.

    Attributes:
        done: Steps finished, 0 to *total*.
        total: Steps in all; 0 while the number is not known yet.
        text: What is being done, for a status line.
    """

    done: int
    total: int
    text: str


ReportProgress = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """Report to nobody."""


class CancelToken:
    """A flag that one thread sets and another one looks at between its steps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop at its next step."""
        self._event.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether the work was asked to stop."""
        return self._event.is_set()

    def raise_if_cancelled(self) -> None:
        """Stop here if asked to.

        Raises:
            Cancelled: The token was cancelled.
        """
        if self.is_cancelled:
            raise Cancelled
