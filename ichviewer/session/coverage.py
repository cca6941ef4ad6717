"""Counts what the reader has looked at: which slice, in which windows, for how long.

The one thing to get wrong: time passes only while the window is the one that the reader works in; a slice
that stood behind another program was not seen. The seal of the first look opens only as the reader goes to
another slice, never while a slice is being judged.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QTimer

from ichviewer.core.coverage import LEAST_SECONDS
from ichviewer.core.looked_at import windows_in_view
from ichviewer.core.sealing import result_shown_if_seen
from ichviewer.core.series import Series
from ichviewer.core.viewstate import ViewState
from ichviewer.core.volume import Volume
from ichviewer.gui.store import Store


@dataclass(frozen=True)
class _Look:
    """What stands on the screen."""

    series: Series
    slice_index: int
    window_names: tuple[str, ...]

    def is_same(self, other: _Look | None) -> bool:
        """Whether nothing that counts has changed; the stack is compared by identity."""
        if other is None or self.series is not other.series:
            return False
        return (self.slice_index, self.window_names) == (other.slice_index, other.window_names)


class CoverageWatch:
    """Follows the state with a clock, and puts what was seen into it."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._look: _Look | None = None
        self._since: float | None = None
        self._is_active = True
        self._settled: Volume | None = None
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        # A little more, so that the clock agrees that the slice stood long enough.
        self._timer.setInterval(round(LEAST_SECONDS * 1000) + 10)
        self._timer.timeout.connect(self.count)
        store.changed.connect(self._follow)
        self._follow(store.state)

    def set_active(self, is_active: bool) -> None:
        """Whether the reader works in the window; while not, no time passes."""
        if is_active == self._is_active:
            return
        if not is_active:
            self.count()
        self._is_active = is_active
        self._start()

    def count(self) -> None:
        """Count what stands on the screen for as long as it stood so far; it goes on standing."""
        look, since = self._look, self._since
        if look is not None and since is not None:
            seconds = self._clock() - since
            self._store.update(lambda state: _seen(state, look, seconds))

    def close(self) -> None:
        """Count no more."""
        self._timer.stop()
        self._look = self._since = None

    def _follow(self, state: ViewState) -> None:
        look = _look_at(state)
        if (look is None and self._look is None) or (look is not None and look.is_same(self._look)):
            self._settle(state)
            return
        before, since = self._look, self._since
        self._look = look
        self._start()
        if before is not None and since is not None:
            seconds = self._clock() - since
            has_moved = look is None or look.slice_index != before.slice_index
            self._store.update(lambda now: _seen(now, before, seconds))
            if has_moved:
                self._store.update(result_shown_if_seen)
        self._settle(self._store.state)

    def _start(self) -> None:
        runs = self._is_active and self._look is not None
        self._since = self._clock() if runs else None
        if runs:
            self._timer.start()
        else:
            self._timer.stop()

    def _settle(self, state: ViewState) -> None:
        """Once all was read it is known which slices hold no image and so can never be seen."""
        volume = state.volume
        if volume is None:
            self._settled = None  # a closed stack is not kept in memory
            return
        if volume is self._settled or not volume.is_complete:
            return
        self._settled = volume
        blank = frozenset(index for index, readable in enumerate(volume.is_readable) if not readable)
        if blank != state.coverage.blank_slices:
            self._store.update(
                lambda now: (
                    replace(now, coverage=replace(now.coverage, blank_slices=blank))
                    if now.volume is volume
                    else now
                )
            )


def _look_at(state: ViewState) -> _Look | None:
    names = windows_in_view(state)
    if state.volume is None or not names:
        return None
    return _Look(state.volume.series, state.slice_index, names)


def _seen(state: ViewState, look: _Look, seconds: float) -> ViewState:
    """The state after a look, if it is still that stack's."""
    if state.volume is None or state.volume.series is not look.series:
        return state
    coverage = state.coverage.with_look(look.slice_index, look.window_names, seconds)
    return state if coverage is state.coverage else replace(state, coverage=coverage)
