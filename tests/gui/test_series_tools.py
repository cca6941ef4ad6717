"""Localizer, cine, key images and the browser's menu, with mouse and keys."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import make_card
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from stacks_beside import JANE, contents_of, scout, stack

from ichviewer.core.localizer import Localizer, why_no_lines
from ichviewer.core.views import Layout
from ichviewer.core.viewstate import ViewState, listed, opened, scrolled_to
from ichviewer.gui.cine_player import CinePlayer
from ichviewer.gui.key_images_line import KeyImagesLine
from ichviewer.gui.localizer_view import LocalizerView
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.series_delegate import KEY_ROLE, STUDY_ROLE
from ichviewer.gui.store import Store

CURRENT = stack(9, 5.0)
PRIOR = stack(9, 5.0, series_uid="7.1", study_uid="7", frame="7.9")
STRANGER = stack(9, 5.0, series_uid="8.1", study_uid="8", frame="8.9", patient=replace(JANE, birth_date=""))


def open_state(frame: str = "1.9.1") -> ViewState:
    image = scout(frame)
    contents = contents_of(CURRENT, image, PRIOR, STRANGER)
    state = opened(listed(ViewState(model_card=make_card()), contents), CURRENT, "")
    return replace(state, localizer=Localizer(image, why_no_lines(image.series, CURRENT.series)))


def window_of(qtbot: QtBot, state: ViewState) -> MainWindow:
    window = MainWindow(Store(state))
    qtbot.addWidget(window)
    window.show()
    QApplication.processEvents()
    return window


def localizer_of(qtbot: QtBot, state: ViewState) -> tuple[LocalizerView, Store]:
    store = Store(state)
    view = LocalizerView(store)
    qtbot.addWidget(view)
    view.resize(200, 170)
    view.show()
    QApplication.processEvents()
    return view, store


# Localizer


def test_the_line_follows_the_slice_in_view(qtbot: QtBot) -> None:
    view, store = localizer_of(qtbot, open_state())
    before = view.grab().toImage()
    low, high = view.line_of(1), view.line_of(7)
    assert low is not None
    assert high is not None
    assert low[0].y() > high[0].y(), "the vertex is up"
    store.update(lambda state: scrolled_to(state, 7))
    QApplication.processEvents()
    assert view.grab().toImage() != before


@pytest.mark.parametrize("slice_index", [0, 2, 8])
def test_a_click_on_the_localizer_goes_to_the_slice_there(qtbot: QtBot, slice_index: int) -> None:
    view, store = localizer_of(qtbot, open_state())
    ends = view.line_of(slice_index)
    assert ends is not None
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=ends[0].toPoint() + QPoint(5, 0))
    assert store.state.slice_index == slice_index


def test_dragging_over_the_localizer_scrolls(qtbot: QtBot) -> None:
    view, store = localizer_of(qtbot, open_state())
    places = []
    for index in (2, 5):
        ends = view.line_of(index)
        assert ends is not None
        places.append(QPointF(ends[0]).toPoint() + QPoint(5, 0))
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=places[0])
    assert store.state.slice_index == 2
    qtbot.mouseMove(view, places[1])
    assert store.state.slice_index == 5
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=places[1])


def test_in_another_frame_of_reference_the_localizer_has_no_line_and_no_click(qtbot: QtBot) -> None:
    """Hazard: a click on a scout of another position jumps to a level that it does not show."""
    view, store = localizer_of(qtbot, open_state(frame="1.9.2"))
    assert view.line_of(4) is None
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(100, 20))
    assert store.state.slice_index == 4


def test_without_a_scout_there_is_no_localizer(qtbot: QtBot) -> None:
    view, store = localizer_of(qtbot, open_state())
    assert view.isVisible()
    store.update(lambda state: replace(state, localizer=None))
    assert not view.isVisible()


# Cine


def test_c_starts_and_stops_the_cine(qtbot: QtBot) -> None:
    window = window_of(qtbot, open_state())
    player = window.reading_page.views.cine
    qtbot.keyClick(window, Qt.Key.Key_C)
    assert player.timer.isActive()
    assert player.timer.interval() == 100, "10 frames a second"
    player.step()
    assert window.store.state.slice_index == 5
    qtbot.keyClick(window, Qt.Key.Key_C)
    assert not player.timer.isActive()
    player.step()
    assert window.store.state.slice_index == 5


def test_any_scroll_stops_the_cine(qtbot: QtBot) -> None:
    window = window_of(qtbot, open_state())
    player = window.reading_page.views.cine
    qtbot.keyClick(window, Qt.Key.Key_C)
    player.step()
    qtbot.keyClick(window, Qt.Key.Key_Down)
    assert not window.store.state.cine.is_running
    assert not player.timer.isActive()
    assert window.store.state.slice_index == 4


def test_the_cines_speed_changes_while_it_runs(qtbot: QtBot) -> None:
    window = window_of(qtbot, open_state())
    qtbot.keyClick(window, Qt.Key.Key_C)
    window.table["cine-faster"].trigger()
    assert window.store.state.cine.frames_per_second == 12
    assert window.reading_page.views.cine.timer.interval() == 83
    assert window.store.state.cine.is_running


def test_a_bounce_turns_round_without_stopping(qtbot: QtBot) -> None:
    store = Store(scrolled_to(open_state(), 8))
    player = CinePlayer(store)
    store.update(lambda state: replace(state, cine=replace(state.cine, is_running=True, bounces=True)))
    player.step()
    player.step()
    assert store.state.slice_index == 6
    assert store.state.cine.is_running


def test_another_stack_stops_the_cine(qtbot: QtBot) -> None:
    store = Store(open_state())
    player = CinePlayer(store)
    store.update(lambda state: replace(state, cine=replace(state.cine, is_running=True)))
    store.update(lambda state: opened(state, PRIOR, ""))
    assert not player.timer.isActive()


# Key images


def test_k_marks_the_slice_in_view_and_undo_takes_it_back(qtbot: QtBot) -> None:
    window = window_of(qtbot, open_state())
    qtbot.keyClick(window, Qt.Key.Key_K)
    assert window.store.state.work.key_images == {4}
    assert window.reading_page.ribbon.key_image_marks()[0].y() == pytest.approx(
        window.reading_page.ribbon.row_rect(4, 4).center().y()
    )
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.store.state.work.key_images == frozenset()


def test_keys_go_from_one_key_image_to_the_next(qtbot: QtBot) -> None:
    window = window_of(qtbot, open_state())
    for index in (1, 6):
        window.store.update(lambda state, index=index: scrolled_to(state, index))  # type: ignore[misc]
        qtbot.keyClick(window, Qt.Key.Key_K)
    window.table["key-image-down"].trigger()
    assert window.store.state.slice_index == 1
    window.table["key-image-down"].trigger()
    assert window.store.state.slice_index == 1, "there is none below"
    window.table["key-image-up"].trigger()
    assert window.store.state.slice_index == 6


def test_key_images_are_listed_and_a_number_goes_there(qtbot: QtBot) -> None:
    store = Store(open_state())
    line = KeyImagesLine(store)
    qtbot.addWidget(line)
    assert line.text() == ""
    store.update(lambda state: replace(state, work=replace(state.work, key_images=frozenset({7, 2}))))
    assert line.text().startswith("2 key images: ")
    assert line.accessibleDescription() == "2 key images: 3, 8"
    line.linkActivated.emit("7")
    assert store.state.slice_index == 7


# Browser


def menu_texts(window: MainWindow, key: str) -> dict[str, bool]:
    panel = window.reading_page.series
    every = [panel.items.item(row) for row in range(panel.items.count())]
    item = next(each for each in every if each.data(KEY_ROLE) == key)
    menu = panel.menu_at(item)
    assert menu is not None
    return {action.text(): action.isEnabled() for action in menu.actions()}


def trigger(window: MainWindow, key: str, text: str) -> None:
    panel = window.reading_page.series
    every = [panel.items.item(row) for row in range(panel.items.count())]
    menu = panel.menu_at(next(each for each in every if each.data(KEY_ROLE) == key))
    assert menu is not None
    next(action for action in menu.actions() if action.text() == text).trigger()


def test_the_menu_of_a_series_offers_it_as_prior_but_not_to_itself(qtbot: QtBot) -> None:
    window = window_of(qtbot, open_state())
    assert menu_texts(window, "7.1")["Show as prior"]
    assert not menu_texts(window, "1.2.3")["Show as prior"]


def test_show_as_prior_asks_for_it(qtbot: QtBot) -> None:
    window = window_of(qtbot, open_state())
    trigger(window, "7.1", "Show as prior")
    assert window.store.state.wanted_prior == "7.1"


def test_a_prior_with_a_missing_birth_date_must_be_insisted_on(qtbot: QtBot) -> None:
    """Hazard: another patient's head is taken for the prior of this one."""
    window = window_of(qtbot, open_state())
    assert not window.table["prior-insist"].isEnabled()
    trigger(window, "8.1", "Show as prior")
    assert window.store.state.wanted_prior == ""
    assert window.store.state.layout is Layout.PRIOR
    assert window.store.state.message is not None
    assert "birth date is missing in the prior" in window.store.state.message.text
    window.table["prior-insist"].trigger()
    assert window.store.state.wanted_prior == "8.1"


def test_a_heading_offers_to_close_its_study(qtbot: QtBot) -> None:
    window = window_of(qtbot, open_state())
    panel = window.reading_page.series
    every = [panel.items.item(row) for row in range(panel.items.count())]
    heading = next(each for each in every if each.data(STUDY_ROLE) == ("ID-0042", "7"))
    menu = panel.menu_at(heading)
    assert menu is not None
    with qtbot.waitSignal(panel.study_close_requested) as asked:
        menu.actions()[0].trigger()
    assert asked.args == [("ID-0042", "7")]


def test_each_study_has_a_heading(qtbot: QtBot) -> None:
    window = window_of(qtbot, open_state())
    panel = window.reading_page.series
    every = [panel.items.item(row) for row in range(panel.items.count())]
    studies = [each.data(STUDY_ROLE) for each in every if each.data(STUDY_ROLE)]
    assert studies == [("ID-0042", "1.2"), ("ID-0042", "7"), ("ID-0042", "8")]
