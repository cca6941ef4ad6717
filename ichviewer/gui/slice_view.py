"""One view: picture, overlay text, and what the mouse asks for.

A plain widget rather than pyqtgraph's view box: zoom and pan live in the state and are shared by several
views, so a second scene with its own range would only have to be kept equal to it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ichviewer.core.fit import fit_shift_mm, fit_size_mm
from ichviewer.core.grip import Modifiers
from ichviewer.core.navigation import plane_of, shows_stored_slice
from ichviewer.core.plane import Triple, triple
from ichviewer.core.shown import (
    beside_inputs,
    image_key,
    picture_grid,
    shift_beside_mm,
    shown_image,
    shown_window,
    shows_open_stack,
    stack_beside,
    why_not_shown,
)
from ichviewer.core.slice_image import SliceImage
from ichviewer.core.views import PLANE_VIEWS, View
from ichviewer.core.viewstate import ViewState
from ichviewer.core.volume import Volume
from ichviewer.gui.crosshair import draw_crosshair
from ichviewer.gui.hand import REACH_PX, Hand
from ichviewer.gui.heat_choice import NOTHING, HeatChoice
from ichviewer.gui.heat_contours import Coordinates, draw_contours
from ichviewer.gui.heat_layer import HeatLayer
from ichviewer.gui.measurement_layer import MeasurementLayer
from ichviewer.gui.mirror_colors import mirror_table
from ichviewer.gui.mouse import Press, Wheel, clicked, double_clicked, dragged
from ichviewer.gui.overlay import cursor_text
from ichviewer.gui.overlay_painter import OverlayPainter
from ichviewer.gui.placement import Placement, fitting_mm_per_px, place_picture
from ichviewer.gui.recent import Recent
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.slice_picture import grey_table, heat_table, in_view, render_picture, resampled
from ichviewer.gui.store import Store
from ichviewer.gui.text_entry import TextEntry
from ichviewer.gui.theme import ACCENT, LINE, SECONDARY, TEXT, WINDOW
from ichviewer.gui.view_marks import draw_marks
from ichviewer.gui.view_overlay import view_overlay
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
        self._grey_tables: Recent[NDArray[np.uint8]] = Recent(16)
        self._heat_tables: Recent[NDArray[np.uint32]] = Recent(2)
        self._images: Recent[SliceImage | None] = Recent(1)
        self._pictures: Recent[NDArray[np.uint32]] = Recent(1)
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
        state = self._store.state
        return self._images.get(image_key(state, self.view), lambda: shown_image(state, self.view))

    def placement(self) -> Placement | None:
        """Where the picture lies, in device pixels of this view; None without a volume."""
        state, ratio = self._store.state, self.devicePixelRatioF()
        if state.volume is None:
            return None
        size = round(self.width() * ratio), round(self.height() * ratio)
        camera = state.cameras[self.view]
        plane, fitting_mm = plane_of(state, self.view), self._fitting_mm_per_px()
        grid = picture_grid(state, self.view, self.image())
        if plane is not None:
            grid = plane.shape, (plane.spacing_mm, plane.spacing_mm)
        if grid is None or fitting_mm is None:
            return None
        if self.view is View.NETWORK:
            return place_picture(*grid, size, camera)
        right, down = fit_shift_mm(state, self.view, state.volume)
        right_beside, down_beside = shift_beside_mm(state, self.view)
        shift_mm = camera.turn.to_screen(right + right_beside, down + down_beside, (0.0, 0.0))
        return place_picture(*grid, size, camera.panned(*shift_mm), fitting_mm / ratio)

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
        image, placement = self.image(), self.placement()
        if image is None or placement is None or not shows_open_stack(self._store.state, self.view):
            return np.full((*points_mm.shape[:-1], 2), np.nan)
        places = image.place_of(points_mm)
        ratio = self.devicePixelRatioF()
        flat = [placement.screen_point(*place) for place in places.reshape(-1, 2).tolist()]
        return np.asarray(flat, dtype=np.float64).reshape(places.shape) / ratio

    def to_frame_mm(self, position: QPointF) -> NDArray[np.float64] | None:
        """Point of the stack frame, (3,), under a Qt position of this view; None without a picture."""
        image, placement = self.image(), self.placement()
        if image is None or placement is None or not shows_open_stack(self._store.state, self.view):
            return None
        device = position * self.devicePixelRatioF()
        return image.point_mm(*placement.picture_point(device.x(), device.y()))

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
            self._images.clear()
            self._pictures.clear()

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
            self._draw_picture(painter, state, state.volume, placement, heat)
            self._draw_contours(painter, state.volume, placement, heat)
            if self.view in PLANE_VIEWS:
                draw_crosshair(painter, state, self.view, self.to_screen)
            self._draw_measurements(painter, state, placement)
        self._draw_overlay(painter, state, placement, heat)
        has_picture = placement is not None and self.image() is not None
        area, ratio = QRectF(self.rect()), self.devicePixelRatioF()
        draw_marks(painter, state, self.view, placement if has_picture else None, area, ratio)

    def _draw_picture(
        self, painter: QPainter, state: ViewState, volume: Volume, placement: Placement, heat: HeatChoice
    ) -> None:
        image = self.image()
        if image is None:
            self._draw_why_not(painter, state, volume)
            return
        if not placement.is_in_view:
            return
        picture = self._picture(state, image, placement, heat)
        height, width = picture.shape
        shown = QImage(picture.data, width, height, width * 4, QImage.Format.Format_RGB32)
        ratio = self.devicePixelRatioF()
        painter.save()
        # One picture pixel to one device pixel: the scale of the screen is undone, and where the view itself
        # begins between two device pixels (ratio 1.25), that rest is undone too.
        device = painter.deviceTransform()
        rest = QPointF(round(device.dx()) - device.dx(), round(device.dy()) - device.dy())
        painter.scale(1 / ratio, 1 / ratio)
        painter.drawImage(QPointF(placement.across.picture_start, placement.down.picture_start) + rest, shown)
        painter.restore()

    def _draw_contours(
        self, painter: QPainter, volume: Volume, placement: Placement, heat: HeatChoice
    ) -> None:
        ratio = self.devicePixelRatioF()

        def to_screen(columns: Coordinates, rows: Coordinates) -> tuple[Coordinates, Coordinates]:
            across, down = placement.screen_point(columns, rows)
            return across / ratio, down / ratio

        if contours := self._heat_layer.contours(heat, volume):
            draw_contours(painter, contours, to_screen)

    def _draw_measurements(self, painter: QPainter, state: ViewState, placement: Placement) -> None:
        rows, columns = placement.shape
        middle = QPointF(*placement.screen_point(columns / 2, rows / 2)) / self.devicePixelRatioF()
        area, grasp = QRectF(self.rect()), self._hand.grasp
        self._measurement_layer.draw(painter, state, self.view, self.to_screen, area, middle, grasp)

    def _draw_why_not(self, painter: QPainter, state: ViewState, volume: Volume) -> None:
        # Not black: black would be air.
        painter.fillRect(self.rect(), QColor(WINDOW))
        if words := why_not_shown(state, self.view):
            self._draw_words(painter, words, SECONDARY)
        elif awaited := awaited_text(state):
            self._draw_words(painter, awaited, SECONDARY)
        elif plane_of(state, self.view) is not None:
            self._draw_words(painter, "Preparing this plane …", SECONDARY)
        else:
            reason = volume.unreadable_reasons.get(state.slice_index, "no reason given")
            painter.fillRect(self.rect(), QBrush(QColor(LINE), Qt.BrushStyle.BDiagPattern))
            self._draw_words(painter, f"This slice could not be read: {reason}", TEXT)

    def _picture(
        self, state: ViewState, image: SliceImage, placement: Placement, heat: HeatChoice
    ) -> NDArray[np.uint32]:
        """The picture on the screen, made anew only if something in it has changed."""
        window, inverted = shown_window(state, self.view), state.is_inverted

        def render() -> NDArray[np.uint32]:
            table = self._grey_tables.get(
                (window, image.slope, image.intercept, inverted, image.stored_values.dtype, image.padding),
                lambda: grey_table(image, window, inverted),
            )
            if self.view is View.MIRROR and state.mirror is not None:
                differences = resampled(in_view(state.mirror.levels, placement), placement)
                colors = self._heat_tables.get(View.MIRROR, mirror_table)
                return render_picture(image, table, placement, differences, colors)
            levels = (
                None if state.volume is None else self._heat_layer.on_screen(heat, state.volume, placement)
            )
            opacity = state.heatmap_opacity
            if levels is None:
                return render_picture(image, table, placement)
            colors = self._heat_tables.get(opacity, lambda: heat_table(opacity))
            return render_picture(image, table, placement, levels, colors)

        opacity = None if heat.heatmap is None or heat.as_contours else state.heatmap_opacity
        return self._pictures.get((image, window, inverted, placement, heat.heatmap, opacity), render)

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
        overlay = view_overlay(state, self.view, heat, self.cursor_value())
        size = float(self.width()), float(self.height())
        self._overlay_painter.draw(painter, overlay, size, mm_per_px, state.heatmap_opacity)

    def _offset(self, position: QPointF) -> tuple[float, float]:
        """(right, down) from the middle of the view, Qt pixels."""
        return position.x() - self.width() / 2, position.y() - self.height() / 2

    def _fitting_mm_per_px(self) -> float | None:
        """Millimetres per Qt pixel at zoom 1; None without a volume."""
        state = self._store.state
        volume, turn = state.volume, state.cameras[self.view].turn
        if volume is None:
            return None
        size = float(self.width()), float(self.height())
        if self.view is View.NETWORK:
            shape, spacing = picture_grid(state, self.view, self.image()) or (volume.shape, (1.0, 1.0))
            return fitting_mm_per_px(turn.shape(shape), spacing[::-1] if turn.is_sideways else spacing, size)
        # Prior and bone kernel are drawn at the scale of the open stack, or sizes could not be compared.
        width_mm, height_mm = fit_size_mm(state, self.view, volume)
        if turn.is_sideways:
            width_mm, height_mm = height_mm, width_mm
        return max(width_mm / max(size[0], 1), height_mm / max(size[1], 1))

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
            self._press = None

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
