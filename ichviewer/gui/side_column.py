"""The column at the right: scores, findings and reading aids, under a tab each, in panels that fold."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from ichviewer.gui.cards_panel import CardsPanel
from ichviewer.gui.coverage_panel import CoveragePanel
from ichviewer.gui.findings_list import FindingsList
from ichviewer.gui.fold import Fold
from ichviewer.gui.heatmap_panel import HeatmapPanel
from ichviewer.gui.measurement_layer import MeasurementLayer
from ichviewer.gui.measurements_panel import MeasurementsPanel
from ichviewer.gui.prevalence_line import PrevalenceLine
from ichviewer.gui.seal_line import SealLine
from ichviewer.gui.slice_scores import SliceScores
from ichviewer.gui.stack_panel import StackPanel
from ichviewer.gui.store import Store
from ichviewer.gui.study_panel import StudyPanel

SCORES, WORK, AIDS = range(3)


class SideColumn(QTabWidget):
    """Holds the panels; which tab is in front changes only when the reader changes it."""

    def __init__(
        self, store: Store, methods: Sequence[str], layer: MeasurementLayer, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.seal, self.slice_scores, self.study = SealLine(store), SliceScores(store), StudyPanel(store)
        self.findings_list = FindingsList(store, layer.values)
        self.heatmap, self.stack = HeatmapPanel(store, methods), StackPanel(store)
        self.measurements = MeasurementsPanel(store, layer.values)
        self.cards, self.coverage = CardsPanel(store), CoveragePanel(store)
        self.prevalence = PrevalenceLine(store)
        self.folds = {
            name: Fold(title, panel)
            for name, title, panel in (
                ("study", "STUDY", self.study),
                ("list", "FINDINGS", self.findings_list),
                ("heat map", "HEAT MAP", self.heatmap),
                ("stack", "STACK", self.stack),
                ("measurements", "MEASUREMENTS", self.measurements),
                ("questions", "QUESTIONS", self.cards),
                ("coverage", "COVERAGE", self.coverage),
                ("predictive values", "PREDICTIVE VALUES", self.prevalence),
            )
        }
        in_scores = [self.folds[name] for name in ("study", "heat map", "stack")]
        in_work = [self.folds[name] for name in ("list", "measurements")]
        in_aids = [self.folds[name] for name in ("questions", "coverage", "predictive values")]
        self.scores = _scrolling("Scores", self.seal, self.slice_scores, *in_scores)
        self.work = _scrolling("Findings", *in_work)
        self.aids = _scrolling("Reading aids", *in_aids)
        for area, text, tooltip in (
            (self.scores, "&Scores", "Scores of slice and study, heat map, geometry of the stack"),
            (self.work, "&Findings", "Findings to accept or reject, and what was measured"),
            (self.aids, "Ai&ds", "Questions at a place, coverage, predictive values"),
        ):
            self.setTabToolTip(self.addTab(area, text), tooltip)
        self.setDocumentMode(True)
        self.setAccessibleName("Scores, findings and reading aids")
        self.tabBar().setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.tabBar().setExpanding(True)
        self.tabBar().setAccessibleName("Panels at the right")
        self.setMinimumWidth(284)
        self.measurements.next_step_below.connect(self._show_part)

    def _show_part(self, part: QWidget) -> None:
        """Bring a part of the measurements into view: the reader goes on there."""
        self.setCurrentIndex(WORK)
        self.folds["measurements"].set_open(True)
        # Once it is laid out; before that it has no place.
        QTimer.singleShot(0, part, lambda: self.work.ensureWidgetVisible(part))

    @property
    def folded(self) -> list[str]:
        """Names of the panels that are folded."""
        return [name for name, fold in self.folds.items() if not fold.is_open]

    def set_folded(self, names: Sequence[object]) -> None:
        """Fold these panels, and no others."""
        for name, fold in self.folds.items():
            fold.set_open(name not in names)


def _scrolling(name: str, *panels: QWidget) -> QScrollArea:
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
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setAccessibleName(name)
    return area
