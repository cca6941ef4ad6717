"""A button that waits for a key and says which one was pressed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QPushButton, QWidget

MODIFIERS = (
    Qt.Key.Key_Control,
    Qt.Key.Key_Shift,
    Qt.Key.Key_Alt,
    Qt.Key.Key_AltGr,
    Qt.Key.Key_Meta,
    Qt.Key.Key_unknown,
)


class KeyRecorder(QPushButton):
    """Pressed, it takes the next key instead of what the key does elsewhere; Esc changes nothing."""

    recorded = Signal(str)

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._text = text
        self._is_recording = False
        self.setAutoDefault(False)
        self.setToolTip("Press this button, then the new key; Esc changes nothing")
        self.clicked.connect(self._begin)

    @property
    def is_recording(self) -> bool:
        """Whether the next key is taken."""
        return self._is_recording

    def _begin(self) -> None:
        self._is_recording = True
        self.setText("Press the new key …")
        self.setFocus()

    def _end(self) -> None:
        self._is_recording = False
        self.setText(self._text)

    def event(self, event: QEvent) -> bool:
        """While recording, keys that mean something elsewhere (Tab, shortcuts) come here."""
        if self._is_recording and isinstance(event, QKeyEvent):
            if event.type() is QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() is QEvent.Type.KeyPress:
                self._take(event)
                event.accept()
                return True
        return bool(super().event(event))

    def _take(self, event: QKeyEvent) -> None:
        if event.key() in MODIFIERS:
            return
        self._end()
        if event.key() == Qt.Key.Key_Escape:
            return
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        key = Qt.Key.Key_Tab if event.key() == Qt.Key.Key_Backtab else Qt.Key(event.key())
        sequence = QKeySequence(int(key) | int(modifiers.value))
        self.recorded.emit(sequence.toString(QKeySequence.SequenceFormat.PortableText))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Whoever goes elsewhere records nothing."""
        self._end()
        super().focusOutEvent(event)
