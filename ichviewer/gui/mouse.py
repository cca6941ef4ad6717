"""What drags, clicks and the wheel make of the state, as pure steps.

The one thing to get wrong: a drag starts from the window, zoom and pan at the press, but changes the
state of *now*; scores that arrive in the middle of a drag stay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, Qt

from ichviewer.core.camera import Camera
from ichviewer.core.navigation import scrolled_in
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState, window_dragged, with_camera, with_window
from ichviewer.core.windowing import Window

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
        camera: Of the view.
    """

    button: Qt.MouseButton
    position: QPointF
    window: Window
    camera: Camera


def clicked(state: ViewState, view: View) -> ViewState:
    """The view becomes the active one; the same state if it was."""
    return state if state.active_view is view else replace(state, active_view=view)


def double_clicked(state: ViewState, view: View) -> ViewState:
    """The view alone, or all of the layout again."""
    return replace(state, promoted_view=view if state.promoted_view is None else None)


def dragged(
    state: ViewState,
    press: Press,
    moved_px: tuple[float, float],
    view: View,
    about_px: tuple[float, float],
    fitting_mm: float,
) -> ViewState:
    """State after a drag: left changes the window, middle pans, right zooms about the pressed point.

    Args:
        state: As it is now.
        press: Where the drag began.
        moved_px: (right, down) since then, Qt pixels.
        view: The view dragged in.
        about_px: The pressed point, (right, down) from the middle of the view, Qt pixels.
        fitting_mm: Millimetres per Qt pixel at zoom 1.
    """
    right, down = moved_px
    if press.button is Qt.MouseButton.LeftButton:
        is_steady = max(abs(right), abs(down)) < STEADY_PX and state.windows[view] == press.window
        if is_steady:
            return state
        brighter = down if state.preferences.drag_down_is_brighter else -down
        return with_window(state, view, window_dragged(press.window, right, brighter))
    if press.button is Qt.MouseButton.MiddleButton:
        mm_per_px = fitting_mm / press.camera.zoom
        return with_camera(state, view, press.camera.panned(right * mm_per_px, down * mm_per_px))
    if press.button is Qt.MouseButton.RightButton:
        factor = 2 ** (-down / ZOOM_DOUBLES_PX)
        return with_camera(state, view, press.camera.zoomed_about(factor, about_px, fitting_mm))
    return state


class Wheel:
    """Counts parts of a notch until they make a slice; the only thing it keeps is the rest."""

    def __init__(self) -> None:
        self._rest = 0

    def step(
        self,
        delta: int,
        modifiers: Qt.KeyboardModifier,
        view: View,
        about_px: tuple[float, float],
        fitting_mm: float,
    ) -> Callable[[ViewState], ViewState]:
        """What a turn of the wheel does: away from the reader scrolls towards the head, or enlarges.

        Args:
            view: The view under the cursor.
            delta: Eighths of a degree, positive away from the reader.
            modifiers: Control zooms about *about_px*, Shift scrolls ten slices a notch.
            about_px: The cursor, (right, down) from the middle of the view, Qt pixels.
            fitting_mm: Millimetres per Qt pixel at zoom 1.
        """
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            factor = ZOOM_PER_NOTCH ** (delta / NOTCH)
            return lambda state: with_camera(
                state, view, state.cameras[view].zoomed_about(factor, about_px, fitting_mm)
            )
        if delta * self._rest < 0:
            self._rest = 0
        notches = int((self._rest + delta) / NOTCH)
        self._rest += delta - notches * NOTCH
        slices = notches * (SLICES_WITH_SHIFT if modifiers & Qt.KeyboardModifier.ShiftModifier else 1)
        return lambda state: scrolled_in(state, view, slices) if slices else state
