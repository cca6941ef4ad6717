"""Actions of measuring: what is in the hand, what is done to the chosen measurement, undo and redo.

The one thing to get wrong: Up and Down scroll, also while a measurement is chosen; a ruler that moved because
the reader wanted the next slice would be a wrong ruler. So it is Shift with the arrows that moves it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ichviewer.core.growing import brush_resized, chosen_region, grown_again
from ichviewer.core.hematoma_steps import areas_drawn, has_hematoma, judged, judged_by_areas
from ichviewer.core.measuring import (
    next_handle,
    nudged,
    placed_in_view,
    redone,
    removed,
    selected,
    undone,
    with_tool,
)
from ichviewer.core.tool import Tool
from ichviewer.core.viewstate import ViewState
from ichviewer.core.way_to_measurement import next_measurement
from ichviewer.gui.command import Command, Step, has_image
from ichviewer.gui.tools import TOOL_WORDS
from ichviewer.gui.wording import plural

FAR_PX = 10
"""A nudge with Ctrl and Shift."""

BRUSH_STEP = 1.25


def measure_commands(step: Step) -> tuple[Command, ...]:
    """Undo and redo, the tools, the chosen measurement."""
    return (
        *_undo_commands(step),
        *_tool_commands(step),
        *_region_commands(step),
        *_choice_commands(step),
        *_nudge_commands(step),
    )


def has_measurement(state: ViewState) -> bool:
    """Whether a measurement is chosen."""
    return selected(state) is not None


def _undo_commands(step: Step) -> tuple[Command, ...]:
    return (
        Command(
            "undo",
            "Edit",
            "Undo",
            ("Ctrl+Z",),
            "Take back the last step: measurements, decisions, comments, key images",
            step(undone),
            lambda state: bool(state.history.done) or state.drawing is not None,
            text_of=lambda state: _with_name("Undo", state.history.undo_name),
        ),
        Command(
            "redo",
            "Edit",
            "Redo",
            ("Ctrl+Y", "Ctrl+Shift+Z"),
            "Do again what was taken back",
            step(redone),
            lambda state: bool(state.history.undone),
            text_of=lambda state: _with_name("Redo", state.history.redo_name),
        ),
    )


def _with_name(word: str, name: str) -> str:
    return f"{word} {name}".rstrip()


def _tool_commands(step: Step) -> tuple[Command, ...]:
    tools = tuple(
        Command(
            f"tool-{tool.name.lower().replace('_', '-')}",
            "Tools/Left button",
            words.text,
            (words.key,),
            words.tooltip,
            step(partial(with_tool, tool=tool)),
            has_image,
            lambda state, tool=tool: state.tool is tool,  # type: ignore[misc]
        )
        for tool, words in TOOL_WORDS.items()
    )
    place = Command(
        "tool-place",
        "Tools/Left button",
        "Draw in the middle",
        ("Ins",),
        "Draw what the tool draws in the middle of the active view, to be moved with keys",
        step(placed_in_view),
        lambda state: has_image(state) and state.tool.kind is not None,
    )
    return (*tools, place)


def _region_commands(step: Step) -> tuple[Command, ...]:
    def has_brush(state: ViewState) -> bool:
        return state.tool is Tool.BRUSH

    def judge(weight: float | None, key: str, text: str) -> Command:
        return Command(
            f"hematoma-{key}",
            "Tools/Hematoma, ABC/2",
            text,
            (f"Alt+{key}",),
            f"The slice in view shows {text[0].lower()}{text[1:]}",
            step(partial(judged, weight=weight)),
            has_hematoma,
        )

    return (
        Command(
            "brush-larger",
            "Tools/Region",
            "Larger brush",
            ("+", "="),
            "A larger brush",
            step(partial(brush_resized, factor=BRUSH_STEP)),
            has_brush,
        ),
        Command(
            "brush-smaller",
            "Tools/Region",
            "Smaller brush",
            ("-",),
            "A smaller brush",
            step(partial(brush_resized, factor=1 / BRUSH_STEP)),
            has_brush,
        ),
        Command(
            "region-again",
            "Tools/Region",
            "Grow again",
            ("Ctrl+G",),
            "Grow the chosen region anew from its seed, between the values of the panel",
            step(grown_again),
            lambda state: chosen_region(state) is not None,
        ),
        judge(None, "0", "Nothing of it"),
        judge(0.0, "2", "Less than 25 % of the largest area"),
        judge(0.5, "5", "25 to 75 % of the largest area"),
        judge(1.0, "7", "More than 75 % of the largest area"),
        Command(
            "hematoma-areas",
            "Tools/Hematoma, ABC/2",
            "Take areas of drawn regions",
            ("Alt+9",),
            "Weigh every slice by the largest region drawn or grown on it",
            step(judged_by_areas),
            lambda state: has_hematoma(state) and bool(areas_drawn(state)),
        ),
    )


def _choice_commands(step: Step) -> tuple[Command, ...]:
    def has_any(state: ViewState) -> bool:
        return len(state.work.measurements) > 0

    def choice(
        name: str,
        text: str,
        key: str,
        tooltip: str,
        change: Callable[[ViewState], ViewState],
        is_enabled: Callable[[ViewState], bool],
    ) -> Command:
        return Command(name, "Edit", text, (key,), tooltip, step(change), is_enabled)

    return (
        choice(
            "measurement-delete",
            "Delete measurement",
            "Del",
            "Remove the chosen measurement",
            removed,
            has_measurement,
        ),
        choice(
            "measurement-next",
            "Next measurement",
            "J",
            "Choose the next measurement, and go there",
            partial(next_measurement, step=1),
            has_any,
        ),
        choice(
            "measurement-previous",
            "Previous measurement",
            "Shift+J",
            "Choose the measurement before, and go there",
            partial(next_measurement, step=-1),
            has_any,
        ),
        choice(
            "handle-next",
            "Next handle",
            ".",
            "Choose the next handle of the measurement; after the last, the whole",
            partial(next_handle, step=1),
            has_any,
        ),
        choice(
            "handle-previous",
            "Previous handle",
            ",",
            "Choose the handle before",
            partial(next_handle, step=-1),
            has_any,
        ),
    )


def _nudge_commands(step: Step) -> tuple[Command, ...]:
    ways = (("Left", -1, 0), ("Right", 1, 0), ("Up", 0, -1), ("Down", 0, 1))
    return tuple(
        Command(
            f"nudge-{way.lower()}{suffix}",
            "Edit/Move measurement",
            f"{way}{words}",
            (f"{modifier}{way}",),
            f"Move the chosen handle, or the whole measurement, {way.lower()} by {plural(count, 'pixel')}",
            step(partial(nudged, right=right * count, down=down * count)),
            has_measurement,
        )
        for modifier, suffix, words, count in (
            ("Shift+", "", "", 1),
            ("Ctrl+Shift+", "-far", ", 10 pixels", FAR_PX),
        )
        for way, right, down in ways
    )
