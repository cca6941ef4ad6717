"""The strip of tools beside the images: one button each, as in the menu, with undo and redo above."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from ichviewer.gui.action_table import ActionTable
from ichviewer.gui.theme import ICON_PX, icon
from ichviewer.gui.tools import TOOL_WORDS

BUTTON_PX = 28
WIDTH_PX = BUTTON_PX + 8

ABOVE = (("undo", "undo"), ("redo", "redo"), ("measurement-delete", "delete"))
"""Command and icon of what is no tool."""


class ToolBar(QWidget):
    """Holds the buttons of the action table's tools; which one is in the hand is the actions' own state."""

    def __init__(self, table: ActionTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(WIDTH_PX)
        self.setAccessibleName("Tools")
        self.buttons: dict[str, QToolButton] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 6, 4, 6)
        layout.setSpacing(1)
        for name, icon_name in ABOVE:
            layout.addWidget(self._button(name, table.actions[name], icon_name))
        layout.addSpacing(10)
        for tool, words in TOOL_WORDS.items():
            name = f"tool-{tool.name.lower().replace('_', '-')}"
            layout.addWidget(self._button(name, table.actions[name], words.icon))
        layout.addStretch(1)

    def _button(self, name: str, action: QAction, icon_name: str) -> QToolButton:
        action.setIcon(icon(icon_name))
        button = QToolButton()
        button.setDefaultAction(action)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        button.setIconSize(QSize(ICON_PX + 2, ICON_PX + 2))
        button.setFixedSize(BUTTON_PX, BUTTON_PX)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setAccessibleName(action.text().replace("&", ""))
        button.setObjectName(f"button-{name}")
        self.buttons[name] = button
        return button
