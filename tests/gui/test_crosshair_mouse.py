"""The crosshair under the mouse: moved near its center, turned by its lines, set with Shift."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from measuring_mouse import MOVE, NO_BUTTON, click, drag, opened_store, send
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from ichviewer.core.camera import Camera, Turn
from ichviewer.core.navigation import crosshair_point, rotation_of, with_layout
from ichviewer.core.plane import rotation_about
from ichviewer.core.tool import Tool
from ichviewer.core.views import Layout, View
from ichviewer.core.viewstate import NOT_ROTATED, with_camera
from ichviewer.gui.slice_view import SliceView
from ichviewer.gui.store import Store
from ichviewer.gui.view_grid import ViewGrid

SHIFT = Qt.KeyboardModifier.ShiftModifier


class PlainReformats:
    """Grey planes; where they lie is all that matters here."""

    def __init__(self, frame) -> None:
        self.frame = frame

    def hu(self, plane):
        return np.full(plane.shape, 35.0, np.float32)


@pytest.fixture
def planes(qtbot: QtBot) -> tuple[Store, ViewGrid]:
    store = opened_store(slices=13)
    volume = store.state.volume
    assert volume is not None
    store.update(
        lambda state: replace(with_layout(state, Layout.PLANES), reformats=PlainReformats(volume.frame))
    )
    grid = ViewGrid(store)
    qtbot.addWidget(grid)
    grid.resize(1206, 400)
    grid.show()
    return store, grid


def center(view: SliceView) -> tuple[float, float]:
    x, y = view.to_screen(crosshair_point(view._store.state)).tolist()
    return x, y


def beside(view: SliceView, right: float, down: float) -> tuple[float, float]:
    x, y = center(view)
    return x + right, y + down


@pytest.mark.parametrize("view", [View.AXIAL, View.CORONAL, View.SAGITTAL])
def test_near_the_center_the_crosshair_goes_with_the_mouse(
    planes: tuple[Store, ViewGrid], view: View
) -> None:
    store, grid = planes
    widget = grid.views[view]
    grabbed_mm = widget.to_frame_mm(QPointF(*beside(widget, 3, 2)))
    before = crosshair_point(store.state)
    to = beside(widget, 43, -28)
    drag(widget, beside(widget, 3, 2), beside(widget, 20, -10), to)
    wanted = before + (widget.to_frame_mm(QPointF(*to)) - grabbed_mm)
    # The view itself stays; its z goes to the nearest slice.
    assert np.abs(crosshair_point(store.state) - wanted)[:2].max() < 0.2
    assert abs(crosshair_point(store.state)[2] - wanted[2]) <= 2.5 + 1e-6
    assert store.state.plane_rotations == (NOT_ROTATED,) * 3


@pytest.mark.parametrize("turn", [Turn(), Turn(1), Turn(0, True)])
def test_a_line_far_from_the_center_turns_the_other_planes(
    planes: tuple[Store, ViewGrid], turn: Turn
) -> None:
    """Hazard: the planes turn the other way than the mouse on a flipped picture."""
    store, grid = planes
    store.update(lambda state: with_camera(state, View.AXIAL, Camera(turn=turn)))
    widget = grid.views[View.AXIAL]
    angle = np.radians(20)
    # Clockwise on the screen; counter-clockwise for the patient where the picture is mirrored.
    drag(
        widget,
        beside(widget, 100, 0),
        beside(widget, 100 * np.cos(angle / 2), 100 * np.sin(angle / 2)),
        beside(widget, 100 * np.cos(angle), 100 * np.sin(angle)),
    )
    assert rotation_of(store.state, View.AXIAL) == NOT_ROTATED
    expected = rotation_about((0, 0, 1), -20 if turn.is_mirrored else 20)
    for view in (View.CORONAL, View.SAGITTAL):
        assert np.asarray(rotation_of(store.state, view)) == pytest.approx(expected, abs=1e-6)
    ends = widget.to_screen(
        crosshair_point(store.state)
        + np.outer([10, -10], np.asarray(rotation_of(store.state, View.CORONAL)) @ (1.0, 0.0, 0.0))
    )
    slope = np.degrees(np.arctan2(*(ends[1] - ends[0])[::-1])) % 180
    assert slope == pytest.approx(20 if not turn.is_sideways else 110, abs=0.5)


def test_beside_the_lines_a_drag_changes_the_window(planes: tuple[Store, ViewGrid]) -> None:
    store, grid = planes
    before = crosshair_point(store.state), store.state.windows[View.AXIAL]
    drag(
        grid.views[View.AXIAL], beside(grid.views[View.AXIAL], 60, 60), beside(grid.views[View.AXIAL], 90, 60)
    )
    assert crosshair_point(store.state) == pytest.approx(before[0])
    assert store.state.plane_rotations == (NOT_ROTATED,) * 3
    assert store.state.windows[View.AXIAL] != before[1]


def test_a_hidden_crosshair_is_not_taken(planes: tuple[Store, ViewGrid]) -> None:
    """Hazard: planes turn while the reader changes the window, by lines that are not there."""
    store, grid = planes
    store.update(lambda state: replace(state, shows_crosshair=False))
    drag(
        grid.views[View.AXIAL], beside(grid.views[View.AXIAL], 100, 0), beside(grid.views[View.AXIAL], 90, 40)
    )
    assert store.state.plane_rotations == (NOT_ROTATED,) * 3


@pytest.mark.parametrize("tool", [Tool.WINDOW, Tool.RULER, Tool.CROSSHAIR, Tool.BRUSH])
def test_shift_sets_the_crosshair_with_any_tool(planes: tuple[Store, ViewGrid], tool: Tool) -> None:
    store, grid = planes
    store.update(lambda state: replace(state, tool=tool))
    widget = grid.views[View.SAGITTAL]
    point = widget.to_frame_mm(QPointF(120, 150))
    click(widget, (120, 150), SHIFT)
    assert crosshair_point(store.state)[1] == pytest.approx(point[1], abs=0.2)
    assert store.state.drawing is None


def test_the_crosshair_tool_sets_it_where_it_is_pressed(planes: tuple[Store, ViewGrid]) -> None:
    store, grid = planes
    store.update(lambda state: replace(state, tool=Tool.CROSSHAIR))
    widget = grid.views[View.AXIAL]
    point = widget.to_frame_mm(QPointF(100, 300))
    click(widget, (100, 300))
    assert crosshair_point(store.state)[:2] == pytest.approx(point[:2], abs=1e-6)
    assert store.state.windows[View.AXIAL] == Store().state.windows[View.AXIAL]


def test_the_cursor_tells_whether_the_crosshair_is_moved_or_turned(planes: tuple[Store, ViewGrid]) -> None:
    _, grid = planes
    widget = grid.views[View.AXIAL]
    shapes = []
    for right, down in ((3, 3), (100, 2), (60, 60)):
        send(widget, MOVE, beside(widget, right, down), button=NO_BUTTON)
        shapes.append(widget.cursor().shape())
    cursor = Qt.CursorShape
    assert shapes == [cursor.SizeAllCursor, cursor.OpenHandCursor, cursor.ArrowCursor]
