"""All commands with their keys: found by typing, changed by pressing a key, at once in force.

The one thing to get wrong: a key that another command has is never taken away without being asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ichviewer.core.preferences import Preferences
from ichviewer.gui.action_table import ActionTable
from ichviewer.gui.command import Command
from ichviewer.gui.key_recorder import KeyRecorder
from ichviewer.gui.own_keys import all_default, owner_of, with_default_key, with_key
from ichviewer.gui.store import Store

COLUMNS = ("Command", "Menu", "Keys")


class KeysDialog(QDialog):
    """Not modal; what it changes is in force in the moment it is changed."""

    def __init__(self, store: Store, table: ActionTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keys of all commands · research use only")
        self._store, self._table = store, table
        self._asked: tuple[str, str] | None = None
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Search by name, menu or key")
        self.filter.setAccessibleName("Search commands")
        self.filter.setClearButtonEnabled(True)
        self.list = QTableWidget(0, len(COLUMNS))
        self.list.setAccessibleName("Commands and their keys")
        self.list.setHorizontalHeaderLabels(COLUMNS)
        self.list.verticalHeader().hide()
        self.list.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setTabKeyNavigation(False)
        self.list.setShowGrid(False)
        self.list.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        self.list.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.record = KeyRecorder("Set key …")
        self.remove = _button("Remove key", "The command has no key")
        self.reset = _button("Reset", "The command has its first key again")
        self.reset_all = _button("Reset all", "Every command has its first key again")
        self.says = QLabel(" ")
        self.says.setTextFormat(Qt.TextFormat.PlainText)
        self.says.setWordWrap(True)
        self.take_over = _button("Take it over", "Give the key to this command; the other one loses it")
        self.take_over.hide()
        self._lay_out()
        self._connect()
        self._fill()

    def _lay_out(self) -> None:
        close = _button("Close", "Close this window (Esc)")
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        for button in (self.record, self.remove, self.reset):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.reset_all)
        buttons.addWidget(close)
        said = QHBoxLayout()
        said.addWidget(self.says, 1)
        said.addWidget(self.take_over)
        layout = QVBoxLayout(self)
        layout.addWidget(self.filter)
        layout.addWidget(self.list, 1)
        layout.addLayout(said)
        layout.addLayout(buttons)
        self.resize(760, 560)

    def _connect(self) -> None:
        self.filter.textChanged.connect(self._search)
        self.list.itemSelectionChanged.connect(self._offer)
        self.list.itemActivated.connect(lambda _item: self.record.click())
        self.record.recorded.connect(self._recorded)
        self.remove.clicked.connect(self._remove)
        self.reset.clicked.connect(self._reset)
        self.reset_all.clicked.connect(self._reset_all)
        self.take_over.clicked.connect(self._take_over)
        self._table.rebuilt.connect(self._fill)

    @property
    def chosen(self) -> Command | None:
        """The command whose key would be changed."""
        row = self.list.currentRow()
        return None if row < 0 or not self.list.selectedItems() else self._table.commands[row]

    def choose(self, name: str) -> None:
        """Choose a command by its name."""
        self.list.selectRow([command.name for command in self._table.commands].index(name))

    def _fill(self) -> None:
        now = self.list.currentRow()
        self.list.setRowCount(len(self._table.commands))
        for row, command in enumerate(self._table.commands):
            for column, text in enumerate(command_texts(command)):
                item = QTableWidgetItem(text)
                item.setToolTip(command.tooltip)
                self.list.setItem(row, column, item)
        self.list.resizeColumnsToContents()
        self.list.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        if 0 <= now < self.list.rowCount():
            self.list.selectRow(now)
        self._search(self.filter.text())
        self._offer()

    def _search(self, text: str) -> None:
        for row, command in enumerate(self._table.commands):
            self.list.setRowHidden(row, not matches(command, text))

    def _offer(self) -> None:
        self._say("")
        for button in (self.record, self.remove, self.reset):
            button.setEnabled(self.chosen is not None)

    def _recorded(self, key: str) -> None:
        command = self.chosen
        if command is None:
            return
        owner = owner_of(self._table.commands, key, command.name)
        if owner is None:
            self._change(lambda p, name: with_key(p, self._table.commands, name, key))
            return
        self._say(f"{key} belongs to “{owner.text}”; it was not given to “{command.text}”.")
        self._asked = command.name, key
        self.take_over.show()

    def _take_over(self) -> None:
        if self._asked is not None:
            name, key = self._asked
            self._set(with_key(self._store.state.preferences, self._table.commands, name, key))
            self._say("")

    def _remove(self) -> None:
        self._change(lambda p, name: with_key(p, self._table.commands, name, ""))

    def _reset(self) -> None:
        self._change(lambda p, name: with_default_key(p, self._table.commands, self._table.defaults, name))

    def _reset_all(self) -> None:
        self._set(all_default(self._store.state.preferences, self._table.defaults))

    def _change(self, change: Callable[[Preferences, str], Preferences]) -> None:
        command = self.chosen
        if command is not None:
            self._set(change(self._store.state.preferences, command.name))

    def _set(self, preferences: Preferences) -> None:
        self._store.update(lambda state: replace(state, preferences=preferences))

    def _say(self, text: str) -> None:
        self._asked = None
        self.says.setText(text or " ")
        self.take_over.hide()


def command_texts(command: Command) -> tuple[str, str, str]:
    """Name, menu and keys of a command as they are listed."""
    return command.text, command.menu.replace("/", " > "), command.key_text


def matches(command: Command, text: str) -> bool:
    """Whether every word of *text* is in a command's name, menu, keys or explanation."""
    everything = " ".join((*command_texts(command), command.tooltip)).casefold()
    return all(word in everything for word in text.casefold().split())


def _button(text: str, tooltip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tooltip)
    button.setAutoDefault(False)
    return button
