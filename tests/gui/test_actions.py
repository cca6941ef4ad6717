"""The table of actions: every key does what the table says, wherever the focus is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot
from window_states import analyzed_state, open_volume, opened_state

from ichviewer.core.camera import Camera
from ichviewer.core.findings import Decision, Subtype
from ichviewer.core.views import View
from ichviewer.core.viewstate import (
    FIRST_WINDOWS,
    OverlayText,
    ViewState,
    percentile_window,
    scrolled_to,
    with_window,
)
from ichviewer.core.windowing import (
    BONE,
    BRAIN,
    PRESETS,
    FileWindow,
    VoiFunction,
    Window,
    automatic_window,
)
from ichviewer.gui.contrast_commands import header_window
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.store import Store


def shown(qtbot: QtBot, state: ViewState) -> MainWindow:
    window = MainWindow(Store(state))
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window


def pressed(qtbot: QtBot, state: ViewState, *keys: Qt.Key) -> ViewState:
    """The state after these keys."""
    window = shown(qtbot, state)
    for key in keys:
        qtbot.keyClick(window, key)
    return window.store.state


def middle(state: ViewState) -> ViewState:
    return replace(state, slice_index=5)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_number_sets_the_window_of_the_active_view_alone(qtbot: QtBot, preset) -> None:
    start = replace(
        opened_state(),
        active_view=View.SUBDURAL,
    )
    state = pressed(qtbot, start, Qt.Key(ord(preset.key)))
    assert state.windows == (BRAIN, preset.window, *FIRST_WINDOWS[2:])


@pytest.mark.parametrize(
    ("key", "slice_index"),
    [
        (Qt.Key.Key_Up, 6),
        (Qt.Key.Key_Down, 4),
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_End, 11),
        (Qt.Key.Key_N, 8),
        (Qt.Key.Key_P, 2),
    ],
)
def test_keys_scroll_with_up_towards_the_vertex(qtbot: QtBot, key: Qt.Key, slice_index: int) -> None:
    state = pressed(qtbot, middle(analyzed_state(likely=[2, 8, 9])), key)
    assert state.slice_index == slice_index


@pytest.mark.parametrize(
    ("key", "holds"),
    [
        (Qt.Key.Key_I, lambda state: state.is_inverted),
        (Qt.Key.Key_Return, lambda state: state.promoted_view == 0),
        (Qt.Key.Key_Enter, lambda state: state.promoted_view == 0),
        (Qt.Key.Key_F6, lambda state: state.active_view == 1),
        (Qt.Key.Key_T, lambda state: state.overlay_text is OverlayText.ANONYMOUS),
        (Qt.Key.Key_M, lambda state: state.shows_heatmap),
        (Qt.Key.Key_B, lambda state: state.heatmap_below_threshold),
        (Qt.Key.Key_S, lambda state: state.heatmap_subtype is Subtype.EPIDURAL),
        (Qt.Key.Key_BracketLeft, lambda state: state.heatmap_opacity == 0.4),
        (Qt.Key.Key_BracketRight, lambda state: state.heatmap_opacity == 0.5),
        (Qt.Key.Key_Y, lambda state: state.review.decision(5, Subtype.ANY) is Decision.ACCEPTED),
        (Qt.Key.Key_X, lambda state: state.review.decision(5, Subtype.ANY) is Decision.REJECTED),
    ],
)
def test_a_key_does_what_the_table_says(
    qtbot: QtBot, key: Qt.Key, holds: Callable[[ViewState], bool]
) -> None:
    start = middle(analyzed_state(likely=[5]))
    assert not holds(start)
    assert holds(pressed(qtbot, start, key))


def test_backspace_resets_windows_zoom_and_pan(qtbot: QtBot) -> None:
    changed = replace(
        middle(opened_state()),
        cameras=(Camera(3.0),) * len(View),
        is_inverted=True,
        windows=(BONE,) * len(View),
    )
    state = pressed(qtbot, changed, Qt.Key.Key_Backspace)
    assert (state.cameras, state.is_inverted, state.windows) == (ViewState().cameras, False, FIRST_WINDOWS)
    assert state.slice_index == 5


def test_enter_brings_the_three_views_back(qtbot: QtBot) -> None:
    assert pressed(qtbot, opened_state(), Qt.Key.Key_Return, Qt.Key.Key_Return).promoted_view is None


def with_file_windows(state: ViewState, windows: list[tuple[Window, ...]]) -> ViewState:
    """The windows that the files of the first slices propose; the other slices keep theirs."""
    volume = open_volume(state)
    headers = list(volume.series.slices)
    for index, each in enumerate(windows):
        headers[index] = replace(headers[index], file_windows=tuple(FileWindow(w, "") for w in each))
    state = replace(state, volume=replace(volume, series=replace(volume.series, slices=tuple(headers))))
    return scrolled_to(state, 0)


def test_nine_sets_the_automatic_window(qtbot: QtBot) -> None:
    state = pressed(qtbot, middle(opened_state()), Qt.Key.Key_9)
    assert state.windows[0] == automatic_window(open_volume(state).hu(5))


def test_the_automatic_window_leaves_an_unreadable_slice_alone() -> None:
    state = opened_state()
    volume = open_volume(state)
    unreadable = replace(volume, is_readable=volume.is_readable & False)
    state = replace(state, volume=unreadable)
    assert percentile_window(state) is state


def test_zero_goes_through_the_windows_of_the_header() -> None:
    brain, bone = Window(35, 90, VoiFunction.LINEAR), Window(300, 1500, VoiFunction.SIGMOID)
    state = with_file_windows(opened_state(), [(brain, bone)])
    first = header_window(state)
    assert first.windows[0] == brain
    assert header_window(first).windows[0] == bone
    assert header_window(header_window(first)).windows[0] == brain


def test_after_zero_the_view_follows_the_header_until_it_gets_another_window() -> None:
    """Hazard: the file's window for the base is kept over the vertex, where the file proposes another one."""
    base, vertex, bone = (Window(center, 90, VoiFunction.LINEAR) for center in (35, 45, 300))
    state = with_file_windows(opened_state(4), [(base, bone), (vertex, bone), (vertex,), ()])
    first, second = header_window(state), header_window(header_window(state))
    assert [scrolled_to(first, index).windows[0] for index in range(4)] == [base, vertex, vertex, base]
    on_the_way = scrolled_to(second, 2)
    assert on_the_way.windows[0] == vertex, "the slice has no second window"
    assert scrolled_to(on_the_way, 0).windows[0] == bone, "the number of the window was lost"
    assert scrolled_to(with_window(first, 0, BRAIN), 1).windows[0] == BRAIN
    assert scrolled_to(first, 1).windows[1:] == state.windows[1:]


