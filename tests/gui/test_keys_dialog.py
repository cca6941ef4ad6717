"""Keys can be changed, and menus, tooltips and the table of keys follow; no key stands for two commands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QAbstractScrollArea, QWidget
from pytestqt.qtbot import QtBot
from window_states import analyzed_state, opened_state

from ichviewer.core.preferences import Preferences
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.keys_dialog import KeysDialog
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.mnemonics import with_mnemonics
from ichviewer.gui.own_keys import all_default, owner_of
from ichviewer.gui.store import Store


def shown(qtbot: QtBot, state: ViewState | None = None) -> MainWindow:
    window = MainWindow(Store(state if state is not None else opened_state()))
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window


def edited(qtbot: QtBot, window: MainWindow, name: str, key: Qt.Key, *modifiers) -> KeysDialog:
    """The dialog after a command was given a key by hand."""
    dialog = window.side_windows.edit_keys(window.action_table)
    dialog.choose(name)
    dialog.record.click()
    qtbot.keyClick(dialog.record, key, *modifiers)
    return dialog


def test_a_new_key_is_in_force_at_once_everywhere(qtbot: QtBot) -> None:
    window = shown(qtbot)
    dialog = edited(qtbot, window, "invert", Qt.Key.Key_F12)
    dialog.close()
    assert window.table["invert"].shortcut() == QKeySequence("F12")
    assert window.table["invert"].toolTip().endswith("(F12)")
    assert "F12  " in window.show_keys().text.toPlainText()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_F12)
    assert window.store.state.is_inverted
    qtbot.keyClick(window, Qt.Key.Key_I)
    assert window.store.state.is_inverted


def test_a_key_of_another_command_is_named_and_not_taken(qtbot: QtBot) -> None:
    """Hazard: a key that a reader relies on does something else from now on."""
    window = shown(qtbot)
    dialog = edited(qtbot, window, "invert", Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    assert "Export findings" in dialog.says.text()
    assert window.table["invert"].shortcut() == QKeySequence("I")
    assert window.table["export"].shortcut() == QKeySequence("Ctrl+E")
    dialog.take_over.click()
    assert window.table["invert"].shortcut() == QKeySequence("Ctrl+E")
    assert window.table["export"].shortcuts() == []


def test_a_key_can_be_taken_away_and_comes_back(qtbot: QtBot) -> None:
    window = shown(qtbot)
    dialog = window.side_windows.edit_keys(window.action_table)
    dialog.choose("promote")
    dialog.remove.click()
    assert window.table["promote"].shortcuts() == []
    dialog.reset.click()
    assert [key.toString() for key in window.table["promote"].shortcuts()] == ["Return", "Enter"]


def test_reset_all_brings_back_every_key(qtbot: QtBot) -> None:
    window = shown(qtbot)
    before = [command.keys for command in window.commands]
    for name, key in (("invert", Qt.Key.Key_F12), ("window-1", Qt.Key.Key_8), ("reset", Qt.Key.Key_Tab)):
        dialog = edited(qtbot, window, name, key)
        dialog.take_over.click()
    assert [command.keys for command in window.commands] != before
    dialog.reset_all.click()
    assert [command.keys for command in window.commands] == before


def test_escape_records_nothing(qtbot: QtBot) -> None:
    window = shown(qtbot)
    dialog = edited(qtbot, window, "invert", Qt.Key.Key_Escape)
    assert dialog.isVisible()
    assert not dialog.record.is_recording
    assert window.table["invert"].shortcut() == QKeySequence("I")


def test_typing_finds_a_command_by_name_menu_or_key(qtbot: QtBot) -> None:
    dialog = shown(qtbot).side_windows.edit_keys(shown(qtbot).action_table)
    for text, name in (("invert", "Invert"), ("view turn rotate", "Rotate"), ("ctrl+e", "Export findings …")):
        dialog.filter.setText(text)
        rows = [row for row in range(dialog.list.rowCount()) if not dialog.list.isRowHidden(row)]
        assert name in [dialog.list.item(row, 0).text() for row in rows]
        assert len(rows) < dialog.list.rowCount() / 4


def test_the_key_of_a_preset_goes_with_the_preset(qtbot: QtBot) -> None:
    """Hazard: after the presets were ordered anew a key shows another window than its button says."""
    window = shown(qtbot)
    edited(qtbot, window, "window-2", Qt.Key.Key_8)
    presets = window.store.state.preferences.presets
    assert [preset.key for preset in presets[:3]] == ["1", "8", "3"]
    moved = (presets[1], presets[0], *presets[2:])
    window.store.update(lambda state: replace(state, preferences=replace(state.preferences, presets=moved)))
    assert window.table["window-1"].shortcut() == QKeySequence("8")
    assert window.top_bar.preset_buttons[0].text() == "Subdural 8"


def test_a_preset_gives_way_to_a_command_that_has_its_first_key_again(qtbot: QtBot) -> None:
    window = shown(qtbot)
    dialog = edited(qtbot, window, "invert", Qt.Key.Key_F12)
    renamed = tuple(
        replace(preset, name="Mine", key="I") if preset.key == "4" else preset
        for preset in window.store.state.preferences.presets
    )
    window.store.update(lambda state: replace(state, preferences=replace(state.preferences, presets=renamed)))
    dialog.reset_all.click()
    owner = owner_of(window.commands, "I", "")
    assert owner is not None
    assert owner.name == "invert"
    keys = [key for command in window.commands for key in command.keys]
    assert keys.count("I") == 1


def test_the_keys_of_a_preset_are_its_own() -> None:
    assert all_default(Preferences(), {}) == Preferences()


def test_buttons_name_the_key_that_is_in_force(qtbot: QtBot) -> None:
    window = shown(qtbot, ViewState())
    assert window.empty_page.open_button.toolTip().endswith("(Ctrl+O)")
    edited(qtbot, window, "open-folder", Qt.Key.Key_F12)
    assert window.empty_page.open_button.toolTip().endswith("(F12)")


# Keyboard alone


def test_every_command_can_be_reached_by_keyboard(qtbot: QtBot) -> None:
    """Every command has a key, or a letter in its menu and in every menu above it."""
    window = shown(qtbot)
    for command in window.commands:
        parent = command.menu.partition("/")[0]
        titles = [window.menus.menus[path].title() for path in {parent, command.menu}]
        assert "&" in window.table[command.name].text(), command.name
        assert all("&" in title for title in titles), command.menu


def test_no_letter_stands_for_two_entries_of_a_menu_unless_there_is_none_left(qtbot: QtBot) -> None:
    for path, menu in shown(qtbot).menus.menus.items():
        texts = [action.text() for action in menu.actions() if action.text()]
        letters = [text[text.index("&") + 1].casefold() for text in texts]
        if len(texts) < 15:
            assert len(set(letters)) == len(letters), path


def test_letters_are_marked_once() -> None:
    assert with_mnemonics(["Cut", "Copy", "Cut & copy"]) == ("&Cut", "C&opy", "C&ut && copy")


@pytest.mark.parametrize("state", [ViewState(), opened_state(), analyzed_state(likely=[2])])
def test_every_control_that_takes_the_keyboard_has_a_name(qtbot: QtBot, state: ViewState) -> None:
    """Whoever cannot see the window is told what has the focus."""
    window = shown(qtbot, state)
    others = (
        window.side_windows.edit_keys(window.action_table),
        window.side_windows.edit_presets(window.action_table),
        window.side_windows.edit_preferences(),
        window.side_windows.show_test_pattern(),
    )
    nameless = []
    for top in (window, *others):
        for widget in top.findChildren(QWidget):
            takes_keys = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            is_inner = widget.objectName().startswith("qt_") or isinstance(
                widget.parent(), QAbstractScrollArea
            )
            text = widget.property("text") or widget.accessibleName() or widget.property("title")
            if takes_keys and widget.isVisible() and not is_inner and not text:
                nameless.append(f"{type(widget).__name__} in {type(widget.parent()).__name__}")
    assert nameless == []
