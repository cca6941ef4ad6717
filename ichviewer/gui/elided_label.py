"""Text that never moves its neighbours: it is cut with an ellipsis, and whole in the tooltip."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ichviewer.gui.plain_tooltip import plain_tooltip
from ichviewer.gui.theme import SECONDARY, TEXT, in_theme


class ElidedLabel(QWidget):
    """Some lines of text in the width that they are given, or in a fixed one; the text asks for none."""

    def __init__(
        self, parent: QWidget | None = None, color: str = TEXT, width_px: int | None = None, lines: int = 1
    ) -> None:
        super().__init__(parent)
        self._lines = lines
        self._text, self._color, self._note = "", color, ""
        self._width_px = width_px
        across = QSizePolicy.Policy.Expanding if width_px is None else QSizePolicy.Policy.Fixed
        self.setSizePolicy(across, QSizePolicy.Policy.Fixed)

    @property
    def text(self) -> str:
        """The whole text."""
        return self._text

    @property
    def is_cut(self) -> bool:
        """Whether a single line does not fit into the width that it has."""
        return self.fontMetrics().horizontalAdvance(self._text) > self.width()

    def set_text(self, text: str, color: str | None = None, note: str = "") -> None:
        """Show another text; *note* is added to the tooltip."""
        color = color or self._color
        if (text, color, note) != (self._text, self._color, self._note):
            self._text, self._color, self._note = text, color, note
            self.setToolTip(plain_tooltip("\n".join(part for part in (text, note) if part)))
            self.setAccessibleName(text)
            self.update()

    def sizeHint(self) -> QSize:
        """The fixed width or none, as high as its lines."""
        return QSize(self._width_px or 0, self._lines * self.fontMetrics().height() + 4)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw what fits."""
        painter = QPainter(self)
        painter.setPen(QColor(in_theme(self._color if self.isEnabled() else SECONDARY)))
        # Lines break at words, so the last part of every line but one stays empty.
        room = self.width() * self._lines - (self._lines - 1) * 60
        text = self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, room)
        if text != self._text:
            text = without_cut_number(text)
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(self.rect(), flags | (int(Qt.TextFlag.TextWordWrap) if self._lines > 1 else 0), text)
        painter.end()


def without_cut_number(elided: str) -> str:
    """A cut text without the number that the cut goes through, which would be read as another number.

    >>> without_cut_number("10, 17–1…"), without_cut_number("tilt -18.5° (ta…")
    ('10, …', 'tilt -18.5° (ta…')
    """
    words, _, last = elided.rpartition(" ")
    return f"{words} …" if words and last[-2:-1].isdigit() else elided
