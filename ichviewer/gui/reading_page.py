"""Series, images, score ribbon and findings side by side, and which of them are hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ichviewer.core.viewstate import ViewState
from ichviewer.gui.cards_panel import CardsPanel
from ichviewer.gui.coverage_panel import CoveragePanel
from ichviewer.gui.elsewhere_page import ElsewherePage
from ichviewer.gui.findings_list import FindingsList
from ichviewer.gui.fold import Fold
from ichviewer.gui.heatmap_panel import HeatmapPanel
from ichviewer.gui.loading_page import LoadingPage
from ichviewer.gui.measurements_panel import MeasurementsPanel
from ichviewer.gui.prevalence_line import PrevalenceLine
from ichviewer.gui.score_ribbon import ScoreRibbon
from ichviewer.gui.seal_line import SealLine
from ichviewer.gui.series_panel import SeriesPanel
from ichviewer.gui.slice_scores import SliceScores
from ichviewer.gui.stack_panel import StackPanel
from ichviewer.gui.store import Store
from ichviewer.gui.study_panel import StudyPanel
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
        self.slice_scores, self.study = SliceScores(store), StudyPanel(store)
        self.heatmap = HeatmapPanel(store, methods)
        self.stack = StackPanel(store)
        self.measurements = MeasurementsPanel(store, self.views.measurement_layer.values)
        self.measurements.next_step_below.connect(self._show_part)
        self.seal, self.cards = SealLine(store), CardsPanel(store)
        self.prevalence = PrevalenceLine(store)
        self.findings_list = FindingsList(store, self.views.measurement_layer.values)
        self.coverage, self.blind_spots = CoveragePanel(store), TourPanel(store)
        self.folds = {
            name: Fold(title, panel)
            for name, title, panel in (
                ("questions", "QUESTIONS", self.cards),
                ("study", "STUDY", self.study),
                ("predictive values", "PREDICTIVE VALUES", self.prevalence),
                ("list", "FINDINGS", self.findings_list),
                ("coverage", "COVERAGE", self.coverage),
                ("heat map", "HEAT MAP", self.heatmap),
                ("measurements", "MEASUREMENTS", self.measurements),
                ("stack", "STACK", self.stack),
            )
        }
        # Set once and seldom read again.
        self.folds["predictive values"].set_open(False)
        self.findings = _scrolling(self.seal, self.slice_scores, *self.folds.values())
        self.panels: dict[str, QWidget] = {
            "series": self.series,
            "ribbon": self.ribbon,
            "findings": self.findings,
        }
        self._wanted = dict.fromkeys(self.panels, True)
        self._is_image_alone = False
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        self._center = _beside(_over(self.middle, self.blind_spots))
        for index, widget in enumerate((self.series, self._center, self.ribbon, self.findings)):
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

    def _show_part(self, part: QWidget) -> None:
        """Bring a part of the measurements into view: the reader goes on there."""
        self.folds["measurements"].set_open(True)
        # Once it is laid out; before that it has no place.
        QTimer.singleShot(0, part, lambda: self.findings.ensureWidgetVisible(part))

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
        folded = [name for name, fold in self.folds.items() if not fold.is_open]
        return {"sizes": self.splitter.sizes(), "hidden": hidden, "folded": folded}

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
            for name, fold in self.folds.items():
                fold.set_open(name not in folded)


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


def _scrolling(*panels: QWidget) -> QScrollArea:
    content = QWidget()
    content.setObjectName("Panel")
    layout = QVBoxLayout(content)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    for index, panel in enumerate(panels):
        if index:
            line = QFrame()
            line.setFixedHeight(1)
            line.setObjectName("Separator")
            layout.addWidget(line)
        layout.addWidget(panel)
    layout.addStretch(1)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setWidget(content)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setMinimumWidth(284)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setAccessibleName("Findings")
    return area
