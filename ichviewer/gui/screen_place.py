"""Where a window may stand, so that it is never lost beside all screens."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect


def nearest_place(wanted: QRect, screens: Sequence[QRect]) -> QRect:
    """*wanted*, moved and if need be shrunk so that one screen holds all of it.

    Args:
        wanted: As the window stood when it was last seen; its screen may be gone.
        screens: What each screen has room for, the main one first.

    Returns:
        On the screen that shows most of it; on the first one if none shows any.
    """
    if not screens:
        return wanted

    def shown(screen: QRect) -> int:
        part = screen.intersected(wanted)
        return part.width() * part.height() if part.isValid() else 0

    screen = max(screens, key=shown)
    size = wanted.size().boundedTo(screen.size())
    left = min(max(wanted.left(), screen.left()), screen.right() + 1 - size.width())
    top = min(max(wanted.top(), screen.top()), screen.bottom() + 1 - size.height())
    return QRect(left, top, size.width(), size.height())


def other_screen(now: QRect, screens: Sequence[QRect]) -> QRect:
    """Room on the first screen that a window at *now* is not on; the right half of the only one."""
    if not screens:
        return now
    here = max(screens, key=lambda screen: _area(screen.intersected(now)))
    others = [screen for screen in screens if screen != here]
    if others:
        return others[0]
    return QRect(here.center().x(), here.top(), here.width() // 2, here.height())


def _area(rect: QRect) -> int:
    return rect.width() * rect.height() if rect.isValid() else 0
