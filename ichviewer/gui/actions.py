"""The one table of actions: name, keys, tooltip, effect.

Menus, buttons, keys and Help > Keys are all made from it. The one thing to get wrong: Up, End and N go
towards the vertex, because the top of the ribbon is the vertex; Home is the lowest slice, number 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence

from ichviewer.core.findings import Decision
from ichviewer.core.viewstate import (
    OverlayText,
    ViewState,
    WindowOrigin,
    next_suspicious,
    percentile_window,
    reset,
    scrolled_to,
    subtype_cycled,
    windows_in_header,
    with_window,
)
from ichviewer.core.windowing import PRESETS
from ichviewer.gui.slice_scores import decided, finding_in_view
from ichviewer.gui.store import Store

OPACITY_STEP = 0.05


def _always(_state: ViewState) -> bool:
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
    """

    name: str
    menu: str
    text: str
    keys: tuple[str, ...]
    tooltip: str
    effect: Callable[[], object]
    is_enabled: Callable[[ViewState], bool] = _always
    is_checked: Callable[[ViewState], bool] | None = None

    @property
    def key_text(self) -> str:
        """The keys as they are printed."""
        return ", ".join(
            QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in self.keys
        )

    @property
    def tooltip_with_key(self) -> str:
        """What it does, with its key."""
        return f"{self.tooltip} ({self.key_text})" if self.keys else self.tooltip


def build_action(command: Command, store: Store, parent: QObject) -> QAction:
    """The Qt action of a command; it follows the state."""
    action = QAction(command.text, parent)
    action.setObjectName(command.name)
    action.setShortcuts([QKeySequence(key) for key in command.keys])
    action.setToolTip(command.tooltip_with_key)
    action.setStatusTip(command.tooltip)
    action.setCheckable(command.is_checked is not None)
    action.triggered.connect(lambda _on=False: command.effect())

    def render(state: ViewState) -> None:
        action.setEnabled(command.is_enabled(state))
        if command.is_checked is not None:
            action.setChecked(command.is_checked(state))

    store.changed.connect(render)
    render(store.state)
    return action


def viewing_commands(store: Store) -> tuple[Command, ...]:
    """All actions that change nothing but what is shown."""

    def step(change: Callable[[ViewState], ViewState]) -> Callable[[], None]:
        return lambda: store.update(change)

    return (
        *_window_commands(step),
        *_image_commands(step),
        *_scroll_commands(step),
        *_heatmap_commands(step),
    )


Step = Callable[[Callable[[ViewState], ViewState]], Callable[[], None]]


