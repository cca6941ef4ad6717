"""Brain, subdural and bone window of the same slice, side by side, or one of them alone."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ichviewer.core.viewstate import ViewState
from ichviewer.gui.heat_layer import HeatLayer
from ichviewer.gui.overlay_painter import OverlayPainter
from ichviewer.gui.slice_view import SliceView
from ichviewer.gui.store import Store
from ichviewer.gui.theme import LINE

BETWEEN_PX = 2


class Triptych(QWidget):
    """Three linked views; slice, zoom and pan are the state's, so they cannot differ."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        heat_layer, overlay_painter = HeatLayer(), OverlayPainter()
        self.views = tuple(SliceView(store, index, heat_layer, overlay_painter, self) for index in range(3))
        self.setAutoFillBackground(True)
        self.setPalette(QPalette(QColor(LINE)))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(BETWEEN_PX)
        for view in self.views:
            layout.addWidget(view, 1)
        store.changed.connect(self._render)
        self._render(store.state)

    def _render(self, state: ViewState) -> None:
        for index, view in enumerate(self.views):
            view.setVisible(state.promoted_view is None or state.promoted_view == index)
