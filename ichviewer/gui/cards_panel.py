"""What the hot spot of the slice in view, or a place that was asked about, may be if it is not blood."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ichviewer.core.hot_place import place_in_question, shown_cards
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.plain_tooltip import plain_tooltip
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store

NOTHING_FOUND = "nothing of what often looks like blood was measured here"
NO_MIDLINE = "falx and paired calcium were not looked for: the midline is not known"
LINES = 5


class CardsPanel(QWidget):
    """Sentences of a fixed height, so that what stands below does not jump from slice to slice."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Panel")
        self._inputs = DrawnInputs()
        self.words = QLabel()
        self.words.setObjectName("Secondary")
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setFixedHeight(LINES * self.words.fontMetrics().height())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 2, 8, 6)
        layout.addWidget(self.words)
        store.changed.connect(self._render)
        self._render(store.state)

    def _render(self, state: ViewState) -> None:
        text = cards_text(state)
        if self._inputs.differ(text):
            self.words.setText(text)
            self.words.setToolTip(plain_tooltip(text))
            self.words.setAccessibleName(text or "No questions on this slice")


def cards_text(state: ViewState) -> str:
    """The questions, one a line; why there is none where a place is in question; else how to ask."""
    if state.volume is None:
        return ""
    wanted, cards = place_in_question(state), shown_cards(state)
    if wanted is None:
        return "Right-click a place, or press Shift+Q at the crosshair, to question it."
    where = "At the place in question" if wanted[1] else "At the hot spot"
    if cards is None:
        return f"{where}: measuring …"
    notes = [card.text for card in cards.cards] or [NOTHING_FOUND]
    if not cards.has_midline:
        notes.append(NO_MIDLINE)
    return "\n".join((f"{where}:", *(f"• {note}" for note in notes)))
