"""The menus, made from the table of actions; every entry has a letter of its own.

The one thing to get wrong: the menus of recent folders and devices are no commands; they keep their place
when the others are made anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QMenuBar

from ichviewer.core.viewstate import ViewState
from ichviewer.gui.action_table import ActionTable
from ichviewer.gui.mnemonics import with_mnemonics
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store
from ichviewer.gui.window_commands import DEVICES

MENUS = ("File", "Edit", "View", "Tools", "Analysis", "Help")
SECTIONS = frozenset(
    {
        "save-session",
        "export",
        "quit",
        "keys-edit",
        "user-guide",
        "about",
        "test-pattern",
        "measurement-delete",
    }
)
"""Commands that open a section of their menu."""


class Menus(QObject):
    """Fills a menu bar."""

    recent_chosen = Signal(str)
    recent_cleared = Signal()
    device_chosen = Signal(str)

    def __init__(self, store: Store, table: ActionTable, bar: QMenuBar) -> None:
        super().__init__(bar)
        self._table, self._bar = table, bar
        self._recent_inputs, self._device_inputs = DrawnInputs(), DrawnInputs()
        self.recent, self.device = QMenu("Open &recent"), QMenu("&Device")
        self.devices = QActionGroup(self)
        self.menus: dict[str, QMenu] = {}
        for device, text in DEVICES:
            action = self.device.addAction(f"&{text}")
            action.setCheckable(True)
            action.setData(device)
            action.triggered.connect(lambda _on=False, device=device: self.device_chosen.emit(device))
            self.devices.addAction(action)
        for name, text in zip(MENUS, with_mnemonics(MENUS), strict=True):
            self.menus[name] = self._bar.addMenu(text)
            self.menus[name].setToolTipsVisible(True)
        table.rebuilt.connect(self.fill)
        self.fill()
        store.changed.connect(self._render)
        self._render(store.state)

    def fill(self) -> None:
        """Make all menus anew from the table."""
        for path in [path for path in self.menus if "/" in path]:
            self.menus.pop(path).deleteLater()
        for menu in self.menus.values():
            menu.clear()
        for command in self._table.commands:
            self._menu(command.menu).addAction(self._table.actions[command.name])
        self.menus["File"].insertMenu(self._table.actions["open-demo"], self.recent)
        self.menus["Analysis"].addMenu(self.device)
        for path, menu in self.menus.items():
            # Separators come last, so that a menu can begin with any command.
            for name in SECTIONS:
                action = self._table.actions.get(name)
                if action in menu.actions()[1:]:
                    menu.insertSeparator(action)
            texts = [(a, a.text().replace("&", "")) for a in menu.actions() if a.text()]
            for (action, _plain), text in zip(
                texts, with_mnemonics([plain for _, plain in texts]), strict=True
            ):
                action.setText(text)
            menu.setVisible(False)
            menu.menuAction().setVisible("/" in path or bool(menu.actions()))

    def _menu(self, path: str) -> QMenu:
        parent, _, name = path.partition("/")
        if path not in self.menus:
            self.menus[path] = self.menus[parent].addMenu(name)
            self.menus[path].setToolTipsVisible(True)
        return self.menus[path]

    def _render(self, state: ViewState) -> None:
        if self._recent_inputs.differ(state.recent_paths):
            self._fill_recent(state.recent_paths)
        if self._device_inputs.differ(state.device):
            for action in self.devices.actions():
                if action.data() == state.device:
                    action.setChecked(True)

    def _fill_recent(self, paths: Sequence[str]) -> None:
        self.recent.clear()
        for number, path in enumerate(paths, start=1):
            escaped = path.replace("&", "&&")
            action = self.recent.addAction(f"&{number}  {escaped}")
            action.triggered.connect(lambda _on=False, path=path: self.recent_chosen.emit(path))
        self.recent.addSeparator()
        clear = self.recent.addAction("&Clear list")
        clear.triggered.connect(lambda _on=False: self.recent_cleared.emit())
        self.recent.setEnabled(bool(paths))
