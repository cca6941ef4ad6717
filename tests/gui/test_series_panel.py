"""The SERIES panel: every series and every file is accounted for; names only where they may be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot
from window_states import opened_state

from ichviewer.core.viewstate import OverlayText, Thumbnail, ViewState
from ichviewer.gui.series_delegate import IS_OPEN_ROLE, KEY_ROLE, LINES_ROLE, PICTURE_ROLE
from ichviewer.gui.series_panel import HIDDEN_MARK, SeriesPanel
from ichviewer.gui.store import Store


def shown(qtbot: QtBot, state: ViewState) -> tuple[SeriesPanel, Store]:
    store = Store(state)
    panel = SeriesPanel(store)
    panel.resize(180, 600)
    qtbot.addWidget(panel)
    panel.show()
    return panel, store


def rows(panel: SeriesPanel, role: int) -> Sequence[object]:
    items = (panel.items.item(row) for row in range(panel.items.count()))
    return [item.data(role) for item in items if item.data(KEY_ROLE)]


def test_every_series_is_listed_with_slices_and_thickness(qtbot: QtBot) -> None:
    panel, _store = shown(qtbot, opened_state())
    assert rows(panel, LINES_ROLE) == [
        ("BONE", "3 slices · 5 mm"),
        ("HEAD 5 mm", "12 slices · 5 mm"),
        ("SCOUT", "2 slices · 5 mm", HIDDEN_MARK),
    ]


def test_the_open_series_is_marked(qtbot: QtBot) -> None:
    panel, _store = shown(qtbot, opened_state())
    assert rows(panel, IS_OPEN_ROLE) == [False, True, False]


def test_a_click_asks_for_the_series(qtbot: QtBot) -> None:
    panel, _store = shown(qtbot, opened_state())
    item = next(panel.items.item(row) for row in range(4) if panel.items.item(row).data(KEY_ROLE) == "1.2.4")
    with qtbot.waitSignal(panel.series_requested) as asked:
        middle = panel.items.visualItemRect(item).center()
        qtbot.mouseClick(panel.items.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    assert asked.args == ["1.2.4"]


def test_the_open_series_is_not_asked_for_again(qtbot: QtBot) -> None:
    panel, _store = shown(qtbot, opened_state())
    item = next(panel.items.item(row) for row in range(4) if panel.items.item(row).data(IS_OPEN_ROLE))
    with qtbot.assertNotEmitted(panel.series_requested):
        middle = panel.items.visualItemRect(item).center()
        qtbot.mouseClick(panel.items.viewport(), Qt.MouseButton.LeftButton, pos=middle)


def test_a_thumbnail_that_arrives_later_finds_its_series(qtbot: QtBot) -> None:
    panel, store = shown(qtbot, opened_state())
    grey = np.full((8, 8), 90, dtype=np.uint8)
    store.update(lambda state: replace(state, thumbnails=(Thumbnail("1.2.5", grey),)))
    assert [picture is not None for picture in rows(panel, PICTURE_ROLE)] == [False, False, True]


@pytest.mark.parametrize("text", [OverlayText.ANONYMOUS, OverlayText.OFF])
def test_an_anonymous_window_names_nobody_in_the_list(qtbot: QtBot, text: OverlayText) -> None:
    """Hazard: a screenshot of the anonymous view would still carry the patient's name."""
    panel, store = shown(qtbot, opened_state())
    assert panel.items.item(0).data(LINES_ROLE)[0] == "Doe, Jane · ID-0042"
    store.update(lambda state: replace(state, overlay_text=text))
    items = [panel.items.item(row) for row in range(panel.items.count())]
    shown_text = " ".join(f"{i.data(LINES_ROLE)} {i.toolTip()} {i.text()}" for i in items)
    spoken = " ".join(str(i.data(Qt.ItemDataRole.AccessibleTextRole)) for i in items)
    assert not any(word in shown_text + spoken for word in ("Doe", "Jane", "ID-0042"))


def test_studies_of_two_patients_have_headings_of_their_own(qtbot: QtBot) -> None:
    """Hazard: two patients in one folder would be read as one."""
    state = opened_state()
    assert state.contents is not None
    first, second, third = state.contents.series
    other = replace(second, patient=replace(second.patient, patient_name="Roe^Richard"))
    panel, _store = shown(
        qtbot, replace(state, contents=replace(state.contents, series=(first, other, third)))
    )
    headings = [panel.items.item(row).data(LINES_ROLE)[0] for row in (0, 2, 4)]
    assert headings == ["Doe, Jane · ID-0042", "Roe, Richard · ID-0042", "Doe, Jane · ID-0042"]


def test_every_file_is_accounted_for(qtbot: QtBot) -> None:
    panel, _store = shown(qtbot, opened_state())
    assert panel.files.text() == "1 loaded, 1 skipped (dose report), 1 damaged"


def test_the_list_of_files_can_be_shown_and_copied(qtbot: QtBot) -> None:
    panel, _store = shown(qtbot, opened_state())
    window = panel.show_files()
    assert window is not None
    assert not window.isModal()
    lines = ["damaged: b/IM2: pixel data are cut off", "skipped: c/IM3: dose report", "loaded: a/IM1"]
    assert window.text.toPlainText().splitlines() == lines
    copy = next(button for button in window.findChildren(QPushButton) if button.text() == "Copy")
    copy.click()
    assert QGuiApplication.clipboard().text().splitlines() == lines


def test_before_anything_was_opened_there_is_no_list(qtbot: QtBot) -> None:
    panel, _store = shown(qtbot, ViewState())
    assert panel.items.count() == 0
    assert panel.show_files() is None
    assert not panel.files_button.isVisible()
