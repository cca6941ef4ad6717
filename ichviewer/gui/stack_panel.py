"""The STACK panel: the receipt of the open stack, whole, below the findings."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ichviewer.core.viewstate import ViewState
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store


class StackPanel(QWidget):
    """One line for each remark of the receipt; the last of the panels, because it is as long as it needs."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Panel")
        self._inputs = DrawnInputs()
        title = QLabel("STACK")
        title.setObjectName("PanelTitle")
        self.receipt = QLabel()
        self.receipt.setObjectName("Secondary")
        self.receipt.setTextFormat(Qt.TextFormat.PlainText)
        self.receipt.setWordWrap(True)
        self.receipt.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(2)
        layout.addWidget(title)
        layout.addWidget(self.receipt)
        store.changed.connect(self._render)
        self._render(store.state)

    def _render(self, state: ViewState) -> None:
        if self._inputs.differ(state.receipt):
            self.receipt.setText("\n".join(f"• {remark}" for remark in state.receipt.split("; ") if remark))
