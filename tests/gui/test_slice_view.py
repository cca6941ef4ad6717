"""What the mouse asks for, and what one view draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import make_card, make_findings, make_volume
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ichviewer.core.camera import LARGEST_ZOOM, Camera, Turn
from ichviewer.core.views import View
from ichviewer.core.viewstate import OverlayText, ViewState, opened, scrolled_to, with_camera
from ichviewer.core.windowing import BRAIN, SUBDURAL, Window
from ichviewer.gui.heat_layer import HeatLayer
from ichviewer.gui.measurement_layer import MeasurementLayer
from ichviewer.gui.overlay_painter import OverlayPainter
from ichviewer.gui.slice_view import SliceView
from ichviewer.gui.store import Store

LEFT, MIDDLE, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton
NONE = Qt.KeyboardModifier.NoModifier
SIDE_PX = 320
"""The view; the slice of 64 pixels of 0.5 mm fills it, so a Qt pixel is 0.1 mm."""


@pytest.fixture
def store() -> Store:
    return Store(opened(ViewState(), make_volume(30), ""))


@pytest.fixture
def view(qtbot: QtBot, store: Store) -> SliceView:
    view = SliceView(store, View.SUBDURAL, HeatLayer(), OverlayPainter(), MeasurementLayer())
    qtbot.addWidget(view)
    view.resize(SIDE_PX, SIDE_PX)
    view.show()
    return view


def mouse(view: SliceView, kind: QEvent.Type, at: tuple[float, float], button: Qt.MouseButton) -> None:
    """Send one event; while it moves, the button is among those held."""
    cause = Qt.MouseButton.NoButton if kind is QEvent.Type.MouseMove else button
    held = Qt.MouseButton.NoButton if kind is QEvent.Type.MouseButtonRelease else button
    QApplication.sendEvent(view, QMouseEvent(kind, QPointF(*at), QPointF(*at), cause, held, NONE))


def drag(
    view: SliceView, button: Qt.MouseButton, start: tuple[float, float], *ways: tuple[float, float]
) -> None:
    mouse(view, QEvent.Type.MouseButtonPress, start, button)
    for way in ways:
        mouse(view, QEvent.Type.MouseMove, way, button)
    mouse(view, QEvent.Type.MouseButtonRelease, ways[-1] if ways else start, button)


def wheel(
    view: SliceView, delta: int, modifiers: Qt.KeyboardModifier = NONE, at: tuple[float, float] = (160, 160)
) -> None:
    point = QPointF(*at)
    event = QWheelEvent(
        point,
        point,
        QPoint(),
        QPoint(0, delta),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)


def slice_point_mm(view: SliceView, at: tuple[float, float]) -> tuple[float, float]:
    """What lies under a point of the view, (right, down) in mm from the middle of the slice."""
    state = view._store.state
    mm_per_px = 0.1 / state.cameras[1].zoom
    return tuple((at[axis] - SIDE_PX / 2) * mm_per_px - state.cameras[1].pan_mm[axis] for axis in (0, 1))


def test_a_left_drag_changes_the_window_of_this_view_alone(view: SliceView, store: Store) -> None:
    drag(view, LEFT, (100, 100), (120, 100), (140, 120))
    assert store.state.windows == (BRAIN, Window(80 - 200 * 20 / 400, 200 * 1.1), *store.state.windows[2:])


def test_a_press_makes_the_view_active(view: SliceView, store: Store) -> None:
    drag(view, LEFT, (100, 100))
    assert store.state.active_view == 1


def test_a_click_with_an_unsteady_hand_leaves_the_window(view: SliceView, store: Store) -> None:
    """Hazard: a window that is called a preset but is not."""
    drag(view, LEFT, (100, 100), (102, 101))
    assert store.state.windows[1] == SUBDURAL


def test_moving_without_a_button_changes_nothing(view: SliceView, store: Store) -> None:
    before = store.state
    mouse(view, QEvent.Type.MouseMove, (50, 60), Qt.MouseButton.NoButton)
    assert store.state is before


def test_a_middle_drag_moves_the_image_with_the_mouse(view: SliceView, store: Store) -> None:
    under = slice_point_mm(view, (100, 100))
    drag(view, MIDDLE, (100, 100), (110, 100), (130, 80))
    assert store.state.cameras[1].pan_mm == pytest.approx((3.0, -2.0))
    assert slice_point_mm(view, (130, 80)) == pytest.approx(under)


def test_a_right_drag_zooms_about_the_pressed_point(view: SliceView, store: Store) -> None:
    under = slice_point_mm(view, (40, 250))
    drag(view, RIGHT, (40, 250), (45, 200), (60, 100))
    assert store.state.cameras[1].zoom == pytest.approx(2.0)
    assert slice_point_mm(view, (40, 250)) == pytest.approx(under)


def test_zooming_stops_at_the_limit_without_moving_on(view: SliceView, store: Store) -> None:
    drag(view, RIGHT, (40, 250), (40, -3000))
    at_limit = store.state.cameras[1].pan_mm
    wheel(view, 1200, Qt.KeyboardModifier.ControlModifier, (40, 250))
    assert store.state.cameras[1].zoom == LARGEST_ZOOM
    assert store.state.cameras[1].pan_mm == pytest.approx(at_limit)


def test_scores_that_arrive_during_a_drag_stay(view: SliceView, store: Store) -> None:
    """Hazard: a drag puts back an older state and loses the analysis."""
    volume, card = store.state.volume, make_card()
    assert volume is not None
    mouse(view, QEvent.Type.MouseButtonPress, (100, 100), LEFT)
    mouse(view, QEvent.Type.MouseMove, (120, 100), LEFT)
    findings = make_findings(volume, card)
    store.update(lambda state: scrolled_to(replace(state, findings=findings), 3))
    mouse(view, QEvent.Type.MouseMove, (140, 100), LEFT)
    assert (store.state.findings, store.state.slice_index) == (findings, 3)
    assert store.state.windows[1].width == pytest.approx(220)


def test_a_notch_of_the_wheel_scrolls_one_slice_and_ten_with_shift(view: SliceView, store: Store) -> None:
    wheel(view, 120)
    assert store.state.slice_index == 16
    wheel(view, -120, Qt.KeyboardModifier.ShiftModifier)
    assert store.state.slice_index == 6
    wheel(view, -2400)
    assert store.state.slice_index == 0


def test_parts_of_a_notch_add_up(view: SliceView, store: Store) -> None:
    indices = []
    for delta in (40, 40, 40, 100, 20, -60, -60):
        wheel(view, delta)
        indices.append(store.state.slice_index)
    assert indices == [15, 15, 16, 16, 17, 17, 16]


def test_the_wheel_with_control_zooms_about_the_cursor(view: SliceView, store: Store) -> None:
    under = slice_point_mm(view, (250, 90))
    wheel(view, 240, Qt.KeyboardModifier.ControlModifier, (250, 90))
    assert store.state.cameras[1].zoom == pytest.approx(1.15**2)
    assert store.state.slice_index == 15
    assert slice_point_mm(view, (250, 90)) == pytest.approx(under)


def test_a_double_click_promotes_the_view_and_brings_the_three_back(view: SliceView, store: Store) -> None:
    promoted = []
    for _ in range(2):
        mouse(view, QEvent.Type.MouseButtonDblClick, (100, 100), LEFT)
        promoted.append(store.state.promoted_view)
    assert promoted == [1, None]


def test_the_value_under_the_cursor_is_that_of_the_pixel_below(view: SliceView, store: Store) -> None:
    """Hazard: the probe reads the neighbor of the pixel that is pointed at."""
    hu = np.arange(64 * 64, dtype=np.int16).reshape(64, 64)
    store.set(opened(ViewState(), make_volume(1, hu=hu), ""))
    mouse(view, QEvent.Type.MouseMove, (5 * 20 + 2.5, 5 * 7 + 2.5), Qt.MouseButton.NoButton)
    assert view.cursor_value() == f"HU {7 * 64 + 20}"
    store.update(lambda state: with_camera(state, View.BONE, Camera(2.0)))
    mouse(view, QEvent.Type.MouseMove, (160 + 10 * 3.5, 160 + 10 * 0.5), Qt.MouseButton.NoButton)
    assert view.cursor_value() == f"HU {32 * 64 + 35}"
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert view.cursor_value() == ""


def test_without_a_volume_the_mouse_changes_nothing_but_the_active_view(qtbot: QtBot) -> None:
    store = Store()
    view = SliceView(store, View.BONE, HeatLayer(), OverlayPainter(), MeasurementLayer())
    qtbot.addWidget(view)
    for button in (LEFT, MIDDLE, RIGHT):
        drag(view, button, (10, 10), (60, 60))
    wheel(view, 120)
    wheel(view, 120, Qt.KeyboardModifier.ControlModifier)
    assert store.state == replace(ViewState(), active_view=View.BONE)
    view.grab()


def test_an_unreadable_slice_shows_no_image(view: SliceView, store: Store) -> None:
    """Hazard: a black or stale picture is taken for the slice."""
    broken = make_volume(3, unreadable={1: "pixel data ends too early"})
    store.set(opened(ViewState(), broken, ""))
    hatched = view.grab().toImage()
    assert max(hatched.pixelColor(x, y).lightness() for x in range(90, 230, 3) for y in (60, 70, 260)) < 80
    store.update(lambda state: scrolled_to(state, 0))
    assert view.grab().toImage().pixelColor(160, 35).lightness() > 200


def test_the_overlay_changes_nothing_in_the_middle_of_the_picture(view: SliceView) -> None:
    image = view.grab().toImage()
    grey = {image.pixelColor(x, y).red() for x in range(100, 220, 5) for y in range(110, 210, 5)}
    assert grey == {round((35 - SUBDURAL.lower) / SUBDURAL.width * 255)}


def test_the_active_view_has_a_frame(view: SliceView, store: Store) -> None:
    assert view.grab().toImage().pixelColor(0, 100).name() != "#5b9dd9"
    store.update(lambda state: replace(state, active_view=View.SUBDURAL))
    assert view.grab().toImage().pixelColor(0, 100).name() == "#5b9dd9"
    store.update(lambda state: replace(state, promoted_view=View.SUBDURAL))
    assert view.grab().toImage().pixelColor(0, 100).name() != "#5b9dd9"


@pytest.mark.parametrize("turn", [Turn(), Turn(1, is_mirrored=True)], ids=str)
def test_contours_lie_where_the_color_lies(view: SliceView, store: Store, turn: Turn) -> None:
    """Hazard: a line of heat is drawn on the other side of the head than the heat."""
    volume, card = store.state.volume, make_card()
    assert volume is not None
    found = make_findings(volume, card, likely=[store.state.slice_index])
    hot = replace(
        store.state, findings=found, model_card=card, shows_heatmap=True, overlay_text=OverlayText.OFF
    )
    store.set(with_camera(hot, View.SUBDURAL, Camera(turn=turn)))
    colored = warm_middle(view)
    store.update(lambda state: replace(state, heatmap_as_contours=True))
    lines = warm_middle(view)
    assert lines == pytest.approx(colored, abs=12)
    store.update(lambda state: replace(state, shows_heatmap=False))
    with pytest.raises(ValueError, match="no warm pixel"):
        warm_middle(view)


def warm_middle(view: SliceView) -> tuple[float, float]:
    """Middle of what is redder than blue, (x, y), off the corner with the color bar and warnings."""
    image = view.grab().toImage()
    warm = [
        (x, y)
        for y in range(80, image.height())
        for x in range(60, image.width())
        if image.pixelColor(x, y).red() > image.pixelColor(x, y).blue() + 30
    ]
    if not warm:
        raise ValueError("no warm pixel")
    xs, ys = zip(*warm, strict=True)
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
