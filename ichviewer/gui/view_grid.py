"""The views of the layout side by side, or one of them alone."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QGridLayout, QWidget

from ichviewer.core.navigation import visible_views
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.cine_player import CinePlayer
from ichviewer.gui.heat_layer import HeatLayer
from ichviewer.gui.measurement_layer import MeasurementLayer
from ichviewer.gui.overlay_painter import OverlayPainter
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.slice_view import SliceView
from ichviewer.gui.store import Store
from ichviewer.gui.theme import LINE

BETWEEN_PX = 2


class ViewGrid(QWidget):
    """All views, made once; those of the layout are visible. Slice and cameras are the state's."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.measurement_layer = MeasurementLayer()
        layers = HeatLayer(), OverlayPainter(), self.measurement_layer
        self.views = {view: SliceView(store, view, *layers, self) for view in View}
        self.cine = CinePlayer(store, self)
        self._inputs = DrawnInputs()
        self.setAutoFillBackground(True)
        self.setPalette(QPalette(QColor(LINE)))
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(BETWEEN_PX)
        store.changed.connect(self._render)
        self._render(store.state)

    def _render(self, state: ViewState) -> None:
        if self._inputs.differ(state.layout, state.promoted_view):
            self._lay_out(visible_views(state), state.layout.columns)

    def _lay_out(self, shown: tuple[View, ...], columns: int) -> None:
        for view, widget in self.views.items():
            self._grid.removeWidget(widget)
            widget.setVisible(view in shown)
        for place in range(len(View)):
            self._grid.setColumnStretch(place, 0)
            self._grid.setRowStretch(place, 0)
        for place, view in enumerate(shown):
            row, column = divmod(place, columns)
            self._grid.addWidget(self.views[view], row, column)
            self._grid.setColumnStretch(column, 1)
            self._grid.setRowStretch(row, 1)
