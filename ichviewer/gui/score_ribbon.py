"""The score ribbon: slices x labels beside the images, the vertex at the top.

The one thing to get wrong: rows run from the highest slice index at the top to slice 0 at the bottom, as the
head stands; what is printed counts from 1.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QHelpEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ichviewer.core.findings import SUBTYPES, SliceFinding, SliceStatus, StudyFindings
from ichviewer.core.looked_at import unseen_runs
from ichviewer.core.viewstate import ViewState, scrolled_to
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.ribbon_rows import Mark, RibbonRows, awaited_runs, marks_above_threshold, ribbon_rows
from ichviewer.gui.store import Store
from ichviewer.gui.theme import (
    ACCENT,
    AMBER,
    LINE,
    PANEL,
    RED,
    SECONDARY,
    SMALL_PX,
    SUBTYPE_COLORS,
    TEXT,
    WINDOW,
    in_theme,
    interface_font,
    label_text_color,
)
from ichviewer.gui.wording import counted_text, label_text, probability_text, reading_text

GUTTER_PX, TOP_PX, BOTTOM_PX = 28, 66, 8
SMALLEST_ROW_PX = 3
UNSEEN_PX = 2
"""Width of the mark beside slices that were not seen."""

BREAK_PX = 5
"""Between the rows of two slices where one may be missing between them."""
EMPTY_CELL = np.array([46, 49, 53], dtype=np.float64)

HATCHES: dict[SliceStatus, tuple[Qt.BrushStyle, str]] = {
    SliceStatus.PENDING: (Qt.BrushStyle.BDiagPattern, "#5a5f66"),
    SliceStatus.UNREADABLE: (Qt.BrushStyle.HorPattern, "#a9782e"),
    SliceStatus.FAILED: (Qt.BrushStyle.DiagCrossPattern, "#b04a4a"),
}

AWAITED = Qt.BrushStyle.Dense6Pattern
"""Of slices that are still to be read."""


KEY_IMAGE_X = 5.0
"""Key images are marked left of the numbers, pixels."""


class ScoreRibbon(QWidget):
    """Draws all scores of the stack; click or drag goes to a slice."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._content, self._place = DrawnInputs(), DrawnInputs()
        self._picture: QPixmap | None = None
        self._marks: tuple[Mark, ...] = ()
        self._header = ""
        self._unseen: tuple[tuple[int, int], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setMinimumWidth(116)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Score ribbon")
        self.setAccessibleDescription("Scores of every slice and label; click goes to the slice")
        # A click takes the keyboard away from the comment field.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        store.changed.connect(self._render)
        self._render(store.state)

    def sizeHint(self) -> QSize:
        """Wide enough for six columns and the slice numbers."""
        return QSize(128, 400)

    @property
    def header(self) -> str:
        """How many slices have their scores, in words."""
        return self._header

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Runs and isolated slices above threshold, as drawn."""
        return self._marks

    def cells_rect(self) -> QRect:
        """Where the cells lie in the widget, pixels."""
        return QRect(GUTTER_PX, TOP_PX, self.width() - GUTTER_PX - 6, self.height() - TOP_PX - BOTTOM_PX)

    def slice_at(self, y: float) -> int:
        """The slice whose row lies at this height; the nearest one outside the cells."""
        cells, count = self.cells_rect(), self._store.state.slice_count
        row = int((y - cells.top()) * count // max(cells.height(), 1))
        return count - 1 - max(0, min(row, count - 1))

    def row_rect(self, first: int, last: int) -> QRectF:
        """The rows of slices *first* to *last* (counted from 0), pixels."""
        cells, count = self.cells_rect(), max(self._store.state.slice_count, 1)
        step = cells.height() / count
        return QRectF(
            cells.left(), cells.top() + (count - 1 - last) * step, cells.width(), (last - first + 1) * step
        )

    def _render(self, state: ViewState) -> None:
        reading = reading_text(state)
        gaps = () if state.volume is None else state.volume.series.gaps
        if self._content.differ(
            state.findings,
            state.model_card,
            state.slice_count,
            reading,
            gaps,
            state.preferences.theme,
            state.first_look.seal,
        ):
            self._picture = None
            words = "sealed" if state.first_look.is_sealed and not reading else reading
            self._header = counted_text(state.findings) if state.findings is not None else words
            card = state.model_card
            self._marks = (
                marks_above_threshold(state.findings, card.slice_thresholds)
                if state.findings is not None and card is not None
                else ()
            )
            self.update()
        if self._place.differ(
            state.slice_index, state.slice_count, state.work.key_images, state.coverage, state.volume is None
        ):
            self._unseen = unseen_runs(state.coverage) if state.volume is not None else ()
            self.update()

    @property
    def unseen(self) -> tuple[tuple[int, int], ...]:
        """Runs of slices that were not seen yet, as marked in the margin."""
        return self._unseen

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The picture belongs to one size."""
        self._picture = None
        super().resizeEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the kept picture, and the current slice over it."""
        ratio = self.devicePixelRatioF()
        if self._picture is None or self._picture.devicePixelRatio() != ratio:
            self._picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
            self._picture.setDevicePixelRatio(ratio)
            self._paint_picture(self._picture)
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        if self._store.state.slice_count:
            self._paint_key_images(painter)
            self._paint_unseen(painter)
            self._paint_place(painter)
        painter.end()

    def _paint_picture(self, picture: QPixmap) -> None:
        state = self._store.state
        picture.fill(QColor(in_theme(PANEL)))
        painter = QPainter(picture)
        self._paint_head(painter)
        if state.slice_count:
            self._paint_gutter(painter, state.slice_count)
        if state.findings is not None and len(state.findings.slices) == state.slice_count:
            thresholds = None if state.model_card is None else state.model_card.slice_thresholds
            most = max(1, self.cells_rect().height() // SMALLEST_ROW_PX)
            rows = ribbon_rows(state.findings, thresholds, most)
            self._paint_cells(painter, rows)
            self._paint_marks(painter)
        else:
            painter.fillRect(self.cells_rect(), QColor(in_theme(LINE)).darker(115))
            self._paint_awaited(painter)
        self._paint_gaps(painter)
        painter.end()

    def gap_rects(self) -> list[QRectF]:
        """Breaks between rows where a slice may be missing; beside low rows, which would be hidden."""
        volume = self._store.state.volume
        rows = [
            self.row_rect(gap.after_slice, gap.after_slice)
            for gap in (() if volume is None else volume.series.gaps)
        ]
        return [
            QRectF(
                0,
                round(row.top()) - BREAK_PX / 2,
                self.width() if row.height() >= 2 * BREAK_PX else GUTTER_PX - 1,
                BREAK_PX,
            )
            for row in rows
        ]

    def _paint_gaps(self, painter: QPainter) -> None:
        for rect in self.gap_rects():
            painter.fillRect(rect, QColor(in_theme(PANEL)))
            painter.setPen(QPen(QColor(in_theme(AMBER)), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(0, rect.center().y()), QPointF(rect.right(), rect.center().y()))

    def _paint_awaited(self, painter: QPainter) -> None:
        """Slices that are still to be read are holes in the ribbon."""
        volume = self._store.state.volume
        for first, last in () if volume is None else awaited_runs(volume):
            painter.fillRect(self.row_rect(first, last), QColor(in_theme(WINDOW)))
            painter.fillRect(self.row_rect(first, last), QBrush(QColor(in_theme(LINE)), AWAITED))

    def _paint_head(self, painter: QPainter) -> None:
        painter.setFont(interface_font(self.font(), SMALL_PX, is_bold=True))
        painter.setPen(QColor(in_theme(SECONDARY)))
        painter.drawText(QRect(8, 4, self.width() - 12, 16), Qt.AlignmentFlag.AlignLeft, "SCORES")
        painter.setFont(interface_font(self.font(), SMALL_PX))
        painter.setPen(QColor(in_theme(TEXT)))
        findings = self._store.state.findings
        if findings is not None:
            total, unscored = len(findings.slices), unscored_count(findings)
            line = QRect(6, 4, self.width() - 12, 16)
            painter.drawText(
                line, Qt.AlignmentFlag.AlignRight, f"{findings.count(SliceStatus.OK)} of {total}"
            )
            if unscored:
                painter.setPen(QColor(in_theme(RED)))
                painter.drawText(
                    line.translated(0, 15), Qt.AlignmentFlag.AlignRight, f"{unscored} without scores"
                )
        elif self._header:
            painter.drawText(QRect(8, 19, self.width() - 12, 16), Qt.AlignmentFlag.AlignLeft, self._header)
        self._paint_codes(painter)

    def _paint_codes(self, painter: QPainter) -> None:
        """Letter codes over the columns; upright where they do not fit lying."""
        painter.setFont(interface_font(self.font(), SMALL_PX - 1, is_bold=True))
        step = self.cells_rect().width() / len(SUBTYPES)
        lies = step >= painter.fontMetrics().horizontalAdvance("WWW")
        for column, subtype in enumerate(SUBTYPES):
            painter.setPen(QColor(label_text_color(subtype)))
            painter.save()
            painter.translate(GUTTER_PX + (column + 0.5) * step, TOP_PX - 5)
            if not lies:
                painter.rotate(-90)
                box = QRectF(0, -7, 30, 14)
                painter.drawText(
                    box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, subtype.code
                )
            else:
                painter.drawText(QRectF(-step / 2, -14, step, 14), Qt.AlignmentFlag.AlignCenter, subtype.code)
            painter.restore()

    def _paint_gutter(self, painter: QPainter, count: int) -> None:
        painter.setFont(interface_font(self.font(), SMALL_PX - 1))
        painter.setPen(QColor(in_theme(SECONDARY)))
        room = self.cells_rect().height() / count
        step = next((s for s in (1, 2, 5, 10, 20, 50, 100, 200) if s * room >= 16), 500)
        numbers = list(range(step, count + 1, step))
        if count not in numbers and (not numbers or (count - numbers[-1]) * room >= 14):
            numbers.append(count)
        for number in {1, *numbers} if step == 1 or (numbers and (numbers[0] - 1) * room >= 14) else numbers:
            y = self.row_rect(number - 1, number - 1).center().y()
            box = QRectF(0, y - 7, GUTTER_PX - 7, 14)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(number))

    def _paint_cells(self, painter: QPainter, rows: RibbonRows) -> None:
        cells, row_count = self.cells_rect(), len(rows.statuses)
        # One picture pixel for each pixel of the screen: scaling by QPainter costs more than all the rest.
        painter.drawImage(cells.topLeft(), _cells_image(rows, cells, painter.device().devicePixelRatioF()))
        step = cells.height() / row_count
        for first, last, status in _hatched_runs(rows):
            style, color = HATCHES[status]
            top = cells.top() + (row_count - 1 - last) * step
            area = QRectF(cells.left(), top, cells.width(), (last - first + 1) * step)
            painter.fillRect(area, QColor(in_theme(PANEL)))
            painter.fillRect(area, QBrush(QColor(color), style))
        painter.setPen(QPen(QColor(in_theme(PANEL)), 1))
        if step >= 5:
            for row in range(1, row_count):
                y = round(cells.top() + row * step)
                painter.drawLine(cells.left(), y, cells.right(), y)
        painter.setPen(QPen(QColor(in_theme(PANEL)), 2))
        for column in range(1, len(SUBTYPES)):
            x = round(cells.left() + column * cells.width() / len(SUBTYPES))
            painter.drawLine(x, cells.top(), x, cells.bottom())

    def _paint_marks(self, painter: QPainter) -> None:
        """A run above threshold is a filled bar, an isolated slice an open ring."""
        step = self.cells_rect().width() / len(SUBTYPES)
        for mark in self._marks:
            area = self.row_rect(mark.first, mark.last)
            x, y = area.left() + (mark.column + 0.5) * step, area.center().y()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, mark.is_isolated)
            if mark.is_isolated:
                painter.setBrush(QColor(0, 0, 0, 150))
                painter.setPen(QPen(QColor("white"), 1.6))
                painter.drawEllipse(QPointF(x, y), 4.2, 4.2)
            else:
                half = max(area.height() / 2 - 2, 3.0)
                bar = QRectF(x - 2, y - half, 4, 2 * half)
                painter.fillRect(bar.adjusted(-1, -1, 1, 1), QColor(0, 0, 0, 170))
                painter.fillRect(bar, QColor("white"))

    def key_image_marks(self) -> list[QPointF]:
        """Middles of the diamonds at the margin, one for each key image, pixels."""
        marked = (i for i in self._store.state.work.key_images if i < self._store.state.slice_count)
        return [QPointF(KEY_IMAGE_X, self.row_rect(index, index).center().y()) for index in sorted(marked)]

    def _paint_key_images(self, painter: QPainter) -> None:
        """Diamonds at the margin: another shape than the triangle of the slice in view."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(TEXT))
        for middle in self.key_image_marks():
            corners = ((0.0, -4.0), (3.5, 0.0), (0.0, 4.0), (-3.5, 0.0))
            painter.drawPolygon(QPolygonF([middle + QPointF(*corner) for corner in corners]))
        painter.restore()

    def _paint_unseen(self, painter: QPainter) -> None:
        """A faint line in the margin beside slices that were not seen in any window."""
        color = QColor(in_theme(SECONDARY))
        color.setAlpha(130)
        for first, last in self._unseen:
            rows = self.row_rect(first, last)
            painter.fillRect(QRectF(rows.left() - 4, rows.top(), UNSEEN_PX, rows.height()), color)

    def _paint_place(self, painter: QPainter) -> None:
        index = self._store.state.slice_index
        row = self.row_rect(index, index)
        y, half = row.center().y(), max(row.height() / 2, 2.0)
        painter.setPen(QPen(QColor(in_theme(ACCENT)), 2))
        painter.drawRect(QRectF(row.left() - 1, y - half, row.width() + 2, 2 * half))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QColor(in_theme(ACCENT)))
        painter.setPen(Qt.PenStyle.NoPen)
        tip = row.left() - 1
        painter.drawPolygon(QPolygonF([QPointF(tip - 6, y - 5), QPointF(tip, y), QPointF(tip - 6, y + 5)]))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the slice under the pointer."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._go_to(event.position().y())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the pointer while the left button is down."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go_to(event.position().y())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Up is towards the vertex."""
        step = (event.angleDelta().y() > 0) - (event.angleDelta().y() < 0)
        if step and self._store.state.slice_count:
            self._store.update(lambda state: scrolled_to(state, state.slice_index + step))
        event.accept()

    def _go_to(self, y: float) -> None:
        if self._store.state.slice_count:
            index = self.slice_at(y)
            if index != self._store.state.slice_index:
                self._store.update(lambda state: scrolled_to(state, index))

    def event(self, event: QEvent) -> bool:
        """Tooltips name the slice under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.tooltip_at(event.pos()), self)
            return True
        return super().event(event)

    def tooltip_at(self, position: QPoint) -> str:
        """Numbers of the slice under *position*."""
        state = self._store.state
        if state.findings is None or not state.slice_count or not self.cells_rect().contains(position):
            if state.first_look.is_sealed:
                return "Score ribbon: sealed until you have looked; click goes to a slice"
            return "Score ribbon: click goes to a slice; N and P to the next and previous suspicious one"
        index = self.slice_at(position.y())
        thresholds = None if state.model_card is None else state.model_card.slice_thresholds
        return _slice_tooltip(state.findings.slices[index], thresholds)


