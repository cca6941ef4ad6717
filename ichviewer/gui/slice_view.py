"""One view of the slice in the state: picture, overlay text, and what the mouse asks for.

A plain widget rather than pyqtgraph's view box: zoom and pan live in the state and are shared by three
views, so a second scene with its own range would only have to be kept equal to it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ichviewer.core.viewstate import ViewState
from ichviewer.core.volume import Volume
from ichviewer.gui.heat_choice import HeatChoice
from ichviewer.gui.heat_layer import HeatLayer
from ichviewer.gui.mouse import Press, Wheel, clicked, double_clicked, dragged
from ichviewer.gui.overlay import cursor_text, overlay_of
from ichviewer.gui.overlay_painter import OverlayPainter
from ichviewer.gui.placement import Placement, fitting_mm_per_px, place_slice
from ichviewer.gui.recent import Recent
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.slice_picture import grey_table, heat_table, render_slice
from ichviewer.gui.store import Store
from ichviewer.gui.theme import ACCENT, LINE, SECONDARY, TEXT, WINDOW
from ichviewer.gui.wording import awaited_text


class SliceView(QWidget):
    """Shows the current slice in one of the three windows; holds caches and where the mouse is, no more."""

    def __init__(
        self,
        store: Store,
        view_index: int,
        heat_layer: HeatLayer,
        overlay_painter: OverlayPainter,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._view_index = view_index
        self._heat_layer, self._overlay_painter = heat_layer, overlay_painter
        self._grey_tables: Recent[NDArray[np.uint8]] = Recent(16)
        self._heat_tables: Recent[NDArray[np.uint32]] = Recent(2)
        self._pictures: Recent[NDArray[np.uint32]] = Recent(1)
        self._drawn = DrawnInputs()
        self._press: Press | None = None
        self._cursor: QPointF | None = None
        self._wheel = Wheel()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        # A click takes the keyboard away from the comment field.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        store.changed.connect(self._render)

    def minimumSizeHint(self) -> QSize:
        """Room for the notice and a few lines."""
        return QSize(160, 160)

    def placement(self) -> Placement | None:
        """Where the slice lies, in device pixels of this view; None without a volume."""
        state, ratio = self._store.state, self.devicePixelRatioF()
        if state.volume is None:
            return None
        size = round(self.width() * ratio), round(self.height() * ratio)
        spacing = state.volume.geometry.pixel_spacing_mm
        return place_slice(state.volume.shape, spacing, size, state.zoom, state.pan_mm)

    def cursor_value(self) -> str:
        """What lies under the cursor, in words; empty outside the slice."""
        state, placement = self._store.state, self.placement()
        if state.volume is None or placement is None or self._cursor is None:
            return ""
        position = self._cursor * self.devicePixelRatioF()
        row, column = placement.down.index_at(position.y()), placement.across.index_at(position.x())
        return cursor_text(state.volume, state.slice_index, row, column)

    def _render(self, state: ViewState) -> None:
        """Ask for a paint event if anything that this view draws has changed.

        While a stack is read, its volume changes many times a second, and the slice in view once.
        """
        findings, volume = state.findings, state.volume
        if self._drawn.differ(
            None if volume is None else volume.series,
            None if volume is None else volume.stored_values,
            volume is not None and bool(volume.is_readable[state.slice_index]),
            awaited_text(state),
            state.slice_index,
            state.windows[self._view_index],
            state.window_origins[self._view_index],
            state.active_view == self._view_index,
            state.promoted_view is None,
            state.is_inverted,
            state.zoom,
            state.pan_mm,
            state.overlay_text,
            state.shows_heatmap,
            state.heatmap_subtype,
            state.heatmap_opacity,
            state.heatmap_below_threshold,
            state.heatmap_method,
            state.explanation,
            state.model_card,
            findings.slices[state.slice_index] if findings is not None else None,
        ):
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the state; the only place where anything is computed."""
        state = self._store.state
        painter = QPainter(self)
        has_image = state.volume is not None
        painter.fillRect(self.rect(), QColor(Qt.GlobalColor.black if has_image else WINDOW))
        heat, placement = self._heat_layer.choice(state), self.placement()
        if state.volume is not None and placement is not None:
            self._draw_slice(painter, state, state.volume, placement, heat)
        self._draw_overlay(painter, state, placement, heat)
        if has_image and state.active_view == self._view_index and state.promoted_view is None:
            painter.setPen(QPen(QColor(ACCENT), 1))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def _draw_slice(
        self, painter: QPainter, state: ViewState, volume: Volume, placement: Placement, heat: HeatChoice
    ) -> None:
        if awaited := awaited_text(state):
            # Not black: black would be air.
            painter.fillRect(self.rect(), QColor(WINDOW))
            self._draw_words(painter, awaited, SECONDARY)
            return
        if not volume.is_readable[state.slice_index]:
            reason = volume.unreadable_reasons.get(state.slice_index, "no reason given")
            painter.fillRect(self.rect(), QColor(WINDOW))
            painter.fillRect(self.rect(), QBrush(QColor(LINE), Qt.BrushStyle.BDiagPattern))
            self._draw_words(painter, f"This slice could not be read: {reason}", TEXT)
            return
        if not placement.is_in_view:
            return
        picture = self._picture(state, volume, placement, heat)
        height, width = picture.shape
        image = QImage(picture.data, width, height, width * 4, QImage.Format.Format_RGB32)
        ratio = self.devicePixelRatioF()
        painter.save()
        # One picture pixel to one device pixel: the scale of the screen is undone, and where the view itself
        # begins between two device pixels (ratio 1.25), that rest is undone too.
        device = painter.deviceTransform()
        rest = QPointF(round(device.dx()) - device.dx(), round(device.dy()) - device.dy())
        painter.scale(1 / ratio, 1 / ratio)
        painter.drawImage(QPointF(placement.across.picture_start, placement.down.picture_start) + rest, image)
        painter.restore()

    def _picture(
        self, state: ViewState, volume: Volume, placement: Placement, heat: HeatChoice
    ) -> NDArray[np.uint32]:
        """The picture on the screen, made anew only if something in it has changed."""
        index, window, inverted = state.slice_index, state.windows[self._view_index], state.is_inverted

        def render() -> NDArray[np.uint32]:
            scale = float(volume.slopes[index]), float(volume.intercepts[index])
            table = self._grey_tables.get(
                (window, scale, inverted, volume.stored_values.dtype, volume.padding(index)),
                lambda: grey_table(volume, index, window, inverted),
            )
            levels = self._heat_layer.on_screen(heat, volume, placement)
            opacity = state.heatmap_opacity
            colors = None if levels is None else self._heat_tables.get(opacity, lambda: heat_table(opacity))
            return render_slice(volume, index, table, placement, levels, colors)

        opacity = state.heatmap_opacity if heat.heatmap is not None else None
        return self._pictures.get((volume, index, window, inverted, placement, heat.heatmap, opacity), render)

    def _draw_words(self, painter: QPainter, text: str, color: str) -> None:
        """A sentence in the middle, instead of a picture."""
        room = QRectF(self.rect()).adjusted(24, 24, -24, -24)
        words = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        box = painter.boundingRect(room, words, text).adjusted(-10, -8, 10, 8)
        painter.fillRect(box, QColor(WINDOW))
        painter.setPen(QColor(color))
        painter.drawText(room, words, text)

    def _draw_overlay(
        self, painter: QPainter, state: ViewState, placement: Placement | None, heat: HeatChoice
    ) -> None:
        mm_per_px = None if placement is None else placement.mm_per_px * self.devicePixelRatioF()
        overlay = overlay_of(state, self._view_index, heat, self.cursor_value())
        size = float(self.width()), float(self.height())
        self._overlay_painter.draw(painter, overlay, size, mm_per_px, state.heatmap_opacity)

    def _offset(self, position: QPointF) -> tuple[float, float]:
        """(right, down) from the middle of the view, Qt pixels."""
        return position.x() - self.width() / 2, position.y() - self.height() / 2

    def _fitting_mm_per_px(self) -> float | None:
        """Millimetres per Qt pixel at zoom 1; None without a volume."""
        volume = self._store.state.volume
        if volume is None:
            return None
        size = float(self.width()), float(self.height())
        return fitting_mm_per_px(volume.shape, volume.geometry.pixel_spacing_mm, size)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a drag; a press makes the view active."""
        state = self._store.state
        self._press = Press(
            event.button(), event.position(), state.windows[self._view_index], state.zoom, state.pan_mm
        )
        self._store.update(lambda state: clicked(state, self._view_index))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Left: window, middle: pan, right: zoom about the pressed point; else the value under the cursor."""
        self._cursor = event.position()
        press, fitting_mm = self._press, self._fitting_mm_per_px()
        if press is None or fitting_mm is None:
            self.update()
            return
        moved, about = event.position() - press.position, self._offset(press.position)
        self._store.update(
            lambda state: dragged(state, press, (moved.x(), moved.y()), self._view_index, about, fitting_mm)
        )
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the drag."""
        self._press = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Left: show this view alone, or all three again."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._store.update(lambda state: double_clicked(state, self._view_index))

    def leaveEvent(self, event: QEvent) -> None:
        """No cursor, no value."""
        self._cursor = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll by one slice a notch, ten with Shift; zoom about the cursor with Control."""
        fitting_mm, about = self._fitting_mm_per_px(), self._offset(event.position())
        # With Shift some platforms turn a vertical wheel into a horizontal one.
        delta = event.angleDelta().y() or event.angleDelta().x()
        if fitting_mm is not None:
            step = self._wheel.step(delta, event.modifiers(), about, fitting_mm)
            self._store.update(step)
        event.accept()