def _window_commands(step: Step) -> tuple[Command, ...]:
    presets = tuple(
        Command(
            f"window-{preset.key}",
            "View/Window",
            preset.name,
            (preset.key,),
            f"{preset.name} window, center {preset.window.center:g}, width {preset.window.width:g},"
            " for the active view",
            step(lambda state, window=preset.window: with_window(state, state.active_view, window)),  # type: ignore[misc]
            has_image,
            lambda state, window=preset.window: (  # type: ignore[misc]
                has_image(state) and state.windows[state.active_view] == window
            ),
        )
        for preset in PRESETS
    )
    return (
        *presets,
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


def _image_commands(step: Step) -> tuple[Command, ...]:
    return (
        Command(
            "invert",
            "View",
            "Invert",
            ("I",),
            "Black for white",
            step(lambda state: replace(state, is_inverted=not state.is_inverted)),
            has_image,
            lambda state: state.is_inverted,
        ),
        Command(
            "reset",
            "View",
            "Reset",
            ("Backspace",),
            "Windows, zoom and pan as at first",
            step(reset),
            has_image,
        ),
        Command(
            "promote",
            "View",
            "One view or three",
            ("Return", "Enter"),
            "Show the active view alone, or all three",
            step(promoted),
            has_image,
            lambda state: state.promoted_view is not None,
        ),
        Command(
            "next-view", "View", "Next view", ("F6",), "Make the next view active", step(next_view), has_image
        ),
        Command(
            "overlay-text",
            "View",
            "Corner text",
            ("T",),
            "Full, anonymous or no corner text; names in the list of series go with it",
            step(next_overlay_text),
        ),
    )


def _scroll_commands(step: Step) -> tuple[Command, ...]:
    def scroll(
        name: str, text: str, key: str, tooltip: str, change: Callable[[ViewState], ViewState]
    ) -> Command:
        return Command(name, "View/Slice", text, (key,), tooltip, step(change), has_image)

    return (
        scroll(
            "slice-up",
            "Up",
            "Up",
            "One slice towards the vertex",
            lambda s: scrolled_to(s, s.slice_index + 1),
        ),
        scroll(
            "slice-down",
            "Down",
            "Down",
            "One slice towards the neck",
            lambda s: scrolled_to(s, s.slice_index - 1),
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


def _heatmap_commands(step: Step) -> tuple[Command, ...]:
    return (
        Command(
            "heatmap",
            "Analysis/Heat map",
            "Show heat map",
            ("M",),
            "Show or hide the heat map",
            step(lambda state: replace(state, shows_heatmap=not state.shows_heatmap)),
            _always,
            lambda state: state.shows_heatmap,
        ),
        Command(
            "heatmap-below",
            "Analysis/Heat map",
            "Also below threshold",
            ("B",),
            "Color slices below threshold, too",
            step(lambda state: replace(state, heatmap_below_threshold=not state.heatmap_below_threshold)),
            _always,
            lambda state: state.heatmap_below_threshold,
        ),
        Command(
            "heatmap-label",
            "Analysis/Heat map",
            "Next label",
            ("S",),
            "Heat map of the next label",
            step(subtype_cycled),
        ),
        Command(
            "opacity-down",
            "Analysis/Heat map",
            "Less opaque",
            ("[",),
            "Heat map less opaque",
            step(lambda state: more_opaque(state, -OPACITY_STEP)),
        ),
        Command(
            "opacity-up",
            "Analysis/Heat map",
            "More opaque",
            ("]",),
            "Heat map more opaque",
            step(lambda state: more_opaque(state, OPACITY_STEP)),
        ),
        Command(
            "accept",
            "Analysis/Review",
            "Accept label",
            ("Y",),
            "Accept the heat map's label on this slice; again takes it back",
            step(lambda state: decided(state, state.heatmap_subtype, Decision.ACCEPTED)),
            has_scores,
        ),
        Command(
            "reject",
            "Analysis/Review",
            "Reject label",
            ("X",),
            "Reject the heat map's label on this slice; again takes it back",
            step(lambda state: decided(state, state.heatmap_subtype, Decision.REJECTED)),
            has_scores,
        ),
    )


def has_scores(state: ViewState) -> bool:
    """Whether the slice in view has scores."""
    finding = finding_in_view(state)
    return finding is not None and finding.probabilities is not None


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


def promoted(state: ViewState) -> ViewState:
    """The active view alone, or all three again."""
    return replace(state, promoted_view=state.active_view if state.promoted_view is None else None)


def next_view(state: ViewState) -> ViewState:
    """The next view is active; if one is shown alone, the next one is."""
    following = (state.active_view + 1) % len(state.windows)
    return replace(
        state, active_view=following, promoted_view=None if state.promoted_view is None else following
    )


def next_overlay_text(state: ViewState) -> ViewState:
    """Full, anonymous, off, and full again."""
    texts = tuple(OverlayText)
    return replace(state, overlay_text=texts[(texts.index(state.overlay_text) + 1) % len(texts)])


def suspicious(state: ViewState, step: int) -> ViewState:
    """The next slice above threshold; none without a model card."""
    return (
        state if state.model_card is None else next_suspicious(state, state.model_card.slice_thresholds, step)
    )


def more_opaque(state: ViewState, change: float) -> ViewState:
    """Opacity changed, 0.05 to 1: a heat map that is on is never invisible.

    >>> more_opaque(ViewState(heatmap_opacity=0.95), 0.2).heatmap_opacity
    1.0
    """
    return replace(state, heatmap_opacity=round(min(max(state.heatmap_opacity + change, 0.05), 1.0), 2))
