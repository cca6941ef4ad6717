"""Actions that change the window of the active view."""

from __future__ import annotations

from collections.abc import Sequence

from ichviewer.core.viewstate import (
    ViewState,
    WindowOrigin,
    percentile_window,
    windows_in_header,
    with_window,
)
from ichviewer.core.windowing import PRESETS, WindowPreset
from ichviewer.gui.command import Command, Step, has_image

PRESET_COMMAND = "window-"
"""A preset's command is this and its place in the list, counted from 1."""


def preset_place(name: str) -> int | None:
    """Place in the list, counted from 0, of the preset that a command stands for; None for other commands."""
    number = name.removeprefix(PRESET_COMMAND)
    return int(number) - 1 if name.startswith(PRESET_COMMAND) and number.isdigit() else None


def contrast_commands(step: Step, presets: Sequence[WindowPreset] = PRESETS) -> tuple[Command, ...]:
    """The presets, the header's windows and the automatic one."""
    chosen = tuple(
        Command(
            f"{PRESET_COMMAND}{number}",
            "View/Window",
            preset.name,
            (preset.key,) if preset.key else (),
            f"{preset.name} window, center {preset.window.center:g}, width {preset.window.width:g},"
            " for the active view",
            step(lambda state, window=preset.window: with_window(state, state.active_view, window)),  # type: ignore[misc]
            has_image,
            lambda state, window=preset.window: (  # type: ignore[misc]
                has_image(state) and state.windows[state.active_view] == window
            ),
        )
        for number, preset in enumerate(presets, start=1)
    )
    return (
        *chosen,
        Command(
            "window-header",
            "View/Window",
            "From the header",
            ("0",),
            "Next window from the slice's DICOM header; the view follows it from slice to slice",
            step(header_window),
            lambda state: bool(windows_in_header(state)),
            lambda state: state.window_origins[state.active_view].header_item is not None,
        ),
        Command(
            "window-automatic",
            "View/Window",
            "Automatic",
            ("9",),
            "Window from the 2nd to the 98th percentile",
            step(percentile_window),
            has_image,
        ),
    )


def header_window(state: ViewState) -> ViewState:
    """The next window of the slice's header for the active view; the first one after any other window.

    The view then follows the header from slice to slice until it gets another window.
    """
    windows = windows_in_header(state)
    if not windows:
        return state
    now = state.window_origins[state.active_view].header_item
    following = 0 if now is None else (now + 1) % len(windows)
    return with_window(state, state.active_view, windows[following], WindowOrigin(header_item=following))
