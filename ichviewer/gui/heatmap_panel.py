"""The HEAT MAP panel: whether, whose, how strong, and by which method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QSlider, QVBoxLayout, QWidget

from ichviewer.core.findings import SUBTYPES, SliceStatus
from ichviewer.core.heatmap import CLOSED_FORM, Heatmap, closed_form_heatmap
from ichviewer.core.map_verdict import verdict_text
from ichviewer.core.model_card import ModelCard
from ichviewer.core.viewstate import ViewState
from ichviewer.core.volume import Volume
from ichviewer.gui.elided_label import ElidedLabel
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.slice_scores import finding_in_view
from ichviewer.gui.store import Store
from ichviewer.gui.theme import SECONDARY
from ichviewer.gui.wording import label_text

EXPLAIN_AFTER_MS = 120
"""Another method takes its time, so it is asked for only where the reader stays this long."""

HARDLY_VISIBLE = 0.25
"""Share of full color below which the hottest cell tints the image by less than a tenth at first."""

METHOD_TIPS = {
    CLOSED_FORM: "From the analysis itself, all labels at once, on the checkpoint's fixed scale",
    "Grad-CAM": "One pass; for this kind of network the closed form again, with autograd",
    "Grad-CAM++": "One pass; channels weighted by where their gradient is positive",
    "XGrad-CAM": "One pass; for this kind of network close to the closed form",
    "HiResCAM": "One pass; for this kind of network the closed form again",
    "LayerCAM": "One pass; only what speaks for the label, cell by cell",
    "EigenCAM": "One pass; where the features vary most: the same for every label",
    "Eigen-Grad-CAM": "One pass; the main pattern of features times gradients",
}
"""What each method is, for its tooltip; all but the first borrow the closed form's scale."""


