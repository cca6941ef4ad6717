"""Real mouse events on views, and where points of the stack lie in them; for tests of measuring."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from builders import make_volume
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from ichviewer.core.camera import Turn
from ichviewer.core.measurement import Measurement
from ichviewer.core.tool import Tool
from ichviewer.core.viewstate import ViewState, opened
from ichviewer.gui.slice_view import SliceView
from ichviewer.gui.store import Store

LEFT, NO_BUTTON = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
NO_KEY = Qt.KeyboardModifier.NoModifier
PRESS, MOVE, RELEASE = (
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseMove,
    QEvent.Type.MouseButtonRelease,
)
TURNS = [Turn(quarters, is_mirrored) for quarters in range(4) for is_mirrored in (False, True)]

Place = tuple[float, float]


def opened_store(tool: Tool = Tool.WINDOW, slices: int = 9) -> Store:
    """A round head of 64 x 64 pixels of 0.5 mm, slices 5 mm apart, with a tool in the hand."""
    return Store(replace(opened(ViewState(), make_volume(slices), ""), tool=tool))


def send(
    view: QWidget,
    kind: QEvent.Type,
    at: Place,
    keys: Qt.KeyboardModifier = NO_KEY,
    button: Qt.MouseButton = LEFT,
    is_held: bool = True,
) -> None:
    """One mouse event; while it moves, the button is among those held if *is_held*."""
    cause = NO_BUTTON if kind is MOVE else button
    held = button if kind is not RELEASE and is_held else NO_BUTTON
    QApplication.sendEvent(view, QMouseEvent(kind, QPointF(*at), QPointF(*at), cause, held, keys))


def click(view: QWidget, at: Place, keys: Qt.KeyboardModifier = NO_KEY) -> None:
    """Press and release in one place, after the mouse has come there."""
    send(view, MOVE, at, keys, is_held=False)
    send(view, PRESS, at, keys)
    send(view, RELEASE, at, keys)


def drag(view: QWidget, *ways: Place, keys: Qt.KeyboardModifier = NO_KEY) -> None:
    """Press at the first place, move through all others, release at the last."""
    send(view, MOVE, ways[0], keys, is_held=False)
    send(view, PRESS, ways[0], keys)
    for way in ways[1:]:
        send(view, MOVE, way, keys)
    send(view, RELEASE, ways[-1], keys)


def on_screen(view: SliceView, column: float, row: float) -> Place:
    """Qt pixels of the middle of a pixel of the slice in view."""
    state = view._store.state
    assert state.volume is not None
    point = state.volume.frame.pixel_to_mm(state.slice_index, row, column)
    x, y = view.to_screen(point).tolist()
    return x, y


def pixels_of(measurement: Measurement, store: Store) -> list[tuple[float, float]]:
    """(column, row) of each point of a measurement on a stored slice."""
    volume = store.state.volume
    assert volume is not None
    assert isinstance(measurement.plane, int)
    places = [volume.frame.mm_to_pixel(measurement.plane, x, y) for x, y, _ in measurement.points_mm]
    return [(float(np.round(column, 6)), float(np.round(row, 6))) for row, column in places]
