"""Keeps what comes late from a stack that was closed meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from ichviewer.core.viewstate import ViewState
from ichviewer.core.volume import Volume

Step = Callable[[ViewState], ViewState]


def while_open(volume: Volume, step: Step) -> Step:
    """The step, taken only while *volume* is the open stack: a result or failure of another is none of it."""
    return lambda state: step(state) if state.volume is volume else state
