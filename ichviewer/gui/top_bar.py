"""The line at the top: menus, window presets with their keys, device, and what this must not be used for."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenuBar, QPushButton, QSizePolicy, QToolButton, QWidget

from ichviewer.core.viewstate import ViewState
from ichviewer.gui.action_table import ActionTable
from ichviewer.gui.contrast_commands import PRESET_COMMAND
from ichviewer.gui.elided_label import ElidedLabel
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store
from ichviewer.gui.theme import SECONDARY

BADGE = "RESEARCH USE ONLY"
BUTTONS = 8
"""More presets than these are in the menu alone; the line has no room for them."""


class TopBar(QWidget):
    """Holds the menu bar; the preset buttons are those of the action table."""

    display_check_requested = Signal()

    def __init__(self, store: Store, table: ActionTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("TopBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._store, self._table = store, table
        self._inputs, self._preset_inputs = DrawnInputs(), DrawnInputs()
        self.menus = QMenuBar()
        self.menus.setAccessibleName("Menus")
        self.menus.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Preferred)
        self.preset_buttons: list[QToolButton] = []
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(4)
        self.display = QPushButton()
        self.display.setObjectName("Link")
        self.display.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.display.clicked.connect(self.display_check_requested)
        self.display.hide()
        self.device = ElidedLabel(self, SECONDARY, width_px=104)
        badge = QLabel(BADGE)
        badge.setObjectName("Badge")
        badge.setToolTip("Not a medical device. Not for diagnosis or treatment.")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 4, 10, 4)
        layout.setSpacing(4)
        layout.addWidget(self.menus)
        layout.addStretch(1)
        layout.addLayout(self._buttons)
        layout.addStretch(1)
        layout.addWidget(self.display)
        layout.addWidget(self.device)
        layout.addSpacing(8)
        layout.addWidget(badge)
        store.changed.connect(self._render)
        table.rebuilt.connect(self._fill_presets)
        self._fill_presets()
        self._render(store.state)

    def show_display_note(self, text: str, tooltip: str) -> None:
        """Say what is known of the screen; nothing for an empty text."""
        self.display.setText(text)
        self.display.setToolTip(tooltip)
        self.display.setVisible(bool(text))

    def _render(self, state: ViewState) -> None:
        if self._inputs.differ(state.device, state.model_card, state.preferences.theme):
            name = "" if state.model_card is None else f"Checkpoint {state.model_card.name}"
            text = state.device
            self.device.set_text(text, note=f"Where the network runs (Analysis > Device)\n{name}".strip())

    def _fill_presets(self) -> None:
        for button in self.preset_buttons:
            self._buttons.removeWidget(button)
            button.hide()
            button.deleteLater()
        presets = self._store.state.preferences.presets[:BUTTONS]
        self.preset_buttons = [
            _PresetButton(self._table.actions[f"{PRESET_COMMAND}{number}"], preset.name, preset.short_name)
            for number, preset in enumerate(presets, start=1)
        ]
        for button in self.preset_buttons:
            self._buttons.addWidget(button)


class _PresetButton(QToolButton):
    """The action's button, with the short name and the key of its preset."""

    def __init__(self, action: QAction, name: str, short_name: str) -> None:
        super().__init__()
        key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        self._words = f"{short_name} {key}".strip().replace("&", "&&")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.setDefaultAction(action)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(f"{name} window")
        # The action's own text would come back with every change of the action.
        action.changed.connect(self._say)
        self._say()

    def _say(self) -> None:
        self.setText(self._words)
