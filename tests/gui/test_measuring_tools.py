"""Each tool through the window's own views, with real mouse events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from measuring_mouse import (
    LEFT,
    MOVE,
    NO_BUTTON,
    PRESS,
    RELEASE,
    TURNS,
    click,
    drag,
    on_screen,
    opened_store,
    pixels_of,
    send,
)
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ichviewer.core.camera import Camera, Turn
from ichviewer.core.measurement import MeasurementKind
from ichviewer.core.measurement_values import measure
from ichviewer.core.measuring import undone, with_tool
from ichviewer.core.tool import Tool
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState, scrolled_to, with_camera
from ichviewer.gui.heat_layer import HeatLayer
from ichviewer.gui.measurement_layer import MeasurementLayer
from ichviewer.gui.overlay_painter import OverlayPainter
from ichviewer.gui.slice_view import SliceView
from ichviewer.gui.store import Store

Kind = MeasurementKind
MakeView = Callable[..., SliceView]


@pytest.fixture
def make_view(qtbot: QtBot) -> MakeView:
    def make(store: Store, view: View = View.BRAIN) -> SliceView:
        widget = SliceView(store, view, HeatLayer(), OverlayPainter(), MeasurementLayer())
        qtbot.addWidget(widget)
        widget.resize(400, 400)
        widget.show()
        return widget

    return make


def drawn_one(store: Store):
    (measurement,) = store.state.work.measurements.items
    return measurement


@pytest.mark.parametrize("turn", TURNS)
def test_a_dragged_ruler_ends_on_the_pixels_that_were_marked(make_view: MakeView, turn: Turn) -> None:
    """Hazard: a length measured on a flipped or enlarged picture is that of other anatomy."""
    store = opened_store(Tool.RULER)
    view = make_view(store)
    store.update(lambda state: with_camera(state, View.BRAIN, Camera(1.7, (3.0, -2.0), turn)))
    drag(view, on_screen(view, 20, 30), on_screen(view, 25, 31), on_screen(view, 44, 30))
    ruler = drawn_one(store)
    assert ruler.kind is Kind.RULER
    assert pixels_of(ruler, store) == [(20, 30), (44, 30)]
    assert measure(ruler, store.state.volume).length == pytest.approx(12.0)


def test_a_ruler_can_be_drawn_by_two_clicks_too(make_view: MakeView) -> None:
    store = opened_store(Tool.RULER)
    view = make_view(store)
    click(view, on_screen(view, 20, 30))
    assert len(store.state.work.measurements) == 0
    click(view, on_screen(view, 20, 40))
    assert pixels_of(drawn_one(store), store) == [(20, 30), (20, 40)]


@pytest.mark.parametrize(
    ("tool", "ways", "pixels"),
    [
        (Tool.ANGLE, [((10, 30), (30, 30)), ((30, 10),)], [(10, 30), (30, 30), (30, 10)]),
        (Tool.ANGLE, [((10, 30),), ((30, 30),), ((30, 10),)], [(10, 30), (30, 30), (30, 10)]),
        (Tool.ELLIPSE, [((20, 20), (40, 30))], [(20, 20), (40, 30)]),
        (Tool.RECTANGLE, [((20, 20), (40, 30))], [(20, 20), (40, 30)]),
        (Tool.PROBE, [((25, 35),)], [(25, 35)]),
        (Tool.MIDLINE_SHIFT, [((32, 10), (32, 50)), ((36, 30),)], [(32, 10), (32, 50), (36, 30)]),
        (
            Tool.BIDIRECTIONAL,
            [((20, 30), (40, 30)), ((30, 26), (30, 36))],
            [(20, 30), (40, 30), (30, 26), (30, 36)],
        ),
        (Tool.ABC, [((20, 30), (40, 30)), ((30, 26), (30, 36))], [(20, 30), (40, 30), (30, 26), (30, 36)]),
    ],
)
def test_each_tool_draws_where_the_mouse_was(
    make_view: MakeView,
    tool: Tool,
    ways: list[tuple[tuple[int, int], ...]],
    pixels: list[tuple[int, int]],
) -> None:
    store = opened_store(tool)
    view = make_view(store)
    for way in ways:
        places = [on_screen(view, *place) for place in way]
        if len(places) == 1:
            click(view, places[0])
        else:
            drag(view, *places)
    measurement = drawn_one(store)
    assert measurement.kind is tool.kind
    assert pixels_of(measurement, store) == pixels
    assert store.state.drawing is None
    assert store.state.selected_measurement == measurement.identifier
    assert store.state.windows == ViewState().windows


def test_a_freehand_region_follows_the_hand(make_view: MakeView) -> None:
    store = opened_store(Tool.FREEHAND)
    view = make_view(store)
    drag(view, *(on_screen(view, *place) for place in ((20, 20), (40, 20), (40, 40), (20, 40), (20, 21))))
    region = drawn_one(store)
    assert pixels_of(region, store) == [(20, 20), (40, 20), (40, 40), (20, 40), (20, 21)]
    assert measure(region, store.state.volume).area == pytest.approx(100.0)


def test_a_click_with_the_freehand_tool_leaves_nothing(make_view: MakeView) -> None:
    store = opened_store(Tool.FREEHAND)
    click(make_view(store), (200, 200))
    assert store.state.drawing is None
    assert not store.state.work.measurements.items


@pytest.mark.parametrize(("tool", "text"), [(Tool.ARROW, ""), (Tool.ARROW, "here"), (Tool.TEXT, "here")])
def test_an_arrow_and_a_text_say_what_was_typed(
    qtbot: QtBot, make_view: MakeView, tool: Tool, text: str
) -> None:
    store = opened_store(tool)
    view = make_view(store)
    if tool is Tool.ARROW:
        drag(view, on_screen(view, 20, 20), on_screen(view, 30, 30))
    else:
        click(view, on_screen(view, 20, 20))
    assert not store.state.work.measurements.items
    assert view.text_entry.isVisible()
    qtbot.keyClicks(view.text_entry, text)
    qtbot.keyClick(view.text_entry, Qt.Key.Key_Return)
    assert (drawn_one(store).kind, drawn_one(store).text) == (tool.kind, text)
    assert not view.text_entry.isVisible()
    assert len(store.state.history.done) == 1


def test_escape_drops_a_text_that_was_begun_and_an_empty_one_is_dropped(
    qtbot: QtBot, make_view: MakeView
) -> None:
    store = opened_store(Tool.TEXT)
    view = make_view(store)
    for key in (Qt.Key.Key_Escape, Qt.Key.Key_Return):
        click(view, on_screen(view, 20, 20))
        if key is Qt.Key.Key_Escape:
            qtbot.keyClicks(view.text_entry, "never")
        qtbot.keyClick(view.text_entry, key)
        assert store.state.drawing is None
        assert not store.state.work.measurements.items
    assert store.state.tool is Tool.TEXT


def test_a_tool_stays_in_the_hand(make_view: MakeView) -> None:
    store = opened_store(Tool.RULER)
    view = make_view(store)
    for row in (20, 30, 40):
        drag(view, on_screen(view, 20, row), on_screen(view, 40, row))
    assert len(store.state.work.measurements) == 3
    assert store.state.tool is Tool.RULER


def test_a_tool_never_changes_a_window(make_view: MakeView) -> None:
    """Hazard: a drag with the ruler over a slice without an image changes how grey must be read."""
    store = opened_store(Tool.RULER)
    volume = store.state.volume
    assert volume is not None
    store.update(lambda state: replace(state, volume=replace(volume, is_readable=volume.is_readable & False)))
    view = make_view(store)
    drag(view, (100, 100), (200, 150))
    assert store.state.windows == ViewState().windows
    assert not store.state.work.measurements.items


def test_the_wheel_and_the_other_buttons_work_with_a_tool_in_the_hand(make_view: MakeView) -> None:
    store = opened_store(Tool.RULER)
    view = make_view(store)
    for button in (Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton):
        before = store.state.cameras[View.BRAIN]
        for kind, at in ((PRESS, (100, 100)), (MOVE, (120, 140)), (RELEASE, (120, 140))):
            send(view, kind, at, button=button)
        assert store.state.cameras[View.BRAIN] != before
    assert store.state.drawing is None


def test_a_press_on_another_slice_begins_anew(make_view: MakeView) -> None:
    """Hazard: a ruler from one slice to another, of which the views show one end each."""
    store = opened_store(Tool.RULER)
    view = make_view(store)
    click(view, on_screen(view, 20, 30))
    store.update(lambda state: scrolled_to(state, 2))
    click(view, on_screen(view, 40, 30))
    assert not store.state.work.measurements.items
    click(view, on_screen(view, 44, 30))
    assert (drawn_one(store).plane, pixels_of(drawn_one(store), store)) == (2, [(40, 30), (44, 30)])


def with_ruler(make_view: MakeView) -> tuple[Store, SliceView]:
    store = opened_store(Tool.RULER)
    view = make_view(store)
    drag(view, on_screen(view, 20, 30), on_screen(view, 44, 30))
    store.update(lambda state: with_tool(state, Tool.WINDOW))
    return store, view


def test_a_handle_is_dragged_and_the_drag_is_one_step_to_undo(make_view: MakeView) -> None:
    store, view = with_ruler(make_view)
    drag(view, *(on_screen(view, *place) for place in ((44, 30), (46, 34), (50, 38), (48, 40))))
    assert pixels_of(drawn_one(store), store) == [(20, 30), (48, 40)]
    assert store.state.history.undo_name == "change ruler 1"
    store.update(undone)
    assert pixels_of(drawn_one(store), store) == [(20, 30), (44, 30)]


def test_a_line_is_dragged_as_a_whole(make_view: MakeView) -> None:
    store, view = with_ruler(make_view)
    drag(view, *(on_screen(view, *place) for place in ((32, 30), (33, 33), (34, 37), (35, 40))))
    assert pixels_of(drawn_one(store), store) == [(23, 40), (47, 40)]
    assert store.state.history.undo_name == "move ruler 1"
    assert store.state.windows == ViewState().windows


def test_a_click_on_a_measurement_chooses_it_and_moves_nothing(make_view: MakeView) -> None:
    store, view = with_ruler(make_view)
    store.update(lambda state: replace(state, selected_measurement=None))
    before = store.state.work
    click(view, on_screen(view, 32, 30))
    assert store.state.selected_measurement == 1
    assert store.state.work == before


def test_undo_in_the_middle_of_a_drag_does_no_harm(make_view: MakeView) -> None:
    store, view = with_ruler(make_view)
    send(view, PRESS, on_screen(view, 44, 30))
    send(view, MOVE, on_screen(view, 46, 34))
    store.update(undone)
    store.update(undone)
    assert not store.state.work.measurements.items
    send(view, MOVE, on_screen(view, 48, 36))
    send(view, RELEASE, on_screen(view, 48, 36))
    assert not store.state.work.measurements.items


def test_a_measurement_of_another_slice_is_not_there_for_the_mouse(make_view: MakeView) -> None:
    """Hazard: a ruler that nobody sees is dragged along while the window is changed."""
    store, view = with_ruler(make_view)
    before = store.state.work
    store.update(lambda state: scrolled_to(state, 1))
    drag(view, on_screen(view, 44, 30), on_screen(view, 50, 38))
    assert store.state.work == before
    assert store.state.windows != ViewState().windows


def test_the_release_may_get_lost(make_view: MakeView) -> None:
    store, view = with_ruler(make_view)
    send(view, PRESS, on_screen(view, 44, 30))
    send(view, MOVE, on_screen(view, 46, 34))
    send(view, MOVE, on_screen(view, 60, 60), is_held=False)
    send(view, MOVE, on_screen(view, 10, 10), is_held=False)
    assert pixels_of(drawn_one(store), store) == [(20, 30), (46, 34)]


def test_the_cursor_tells_what_a_press_would_take(make_view: MakeView) -> None:
    store, view = with_ruler(make_view)
    shapes = []
    for place in ((44, 30), (32, 30), (32, 50)):
        send(view, MOVE, on_screen(view, *place), button=NO_BUTTON)
        shapes.append(view.cursor().shape())
    store.update(lambda state: with_tool(state, Tool.RULER))
    send(view, MOVE, on_screen(view, 32, 50), button=NO_BUTTON)
    shapes.append(view.cursor().shape())
    cursor = Qt.CursorShape
    assert shapes == [
        cursor.PointingHandCursor,
        cursor.SizeAllCursor,
        cursor.ArrowCursor,
        cursor.CrossCursor,
    ]


def test_a_double_click_with_a_tool_in_the_hand_promotes_nothing(make_view: MakeView) -> None:
    store = opened_store(Tool.RULER)
    view = make_view(store)
    click(view, (100, 100))
    send(view, QEvent.Type.MouseButtonDblClick, (100, 100), button=LEFT)
    send(view, RELEASE, (100, 100))
    assert store.state.promoted_view is None
    QApplication.processEvents()
