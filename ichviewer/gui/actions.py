"""The one table of actions that change nothing but what is shown.

Menus, buttons, keys and Help > Keys are all made from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ichviewer.core.viewstate import ViewState
from ichviewer.core.windowing import PRESETS, WindowPreset
from ichviewer.gui.beside_commands import beside_commands
from ichviewer.gui.command import Command
from ichviewer.gui.contrast_commands import contrast_commands
from ichviewer.gui.heat_commands import heat_commands
from ichviewer.gui.measure_commands import measure_commands
from ichviewer.gui.reading_aid_commands import reading_aid_commands
from ichviewer.gui.scroll_commands import scroll_commands
from ichviewer.gui.store import Store
from ichviewer.gui.view_commands import view_commands


def viewing_commands(store: Store, presets: Sequence[WindowPreset] = PRESETS) -> tuple[Command, ...]:
    """All actions that change nothing but what is shown."""

    def step(change: Callable[[ViewState], ViewState]) -> Callable[[], None]:
        return lambda: store.update(change)

    return (
        *contrast_commands(step, presets),
        *view_commands(step),
        *scroll_commands(step),
        *beside_commands(step),
        *heat_commands(step),
        *measure_commands(step),
        *reading_aid_commands(step),
    )
