"""The quick tour: a few sentences, each beside the control that it is about.

The one thing to get wrong: the tour never stands in the way; every control works while it is shown, and it
points at nothing that is hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ichviewer.gui.theme import ACCENT

BESIDE_PX = 14
TEXT_PX = 350


@dataclass(frozen=True)
class TourStep:
    """One stop.

    Attributes:
        title: What it is.
        text: A sentence or two.
        find: Gives the control that it is about; None where there is none now.
    """

    title: str
    text: str
    find: Callable[[], QWidget | None]


class Tour(QFrame):
    """A small panel over the window, with a frame around what it is about."""

    def __init__(self, steps: Sequence[TourStep], window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("Tour")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Quick tour")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._steps, self._window = tuple(steps), window
        self.index = 0
        self.frame_around = TourFrame(window)
        self.title = QLabel()
        self.title.setObjectName("TourTitle")
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.count = QLabel()
        self.count.setObjectName("Secondary")
        self.back = QPushButton("Back")
        self.back.setToolTip("The step before (Left)")
        self.back.clicked.connect(lambda: self.go(self.index - 1))
        self.next = QPushButton("Next")
        self.next.setObjectName("Primary")
        self.next.setToolTip("The next step (Right)")
        self.next.clicked.connect(lambda: self.go(self.index + 1))
        self.end = QPushButton("Close")
        self.end.setToolTip("End the tour (Esc)")
        self.end.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addWidget(self.count)
        buttons.addStretch(1)
        for button in (self.back, self.next, self.end):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 12)
        layout.setSpacing(8)
        layout.addWidget(self.title)
        layout.addWidget(self.text)
        layout.addLayout(buttons)
        self.text.setFixedWidth(TEXT_PX)
        window.installEventFilter(self)
        self.go(0)
        self.show()
        self.raise_()
        self.setFocus()

    def go(self, index: int) -> None:
        """Another step; after the last one the tour ends."""
        if index >= len(self._steps):
            self.close()
            return
        self.index = max(index, 0)
        step = self._steps[self.index]
        self.title.setText(step.title)
        self.text.setText(step.text)
        self.count.setText(f"{self.index + 1} of {len(self._steps)}")
        self.back.setEnabled(self.index > 0)
        self.next.setText("Next" if self.index < len(self._steps) - 1 else "Done")
        self._place()

    def _place(self) -> None:
        target = self._steps[self.index].find()
        self.text.setFixedHeight(self.text.heightForWidth(TEXT_PX))
        self.adjustSize()
        is_there = target is not None and target.isVisible() and target.window() is self._window
        if not is_there or target is None:
            self.frame_around.hide()
            self.move(self._window.rect().center() - self.rect().center())
            return
        around = QRect(target.mapTo(self._window, QPoint(0, 0)), target.size())
        self.frame_around.setGeometry(around.adjusted(-3, -3, 3, 3))
        self.frame_around.show()
        self.frame_around.raise_()
        self.raise_()
        self.move(beside(around, self.rect(), self._window.rect()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right go through the steps, Esc ends."""
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        elif event.key() in (Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.go(self.index + 1)
        elif event.key() == Qt.Key.Key_Left:
            self.go(self.index - 1)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """The tour's own keys come before the window's, while it has the keyboard."""
        own = (Qt.Key.Key_Escape, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if (
            isinstance(event, QKeyEvent)
            and event.type() is QEvent.Type.ShortcutOverride
            and event.key() in own
        ):
            event.accept()
            return True
        return bool(super().event(event))

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Stay beside the control when the window changes its size."""
        if event.type() is QEvent.Type.Resize:
            self._place()
        return False

    def closeEvent(self, event: QEvent) -> None:
        """Take the frame away, too."""
        self._window.removeEventFilter(self)
        self.frame_around.hide()
        self.frame_around.deleteLater()
        event.accept()


class TourFrame(QWidget):
    """A frame that lets every click through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setPen(QPen(QColor(ACCENT), 3))
        painter.drawRect(self.rect().adjusted(1, 1, -2, -2))
        painter.end()


def beside(target: QRect, panel: QRect, room: QRect) -> QPoint:
    """Where the panel stands: right of the control, else left, below or above; over it where nothing fits.

    Args:
        target: The control, in the window.
        panel: Size of the panel.
        room: The window.
    """
    places = (
        QPoint(target.right() + BESIDE_PX, target.top()),
        QPoint(target.left() - BESIDE_PX - panel.width(), target.top()),
        QPoint(target.left(), target.bottom() + BESIDE_PX),
        QPoint(target.left(), target.top() - BESIDE_PX - panel.height()),
    )
    last_top = room.bottom() - panel.height() - BESIDE_PX
    last_left = room.right() - panel.width() - BESIDE_PX
    for place in places:
        inside = QPoint(min(max(place.x(), 0), max(last_left, 0)), min(max(place.y(), 0), max(last_top, 0)))
        if not QRect(inside, panel.size()).intersects(target):
            return inside
    return target.center() - panel.center()
