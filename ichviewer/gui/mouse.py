"""What drags, clicks and the wheel make of the state, as pure steps.

The one thing to get wrong: a drag starts from the window, zoom and pan at the press, but changes the
state of *now*; scores that arrive in the middle of a drag stay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, Qt

from ichviewer.core.viewstate import ViewState, panned, scrolled_to, window_dragged, with_window
from ichviewer.core.windowing import Window
from ichviewer.gui.placement import zoomed_about

STEADY_PX = 3.0
"""A press that moves less is a click, so that no click ever changes a window."""

ZOOM_DOUBLES_PX = 150.0
"""A drag upwards of this length doubles the zoom."""

NOTCH = 120
"""Eighths of a degree in one notch of a wheel (QWheelEvent.angleDelta); finer wheels send parts of it."""

ZOOM_PER_NOTCH = 1.15
SLICES_WITH_SHIFT = 10


@dataclass(frozen=True)
class Press:
    """Where a drag began, and what it changes as it was then.

    Attributes:
        button: The button that is held.
        position: In Qt pixels of the view.
        window: Of the view.
        zoom: Of the state.
        pan_mm: Of the state.
    """

    button: Qt.MouseButton
    position: QPointF
    window: Window
    zoom: float
    pan_mm: tuple[float, float]


def clicked(state: ViewState, view_index: int) -> ViewState:
    """The view becomes the active one; the same state if it was."""
    return state if state.active_view == view_index else replace(state, active_view=view_index)


def double_clicked(state: ViewState, view_index: int) -> ViewState:
    """The view alone, or all three again."""
    return replace(state, promoted_view=view_index if state.promoted_view is None else None)


def dragged(
    state: ViewState,
    press: Press,
    moved_px: tuple[float, float],
    view_index: int,
    about_px: tuple[float, float],
    fitting_mm: float,
) -> ViewState:
    """State after a drag: left changes the window, middle pans, right zooms about the pressed point.

    Args:
        state: As it is now.
        press: Where the drag began.
        moved_px: (right, down) since then, Qt pixels.
        view_index: The view dragged in.
        about_px: The pressed point, (right, down) from the middle of the view, Qt pixels.
        fitting_mm: Millimetres per Qt pixel at zoom 1.
    """
    right, down = moved_px
    if press.button is Qt.MouseButton.LeftButton:
        is_steady = max(abs(right), abs(down)) < STEADY_PX and state.windows[view_index] == press.window
        if is_steady:
            return state
        return with_window(state, view_index, window_dragged(press.window, right, down))
    as_pressed = replace(state, zoom=press.zoom, pan_mm=press.pan_mm)
    if press.button is Qt.MouseButton.MiddleButton:
        mm_per_px = fitting_mm / press.zoom
        return panned(as_pressed, right * mm_per_px, down * mm_per_px)
    if press.button is Qt.MouseButton.RightButton:
        return zoomed_about(as_pressed, 2 ** (-down / ZOOM_DOUBLES_PX), about_px, fitting_mm)
    return state


class Wheel:
    """Counts parts of a notch until they make a slice; the only thing it keeps is the rest."""

    def __init__(self) -> None:
        self._rest = 0

    def step(
        self,
        delta: int,
        modifiers: Qt.KeyboardModifier,
        about_px: tuple[float, float],
        fitting_mm: float,
    ) -> Callable[[ViewState], ViewState]:
        """What a turn of the wheel does: away from the reader scrolls towards the head, or enlarges.

        Args:
            delta: Eighths of a degree, positive away from the reader.
            modifiers: Control zooms about *about_px*, Shift scrolls ten slices a notch.
            about_px: The cursor, (right, down) from the middle of the view, Qt pixels.
            fitting_mm: Millimetres per Qt pixel at zoom 1.
        """
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            factor = ZOOM_PER_NOTCH ** (delta / NOTCH)
            return lambda state: zoomed_about(state, factor, about_px, fitting_mm)
        if delta * self._rest < 0:
            self._rest = 0
        notches = int((self._rest + delta) / NOTCH)
        self._rest += delta - notches * NOTCH
        slices = notches * (SLICES_WITH_SHIFT if modifiers & Qt.KeyboardModifier.ShiftModifier else 1)
        return lambda state: scrolled_to(state, state.slice_index + slices) if slices else state
