"""The images in a window of their own, on another screen where there is one.

The one thing to get wrong: the images are never lost; whoever closes their window, or the whole application,
finds them in the main window again.
"""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, QRect, Qt
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ichviewer.gui.action_table import ActionTable
from ichviewer.gui.reading_page import ReadingPage
from ichviewer.gui.screen_place import nearest_place, other_screen

TITLE = "Images · ichviewer · research use only"


class ImagesApart(QObject):
    """Moves the images out and back; remembers where their window stood."""

    def __init__(self, page: ReadingPage, table: ActionTable, window: QWidget) -> None:
        super().__init__(window)
        self._page, self._table, self._window = page, table, window
        self._place: QRect | None = None
        self.images_window: ImagesWindow | None = None
        page.images_wanted_back.connect(self.bring_back)

    @property
    def is_apart(self) -> bool:
        """Whether the images are in a window of their own."""
        return self.images_window is not None

    def toggle(self) -> None:
        """Move the images out, or back."""
        if self.is_apart:
            self.bring_back()
        else:
            self.take_out()

    def take_out(self) -> None:
        """Move the images into a window on the other screen."""
        screens = [screen.availableGeometry() for screen in QGuiApplication.screens()]
        place = self._place or other_screen(self._window.frameGeometry(), screens)
        window = ImagesWindow(self, self._window)
        self.images_window = window
        window.hold(self._page.give_images())
        window.setGeometry(nearest_place(place, screens))
        self._table.also_in(window)
        window.show()

    def bring_back(self) -> None:
        """Move the images back into the main window; nothing where they are there."""
        window, self.images_window = self.images_window, None
        if window is None:
            return
        self._place = window.geometry()
        self._table.no_longer_in(window)
        self._page.take_images()
        window.close()
        window.deleteLater()

    def save_layout(self) -> dict[str, object]:
        """Where the images' window stands or stood, as plain values."""
        place = self.images_window.geometry() if self.images_window is not None else self._place
        return {} if place is None else {"place": [place.x(), place.y(), place.width(), place.height()]}

    def restore_layout(self, layout: Mapping[str, object]) -> None:
        """Take over where it stood; anything else is passed over."""
        place = layout.get("place")
        if isinstance(place, list) and len(place) == 4 and all(isinstance(value, int) for value in place):
            self._place = QRect(*place)


class ImagesWindow(QWidget):
    """Holds the images while they are apart."""

    def __init__(self, apart: ImagesApart, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self._apart = apart
        self.setWindowTitle(TITLE)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)

    def hold(self, images: QWidget) -> None:
        """Show the images here."""
        layout = self.layout()
        assert layout is not None
        layout.addWidget(images)
        images.show()

    def closeEvent(self, event: QCloseEvent) -> None:
        """The images go back to the main window."""
        self._apart.bring_back()
        event.accept()
