"""Whether the network's result is sealed, in words, with the button that opens it."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from ichviewer.core.first_look import Seal, seal_text
from ichviewer.core.sealing import result_shown
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store


class SealLine(QWidget):
    """Not there for a stack that is read without first look; else it stays, so that nothing jumps."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Panel")
        self._inputs = DrawnInputs()
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setMinimumHeight(3 * self.words.fontMetrics().height() + 4)
        self.button = QPushButton("Show the network's result")
        self.button.setToolTip("Ends the first look; decisions so far are the reading before (Ctrl+Shift+R)")
        self.button.clicked.connect(lambda: store.update(result_shown))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(4)
        layout.addWidget(self.words)
        layout.addWidget(self.button)
        store.changed.connect(self._render)
        self._render(store.state)

    def _render(self, state: ViewState) -> None:
        if not self._inputs.differ(state.first_look, state.coverage):
            return
        self.setVisible(state.first_look.seal is not Seal.OFF)
        text = seal_text(state.first_look, state.coverage)
        self.words.setText(text)
        self.words.setAccessibleName(text)
        self.button.setEnabled(state.first_look.is_sealed)
