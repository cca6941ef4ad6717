"""The one table of actions as Qt's actions, with the reader's own keys and presets.

The one thing to get wrong: an action stays the same object while its keys, its text or what it does change,
because menus and buttons hold it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from ichviewer.core.preferences import Preferences
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.command import Command
from ichviewer.gui.mnemonics import with_mnemonics
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store

MakeCommands = Callable[[Preferences], tuple[Command, ...]]
"""Gives all commands, those of the presets among them."""


class ActionTable(QObject):
    """Holds every command with the keys in force, and its action.

    Attributes:
        actions: By the command's name; the same dictionary all the time.
        commands: In the order of the menus.
        defaults: The keys of each command without the reader's own, by name.
    """

    rebuilt = Signal()

    def __init__(self, store: Store, make_commands: MakeCommands, window: QWidget) -> None:
        super().__init__(window)
        self._make_commands = make_commands
        self._windows = [window]
        self._inputs = DrawnInputs()
        self.actions: dict[str, QAction] = {}
        self.commands: tuple[Command, ...] = ()
        self.defaults: dict[str, tuple[str, ...]] = {}
        self._by_name: dict[str, Command] = {}
        store.changed.connect(self._render)
        self._render(store.state)

    def also_in(self, window: QWidget) -> None:
        """Let the keys work in another window, too."""
        self._windows.append(window)
        window.addActions(list(self.actions.values()))

    def no_longer_in(self, window: QWidget) -> None:
        """The keys no longer work in that window."""
        self._windows.remove(window)
        for action in self.actions.values():
            window.removeAction(action)

    def _render(self, state: ViewState) -> None:
        if self._inputs.differ(state.preferences.presets, state.preferences.own_keys):
            self._rebuild(state.preferences)
        for command in self.commands:
            action = self.actions[command.name]
            action.setEnabled(command.is_enabled(state))
            if command.is_checked is not None:
                action.setChecked(command.is_checked(state))
            if command.text_of is not None:
                (text,) = with_mnemonics([command.text_of(state)])
                action.setText(text)

    def _rebuild(self, preferences: Preferences) -> None:
        plain = self._make_commands(preferences)
        self.defaults = {command.name: command.keys for command in plain}
        self.commands = tuple(
            replace(command, keys=preferences.keys_of(command.name, command.keys)) for command in plain
        )
        self._by_name = {command.name: command for command in self.commands}
        for name in [name for name in self.actions if name not in self._by_name]:
            action = self.actions.pop(name)
            for window in self._windows:
                window.removeAction(action)
            action.deleteLater()
        for command in self.commands:
            self._dress(self._action(command.name), command)
        self.rebuilt.emit()

    def _action(self, name: str) -> QAction:
        if name not in self.actions:
            action = QAction(self)
            action.setObjectName(name)
            action.triggered.connect(lambda _on=False: self._by_name[name].effect())
            self.actions[name] = action
            for window in self._windows:
                window.addAction(action)
        return self.actions[name]

    def _dress(self, action: QAction, command: Command) -> None:
        action.setText(command.text)
        action.setIconText(command.text)
        action.setShortcuts([QKeySequence(key) for key in command.keys])
        action.setToolTip(command.tooltip_with_key)
        action.setStatusTip(command.tooltip)
        action.setCheckable(command.is_checked is not None)