class HeatmapPanel(QWidget):
    """Sets the heat map's part of the state; asks for an explanation where another method is chosen."""

    explanation_requested = Signal()

    def __init__(self, store: Store, methods: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Panel")
        self._store = store
        self._inputs, self._asked = DrawnInputs(), DrawnInputs()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(EXPLAIN_AFTER_MS)
        self._timer.timeout.connect(self.explanation_requested)
        title = QLabel("HEAT MAP")
        title.setObjectName("PanelTitle")
        self.shown = QCheckBox("Show")
        self.shown.setToolTip("Show or hide the heat map (M)")
        self.shown.setAccessibleName("Show heat map")
        self.shown.clicked.connect(lambda on: self._change(shows_heatmap=on))
        self.below = QCheckBox("Also below threshold")
        self.below.setToolTip("Color slices whose score is below the threshold, too (B)")
        self.below.clicked.connect(lambda on: self._change(heatmap_below_threshold=on))
        self.contours = QCheckBox("Contours")
        self.contours.setToolTip("Lines of equal heat at 25, 50 and 75 % of full color (Shift+M)")
        self.contours.setAccessibleName("Heat map as contours")
        self.contours.clicked.connect(lambda on: self._change(heatmap_as_contours=on))
        self.label = QComboBox()
        self.label.addItems([label_text(subtype) for subtype in SUBTYPES])
        self.label.setToolTip("Whose heat map (S: next label)")
        self.label.setAccessibleName("Label of the heat map")
        self.label.activated.connect(lambda index: self._change(heatmap_subtype=SUBTYPES[index]))
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        # A heat map that is on is never invisible; the keys stop at 5 % too.
        self.opacity.setRange(5, 100)
        self.opacity.setPageStep(10)
        self.opacity.setToolTip("Opacity of the heat map ([ and ])")
        self.opacity.setAccessibleName("Opacity of the heat map, percent")
        self.opacity.valueChanged.connect(self._on_opacity)
        self.method = QComboBox()
        self.method.addItems([CLOSED_FORM, *(name for name in methods if name != CLOSED_FORM)])
        self.method.setToolTip("Closed form: from the analysis itself. Other methods: for the slice in view")
        self.method.setAccessibleName("Method of the heat map")
        self.method.activated.connect(lambda index: self._change(heatmap_method=self.method.itemText(index)))
        for index in range(self.method.count()):
            tip = METHOD_TIPS.get(self.method.itemText(index), "")
            self.method.setItemData(index, tip, Qt.ItemDataRole.ToolTipRole)
        self._note = ElidedLabel(self, SECONDARY, lines=4)
        self._lay_out(title)
        store.changed.connect(self._render)
        self._render(store.state)

    def _lay_out(self, title: QLabel) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.shown, 0, 0)
        grid.addWidget(self.contours, 0, 1)
        grid.addWidget(self.below, 1, 0, 1, 2)
        for row, (name, widget) in enumerate(
            (("Label", self.label), ("Opacity", self.opacity), ("Method", self.method)), start=2
        ):
            caption = QLabel(name)
            caption.setObjectName("Secondary")
            caption.setBuddy(widget)
            grid.addWidget(caption, row, 0)
            grid.addWidget(widget, row, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(5)
        layout.addWidget(title)
        layout.addLayout(grid)
        layout.addWidget(self._note)

    @property
    def note(self) -> str:
        """The line that says what is, or why nothing is, drawn."""
        return self._note.text

    def _change(self, **fields: object) -> None:
        self._store.update(lambda state: replace(state, **fields))  # type: ignore[arg-type]

    def _on_opacity(self, value: int) -> None:
        if round(self._store.state.heatmap_opacity * 100) != value:
            self._change(heatmap_opacity=value / 100)

    def _render(self, state: ViewState) -> None:
        self._ask_for_explanation(state)
        inputs = (
            state.shows_heatmap,
            state.heatmap_below_threshold,
            state.heatmap_as_contours,
            state.heatmap_subtype,
            state.heatmap_opacity,
            state.heatmap_method,
            state.explanation,
            state.model_card,
            finding_in_view(state),
            state.volume,
            state.first_look.seal,
        )
        if not self._inputs.differ(*inputs):
            return
        self.shown.setChecked(state.shows_heatmap)
        self.below.setChecked(state.heatmap_below_threshold)
        self.contours.setChecked(state.heatmap_as_contours)
        self.label.setCurrentIndex(SUBTYPES.index(state.heatmap_subtype))
        self.opacity.setValue(round(state.heatmap_opacity * 100))
        self.method.setCurrentText(state.heatmap_method)
        self._note.set_text(heatmap_note(state))

    def _ask_for_explanation(self, state: ViewState) -> None:
        wants = state.shows_heatmap and state.heatmap_method != CLOSED_FORM and can_explain(state)
        place = (state.volume, state.slice_index, state.heatmap_subtype, state.heatmap_method)
        if not self._asked.differ(wants, *place):
            return
        self._timer.stop()
        if wants and not has_explanation(state):
            self._timer.start()


def can_explain(state: ViewState) -> bool:
    """Whether the slice in view has scores that can be explained."""
    finding = finding_in_view(state)
    return finding is not None and finding.status is SliceStatus.OK


def has_explanation(state: ViewState) -> bool:
    """Whether the other method's map belongs to what is in view."""
    found = state.explanation
    return found is not None and (found.slice_index, found.subtype, found.method) == (
        state.slice_index,
        state.heatmap_subtype,
        state.heatmap_method,
    )


def heatmap_note(state: ViewState) -> str:
    """What is drawn, how fine it is, or why nothing is."""
    finding, card = finding_in_view(state), state.model_card
    if finding is None or card is None or state.volume is None:
        return "Sealed until you have looked." if state.first_look.is_sealed else "No scores, no heat map."
    probability = finding.probability(state.heatmap_subtype)
    if probability is None or finding.class_maps is None:
        return f"No heat map: no scores ({finding.status.value})."
    if not state.shows_heatmap:
        return "Hidden."
    if probability < card.slice_thresholds[SUBTYPES.index(state.heatmap_subtype)]:
        if not state.heatmap_below_threshold:
            return "Below threshold: nothing is colored."
        below = "below threshold; "
    else:
        below = ""
    if state.heatmap_method != CLOSED_FORM and not has_explanation(state):
        return f"{below}computing {state.heatmap_method} …"
    spacing = state.volume.geometry.pixel_spacing_mm
    heatmap = closed_form_heatmap(finding, state.heatmap_subtype, card, spacing)
    if state.heatmap_method != CLOSED_FORM:
        heatmap = state.explanation
    if heatmap is None:
        return f"No heat map: no scores ({finding.status.value})."
    drawn = cell_text(state.volume, heatmap.cell_mm) + weakness_text(heatmap, card)
    is_never_checked = bool(below) and heatmap.method == CLOSED_FORM
    return f"{below}{drawn}; {'map not checked' if is_never_checked else check_text(heatmap)}"


def check_text(heatmap: Heatmap) -> str:
    """Whether the map may be believed, with the figures behind it."""
    verdict = heatmap.verdict
    if verdict is None or verdict.fall is None or verdict.random_fall is None:
        return f"map {verdict_text(verdict)}"
    return (
        f"map {verdict_text(verdict)} [without its hottest part logit {-verdict.fall:+.1f}, elsewhere "
        f"{-verdict.random_fall:+.1f}; flip {verdict.flip_correlation:.2f}; "
        f"{verdict.share_outside:.0%} outside the head]"
    )


def weakness_text(heatmap: Heatmap, card: ModelCard) -> str:
    """That a map is too weak to be seen, with its hottest cell; empty for any other map."""
    hottest = float(heatmap.values.max())
    if hottest >= HARDLY_VISIBLE:
        return ""
    full_scale = card.labels[SUBTYPES.index(heatmap.subtype)].heatmap_full_scale
    return f"; hottest {hottest * full_scale:.1f} of {full_scale:.1f}: hardly visible on the fixed scale"


def cell_text(volume: Volume, cell_mm: float) -> str:
    """How fine a map is; without Pixel Spacing nobody can know."""
    return f"one cell is {cell_mm:.0f} mm" if volume.series.is_measured else "size of a cell unknown"
