"""The comment field, which gives the keyboard back."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLineEdit

LEAVING_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)


class CommentLine(QLineEdit):
    """A line of text; Enter and Esc end it, and Ctrl+E exports from inside it too.

    A field that keeps the keyboard would take N, P and the number keys for text, and write them
    into the report of whatever slice is in view.
    """

    entered = Signal()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Say that another stay begins."""
        super().focusInEvent(event)
        self.entered.emit()

    def event(self, event: QEvent) -> bool:
        """Claim Enter and Esc before the window's shortcuts do; leave it Ctrl+E, "end of line" otherwise."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            if event.key() in LEAVING_KEYS:
                event.accept()
                return True
            if QKeySequence(event.keyCombination()) == QKeySequence("Ctrl+E"):
                event.ignore()
                return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Esc give the keyboard back to the window."""
        if event.key() in LEAVING_KEYS:
            self.clearFocus()
            event.accept()
            return
        super().keyPressEvent(event)
