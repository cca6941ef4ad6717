"""ABC/2 step by step: how much of the hematoma each slice shows, by eye or from areas.

The one thing to get wrong: the reader judges the slice in view; the panel names it, and says which slices
were judged and how thick each is.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from ichviewer.core.hematoma_steps import areas_drawn, judged, judged_by_areas
from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measuring import selected
from ichviewer.core.stack_frame import StackFrame
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store

SHARES = (
    (None, "not", "The slice in view does not show it (Alt+0)"),
    (0.0, "< 25 %", "Less than 25 % of the largest area: counts 0 (Alt+2)"),
    (0.5, "25–75 %", "25 to 75 % of the largest area: counts a half (Alt+5)"),
    (1.0, "> 75 %", "More than 75 % of the largest area: counts 1 (Alt+7)"),
)
"""Weight (Kothari et al. 1996), text and tooltip of each button."""


class HematomaPanel(QWidget):
    """Visible while a hematoma is chosen."""

    appeared = Signal()

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._inputs = DrawnInputs()
        self.guide = QLabel()
        self.guide.setWordWrap(True)
        self.counted = QLabel()
        self.counted.setObjectName("Secondary")
        self.counted.setWordWrap(True)
        self.buttons: dict[float | None, QToolButton] = {}
        row = QHBoxLayout()
        row.setSpacing(3)
        for weight, text, tooltip in SHARES:
            button = QToolButton()
            button.setText(text)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setCheckable(True)
            button.setToolTip(tooltip)
            button.setAccessibleName(tooltip)
            button.clicked.connect(
                lambda _on=False, weight=weight: store.update(lambda state: judged(state, weight))
            )
            self.buttons[weight] = button
            row.addWidget(button)
        self.from_areas = QPushButton("Take areas of drawn regions")
        self.from_areas.setToolTip("Weigh every slice by the largest region drawn or grown on it")
        self.from_areas.clicked.connect(lambda: store.update(judged_by_areas))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self.guide)
        layout.addLayout(row)
        layout.addWidget(self.from_areas)
        layout.addWidget(self.counted)
        store.changed.connect(self._render)
        self._render(store.state)

    def _render(self, state: ViewState) -> None:
        now = selected(state)
        if not self._inputs.differ(now, state.slice_index, state.volume, state.work.measurements):
            return
        is_wanted = now is not None and now.kind is MeasurementKind.HEMATOMA and state.volume is not None
        is_new = is_wanted and self.isHidden()
        self.setVisible(is_wanted)
        if is_new:
            self.appeared.emit()
        if not is_wanted or now is None or state.volume is None:
            return
        self.guide.setText(f"Slice {state.slice_index + 1}: how much of the largest area does it show?")
        weights = {each.slice_index: each.weight for each in now.hematoma_slices}
        for weight, button in self.buttons.items():
            button.setChecked(weights.get(state.slice_index) == weight)
        self.counted.setText(_counted(now, state.volume.frame))
        self.from_areas.setEnabled(bool(areas_drawn(state)))


def _counted(now: Measurement, frame: StackFrame) -> str:
    """Each judged slice with its weight and its true extent, highest first as in the ribbon."""
    if not now.hematoma_slices:
        return "No slice judged yet. Scroll through the hematoma and judge each slice."
    extents = frame.slice_extents_mm[:, 1] - frame.slice_extents_mm[:, 0]
    words = {0.0: "0", 0.5: "½", 1.0: "1"}
    lines = []
    for each in reversed(now.hematoma_slices):
        area = "" if each.area_mm2 is None else f", {each.area_mm2:.0f} mm²"
        height = float(extents[each.slice_index])
        lines.append(f"slice {each.slice_index + 1}: {words[each.weight]} × {height:.2f} mm{area}")
    return "\n".join(lines)
