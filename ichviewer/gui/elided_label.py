"""A line of text that never moves its neighbours: it is cut with an ellipsis, whole in the tooltip."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ichviewer.gui.theme import SECONDARY, TEXT


class ElidedLabel(QWidget):
    """One line of text in the width that it is given; it asks for no width of its own."""

    def __init__(self, parent: QWidget | None = None, color: str = TEXT) -> None:
        super().__init__(parent)
        self._text, self._color, self._note = "", color, ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def text(self) -> str:
        """The whole text."""
        return self._text

    def set_text(self, text: str, color: str | None = None, note: str = "") -> None:
        """Show another text; *note* is added to the tooltip."""
        color = color or self._color
        if (text, color, note) != (self._text, self._color, self._note):
            self._text, self._color, self._note = text, color, note
            self.setToolTip("\n".join(part for part in (text, note) if part))
            self.setAccessibleName(text)
            self.update()

    def sizeHint(self) -> QSize:
        """No width of its own, one line high."""
        return QSize(0, self.fontMetrics().height() + 4)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw what fits."""
        painter = QPainter(self)
        painter.setPen(QColor(self._color if self.isEnabled() else SECONDARY))
        text = self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()
