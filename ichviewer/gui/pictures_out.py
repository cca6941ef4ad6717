"""Pictures of a view for other programs: copied, dragged out, or written as PNG.

The one thing to get wrong: a picture that leaves the window names nobody, whatever the corner text says on
the screen, and always says that it is for research use only.
"""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, QObject, Qt, QTemporaryDir, QUrl
from PySide6.QtGui import QColor, QDrag, QGuiApplication, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QWidget

from ichviewer.core.preferences import OverlayText
from ichviewer.core.views import View
from ichviewer.core.viewstate import Message, ViewState
from ichviewer.gui.slice_view import SliceView
from ichviewer.gui.store import Store
from ichviewer.gui.theme import AMBER
from ichviewer.gui.view_grid import ViewGrid

FOOTER_PX = 22
THUMB_PX = 160


class PicturesOut(QObject):
    """Makes pictures of the views."""

    def __init__(self, store: Store, grid: ViewGrid, parent: QWidget) -> None:
        super().__init__(parent)
        self._store, self._grid = store, grid
        self._folder = QTemporaryDir()
        for view in grid.views.values():
            view.dragged_out.connect(self.drag)

    def copy(self) -> None:
        """The active view to the clipboard."""
        picture = self.picture(self._store.state.active_view)
        if picture is not None:
            QGuiApplication.clipboard().setImage(picture)
            self._say("The image was copied, without names.")

    def png(self) -> tuple[str, bytes]:
        """A file name that says nothing about the patient, and the active view as PNG; empty without one."""
        view = self._store.state.active_view
        picture = self.picture(view)
        return (self._name(view), b"" if picture is None else png_of(picture))

    def drag(self, view: View) -> None:
        """Drag a picture of a view into another program."""
        picture = self.picture(view)
        if picture is None:
            return
        drag = QDrag(self._grid.views[view])
        drag.setMimeData(self.dragged_data(view, picture))
        small = picture.scaledToWidth(THUMB_PX, Qt.TransformationMode.SmoothTransformation)
        drag.setPixmap(QPixmap.fromImage(small))
        drag.exec(Qt.DropAction.CopyAction)

    def dragged_data(self, view: View, picture: QImage) -> QMimeData:
        """The picture itself and a file of it, whichever the other program takes."""
        data = QMimeData()
        data.setImageData(picture)
        path = self._folder.filePath(self._name(view))
        if self._folder.isValid() and picture.save(path, "PNG"):  # type: ignore[call-overload]
            data.setUrls([QUrl.fromLocalFile(path)])
        return data

    def picture(self, view: View) -> QImage | None:
        """A view as it is seen, in device pixels and without names; None without an image."""
        state = self._store.state
        return None if state.volume is None else view_picture(self._grid.views[view], state)

    def _name(self, view: View) -> str:
        return f"slice-{self._store.state.slice_index + 1}-{view.name.lower()}.png"

    def _say(self, text: str) -> None:
        self._store.update(lambda state: replace(state, message=Message(text)))


def view_picture(widget: SliceView, state: ViewState) -> QImage:
    """A view drawn on a picture of its size in device pixels; what must be known to read it stands below."""
    ratio = widget.devicePixelRatioF()
    marks = picture_marks(state)
    size = (widget.size() * ratio).toTuple()
    footer = round(FOOTER_PX * ratio) if marks else 0
    picture = QImage(size[0], size[1] + footer, QImage.Format.Format_RGB32)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.black)
    painter = QPainter(picture)
    painter.setFont(widget.font())
    painter.setClipRect(widget.rect())
    widget.draw(painter, anonymous(state))
    if marks:
        painter.setClipping(False)
        painter.setPen(QColor(AMBER))
        line = widget.rect().adjusted(6, widget.height(), -6, FOOTER_PX)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, marks)
    painter.end()
    return picture


def anonymous(state: ViewState) -> ViewState:
    """The same without names in the corner text."""
    if state.overlay_text is OverlayText.FULL:
        return replace(state, overlay_text=OverlayText.ANONYMOUS)
    return state


def picture_marks(state: ViewState) -> str:
    """What a picture must say below it; empty where nothing is out of order."""
    marks = []
    if state.input_check == "red":
        marks.append("INPUT CHECK RED")
    if state.volume is not None and state.volume.series.repair:
        marks.append("VALUES REPAIRED")
    return " · ".join(marks)


def png_of(picture: QImage) -> bytes:
    """The picture as the bytes of a PNG file."""
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(content.data())
