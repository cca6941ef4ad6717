"""Presets can be edited; the table, the buttons and the overlay follow, and a name never lies."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from window_states import opened_state

from ichviewer.core.views import View
from ichviewer.core.viewstate import with_window
from ichviewer.core.windowing import PRESETS, Window
from ichviewer.gui.heat_choice import NOTHING
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.overlay import overlay_of
from ichviewer.gui.presets_dialog import PresetsDialog
from ichviewer.gui.store import Store


def opened(qtbot: QtBot) -> tuple[MainWindow, PresetsDialog]:
    window = MainWindow(Store(opened_state()))
    qtbot.addWidget(window)
    window.show()
    return window, window.side_windows.edit_presets(window.action_table)


def test_a_changed_window_is_not_called_by_the_name_of_the_preset_any_more(qtbot: QtBot) -> None:
    """Hazard: a view says "brain" of a window that is none."""
    window, dialog = opened(qtbot)
    dialog.list.setCurrentRow(0)
    dialog.center.setValue(35)
    dialog.center.editingFinished.emit()
    state = window.store.state
    assert overlay_of(state, View.BRAIN, NOTHING, "").top_left[0].text == "CUSTOM 40/80"
    there = with_window(state, View.BRAIN, Window(35, 80))
    assert overlay_of(there, View.BRAIN, NOTHING, "").top_left[0].text == "BRAIN 35/80"


def test_a_renamed_preset_is_renamed_everywhere(qtbot: QtBot) -> None:
    window, dialog = opened(qtbot)
    dialog.list.setCurrentRow(1)
    dialog.name.setText("Blood")
    dialog.name.editingFinished.emit()
    assert window.table["window-2"].text().replace("&", "") == "Blood"
    assert window.top_bar.preset_buttons[1].text() == "Blood 2"
    assert overlay_of(window.store.state, View.SUBDURAL, NOTHING, "").top_left[0].text == "BLOOD 80/200"


def test_a_preset_is_added_with_the_window_in_view_and_gets_a_key(qtbot: QtBot) -> None:
    window, dialog = opened(qtbot)
    window.store.update(lambda state: with_window(state, state.active_view, Window(50, 130)))
    dialog.add.click()
    dialog.key.click()
    qtbot.keyClick(dialog.key, Qt.Key.Key_7)
    added = window.store.state.preferences.presets[-1]
    assert (added.name, added.window, added.key) == ("Preset 1", Window(50, 130), "7")
    assert window.table["window-7"].shortcut().toString() == "7"


def test_a_key_of_another_command_is_refused_by_name(qtbot: QtBot) -> None:
    window, dialog = opened(qtbot)
    dialog.list.setCurrentRow(0)
    dialog.key.click()
    qtbot.keyClick(dialog.key, Qt.Key.Key_I)
    assert "Invert" in dialog.says.text()
    assert window.store.state.preferences.presets == PRESETS


def test_a_fault_is_said_and_changes_nothing(qtbot: QtBot) -> None:
    window, dialog = opened(qtbot)
    dialog.list.setCurrentRow(0)
    dialog.name.setText("Bone")
    dialog.name.editingFinished.emit()
    assert "called Bone already" in dialog.says.text()
    assert window.store.state.preferences.presets == PRESETS


def test_presets_are_removed_moved_and_restored(qtbot: QtBot) -> None:
    window, dialog = opened(qtbot)
    dialog.list.setCurrentRow(0)
    dialog.down.click()
    assert dialog.list.currentRow() == 1
    dialog.remove.click()
    names = [preset.name for preset in window.store.state.preferences.presets]
    assert names == ["Subdural", "Bone", "Stroke", "Soft tissue", "Posterior fossa"]
    assert "window-6" not in window.table
    dialog.restore.click()
    assert window.store.state.preferences.presets == PRESETS
    assert "window-6" in window.table


def test_more_presets_than_there_is_room_for_are_in_the_menu(qtbot: QtBot) -> None:
    window, dialog = opened(qtbot)
    for width in range(6):
        window.store.update(
            lambda state, width=width: with_window(state, state.active_view, Window(9, 11 + width))
        )
        dialog.add.click()
    assert len(window.top_bar.preset_buttons) == 8
    assert window.table["window-12"] in window.menus.menus["View/Window"].actions()
    window.store.update(lambda state: replace(state, preferences=replace(state.preferences, presets=PRESETS)))
    assert len(window.top_bar.preset_buttons) == 6
