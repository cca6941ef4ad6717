"""One action of the table: name, keys, tooltip, effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QKeySequence

from ichviewer.core.viewstate import ViewState

Step = Callable[[Callable[[ViewState], ViewState]], Callable[[], None]]
"""Makes of a step from state to state an effect that takes it."""


def always(_state: ViewState) -> bool:
    """Makes sense at any time."""
    return True


def has_image(state: ViewState) -> bool:
    """Whether a stack is open."""
    return state.volume is not None and state.slice_count > 0


@dataclass(frozen=True)
class Command:
    """One action.

    Attributes:
        name: Unique, for tests and for users' own keys.
        menu: File, View, Analysis or Help; ``View/Window`` is a submenu; a name that starts with ``-`` opens
            a new section of its menu.
        text: As in the menu.
        keys: Key sequences, the first one is shown.
        tooltip: What it does, in words.
        effect: Does it.
        is_enabled: Whether it makes sense now.
        is_checked: Whether it is on now; None where it cannot be on or off.
        text_of: What its entry says now; None where that is always *text*.
    """

    name: str
    menu: str
    text: str
    keys: tuple[str, ...]
    tooltip: str
    effect: Callable[[], object]
    is_enabled: Callable[[ViewState], bool] = always
    is_checked: Callable[[ViewState], bool] | None = None
    text_of: Callable[[ViewState], str] | None = None

    @property
    def key_text(self) -> str:
        """The keys as they are printed."""
        return ", ".join(
            QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in self.keys
        )

    @property
    def tooltip_with_key(self) -> str:
        """What it does, with its key."""
        return with_key(self.tooltip, self.key_text)


def with_key(tooltip: str, key_text: str) -> str:
    """A tooltip with the key that does the same; as it is where there is none."""
    return f"{tooltip} ({key_text})" if key_text else tooltip
