"""An icon of one color, which is asked for whenever it is painted, so that it follows the theme."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap

FAINT = 0.3


class ThemedIcon(QIconEngine):
    """Draws the shape of a file in a color of its own."""

    def __init__(self, path: str, color: Callable[[], str]) -> None:
        super().__init__()
        self._path, self._color = path, color
        self._shape = QIcon(path)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Draw it."""
        ratio = painter.device().devicePixelRatioF()
        picture = self.pixmap(rect.size() * ratio, mode, state)
        picture.setDevicePixelRatio(ratio)
        painter.drawPixmap(rect, picture)

    def pixmap(self, size: QSize, mode: QIcon.Mode, _state: QIcon.State) -> QPixmap:
        """The icon in device pixels; faint where its button is disabled."""
        picture = QPixmap(size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        if mode is QIcon.Mode.Disabled:
            painter.setOpacity(FAINT)
        painter.drawPixmap(QRect(0, 0, size.width(), size.height()), self._shape.pixmap(size, 1.0))
        painter.setOpacity(1.0)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        painter.fillRect(picture.rect(), QColor(self._color()))
        painter.end()
        return picture

    def clone(self) -> ThemedIcon:
        """Another one of the same shape."""
        return ThemedIcon(self._path, self._color)
