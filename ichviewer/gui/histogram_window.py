"""The histogram of the chosen region, in a window beside the images; it follows the choice."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLabel, QVBoxLayout, QWidget

from ichviewer.core.measurement import Measurement
from ichviewer.core.measurement_sentence import measurement_sentence
from ichviewer.core.measurement_values import MeasuredValues
from ichviewer.core.measuring import selected
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.histogram_plot import HistogramPlot
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store

ValuesOf = Callable[[Measurement, ViewState], MeasuredValues]


class HistogramWindow(QDialog):
    """Bars, and the same numbers in words."""

    def __init__(self, store: Store, values_of: ValuesOf, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Histogram · research use only")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._values_of = values_of
        self._inputs = DrawnInputs()
        self.plot = HistogramPlot()
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.words)
        store.changed.connect(self._render)
        self._render(store.state)

    def _render(self, state: ViewState) -> None:
        now = selected(state)
        if not self._inputs.differ(now, state.volume, state.reformats):
            return
        if now is None or state.volume is None:
            self.plot.show_statistics(None, "")
            self.words.setText(" ")
            return
        values = self._values_of(now, state)
        self.plot.show_statistics(values.statistics, values.value_unit)
        self.words.setText("\n".join((measurement_sentence(now, values), *values.notes)))
