"""What is printed of an error that nobody caught: its kind and where it happened, never what it says.

An error's own text may quote a patient's name or a path, and what is printed may end in a log. The one
thing to get wrong: showing an error may fail for the same reason as the error; it is tried once.
``python -X dev`` leaves everything to Python, which prints the text too.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType


def describe(error: BaseException) -> str:
    """Kind and places of an error and of what led to it, first cause first; no text and no value of it."""
    lines: list[str] = []
    seen: BaseException | None = error
    while seen is not None:
        places = [
            f'  File "{place.filename}", line {place.lineno}, in {place.name}'
            for place in traceback.extract_tb(seen.__traceback__)
        ]
        lines = [*places, type(seen).__qualname__, *(["which led to"] if lines else []), *lines]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(lines)


def watch(show: Callable[[str], None]) -> None:
    """Print every error that nobody catches from now on, in whichever thread; show those of this thread.

    Args:
        show: Gets the description.
    """
    if not sys.flags.dev_mode:
        watcher = _Watcher(show)
        sys.excepthook, threading.excepthook = watcher.in_this_thread, watcher.in_another_thread


class _Watcher:
    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._is_showing = False

    def in_this_thread(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Stands for ``sys.excepthook``."""
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        _print(error)
        if self._is_showing:
            return
        self._is_showing = True
        try:
            self._show(describe(error))
        finally:
            self._is_showing = False

    def in_another_thread(self, happened: threading.ExceptHookArgs) -> None:
        """Stands for ``threading.excepthook``."""
        if happened.exc_value is not None:
            _print(happened.exc_value)


def _print(error: BaseException) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"ichviewer: unexpected error\n{describe(error)}\n")
