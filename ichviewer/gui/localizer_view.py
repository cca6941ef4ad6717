"""The localizer below the list of series: the scout, and where the slices of the open stack cut it.

The one thing to get wrong: the scout has other pixels along rows than along columns. It is drawn in
millimetres, or a line would lie beside the anatomy that it cuts.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ichviewer.core.camera import Camera
from ichviewer.core.localizer import Localizer, cut_line_on, slice_at
from ichviewer.core.slice_image import stored_slice
from ichviewer.core.viewstate import ViewState, scrolled_to
from ichviewer.core.windowing import Window
from ichviewer.gui.placement import Placement, place_picture
from ichviewer.gui.recent import Recent
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.slice_picture import grey_table, render_picture
from ichviewer.gui.store import Store
from ichviewer.gui.theme import ACCENT, AMBER, LINE, SMALL_PX, interface_font

HEIGHT_PX = 170
OUTLINE = QColor(0, 0, 0, 160)


class LocalizerView(QWidget):
    """Shows ``ViewState.localizer``, if there is one; click and drag go to the slice under the pointer."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._inputs = DrawnInputs()
        self._pictures: Recent[QImage] = Recent(1)
        self.setFixedHeight(HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Localizer")
        self.setToolTip("Localizer: the line is the slice in view; click or drag goes to the slice there")
        store.changed.connect(self._render)
        self._render(store.state)

    def sizeHint(self) -> QSize:
        """As wide as the list above it."""
        return QSize(140, HEIGHT_PX)

    def placement(self) -> Placement | None:
        """Where the scout lies, in device pixels; None without one."""
        scout, ratio = self._store.state.localizer, self.devicePixelRatioF()
        if scout is None:
            return None
        size = round(self.width() * ratio), round(self.height() * ratio)
        spacing = scout.volume.geometry.pixel_spacing_mm
        return place_picture(scout.volume.shape, spacing, size, Camera())

    def line_of(self, slice_index: int) -> tuple[QPointF, QPointF] | None:
        """Where a slice cuts the scout, in Qt pixels; None where it does not, or nothing can be drawn."""
        state, placement = self._store.state, self.placement()
        scout, volume = state.localizer, state.volume
        if scout is None or volume is None or placement is None or scout.refusal:
            return None
        line = cut_line_on(scout, volume, slice_index)
        if line is None:
            return None
        ratio = self.devicePixelRatioF()
        first, last = (QPointF(*placement.screen_point(*end)) / ratio for end in line)
        return first, last

    def _render(self, state: ViewState) -> None:
        self.setVisible(state.localizer is not None)
        if state.localizer is None:
            self._pictures.clear()
        series = None if state.volume is None else state.volume.series
        if self._inputs.differ(state.localizer, series, state.slice_index, state.slice_count):
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the scout and the lines: the slice in view, and faint the first and the last."""
        state, placement = self._store.state, self.placement()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(Qt.GlobalColor.black))
        if state.localizer is not None and placement is not None:
            self._draw_scout(painter, state.localizer, placement)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for index in sorted({0, state.slice_count - 1} - {state.slice_index}):
                self._draw_line(painter, index, QColor(255, 255, 255, 110))
            self._draw_line(painter, state.slice_index, QColor(ACCENT))
            self._draw_words(painter, state.localizer.refusal)
        painter.setPen(QColor(LINE))
        painter.drawLine(0, 0, self.width(), 0)
        painter.end()

    def _draw_scout(self, painter: QPainter, scout: Localizer, placement: Placement) -> None:
        if not scout.volume.is_readable[scout.slice_index]:
            return
        ratio = self.devicePixelRatioF()
        image = self._pictures.get((scout, placement), lambda: _picture(scout, placement))
        painter.save()
        painter.scale(1 / ratio, 1 / ratio)
        painter.drawImage(QPointF(placement.across.picture_start, placement.down.picture_start), image)
        painter.restore()

    def _draw_line(self, painter: QPainter, slice_index: int, color: QColor) -> None:
        ends = self.line_of(slice_index)
        if ends is None:
            return
        for pen in (QPen(OUTLINE, 3), QPen(color, 1.2)):
            painter.setPen(pen)
            painter.drawLine(*ends)

    def _draw_words(self, painter: QPainter, refusal: str) -> None:
        if not refusal:
            return
        painter.setFont(interface_font(painter.font(), SMALL_PX))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        room = QRectF(self.rect()).adjusted(6, 6, -6, -6)
        box = painter.boundingRect(room, flags, refusal).adjusted(-4, -2, 4, 2)
        painter.fillRect(box, QColor(0, 0, 0, 190))
        painter.setPen(QColor(AMBER))
        painter.drawText(room, flags, refusal)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the slice under the pointer."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._go_to(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the pointer while the left button is down."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go_to(event.position())

    def _go_to(self, position: QPointF) -> None:
        state, placement = self._store.state, self.placement()
        scout, volume = state.localizer, state.volume
        if scout is None or volume is None or placement is None or scout.refusal:
            return
        device = position * self.devicePixelRatioF()
        index = slice_at(scout, volume, *placement.picture_point(device.x(), device.y()))
        if index != state.slice_index:
            self._store.update(lambda now: scrolled_to(now, index))


def _picture(scout: Localizer, placement: Placement) -> QImage:
    image = stored_slice(scout.volume, scout.slice_index)
    hu = scout.volume.measured_hu(scout.slice_index)
    # A scout's values are no Hounsfield units, so no window of tissues fits them.
    low, high = (float(value) for value in np.percentile(hu, (1, 99.5)))
    window = Window((low + high) / 2, max(high - low, 1.0))
    picture = render_picture(image, grey_table(image, window, False), placement)
    height, width = picture.shape
    return QImage(picture.tobytes(), width, height, width * 4, QImage.Format.Format_RGB32).copy()
