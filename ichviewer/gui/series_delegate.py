"""How one series looks in the list: thumbnail, description, slices and thickness, and its mark."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ichviewer.gui.theme import (
    ACCENT,
    FONT_PX,
    LINE,
    RAISED,
    SECONDARY,
    SMALL_PX,
    TEXT,
    WINDOW,
    in_theme,
    interface_font,
    theme_worn,
)

THUMBNAIL_PX, ROW_PX, HEADING_PX = 48, 76, 40

KEY_ROLE = Qt.ItemDataRole.UserRole
LINES_ROLE = Qt.ItemDataRole.UserRole + 1
PICTURE_ROLE = Qt.ItemDataRole.UserRole + 2
IS_OPEN_ROLE = Qt.ItemDataRole.UserRole + 3
STUDY_ROLE = Qt.ItemDataRole.UserRole + 4


class SeriesDelegate(QStyledItemDelegate):
    """Paints a series, or a study's heading (an item without a key)."""

    def sizeHint(self, _option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Fixed heights, so that nothing moves when thumbnails arrive."""
        return QSize(80, ROW_PX if index.data(KEY_ROLE) else HEADING_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw one item."""
        painter.save()
        area: QRect = option.rect
        if index.data(KEY_ROLE):
            self._paint_series(painter, area, option, index)
        else:
            self._paint_lines(painter, area.adjusted(8, 4, -6, 0), index.data(LINES_ROLE), is_heading=True)
        painter.restore()

    def _paint_series(
        self,
        painter: QPainter,
        area: QRect,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        state: QStyle.StateFlag = option.state
        if index.data(IS_OPEN_ROLE):
            painter.fillRect(area, QColor(theme_worn().selected))
            painter.fillRect(QRect(area.left(), area.top(), 3, area.height()), QColor(in_theme(ACCENT)))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(area, QColor(in_theme(RAISED)))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QColor(in_theme(ACCENT)))
            painter.drawRect(area.adjusted(0, 0, -1, -1))
        frame = QRect(area.left() + 8, area.top() + 8, THUMBNAIL_PX, THUMBNAIL_PX)
        painter.fillRect(frame, QColor(in_theme(WINDOW)))
        picture = index.data(PICTURE_ROLE)
        if isinstance(picture, QPixmap):
            painter.drawPixmap(frame, picture)
        painter.setPen(QColor(in_theme(LINE)))
        painter.drawRect(frame.adjusted(0, 0, -1, -1))
        text = area.adjusted(THUMBNAIL_PX + 16, 7, -4, -4)
        self._paint_lines(painter, text, index.data(LINES_ROLE), is_heading=False)

    def _paint_lines(self, painter: QPainter, area: QRect, lines: tuple[str, ...], is_heading: bool) -> None:
        top = area.top()
        for number, line in enumerate(lines):
            is_first = number == 0
            size = FONT_PX if is_first and not is_heading else SMALL_PX
            painter.setFont(interface_font(painter.font(), size, is_bold=is_first and is_heading))
            painter.setPen(QColor(in_theme(TEXT if is_first else SECONDARY)))
            metrics = painter.fontMetrics()
            rows = 2 if is_first and not is_heading and metrics.horizontalAdvance(line) > area.width() else 1
            # Lines break at words, so the end of the first of two rows may stay empty.
            text = metrics.elidedText(
                line, Qt.TextElideMode.ElideRight, round(area.width() * (rows * 0.75 + 0.25))
            )
            box = QRect(area.left(), top, area.width(), rows * metrics.height())
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute
            painter.drawText(box, int(flags) | (int(Qt.TextFlag.TextWordWrap) if rows > 1 else 0), text)
            top += rows * metrics.height() + 1