def unscored_count(findings: StudyFindings) -> int:
    """Slices that failed or could not be read; those that pend are not counted."""
    return findings.count(SliceStatus.FAILED) + findings.count(SliceStatus.UNREADABLE)


def _slice_tooltip(finding: SliceFinding, thresholds: tuple[float, ...] | None) -> str:
    title = f"Slice {finding.slice_index + 1}"
    if finding.probabilities is None:
        return f"{title}: {finding.status.value}" + (f": {finding.reason}" if finding.reason else "")
    lines = [title]
    for column, (subtype, probability) in enumerate(zip(SUBTYPES, finding.probabilities, strict=True)):
        line = f"{label_text(subtype)}: {probability_text(probability)}"
        if thresholds is not None:
            side = "above" if probability >= thresholds[column] else "below"
            line += f", {side} threshold {thresholds[column]:.2f}"
        lines.append(line)
    return "\n".join(lines)


def _cells_image(rows: RibbonRows, cells: QRect, ratio: float) -> QImage:
    """Cells from grey (0) to the label's color (1), in device pixels; the last row is at the top."""
    named = [QColor(SUBTYPE_COLORS[subtype]) for subtype in SUBTYPES]
    colors = np.asarray([(color.red(), color.green(), color.blue()) for color in named], dtype=np.float64)
    share = rows.probabilities[::-1, :, None]
    rgb = EMPTY_CELL + share * (colors[None] - EMPTY_CELL)
    red, green, blue = np.moveaxis(np.round(rgb).astype(np.uint32), 2, 0)
    pixels = 0xFF000000 | red << 16 | green << 8 | blue
    height, width = round(cells.height() * ratio), round(cells.width() * ratio)
    down = np.arange(height) * len(pixels) // height
    across = np.arange(width) * len(SUBTYPES) // width
    image = QImage(
        pixels[down][:, across].tobytes(), width, height, 4 * width, QImage.Format.Format_RGB32
    ).copy()
    image.setDevicePixelRatio(ratio)
    return image


def _hatched_runs(rows: RibbonRows) -> list[tuple[int, int, SliceStatus]]:
    """Adjacent rows with the same status that hides their colours: (first, last, status), lowest first."""
    runs: list[tuple[int, int, SliceStatus]] = []
    for row, status in enumerate(rows.statuses):
        if status is SliceStatus.OK or rows.is_flagged[row].any():
            continue
        if runs and runs[-1][1] == row - 1 and runs[-1][2] is status:
            runs[-1] = (runs[-1][0], row, status)
        else:
            runs.append((row, row, status))
    return runs
