"""A line of text on the picture: what an arrow or a text says.

The one thing to get wrong: Enter and Esc end it and give the keyboard back, before the window's own keys see
them; going elsewhere keeps what was typed.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from ichviewer.core.measuring import cancelled, drawing_said
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.store import Store

WIDTH_PX = 180
ENDING_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)


class TextEntry(QLineEdit):
    """Stands where the text will, while the drawing waits for it."""

    def __init__(self, store: Store, view: View, parent: QWidget) -> None:
        super().__init__(parent)
        self._store, self._view, self._over = store, view, parent
        self.setFixedWidth(WIDTH_PX)
        self.setPlaceholderText("Text, then Enter")
        self.setAccessibleName("Text of the arrow or note")
        self.setToolTip("What it says (Enter keeps it, Esc drops the drawing)")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.hide()

    def is_wanted(self, state: ViewState) -> bool:
        """Whether the drawing of this view waits for its text."""
        drawing = state.drawing
        return drawing is not None and drawing.awaits_text and drawing.view is self._view

    def follow(self, state: ViewState, place: QPointF | None) -> None:
        """Appear at *place*, Qt pixels of the view, when a text is wanted, and go when it is there."""
        if not self.is_wanted(state):
            self.hide()
        elif not self.isVisible() and place is not None:
            self.clear()
            room = self._over.rect().size() - self.sizeHint()
            x = max(0, min(round(place.x()) + 8, room.width() + self.sizeHint().width() - WIDTH_PX))
            self.move(x, max(0, min(round(place.y()) - 8, room.height())))
            self.show()
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    def event(self, event: QEvent) -> bool:
        """Claim Enter and Esc before the window's shortcuts do."""
        is_override = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and event.key() in ENDING_KEYS:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter keeps the text, Esc drops the drawing."""
        if event.key() not in ENDING_KEYS:
            super().keyPressEvent(event)
            return
        event.accept()
        if event.key() == Qt.Key.Key_Escape:
            self._store.update(cancelled)
        else:
            self._say()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Going elsewhere keeps what was typed; another window in front of this one changes nothing."""
        super().focusOutEvent(event)
        if event.reason() not in (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason):
            self._say()

    def _say(self) -> None:
        if self.is_wanted(self._store.state):
            text = self.text()
            self._store.update(lambda state: drawing_said(state, text))
