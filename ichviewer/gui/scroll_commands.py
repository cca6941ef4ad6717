"""Actions that move through the stack.

The one thing to get wrong: Up, End and N go towards the vertex, because the top of the ribbon is the vertex;
Home is the lowest slice, number 1.
"""

from __future__ import annotations

from collections.abc import Callable

from ichviewer.core.navigation import scrolled_in
from ichviewer.core.viewstate import ViewState, next_suspicious, scrolled_to
from ichviewer.gui.command import Command, Step, has_image


def scroll_commands(step: Step) -> tuple[Command, ...]:
    """Slice by slice, to the ends, and to suspicious slices."""

    def scroll(
        name: str, text: str, key: str, tooltip: str, change: Callable[[ViewState], ViewState]
    ) -> Command:
        return Command(name, "View/Slice", text, (key,), tooltip, step(change), has_image)

    return (
        scroll(
            "slice-up",
            "Up",
            "Up",
            "One slice towards the vertex; in a plane across them, one towards the face or the left",
            lambda s: scrolled_in(s, s.active_view, 1),
        ),
        scroll(
            "slice-down",
            "Down",
            "Down",
            "One slice towards the neck; in a plane across them, one towards the back or the right",
            lambda s: scrolled_in(s, s.active_view, -1),
        ),
        scroll("slice-first", "Lowest", "Home", "Lowest slice, number 1", lambda s: scrolled_to(s, 0)),
        scroll("slice-last", "Highest", "End", "Highest slice", lambda s: scrolled_to(s, s.slice_count - 1)),
        scroll(
            "suspicious-up",
            "Next suspicious",
            "N",
            "Next slice above threshold, upwards",
            lambda s: suspicious(s, 1),
        ),
        scroll(
            "suspicious-down",
            "Previous suspicious",
            "P",
            "Next slice above threshold, downwards",
            lambda s: suspicious(s, -1),
        ),
    )


def suspicious(state: ViewState, step: int) -> ViewState:
    """The next slice above threshold; none without a model card."""
    return (
        state if state.model_card is None else next_suspicious(state, state.model_card.slice_thresholds, step)
    )
