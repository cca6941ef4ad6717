"""Preferences, test pattern, tour, guide, images apart: each does what it says, none stands in the way."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot
from window_states import analyzed_state, opened_state

from ichviewer.core.grey_pattern import (
    BACKGROUND,
    SIDE,
    STEPS,
    dark_square_corner,
    grey_pattern,
    light_square_corner,
    lines_corner,
    step_corner,
    step_value,
)
from ichviewer.core.preferences import OverlayText, Preferences, ThemeName
from ichviewer.core.progress import Progress
from ichviewer.core.views import Layout, View
from ichviewer.core.viewstate import ViewState
from ichviewer.core.windowing import Window
from ichviewer.gui.activity import activity_text
from ichviewer.gui.guide_window import GUIDE
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.mouse import Press, dragged
from ichviewer.gui.pattern_window import display_note
from ichviewer.gui.screen_place import nearest_place, other_screen
from ichviewer.gui.store import Store
from ichviewer.gui.tour import beside
from ichviewer.gui.versions import versions_text
from ichviewer.resources import resource_path
from ichviewer.session.messages import problem


def shown(qtbot: QtBot, state: ViewState | None = None) -> MainWindow:
    window = MainWindow(Store(state if state is not None else analyzed_state()))
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()
    return window


# Preferences


def choose(box: QComboBox, row: int) -> None:
    box.setCurrentIndex(row)
    box.activated.emit(row)


def test_a_preference_is_in_force_as_soon_as_it_is_chosen(qtbot: QtBot) -> None:
    window = shown(qtbot)
    dialog = window.side_windows.edit_preferences()
    choose(dialog.theme, 1)
    choose(dialog.drag, 1)
    choose(dialog.text, 1)
    dialog.heatmap.click()
    dialog.first_look.click()
    dialog.recent.click()
    dialog.session.click()
    dialog.cine.setValue(4)
    state = window.store.state
    assert state.preferences == replace(
        Preferences(),
        theme=ThemeName.LIGHT,
        drag_down_is_brighter=False,
        overlay_text=OverlayText.ANONYMOUS,
        shows_heatmap=True,
        uses_first_look=True,
        keeps_recent=False,
        keeps_session=False,
        cine_per_second=4,
    )
    assert (state.overlay_text, state.shows_heatmap) == (OverlayText.ANONYMOUS, True)
    assert state.cine.frames_per_second == 4


def test_a_device_is_asked_for_in_the_preferences(qtbot: QtBot) -> None:
    window = shown(qtbot)
    dialog = window.side_windows.edit_preferences()
    with qtbot.waitSignal(window.device_requested) as asked:
        choose(dialog.device, 1)
    assert asked.args == ["cpu"]


@pytest.mark.parametrize(("down_is_brighter", "center"), [(True, 20.0), (False, 60.0)])
def test_a_drag_down_brightens_or_darkens_as_preferred(down_is_brighter: bool, center: float) -> None:
    state = opened_state()
    preferences = replace(state.preferences, drag_down_is_brighter=down_is_brighter)
    state = replace(state, preferences=preferences)
    press = Press(Qt.MouseButton.LeftButton, QPointF(0, 0), Window(40, 80), state.cameras[View.BRAIN])
    after = dragged(state, press, (0.0, 100.0), View.BRAIN, (0.0, 0.0), 1.0)
    assert after.windows[View.BRAIN] == Window(center, 80)


# Test pattern


def test_the_pattern_holds_what_it_says() -> None:
    pattern = grey_pattern()
    assert pattern.shape == (SIDE, SIDE)
    steps = []
    for step in range(STEPS):
        row, column = step_corner(step)
        steps.append(int(pattern[row + 48, column + 48]))
    assert steps == [step_value(step) for step in range(STEPS)]
    assert np.diff(steps).min() >= 14
    row, column = dark_square_corner()
    assert (pattern[row - 10, column], pattern[row + 10, column + 10]) == (0, 13)
    row, column = light_square_corner()
    assert (pattern[row - 10, column], pattern[row + 10, column + 10]) == (255, 242)
    for is_upright in (True, False):
        row, column = lines_corner(is_upright)
        line = pattern[row + 5, column : column + 6] if is_upright else pattern[row : row + 6, column + 5]
        assert line.tolist() == [255, 0, 255, 0, 255, 0]


def test_the_pattern_is_drawn_one_value_to_one_pixel_of_the_screen(qtbot: QtBot) -> None:
    """Hazard: a pattern that was scaled shows a screen to be better or worse than it is."""
    pattern = shown(qtbot).side_windows.show_test_pattern().pattern
    picture = pattern.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    drawn = np.frombuffer(picture.constBits(), np.uint8).reshape(-1, picture.bytesPerLine())
    expected = grey_pattern()
    assert np.array_equal(drawn[:510, :SIDE], expected[:510])
    letters = drawn[515:SIDE, 32 : SIDE - 32]
    assert set(np.unique(letters).tolist()) <= set(range(BACKGROUND, BACKGROUND + 9))
    assert letters.max() == BACKGROUND + 8


def test_the_display_is_said_to_be_unchecked_until_all_of_it_was_confirmed(qtbot: QtBot) -> None:
    """Hazard: faint blood is missed on a screen that shows dark greys alike, and nobody has looked."""
    window = shown(qtbot)
    note = window.top_bar.display
    assert note.text() == "display not calibrated"
    assert note.isVisible()
    pattern = window.side_windows.show_test_pattern()
    for question in pattern.questions:
        assert not pattern.confirm.isEnabled()
        question.click()
    pattern.confirm.click()
    assert not note.isVisible()
    ((_screen, day),) = window.store.state.preferences.checked_screens
    assert date.fromisoformat(day) is not None


@pytest.mark.parametrize(
    ("checked", "says"),
    [
        ("2024-03-01", ""),
        ("2024-02-01", ""),
        ("2024-01-31", "display not checked lately"),
        ("2024-03-03", "display not checked lately"),
        ("some day", "display not calibrated"),
    ],
)
def test_a_screen_is_to_be_looked_at_every_month(checked: str, says: str) -> None:
    preferences = Preferences().with_checked_screen("DP-1", checked)
    assert display_note(preferences, "DP-1", date(2024, 3, 2))[0] == says
    assert display_note(preferences, "DP-2", date(2024, 3, 2))[0] == "display not calibrated"


# Tour and guide


def test_the_tour_goes_through_real_controls_by_keyboard(qtbot: QtBot) -> None:
    window = shown(qtbot)
    tour = window.side_windows.show_tour()
    titles = []
    for _step in window.side_windows.tour_steps:
        titles.append(tour.title.text())
        target = window.side_windows.tour_steps[tour.index].find()
        if target is not None:
            assert target.isVisible()
            assert tour.frame_around.isVisible()
        assert window.rect().contains(tour.geometry())
        if tour.index < len(window.side_windows.tour_steps) - 1:
            qtbot.keyClick(tour, Qt.Key.Key_Right)
    assert len(set(titles)) == len(window.side_windows.tour_steps)
    qtbot.keyClick(tour, Qt.Key.Key_Left)
    assert tour.title.text() == titles[-2]
    qtbot.keyClick(tour, Qt.Key.Key_Escape)
    assert not tour.isVisible()
    assert not tour.frame_around.isVisible()


def test_the_window_works_while_the_tour_is_shown(qtbot: QtBot) -> None:
    window = shown(qtbot)
    tour = window.side_windows.show_tour()
    window.table["invert"].trigger()
    assert window.store.state.is_inverted
    tour.next.click()
    assert tour.index == 1


def test_the_panel_of_the_tour_covers_no_control_that_it_is_about() -> None:
    room, panel = QRect(0, 0, 1280, 800), QRect(0, 0, 380, 140)
    for target in (QRect(0, 0, 200, 800), QRect(1000, 0, 280, 800), QRect(0, 760, 1280, 40)):
        place = QRect(beside(target, panel, room), panel.size())
        assert room.contains(place)
        assert not place.intersects(target)


def test_every_picture_and_every_key_of_the_guide_exists(qtbot: QtBot) -> None:
    window = shown(qtbot)
    guide = resource_path(GUIDE)
    text = guide.read_text(encoding="utf-8")
    for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text):
        assert (guide.parent / name).is_file(), name
    headings = {line.lstrip("# ").casefold() for line in text.splitlines() if line.startswith("#")}
    for link in re.findall(r"\]\(#([^)]+)\)", text):
        assert link.replace("-", " ") in headings, link
    keys = {key for command in window.commands for key in command.keys}
    mentioned = set(re.findall(r"\*\*((?:Ctrl|Shift|Alt)(?:\+Shift)?\+[A-Z0-9a-z]+|F\d+)\*\*", text))
    assert len(mentioned) > 25
    assert mentioned - keys == set()


def test_the_guide_is_searched_and_its_links_lead_within(qtbot: QtBot) -> None:
    guide = shown(qtbot).side_windows.show_guide()
    guide.field.setText("ABC/2")
    assert guide.browser.textCursor().selectedText() == "ABC/2"
    first = guide.browser.textCursor().position()
    assert guide.find_next()
    assert guide.browser.textCursor().position() > first
    assert guide.find_previous()
    guide.field.setText("xyzzy")
    assert guide.says.text() == "Not found."


# Images apart


def test_the_images_move_out_and_come_back(qtbot: QtBot) -> None:
    window = shown(qtbot)
    page = window.reading_page
    window.table["images-apart"].trigger()
    images = window.images_apart.images_window
    assert images is not None
    assert page.views.window() is images
    assert page.elsewhere.isVisible()
    images.activateWindow()
    qtbot.waitUntil(images.isActiveWindow)
    qtbot.keyClick(images, Qt.Key.Key_I)
    assert window.store.state.is_inverted
    images.close()
    assert page.views.window() is window
    assert page.views.isVisible()


def test_the_images_survive_their_window_and_the_main_one(qtbot: QtBot) -> None:
    """Hazard: the images are gone with a window that was closed."""
    window = shown(qtbot)
    for _ in range(2):
        window.images_apart.take_out()
        window.reading_page.elsewhere.back.click()
        assert window.reading_page.views.isVisible()
    window.images_apart.take_out()
    window.close()
    assert window.reading_page.views.window() is window


def test_where_the_images_stood_is_remembered(qtbot: QtBot) -> None:
    window = shown(qtbot)
    window.images_apart.restore_layout({"place": [40, 50, 600, 300]})
    window.images_apart.take_out()
    assert window.images_apart.images_window.geometry() == QRect(40, 50, 600, 300)
    assert window.save_layout()["images_apart"] == {"place": [40, 50, 600, 300]}
    window.images_apart.bring_back()


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        (QRect(100, 100, 500, 400), QRect(100, 100, 500, 400)),
        (QRect(5000, 100, 500, 400), QRect(1420, 100, 500, 400)),
        (QRect(-900, -900, 500, 400), QRect(0, 0, 500, 400)),
        (QRect(2500, 0, 500, 400), QRect(2500, 0, 500, 400)),
        (QRect(0, 0, 9000, 9000), QRect(0, 0, 1920, 1080)),
    ],
)
def test_no_window_stands_beside_all_screens(wanted: QRect, place: QRect) -> None:
    """Hazard: the images stand on a screen that is no longer there."""
    screens = [QRect(0, 0, 1920, 1080), QRect(1920, 0, 1920, 1080)]
    assert nearest_place(wanted, screens) == place


def test_the_images_go_to_the_other_screen_where_there_is_one() -> None:
    two = [QRect(0, 0, 1920, 1080), QRect(1920, 0, 1920, 1080)]
    assert other_screen(QRect(2000, 0, 800, 600), two) == two[0]
    assert other_screen(QRect(10, 0, 800, 600), two) == two[1]
    assert other_screen(QRect(10, 0, 800, 600), two[:1]).left() == 959


def test_the_window_stays_while_something_would_be_lost(qtbot: QtBot) -> None:
    """Hazard: the window closes although a table that was asked for was not written."""
    window = shown(qtbot)
    window.may_close = lambda: False
    with qtbot.assertNotEmitted(window.closing):
        window.close()
    assert window.isVisible()
    window.may_close = lambda: True
    with qtbot.waitSignal(window.closing):
        window.close()


# Status and errors


def test_the_status_line_says_what_the_machine_is_doing(qtbot: QtBot) -> None:
    """Hazard: a reader takes a stack that is still being worked on for one that is done."""
    window = shown(qtbot, opened_state())
    label = window.status_line.activity
    assert label.text() == "idle"
    for change, says in (
        ({"reading": Progress(1, 2, "reading")}, "reading"),
        ({"reading": None, "analysis": Progress(3, 12, "analyzing")}, "analyzing"),
        ({"analysis": None, "writing": "writing"}, "writing"),
        ({"writing": "", "layout": Layout.PLANES}, "preparing planes"),
        ({"layout": Layout.TRIPTYCH}, "idle"),
    ):
        window.store.update(lambda state, change=change: replace(state, **change))
        assert label.text() == says
        assert activity_text(window.store.state) == says


def test_details_of_an_unexpected_error_name_versions_and_nobody() -> None:
    """Hazard: a report of an error that is passed on names the patient."""
    try:
        raise ValueError("/studies/Doe^Jane/IM1")
    except ValueError as error:
        message = problem("Opening failed", error)
    assert "Doe" not in message.text + message.details
    assert "ValueError" in message.details
    assert "ichviewer " in message.details
    assert str(Path.home()) not in versions_text()
