"""Skips drawing what has not changed, so that a scroll costs only what a scroll changes."""

from __future__ import annotations

from typing import Any


class DrawnInputs:
    """Remembers from which values a widget was drawn last.

    Values are compared by identity first, because the state's parts are frozen and shared; small
    values that are equal count as the same.
    """

    def __init__(self) -> None:
        self._last: tuple[Any, ...] | None = None

    def forget(self) -> None:
        """The next call of ``differ`` is as the first."""
        self._last = None

    def differ(self, *inputs: Any) -> bool:
        """Whether *inputs* are not those of the last call; they are remembered."""
        last, self._last = self._last, inputs
        if last is None:
            return True
        return not all(_is_same(old, new) for old, new in zip(last, inputs, strict=True))


def _is_same(old: Any, new: Any) -> bool:
    return old is new or (isinstance(new, str | int | float) and type(old) is type(new) and old == new)
