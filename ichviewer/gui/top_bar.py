"""The line at the top: menus, window presets with their keys, device, and what this must not be used for."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenuBar, QSizePolicy, QToolButton, QWidget

from ichviewer.core.viewstate import ViewState
from ichviewer.core.windowing import PRESETS
from ichviewer.gui.elided_label import ElidedLabel
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store
from ichviewer.gui.theme import SECONDARY

BADGE = "RESEARCH USE ONLY"


class TopBar(QWidget):
    """Holds the menu bar; the preset buttons are those of the action table."""

    def __init__(self, store: Store, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("TopBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._inputs = DrawnInputs()
        self.menus = QMenuBar()
        self.menus.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Preferred)
        self.presets = {
            preset.key: _preset_button(actions[f"window-{preset.key}"], preset.short_name)
            for preset in PRESETS
        }
        self.device = ElidedLabel(self, SECONDARY, width_px=150)
        badge = QLabel(BADGE)
        badge.setObjectName("Badge")
        badge.setToolTip("Not a medical device. Not for diagnosis or treatment.")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 4, 10, 4)
        layout.setSpacing(4)
        layout.addWidget(self.menus)
        layout.addStretch(1)
        for button in self.presets.values():
            layout.addWidget(button)
        layout.addStretch(1)
        layout.addWidget(self.device)
        layout.addSpacing(8)
        layout.addWidget(badge)
        store.changed.connect(self._render)
        self._render(store.state)

    def _render(self, state: ViewState) -> None:
        if self._inputs.differ(state.device, state.model_card):
            name = "" if state.model_card is None else f"Checkpoint {state.model_card.name}"
            text = f"device: {state.device}" if state.device else ""
            self.device.set_text(text, note=f"Where the network runs (Analysis > Device)\n{name}".strip())


def _preset_button(action: QAction, name: str) -> QToolButton:
    button = QToolButton()
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    button.setDefaultAction(action)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.setText(f"{name} {action.shortcut().toString()}")
    button.setAccessibleName(f"{action.text()} window")
    # The action's own text would come back with every change of the action.
    action.changed.connect(lambda: button.setText(f"{name} {action.shortcut().toString()}"))
    return button
