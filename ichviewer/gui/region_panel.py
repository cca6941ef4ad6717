"""Between which values a region grows, how far, and how wide the brush is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ichviewer.core.growing import chosen_region, grown_again
from ichviewer.core.growth import LARGEST_BRUSH_MM, SMALLEST_BRUSH_MM, Growth
from ichviewer.core.tool import Tool
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store

FIELDS = (
    ("lower_hu", "From", " HU", -200.0, 3000.0, 5.0, "Least value of the region, after smoothing"),
    ("upper_hu", "To", " HU", -200.0, 3000.0, 5.0, "Highest value of the region, after smoothing"),
    ("radius_mm", "Within", " mm", 5.0, 200.0, 5.0, "Farthest distance from the seed"),
    (
        "brush_mm",
        "Brush",
        " mm",
        SMALLEST_BRUSH_MM,
        LARGEST_BRUSH_MM,
        0.5,
        "Radius of the brush (+ and −); Shift+G takes it in the hand, Ctrl removes",
    ),
)
"""Field of ``Growth``, label, unit, least, most, step, tooltip."""


FIELD_CHANGES: dict[str, Callable[[Growth, float], Growth]] = {
    "lower_hu": lambda growth, value: replace(growth, lower_hu=value),
    "upper_hu": lambda growth, value: replace(growth, upper_hu=value),
    "radius_mm": lambda growth, value: replace(growth, radius_mm=value),
    "brush_mm": lambda growth, value: replace(growth, brush_mm=value),
}


class RegionPanel(QWidget):
    """Visible while a grown region is chosen, or its tools are in the hand."""

    appeared = Signal()

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._inputs = DrawnInputs()
        self.boxes: dict[str, QDoubleSpinBox] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(3)
        for place, field in enumerate(FIELDS):
            label = QLabel(field[1])
            label.setObjectName("Secondary")
            grid.addWidget(label, place, 0)
            grid.addWidget(self._box(*field), place, 1)
        grid.setColumnStretch(1, 1)
        self.again = QPushButton("Grow again")
        self.again.setToolTip("Grow the chosen region anew from its seed; what was painted is lost (Ctrl+Z)")
        self.again.clicked.connect(lambda: store.update(grown_again))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(grid)
        layout.addWidget(self.again)
        store.changed.connect(self._render)
        self._render(store.state)

    def _box(
        self, field: str, label: str, unit: str, least: float, most: float, step: float, tooltip: str
    ) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setRange(least, most)
        box.setSingleStep(step)
        box.setDecimals(1 if field == "brush_mm" else 0)
        box.setSuffix(unit)
        box.setToolTip(tooltip)
        box.setAccessibleName(f"{label} {unit.strip()}: {tooltip}")
        box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        box.valueChanged.connect(lambda value: self._set(FIELD_CHANGES[field], value))
        self.boxes[field] = box
        return box

    def _set(self, change: Callable[[Growth, float], Growth], value: float) -> None:
        self._store.update(lambda state: replace(state, growth=change(state.growth, value)))

    def _render(self, state: ViewState) -> None:
        now, growth = chosen_region(state), state.growth
        if not self._inputs.differ(now, growth, state.tool):
            return
        is_wanted = now is not None or state.tool in (Tool.REGION, Tool.BRUSH)
        is_new = is_wanted and self.isHidden()
        self.setVisible(is_wanted)
        if is_new:
            self.appeared.emit()
        for field, box in self.boxes.items():
            value = float(getattr(growth, field))
            if box.value() != value:
                box.blockSignals(True)
                box.setValue(value)
                box.blockSignals(False)
        is_possible = growth.lower_hu < growth.upper_hu and growth.wanted is None
        self.again.setEnabled(now is not None and is_possible)
        self.again.setText("Growing …" if growth.wanted is not None else "Grow again")