def test_zero_takes_the_window_of_the_slice_in_view() -> None:
    """Hazard: a window that the scanner chose for the base of the skull hides a bleed at the vertex."""
    low, high = Window(35, 90, VoiFunction.LINEAR), Window(45, 120, VoiFunction.LINEAR)
    state = with_file_windows(opened_state(), [(low,), (high,), ()])
    assert header_window(scrolled_to(state, 0)).windows[0] == low
    assert header_window(scrolled_to(state, 1)).windows[0] == high
    nothing = scrolled_to(state, 2)
    assert header_window(nothing) is nothing


def test_f6_goes_round_and_takes_a_promoted_view_along(qtbot: QtBot) -> None:
    start = replace(opened_state(), active_view=View.BONE, promoted_view=View.BONE)
    state = pressed(qtbot, start, Qt.Key.Key_F6)
    assert (state.active_view, state.promoted_view) == (0, 0)


def test_opacity_stops_before_the_heat_map_vanishes(qtbot: QtBot) -> None:
    state = pressed(qtbot, opened_state(), *[Qt.Key.Key_BracketLeft] * 12)
    assert state.heatmap_opacity == 0.05


def test_without_a_study_the_keys_of_the_image_do_nothing(qtbot: QtBot) -> None:
    keys = (Qt.Key.Key_1, Qt.Key.Key_0, Qt.Key.Key_9, Qt.Key.Key_Up, Qt.Key.Key_I, Qt.Key.Key_Y, Qt.Key.Key_N)
    assert pressed(qtbot, ViewState(), *keys) == ViewState()


def test_letters_typed_into_the_comment_are_text(qtbot: QtBot) -> None:
    """Hazard: typing "sdh" as a comment would change label, window and heat map behind the reader's back."""
    start = analyzed_state(likely=[0])
    window = shown(qtbot, start)
    comment = window.reading_page.side.slice_scores.comment
    comment.setFocus()
    qtbot.keyClicks(comment, "Big SDH 12 mm, no IVH")
    state = window.store.state
    assert state.review.comment(0) == "Big SDH 12 mm, no IVH"
    assert replace(state, work=start.work, history=start.history, gesture=0) == start


def test_no_key_stands_for_two_actions(qtbot: QtBot) -> None:
    window = shown(qtbot, ViewState())
    keys = Counter(QKeySequence(key).toString() for command in window.commands for key in command.keys)
    assert [key for key, count in keys.items() if count > 1] == []
    assert "" not in keys


def test_names_are_unique_and_every_action_is_explained_with_its_key(qtbot: QtBot) -> None:
    window = shown(qtbot, ViewState())
    assert len({command.name for command in window.commands}) == len(window.commands)
    for command in window.commands:
        assert command.tooltip
        assert window.table[command.name].toolTip() == command.tooltip_with_key
        assert not command.keys or command.key_text in command.tooltip_with_key


def test_every_action_stands_in_a_menu(qtbot: QtBot) -> None:
    window = shown(qtbot, ViewState())
    menus = [action.menu() for action in window.top_bar.menus.actions()]
    inside = {action for menu in menus for action in menu.actions()}
    inside |= {action for outer in list(inside) if outer.menu() for action in outer.menu().actions()}
    assert set(window.table.values()) <= inside


def test_help_lists_every_key(qtbot: QtBot) -> None:
    text = shown(qtbot, ViewState()).show_keys().text.toPlainText()
    window = shown(qtbot, ViewState())
    assert all(command.tooltip in text for command in window.commands if command.keys)
    assert "Wheel" in text


def test_a_check_mark_follows_the_state(qtbot: QtBot) -> None:
    window = shown(qtbot, opened_state())
    assert window.table["window-1"].isChecked()
    window.store.update(lambda state: replace(state, active_view=View.SUBDURAL))
    assert not window.table["window-1"].isChecked()
    assert window.table["window-2"].isChecked()
