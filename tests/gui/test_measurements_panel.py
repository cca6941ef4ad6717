"""List, keys, menu, histogram and export of measurements, in the whole window."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import make_volume
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot
from window_states import open_volume, opened_state

from ichviewer.core.camera import Camera, Turn
from ichviewer.core.hematoma_volume import HematomaSlice
from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measurement_editing import drawn
from ichviewer.core.measuring import plane_shown, selected, with_measurement, with_selection
from ichviewer.core.tool import Tool
from ichviewer.core.views import Layout, View
from ichviewer.core.viewstate import ViewState, opened, with_camera
from ichviewer.core.way_to_measurement import gone_to
from ichviewer.gui.export_dialog import ExportDialog
from ichviewer.gui.histogram_window import HistogramWindow
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.store import Store
from ichviewer.session.writing import Writing

Kind = MeasurementKind


def at(state: ViewState, slice_index: int, *places: tuple[float, float]) -> list[np.ndarray]:
    """Points of a slice at (column, row)."""
    frame = open_volume(state).frame
    return [frame.pixel_to_mm(slice_index, row, column) for column, row in places]


def measured_state() -> ViewState:
    """A ruler on slice 3, an ellipse on slice 6; the ruler is chosen, slice 6 in view."""
    state = replace(opened(opened_state(), make_volume(9), ""), slice_index=5)
    state = with_measurement(state, drawn(Kind.RULER, at(state, 2, (20, 30), (44, 30)), 2))
    state = with_measurement(state, drawn(Kind.ELLIPSE, at(state, 5, (20, 20), (40, 40)), 5))
    return with_selection(state, 1)


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    window = MainWindow(Store(measured_state()))
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window


def of(window: MainWindow, identifier: int) -> Measurement:
    return window.store.state.work.measurements[identifier]


def test_every_measurement_is_listed_with_its_value_and_place(window: MainWindow) -> None:
    texts = [
        window.reading_page.side.measurements.list.item(row).text()
        for row in range(window.reading_page.side.measurements.list.count())
    ]
    assert texts[0] == "slice 3 · Ruler 1: 12.0 mm"
    assert texts[1].startswith("slice 6 · Ellipse 2: 78.5 mm², mean 35.0 HU")


def test_a_click_on_a_row_goes_there(qtbot: QtBot, window: MainWindow) -> None:
    measurements = window.reading_page.side.measurements.list
    place = measurements.visualItemRect(measurements.item(0)).center()
    qtbot.mouseClick(measurements.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert window.store.state.slice_index == 2
    assert window.store.state.selected_measurement == 1


def test_a_measurement_is_named_and_commented_on_in_one_step_each(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.reading_page.side.measurements
    for line, text in ((panel.name, "left clot"), (panel.comment, "at its widest")):
        line.setFocus()
        qtbot.keyClicks(line, text)
        qtbot.keyClick(line, Qt.Key.Key_Return)
    assert (of(window, 1).name, of(window, 1).text) == ("left clot", "at its widest")
    assert [step.name for step in window.store.state.history.done[2:]] == [
        "rename ruler 1",
        "comment on left clot",
    ]
    assert panel.list.item(0).text() == "slice 3 · Left clot: 12.0 mm"


def test_delete_undo_and_redo_by_keys_with_their_names_in_the_menu(qtbot: QtBot, window: MainWindow) -> None:
    store = window.store
    qtbot.keyClick(window, Qt.Key.Key_Delete)
    assert [each.identifier for each in store.state.work.measurements.items] == [2]
    assert window.table["undo"].text().replace("&", "") == "Undo remove ruler 1"
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(store.state.work.measurements) == 2
    assert window.table["redo"].text().replace("&", "") == "Redo remove ruler 1"
    qtbot.keyClick(window, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert len(store.state.work.measurements) == 1
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(window, Qt.Key.Key_Z, both)
    assert len(store.state.work.measurements) == 1


@pytest.mark.parametrize(
    ("turn", "moved"), [(Turn(), (-1, 0)), (Turn(0, True), (1, 0)), (Turn(1), (0, 1)), (Turn(2), (1, 0))]
)
def test_arrows_move_the_chosen_handle_along_the_screen(
    qtbot: QtBot, window: MainWindow, turn: Turn, moved: tuple[int, int]
) -> None:
    store = window.store
    store.update(lambda state: replace(with_camera(state, View.BRAIN, Camera(turn=turn)), slice_index=2))
    qtbot.keyClick(window, Qt.Key.Key_Period)
    assert store.state.selected_handle == 0
    qtbot.keyClick(window, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    first, last = of(window, 1).points_mm
    start, end = at(store.state, 2, (20 + moved[0], 30 + moved[1]), (44, 30))
    assert np.asarray(first) == pytest.approx(start)
    assert np.asarray(last) == pytest.approx(end)
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Qt.Key.Key_Right, both)
    (far,) = at(store.state, 2, (20 - 9 * moved[0], 30 - 9 * moved[1]))
    assert np.asarray(of(window, 1).points_mm[0]) == pytest.approx(far)


def test_arrows_alone_scroll_also_while_a_measurement_is_chosen(qtbot: QtBot, window: MainWindow) -> None:
    """Hazard: the reader wants the next slice, and the ruler becomes longer."""
    before = window.store.state.work
    window.store.update(lambda state: replace(state, selected_handle=0))
    qtbot.keyClick(window, Qt.Key.Key_Up)
    assert window.store.state.slice_index == 6
    assert window.store.state.work == before


def test_a_measurement_that_is_not_in_view_is_not_moved(qtbot: QtBot, window: MainWindow) -> None:
    before = window.store.state.work
    qtbot.keyClick(window, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert window.store.state.work == before


def test_measurements_are_stepped_through_by_key(qtbot: QtBot, window: MainWindow) -> None:
    seen = []
    for _ in range(3):
        qtbot.keyClick(window, Qt.Key.Key_J)
        seen.append((window.store.state.selected_measurement, window.store.state.slice_index))
    assert seen == [(2, 5), (1, 2), (2, 5)]


@pytest.mark.parametrize("tool", [tool for tool in Tool if tool.kind not in (None, Kind.REGION, Kind.TEXT)])
def test_every_tool_draws_without_a_mouse(qtbot: QtBot, window: MainWindow, tool: Tool) -> None:
    store = window.store
    window.table[f"tool-{tool.name.lower().replace('_', '-')}"].trigger()
    assert store.state.tool is tool
    qtbot.keyClick(window, Qt.Key.Key_Insert)
    if tool is Tool.ARROW:
        assert store.state.drawing is not None
        return
    now = selected(store.state)
    assert now is not None
    assert now.kind is tool.kind
    assert now.plane == 5


def test_escape_puts_away_drawing_tool_and_choice_before_it_stops_any_work(
    qtbot: QtBot, window: MainWindow
) -> None:
    """Hazard: Esc for a ruler stops the analysis."""
    store = window.store
    stopped = []
    window.reading_cancelled.connect(lambda: stopped.append(store.state.tool))
    store.update(lambda state: replace(state, tool=Tool.ARROW))
    qtbot.keyClick(window, Qt.Key.Key_Insert)
    view = window.reading_page.views.views[View.BRAIN]
    assert view.text_entry.isVisible()
    qtbot.keyClick(view.text_entry, Qt.Key.Key_Escape)
    assert (store.state.drawing, store.state.tool) == (None, Tool.ARROW)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert (store.state.tool, store.state.selected_measurement) == (Tool.WINDOW, 1)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert store.state.selected_measurement is None
    assert not stopped


def test_every_tool_has_a_button_with_its_key_and_a_name(window: MainWindow) -> None:
    for tool in Tool:
        button = window.findChild(QToolButton, f"button-tool-{tool.name.lower().replace('_', '-')}")
        assert button is not None, tool
        assert "(" in button.toolTip(), tool
        assert button.accessibleName()
        assert not button.icon().isNull()


def test_the_histogram_shows_the_chosen_region(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.reading_page.side.measurements
    assert not panel.histogram.isEnabled()
    window.store.update(lambda state: with_selection(state, 2))
    qtbot.mouseClick(panel.histogram, Qt.MouseButton.LeftButton)
    shown = window.findChild(HistogramWindow)
    assert shown is not None
    assert "mean 35.0 HU" in shown.words.text()
    assert not shown.plot.grab().isNull()
    window.store.update(lambda state: with_selection(state, 1))
    assert "12.0 mm" in shown.words.text()
    shown.close()


def test_a_slice_is_judged_for_the_volume_by_key_and_by_button(qtbot: QtBot, window: MainWindow) -> None:
    store = window.store
    state = store.state
    axes = at(state, 5, (20, 30), (40, 30), (30, 25), (30, 35))
    store.set(with_measurement(state, drawn(Kind.HEMATOMA, axes, 5)))
    assert window.reading_page.side.measurements.hematoma.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_7, Qt.KeyboardModifier.AltModifier)
    store.update(lambda state: replace(state, slice_index=6))
    window.reading_page.side.measurements.hematoma.buttons[0.5].click()
    assert of(window, 3).hematoma_slices == (HematomaSlice(5, 1.0), HematomaSlice(6, 0.5))
    # 10 x 5 x 7.5 mm: one slice and a half, 5 mm apart.
    values = window.reading_page.views.measurement_layer.values(of(window, 3), store.state)
    assert values.volume_ml == pytest.approx(10 * 5 * 7.5 / 2000)
    assert "slice 7: ½ × 5.00 mm" in window.reading_page.side.measurements.hematoma.counted.text()
    window.reading_page.side.measurements.hematoma.from_areas.click()
    assert [each.slice_index for each in of(window, 3).hematoma_slices] == [5]


def test_the_export_asks_where_and_the_file_holds_every_measurement(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    qtbot.keyClick(
        window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    dialog = window.findChild(ExportDialog)
    assert dialog is not None
    assert dialog.path.text().endswith("measurements.csv")
    path = tmp_path / "m.csv"
    writing = Writing(window.store, None)
    window.measurements_requested.connect(writing.export_measurements)
    dialog.path.setText(str(path))
    dialog.export_button.click()
    assert writing.finish()
    writing.close()
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["kind"], row["slice_number"]) for row in rows] == [("ruler", "3"), ("ellipse", "6")]
    assert float(rows[0]["length_mm"]) == pytest.approx(12.0)
    assert "patient_name" not in rows[0]


def test_going_to_a_measurement_of_a_reformat_shows_its_plane(window: MainWindow) -> None:
    store = window.store
    there = replace(store.state, layout=Layout.PLANES, crosshair_mm=(12.0, 9.0))
    plane = plane_shown(there, View.CORONAL)
    points = [plane.to_frame_mm(10.0, 20.0), plane.to_frame_mm(30.0, 20.0)]
    there = with_measurement(there, drawn(Kind.RULER, points, plane))
    elsewhere = replace(there, layout=Layout.TRIPTYCH, crosshair_mm=(3.0, 3.0), active_view=View.BRAIN)
    back = gone_to(elsewhere, 3)
    assert (back.layout, back.active_view) == (Layout.PLANES, View.CORONAL)
    assert plane_shown(back, View.CORONAL) == plane


@pytest.mark.parametrize("tool", [Tool.REGION, Tool.BRUSH])
def test_where_the_reader_goes_on_comes_into_view(qtbot: QtBot, window: MainWindow, tool: Tool) -> None:
    page = window.reading_page
    window.store.update(lambda state: replace(state, tool=tool))
    part = page.side.measurements.region
    qtbot.waitUntil(lambda: not part.visibleRegion().isEmpty())
    assert part.width() <= page.side.work.viewport().width()
