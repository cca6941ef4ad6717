"""One view: picture, overlay text, and what the mouse asks for.

A plain widget rather than pyqtgraph's view box: zoom and pan live in the state and are shared by several
views, so a second scene with its own range would only have to be kept equal to it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ichviewer.core.grip import Modifiers
from ichviewer.core.navigation import shows_stored_slice
from ichviewer.core.plane import Triple, triple
from ichviewer.core.shown import (
    beside_inputs,
    stack_beside,
)
from ichviewer.core.slice_image import SliceImage
from ichviewer.core.tool import Tool
from ichviewer.core.views import PLANE_VIEWS, View
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.crosshair import draw_crosshair
from ichviewer.gui.hand import REACH_PX, Hand
from ichviewer.gui.heat_choice import NOTHING, HeatChoice
from ichviewer.gui.heat_layer import HeatLayer
from ichviewer.gui.hole_hatch import hole_words
from ichviewer.gui.measurement_layer import MeasurementLayer, draw_brush
from ichviewer.gui.mouse import Press, Wheel, clicked, double_clicked, dragged
from ichviewer.gui.overlay import cursor_text
from ichviewer.gui.overlay_painter import OverlayPainter
from ichviewer.gui.place_menu import is_click, place_menu
from ichviewer.gui.placement import Placement
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store
from ichviewer.gui.text_entry import TextEntry
from ichviewer.gui.theme import ACCENT, WINDOW
from ichviewer.gui.view_geometry import (
    screen_to_stack,
    stack_to_screen,
    view_fitting_mm,
    view_placement,
)
from ichviewer.gui.view_marks import draw_marks
from ichviewer.gui.view_overlay import view_overlay, with_warnings
from ichviewer.gui.view_picture import ViewPicture
from ichviewer.gui.wording import awaited_text


class SliceView(QWidget):
    """Shows one plane in one window; holds caches and where the mouse is, no more."""

    dragged_out = Signal(object)

    def __init__(
        self,
        store: Store,
        view: View,
        heat_layer: HeatLayer,
        overlay_painter: OverlayPainter,
        measurement_layer: MeasurementLayer,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self.view = view
        self._heat_layer, self._overlay_painter = heat_layer, overlay_painter
        self._measurement_layer = measurement_layer
        self._picture = ViewPicture(view, heat_layer)
        self._drawn = DrawnInputs()
        self._press: Press | None = None
        self._cursor: QPointF | None = None
        self._wheel = Wheel()
        self._hand = Hand(store, view)
        self.text_entry = TextEntry(store, view, self)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        # A click takes the keyboard away from the comment field.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(f"{view.name.capitalize()} view")
        store.changed.connect(self._render)

    def minimumSizeHint(self) -> QSize:
        """Room for the notice and a few lines."""
        return QSize(160, 160)

    def image(self) -> SliceImage | None:
        """What is shown before windowing; None where there is none."""
        return self._picture.image(self._store.state)

    def placement(self) -> Placement | None:
        """Where the picture lies, in device pixels of this view; None without a volume."""
        state, ratio = self._store.state, self.devicePixelRatioF()
        return view_placement(state, self.view, self.image(), self._size(), ratio)

    def cursor_value(self) -> str:
        """What lies under the cursor, in words; empty outside the picture."""
        state, placement, image = self._store.state, self.placement(), self.image()
        if state.volume is None or placement is None or self._cursor is None or image is None:
            return ""
        position = self._cursor * self.devicePixelRatioF()
        beside = stack_beside(state, self.view)
        series = (state.volume if beside is None else beside[0]).series
        if self.view is View.NETWORK:
            value = image.hu_at(*placement.pixel_at(position.x(), position.y()))
            return "" if value is None else f"grey {value:.2f}"
        return cursor_text(image, series, *placement.pixel_at(position.x(), position.y()))

    def to_screen(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of the stack frame, (..., 3), in Qt pixels of this view, (..., 2); NaN without a picture."""
        state, ratio = self._store.state, self.devicePixelRatioF()
        return stack_to_screen(state, self.view, self.image(), self.placement(), ratio, points_mm)

    def to_frame_mm(self, position: QPointF) -> NDArray[np.float64] | None:
        """Point of the stack frame, (3,), under a Qt position of this view; None without a picture."""
        state, ratio = self._store.state, self.devicePixelRatioF()
        return screen_to_stack(state, self.view, self.image(), self.placement(), ratio, position)

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
            state.windows[self.view],
            state.window_origins[self.view],
            state.preferences.presets,
            state.cameras[self.view],
            state.fits_head,
            state.head_bounds_mm,
            state.active_view is self.view,
            state.promoted_view is None,
            state.is_inverted,
            state.overlay_text,
            state.shows_heatmap,
            state.heatmap_subtype,
            state.heatmap_opacity,
            state.heatmap_below_threshold,
            state.heatmap_as_contours,
            state.shows_heatmap and state.analysis is None,
            state.heatmap_method,
            state.explanation,
            state.model_card,
            findings.slices[state.slice_index] if findings is not None else None,
            state.work.measurements,
            state.drawing,
            state.selected_measurement,
            state.selected_handle,
            state.tool,
            state.growth.brush_mm,
            *self._plane_inputs(state),
            *beside_inputs(state, self.view),
        ):
            self.update()
        drawing = state.drawing
        wanted = self.text_entry.is_wanted(state) and drawing is not None
        place = self.to_screen(np.asarray(drawing.points_mm[-1])).tolist() if wanted and drawing else None
        self.text_entry.follow(state, None if place is None else QPointF(*place))
        if volume is None:
            # A closed study is not kept alive by its last picture.
            self._picture.forget()

    def _plane_inputs(self, state: ViewState) -> tuple[object, ...]:
        if self.view not in PLANE_VIEWS:
            return (None,) * 5
        crosshair = state.crosshair_mm, state.shows_crosshair
        return *crosshair, state.plane_rotations, state.slab, state.reformats

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the state, and a frame around the view that keys change."""
        state = self._store.state
        painter = QPainter(self)
        self.draw(painter, state)
        is_framed = state.active_view is self.view and state.promoted_view is None
        if state.volume is not None and is_framed:
            painter.setPen(QPen(QColor(ACCENT), 1))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def draw(self, painter: QPainter, state: ViewState) -> None:
        """Draw a state, on the screen or on a picture of the same size; the only place that computes."""
        has_image = state.volume is not None
        painter.fillRect(self.rect(), QColor(Qt.GlobalColor.black if has_image else WINDOW))
        heat = self._heat_layer.choice(state) if shows_stored_slice(state, self.view) else NOTHING
        placement = self.placement()
        if state.volume is not None and placement is not None:
            area, ratio = QRectF(self.rect()), self.devicePixelRatioF()
            self._picture.draw(painter, state, state.volume, placement, heat, area, ratio)
            if self.view in PLANE_VIEWS:
                draw_crosshair(painter, state, self.view, self.to_screen)
            self._draw_measurements(painter, state, placement)
        self._draw_overlay(painter, state, placement, heat)
        has_picture = placement is not None and self.image() is not None
        area, ratio = QRectF(self.rect()), self.devicePixelRatioF()
        draw_marks(painter, state, self.view, placement if has_picture else None, area, ratio)

    def _draw_measurements(self, painter: QPainter, state: ViewState, placement: Placement) -> None:
        rows, columns = placement.shape
        middle = QPointF(*placement.screen_point(columns / 2, rows / 2)) / self.devicePixelRatioF()
        area, grasp = QRectF(self.rect()), self._hand.grasp
        self._measurement_layer.draw(painter, state, self.view, self.to_screen, area, middle, grasp)
        if state.tool is Tool.BRUSH and self._cursor is not None and shows_stored_slice(state, self.view):
            mm_per_px = placement.mm_per_px * self.devicePixelRatioF()
            draw_brush(painter, self._cursor, state.growth.brush_mm / mm_per_px)

    def _draw_overlay(
        self, painter: QPainter, state: ViewState, placement: Placement | None, heat: HeatChoice
    ) -> None:
        mm_per_px = None if placement is None else placement.mm_per_px * self.devicePixelRatioF()
        words = hole_words(self._picture.holes(state))
        overlay = with_warnings(view_overlay(state, self.view, heat, self.cursor_value()), words)
        self._overlay_painter.draw(painter, overlay, self._size(), mm_per_px, state.heatmap_opacity)

    def _offset(self, position: QPointF) -> tuple[float, float]:
        """(right, down) from the middle of the view, Qt pixels."""
        return position.x() - self.width() / 2, position.y() - self.height() / 2

    def _size(self) -> tuple[float, float]:
        """(width, height) in Qt pixels."""
        return float(self.width()), float(self.height())

    def _fitting_mm_per_px(self) -> float | None:
        """Millimetres per Qt pixel at zoom 1; None without a volume."""
        return view_fitting_mm(self._store.state, self.view, self.image(), self._size())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a drag; a press makes the view active. With Alt the picture itself is dragged out."""
        is_left = event.button() is Qt.MouseButton.LeftButton
        if is_left and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.dragged_out.emit(self.view)
            return
        self._store.update(lambda state: clicked(state, self.view))
        if is_left and self._take(event):
            return
        state = self._store.state
        self._press = Press(
            event.button(), event.position(), state.windows[self.view], state.cameras[self.view]
        )

    def _take(self, event: QMouseEvent) -> bool:
        """Give a press of the left button to the tool in the hand; whether it is not for the window."""
        point, reach_mm = self._under(event.position())
        keys = _modifiers(event)
        if not self._hand.takes(point, reach_mm, keys):
            return False
        self._hand.press(point, reach_mm, event.position(), keys)
        self._show_cursor()
        return True

    def _under(self, position: QPointF) -> tuple[Triple | None, float]:
        """Point of the stack frame under a Qt position, None without a picture; and the hand's reach, mm."""
        point, placement = self.to_frame_mm(position), self.placement()
        if point is None or placement is None:
            return None, 0.0
        return triple(point), REACH_PX * placement.mm_per_px * self.devicePixelRatioF()

    def _show_cursor(self) -> None:
        if self.cursor().shape() is not self._hand.cursor():
            self.setCursor(self._hand.cursor())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Left: what the tool does, middle: pan, right: zoom about the press; else the value below."""
        self._cursor = event.position()
        point, reach_mm = self._under(event.position())
        if self._hand.is_holding and not event.buttons() & Qt.MouseButton.LeftButton:
            # The release went to another window.
            self._hand.release(point)
        if self._press is None:
            self._hand.move(point, reach_mm, event.position(), _modifiers(event))
            self._show_cursor()
        press, fitting_mm = self._press, self._fitting_mm_per_px()
        if press is None or fitting_mm is None:
            self.update()
            return
        moved, about = event.position() - press.position, self._offset(press.position)
        self._store.update(
            lambda state: dragged(state, press, (moved.x(), moved.y()), self.view, about, fitting_mm)
        )
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the drag."""
        if event.button() is Qt.MouseButton.LeftButton and self._hand.is_holding:
            self._hand.release(self._under(event.position())[0])
            self._show_cursor()
            self.update()
        else:
            if event.button() is Qt.MouseButton.RightButton:
                self._offer_menu(event)
            self._press = None

    def _offer_menu(self, event: QMouseEvent) -> None:
        """A right click, as opposed to a zoom, asks what can be asked about the place."""
        point = self.to_frame_mm(event.position())
        is_still = self._press is not None and is_click(self._press.position, event.position())
        if is_still and point is not None and shows_stored_slice(self._store.state, self.view):
            place_menu(self._store, triple(point), self).popup(event.globalPosition().toPoint())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Left: show this view alone, or all three again; with a tool in the hand it is another press."""
        if event.button() is Qt.MouseButton.LeftButton and not self._take(event):
            self._store.update(lambda state: double_clicked(state, self.view))

    def leaveEvent(self, event: QEvent) -> None:
        """No cursor, no value."""
        self._cursor = None
        self._hand.leave()
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll by one slice a notch, ten with Shift; zoom about the cursor with Control."""
        fitting_mm, about = self._fitting_mm_per_px(), self._offset(event.position())
        # With Shift some platforms turn a vertical wheel into a horizontal one.
        delta = event.angleDelta().y() or event.angleDelta().x()
        if fitting_mm is not None:
            step = self._wheel.step(delta, event.modifiers(), self.view, about, fitting_mm)
            self._store.update(step)
        event.accept()


def _modifiers(event: QMouseEvent) -> Modifiers:
    held = event.modifiers()
    return Modifiers(
        sets_crosshair=bool(held & Qt.KeyboardModifier.ShiftModifier),
        removes=bool(held & Qt.KeyboardModifier.ControlModifier),
    )
