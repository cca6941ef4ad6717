"""Series, images, score ribbon and findings side by side, and which of them are hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ichviewer.core.viewstate import ViewState
from ichviewer.gui.elsewhere_page import ElsewherePage
from ichviewer.gui.loading_page import LoadingPage
from ichviewer.gui.score_ribbon import ScoreRibbon
from ichviewer.gui.series_panel import SeriesPanel
from ichviewer.gui.side_column import SideColumn
from ichviewer.gui.store import Store
from ichviewer.gui.tour_panel import TourPanel
from ichviewer.gui.view_grid import ViewGrid

FIRST_SIZES = (184, 1000, 128, 288)


class ReadingPage(QWidget):
    """What stands in the window once something was opened."""

    images_wanted_back = Signal()

    def __init__(self, store: Store, methods: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.series = SeriesPanel(store)
        self.series.setMinimumWidth(140)
        self.views = ViewGrid(store, self)
        self.loading = LoadingPage(store)
        self.middle = QStackedWidget()
        self.middle.setMinimumWidth(300)
        self.middle.addWidget(self.loading)
        self.middle.addWidget(self.views)
        self.elsewhere = ElsewherePage()
        self.elsewhere.wanted_back.connect(self.images_wanted_back)
        self.middle.addWidget(self.elsewhere)
        self.ribbon = ScoreRibbon(store)
        self.blind_spots = TourPanel(store)
        self.side = SideColumn(store, methods, self.views.measurement_layer)
        self.panels: dict[str, QWidget] = {
            "series": self.series,
            "ribbon": self.ribbon,
            "findings": self.side,
        }
        self._wanted = dict.fromkeys(self.panels, True)
        self._is_image_alone = False
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        self._center = _beside(_over(self.middle, self.blind_spots))
        for index, widget in enumerate((self.series, self._center, self.ribbon, self.side)):
            self.splitter.addWidget(widget)
            self.splitter.setStretchFactor(index, 1 if widget is self._center else 0)
        self.splitter.setSizes(FIRST_SIZES)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.splitter)
        store.changed.connect(self._render)
        self._render(store.state)

    def _render(self, state: ViewState) -> None:
        images = self.views if self.middle.indexOf(self.views) >= 0 else self.elsewhere
        shown = self.loading if state.volume is None else images
        if self.middle.currentWidget() is not shown:
            self.middle.setCurrentWidget(shown)

    def hold_tools(self, tools: QWidget) -> None:
        """Stand the strip of tools beside the images; it is hidden with the panels."""
        layout = self._center.layout()
        assert isinstance(layout, QHBoxLayout)
        layout.insertWidget(0, tools)
        self.panels["tools"] = tools
        self._wanted["tools"] = True

    def give_images(self) -> ViewGrid:
        """Let another window hold the images; a page says so in their place."""
        self.middle.removeWidget(self.views)
        self.middle.setCurrentWidget(self.elsewhere)
        return self.views

    def take_images(self) -> None:
        """Hold the images again."""
        self.middle.insertWidget(1, self.views)
        self.middle.setCurrentWidget(self.views)

    def toggle_image_alone(self) -> None:
        """Hide all panels, or bring back those that were there."""
        self._is_image_alone = not self._is_image_alone
        self._show_wanted()

    def toggle_panel(self, name: str) -> None:
        """Hide or show one panel."""
        if self._is_image_alone:
            self._is_image_alone = False
            self._wanted = dict.fromkeys(self.panels, False)
        self._wanted[name] = not self._wanted[name]
        self._show_wanted()

    def _show_wanted(self) -> None:
        for name, panel in self.panels.items():
            panel.setVisible(self._wanted[name] and not self._is_image_alone)

    def save_layout(self) -> dict[str, object]:
        """Sizes, hidden and folded panels, as plain values."""
        hidden = [name for name, is_wanted in self._wanted.items() if not is_wanted]
        return {"sizes": self.splitter.sizes(), "hidden": hidden, "folded": self.side.folded}

    def restore_layout(self, layout: Mapping[str, object]) -> None:
        """Take over what fits; anything else leaves the layout as it is."""
        sizes, hidden = layout.get("sizes"), layout.get("hidden")
        if (
            isinstance(sizes, list)
            and len(sizes) == 4
            and all(isinstance(size, int) and size >= 0 for size in sizes)
        ):
            # A panel that was never laid out is remembered with size 0.
            self.splitter.setSizes([size or first for size, first in zip(sizes, FIRST_SIZES, strict=True)])
        if isinstance(hidden, list):
            self._wanted = {name: name not in hidden for name in self.panels}
            self._show_wanted()
        folded = layout.get("folded")
        if isinstance(folded, list):
            self.side.set_folded(folded)


def _over(above: QWidget, below: QWidget) -> QWidget:
    """One thing above another that may be hidden."""
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    layout.addWidget(above, 1)
    layout.addWidget(below)
    return holder


def _beside(widget: QWidget) -> QWidget:
    """Something that has room for a strip at its left."""
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    layout.addWidget(widget, 1)
    return holder
