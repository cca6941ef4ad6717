"""The MEASUREMENTS panel: all of them with their values; a click goes there; name, comment, delete, export.

The one thing to get wrong: what is typed belongs to the measurement that is chosen, and one stay in a field
is one step to undo.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ichviewer.core.measurement import Measurement
from ichviewer.core.measurement_sentence import measurement_sentence, place_text, value_texts
from ichviewer.core.measurement_values import MeasuredValues
from ichviewer.core.measuring import removed, selected, with_changed
from ichviewer.core.viewstate import ViewState, with_new_gesture
from ichviewer.core.way_to_measurement import gone_to
from ichviewer.gui.comment_line import CommentLine
from ichviewer.gui.hematoma_panel import HematomaPanel
from ichviewer.gui.histogram_window import ValuesOf
from ichviewer.gui.plain_tooltip import plain_tooltip
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.region_panel import RegionPanel
from ichviewer.gui.store import Store
from ichviewer.gui.theme import ICON_PX, icon

NOTHING_YET = (
    "Nothing measured yet. D draws a ruler, E an ellipse; the strip beside the images holds all tools."
)
ROW_PX, MOST_ROWS = 18, 8


class MeasurementsPanel(QWidget):
    """One row per measurement; the chosen one can be named, commented on, deleted."""

    histogram_requested = Signal()
    export_requested = Signal()
    next_step_below = Signal(object)
    """The part of the panel in which the reader has to go on."""

    def __init__(self, store: Store, values_of: ValuesOf, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Panel")
        self._store, self._values_of = store, values_of
        self._inputs = DrawnInputs()
        self._typed_in: int | None = None
        title = QLabel("MEASUREMENTS")
        title.setObjectName("PanelTitle")
        self.histogram = self._button("histogram", "Histogram of the chosen region (Ctrl+H)", "Histogram")
        self.histogram.clicked.connect(self.histogram_requested)
        self.export = self._button(
            "export", "Export all measurements as CSV (Ctrl+Shift+E)", "Export measurements"
        )
        self.export.clicked.connect(self.export_requested)
        self.delete = self._button("delete", "Remove the chosen measurement (Del)", "Delete measurement")
        self.delete.clicked.connect(lambda: store.update(removed))
        top = QHBoxLayout()
        top.setSpacing(2)
        top.addWidget(title)
        top.addStretch(1)
        for button in (self.histogram, self.export, self.delete):
            top.addWidget(button)
        self.list = QListWidget()
        self.list.setAccessibleName("Measurements")
        self.list.setToolTip("Click to go there (J and Shift+J step through)")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.itemClicked.connect(self._go)
        self.hint = QLabel(NOTHING_YET)
        self.hint.setObjectName("Secondary")
        self.hint.setWordWrap(True)
        self.name = self._line(
            "Name", "Name of the chosen measurement", lambda now, text: replace(now, name=text)
        )
        self.comment = self._line(
            "Comment", "Comment on the chosen measurement", lambda now, text: replace(now, text=text)
        )
        self.hematoma, self.region = HematomaPanel(store), RegionPanel(store)
        for part in (self.hematoma, self.region):
            part.appeared.connect(lambda part=part: self.next_step_below.emit(part))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(4)
        layout.addLayout(top)
        for widget in (self.hint, self.list, self.name, self.comment, self.hematoma, self.region):
            layout.addWidget(widget)
        store.changed.connect(self._render)
        self._render(store.state)

    def _button(self, icon_name: str, tooltip: str, name: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(icon_name))
        button.setIconSize(QSize(ICON_PX, ICON_PX))
        button.setToolTip(tooltip)
        button.setAccessibleName(name)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _line(
        self, placeholder: str, name: str, change: Callable[[Measurement, str], Measurement]
    ) -> CommentLine:
        line = CommentLine()
        line.setPlaceholderText(placeholder)
        line.setAccessibleName(name)
        line.setToolTip(f"{name}; written to the export")
        line.textEdited.connect(lambda text: self._type(lambda now: change(now, text), placeholder.lower()))
        line.entered.connect(self._forget_typing)
        return line

    def _type(self, change: Callable[[Measurement], Measurement], what: str) -> None:
        identifier = self._store.state.selected_measurement
        if identifier != self._typed_in:
            self._typed_in = identifier
            self._store.update(with_new_gesture)
        deed = "rename" if what == "name" else "comment on"
        self._store.update(lambda state: with_changed(state, identifier, change, deed, state.gesture))

    def _forget_typing(self) -> None:
        """Another stay in a field is another step to undo."""
        self._typed_in = None

    def _go(self, item: QListWidgetItem) -> None:
        identifier = int(item.data(Qt.ItemDataRole.UserRole))
        self._store.update(lambda state: gone_to(state, identifier))

    def _render(self, state: ViewState) -> None:
        items = state.work.measurements.items if state.volume is not None else ()
        if not self._inputs.differ(items, state.selected_measurement, state.volume, state.reformats):
            return
        self._fill(items, state)
        now = selected(state)
        for line, text in ((self.name, now.name if now else ""), (self.comment, now.text if now else "")):
            line.setVisible(now is not None)
            if line.text() != text:
                line.setText(text)
        self.hint.setVisible(not items)
        self.list.setVisible(bool(items))
        self.export.setEnabled(bool(items))
        self.delete.setEnabled(now is not None)
        self.histogram.setEnabled(now is not None and self._values_of(now, state).statistics is not None)

    def _fill(self, items: tuple[Measurement, ...], state: ViewState) -> None:
        self.list.setUpdatesEnabled(False)
        while self.list.count() > len(items):
            self.list.takeItem(self.list.count() - 1)
        while self.list.count() < len(items):
            self.list.addItem(QListWidgetItem())
        for row, each in enumerate(items):
            values, item = self._values_of(each, state), self.list.item(row)
            sentence = measurement_sentence(each, values)
            item.setText(row_text(each, values))
            item.setToolTip(plain_tooltip("\n".join((sentence, *values.notes))))
            item.setData(Qt.ItemDataRole.UserRole, each.identifier)
            if each.identifier == state.selected_measurement:
                self.list.setCurrentItem(item)
        if selected(state) is None:
            self.list.setCurrentRow(-1)
        self.list.setFixedHeight(min(len(items), MOST_ROWS) * ROW_PX + 4)
        self.list.setUpdatesEnabled(True)


def row_text(measurement: Measurement, values: MeasuredValues) -> str:
    """A measurement in one line, the place first: what is cut at the end stands in the tooltip."""
    title = measurement.title[:1].upper() + measurement.title[1:]
    texts = value_texts(measurement, values) or (("no value",) if values.refusal or values.notes else ())
    return f"{place_text(measurement)} · {title}" + (f": {', '.join(texts)}" if texts else "")
