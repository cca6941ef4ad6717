"""The window presets: change, add, rename, order, give a key; at once in force.

The one thing to get wrong: what is typed half is no preset; a fault is said and the list stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ichviewer.core.presets import (
    HIGHEST_CENTER,
    LOWEST_CENTER,
    NARROWEST,
    WIDEST,
    Presets,
    added,
    changed,
    moved,
    preset_fault,
    preset_of,
    removed,
)
from ichviewer.core.windowing import PRESETS
from ichviewer.gui.action_table import ActionTable
from ichviewer.gui.contrast_commands import PRESET_COMMAND
from ichviewer.gui.key_recorder import KeyRecorder
from ichviewer.gui.own_keys import owner_of, with_key
from ichviewer.gui.store import Store

MOST = 20


class PresetsDialog(QDialog):
    """A list on the left, the chosen preset on the right."""

    def __init__(self, store: Store, table: ActionTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Window presets · research use only")
        self._store, self._table = store, table
        self._is_filling = False
        self.list = QListWidget()
        self.list.setObjectName("Entries")
        self.list.setAccessibleName("Window presets")
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the preset")
        self.center = _spin("Center in Hounsfield units", LOWEST_CENTER, HIGHEST_CENTER)
        self.width_hu = _spin("Width in Hounsfield units", NARROWEST, WIDEST)
        self.key = KeyRecorder("Set key …")
        self.key.setAccessibleName("Key of the preset")
        self.no_key = _button("No key", "The preset has no key")
        self.says = QLabel(" ")
        self.says.setTextFormat(Qt.TextFormat.PlainText)
        self.says.setWordWrap(True)
        self.add = _button("Add", "Add a preset with the window of the active view")
        self.remove = _button("Remove", "Remove this preset")
        self.up = _button("Up", "This preset comes earlier")
        self.down = _button("Down", "This preset comes later")
        self.restore = _button(
            "Restore the defaults", "The presets that the program came with, and no others"
        )
        self._lay_out()
        self._connect()
        self._fill(0)

    def _lay_out(self) -> None:
        close = _button("Close", "Close this window (Esc)")
        close.clicked.connect(self.close)
        keys = QHBoxLayout()
        keys.addWidget(self.key, 1)
        keys.addWidget(self.no_key)
        form = QFormLayout()
        for text, field in (
            ("&Name", self.name),
            ("&Center (HU)", self.center),
            ("&Width (HU)", self.width_hu),
        ):
            form.addRow(text, field)
        form.addRow("Key", keys)
        right = QVBoxLayout()
        right.addLayout(form)
        right.addWidget(self.says)
        right.addStretch(1)
        middle = QHBoxLayout()
        middle.addWidget(self.list, 1)
        middle.addLayout(right, 1)
        buttons = QHBoxLayout()
        for button in (self.add, self.remove, self.up, self.down):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.restore)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.addLayout(middle, 1)
        layout.addLayout(buttons)
        self.resize(640, 360)

    def _connect(self) -> None:
        self.list.currentRowChanged.connect(self._show)
        self.name.editingFinished.connect(self._edited)
        self.center.editingFinished.connect(self._edited)
        self.width_hu.editingFinished.connect(self._edited)
        self.key.recorded.connect(self._recorded)
        self.no_key.clicked.connect(lambda: self._recorded(""))
        self.add.clicked.connect(self._add)
        self.remove.clicked.connect(lambda: self._change(removed, self._row))
        self.up.clicked.connect(lambda: self._change(lambda all_, row: moved(all_, row, -1), self._row - 1))
        self.down.clicked.connect(lambda: self._change(lambda all_, row: moved(all_, row, 1), self._row + 1))
        self.restore.clicked.connect(lambda: self._change(lambda _all, _row: PRESETS, 0))

    @property
    def _presets(self) -> Presets:
        return self._store.state.preferences.presets

    @property
    def _row(self) -> int:
        return self.list.currentRow()

    def _fill(self, row: int) -> None:
        self._is_filling = True
        self.list.clear()
        for preset in self._presets:
            key = f"  ({preset.key})" if preset.key else ""
            window = f"{preset.window.center:g} / {preset.window.width:g}"
            self.list.addItem(f"{preset.name}  {window}{key}")
        self._is_filling = False
        self.list.setCurrentRow(max(0, min(row, len(self._presets) - 1)))
        self._show(self._row)

    def _show(self, row: int) -> None:
        if self._is_filling:
            return
        is_one = 0 <= row < len(self._presets)
        for widget in (self.name, self.center, self.width_hu, self.key, self.no_key, self.remove):
            widget.setEnabled(is_one)
        self.remove.setEnabled(is_one and len(self._presets) > 1)
        self.up.setEnabled(is_one and row > 0)
        self.down.setEnabled(is_one and row < len(self._presets) - 1)
        self.add.setEnabled(len(self._presets) < MOST)
        if is_one:
            preset = self._presets[row]
            self.name.setText(preset.name)
            self.center.setValue(preset.window.center)
            self.width_hu.setValue(preset.window.width)
            self.says.setText(f"Its key is {preset.key}." if preset.key else "It has no key.")

    def _edited(self) -> None:
        row = self._row
        if not 0 <= row < len(self._presets):
            return
        before = self._presets[row]
        name = self.name.text().strip()
        after = preset_of(name, self.center.value(), self.width_hu.value(), before.key)
        if after == before:
            return
        fault = preset_fault(self._presets, row, after)
        if fault:
            self.says.setText(fault)
            return
        self._change(lambda all_, at: changed(all_, at, after), row)

    def _recorded(self, key: str) -> None:
        name = f"{PRESET_COMMAND}{self._row + 1}"
        owner = owner_of(self._table.commands, key, name) if key else None
        if owner is not None:
            self.says.setText(f"{key} belongs to “{owner.text}”. Free it there first (Tools > Keys).")
            return
        given = with_key(self._store.state.preferences, self._table.commands, name, key)
        row = self._row
        self._store.update(lambda state: replace(state, preferences=given))
        self._fill(row)

    def _add(self) -> None:
        state = self._store.state
        window = replace(state.windows[state.active_view])
        self._change(lambda all_, _row: added(all_, window), len(self._presets))
        self.name.setFocus()
        self.name.selectAll()

    def _change(self, step: Callable[[Presets, int], Presets], row: int) -> None:
        presets = step(self._presets, self._row)
        self._store.update(
            lambda state: replace(state, preferences=replace(state.preferences, presets=presets))
        )
        self._fill(row)


def _spin(name: str, lowest: float, highest: float) -> QDoubleSpinBox:
    spin = QDoubleSpinBox()
    spin.setRange(lowest, highest)
    spin.setDecimals(0)
    spin.setAccessibleName(name)
    return spin


def _button(text: str, tooltip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tooltip)
    button.setAutoDefault(False)
    return button
