"""What a flag is worth where the reader works: predictive values, and scores re-weighted on request.

The one thing to get wrong: studies and slices are counted apart; a share of studies says nothing of slices,
so each has a field of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QGridLayout, QLabel, QWidget

from ichviewer.core.model_card import ModelCard
from ichviewer.core.prevalence import Rate, predictive_text, predictive_values
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.elided_label import ElidedLabel
from ichviewer.gui.plain_tooltip import plain_tooltip
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store
from ichviewer.gui.theme import SECONDARY

LEAST_PERCENT, MOST_PERCENT = 0.1, 99.0


class PrevalenceLine(QWidget):
    """Two fields, a tick, and a line for the study's threshold."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Panel")
        self._store, self._inputs = store, DrawnInputs()
        self.studies = self._field("Share of your studies that bleed, percent", self._set_studies)
        self.slices = self._field("Share of your slices that bleed, percent", self._set_slices)
        self.studies.setToolTip(
            "Share of your studies with any bleeding, 0.1 to 99 %; predictive values are computed for it"
        )
        self.slices.setToolTip(
            "Share of your slices with any bleeding, 0.1 to 99 %; scores can be re-weighted to it"
        )
        self.reweights = QCheckBox("Re-weight slice to")
        self.reweights.setToolTip(
            "Show the scores of the slice in view as they would be at your share of bleeding slices.\n"
            "Flags, thresholds, ribbon, study and exports keep the calibrated scores."
        )
        self.reweights.clicked.connect(lambda on: self._change(reweights_scores=on))
        self._line = ElidedLabel(self, SECONDARY, lines=2)
        self._line.setObjectName("Secondary")
        caption = QLabel("Studies that bleed")
        caption.setBuddy(self.studies)
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 2, 8, 8)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(0, 1)
        grid.addWidget(caption, 0, 0)
        grid.addWidget(self.studies, 0, 1)
        grid.addWidget(self._line, 1, 0, 1, 2)
        grid.addWidget(self.reweights, 2, 0)
        grid.addWidget(self.slices, 2, 1)
        store.changed.connect(self._render)
        self._render(store.state)

    @property
    def line(self) -> str:
        """The predictive values in words."""
        return self._line.text

    def _field(self, name: str, set_to: Callable[[float], None]) -> QDoubleSpinBox:
        field = QDoubleSpinBox()
        field.setDecimals(1)
        # Below the least share there is one value more, and it says that none was chosen.
        field.setRange(0.0, MOST_PERCENT)
        field.setSpecialValueText("not set")
        field.setSuffix(" %")
        field.setFixedWidth(92)
        field.setAccessibleName(name)
        field.setKeyboardTracking(False)
        field.valueChanged.connect(set_to)
        return field

    def _set_studies(self, percent: float) -> None:
        share = _share(percent)
        if share != self._store.state.preferences.study_prevalence:
            self._change(study_prevalence=share)

    def _set_slices(self, percent: float) -> None:
        share = _share(percent)
        if share != self._store.state.preferences.slice_prevalence:
            self._change(slice_prevalence=share)

    def _change(self, **changes: Any) -> None:
        self._store.update(lambda state: replace(state, preferences=replace(state.preferences, **changes)))

    def _render(self, state: ViewState) -> None:
        wanted = state.preferences
        inputs = (wanted.study_prevalence, wanted.slice_prevalence, wanted.reweights_scores, state.model_card)
        if not self._inputs.differ(*inputs, wanted.theme):
            return
        for field, share in (
            (self.studies, wanted.study_prevalence),
            (self.slices, wanted.slice_prevalence),
        ):
            if _share(field.value()) != share:
                field.setValue(0.0 if share is None else share * 100)
        self.reweights.setEnabled(wanted.slice_prevalence is not None)
        self.reweights.setChecked(wanted.reweights_scores)
        text, note = predictive_line(state.model_card, wanted.study_prevalence)
        self._line.set_text(text, note=note)
        self._line.setToolTip(plain_tooltip(f"{text}\n{note}".strip()))


def _share(percent: float) -> float | None:
    return round(percent / 100, 4) if percent >= LEAST_PERCENT / 2 else None


def predictive_line(card: ModelCard | None, prevalence: float | None) -> tuple[str, str]:
    """Predictive values of the study's threshold for any bleeding, and the same as a sentence."""
    if card is None:
        return "", ""
    if prevalence is None:
        return "Predictive values need the share of your studies that bleed.", ""
    point = card.labels[0].study_point
    values = predictive_values(point, prevalence)
    sentence = predictive_text(point, prevalence)
    if values is None or values.positive is None or values.negative is None:
        return sentence, ""
    return f"PPV {_rate_text(values.positive)}, NPV {_rate_text(values.negative)}", sentence


def _rate_text(rate: Rate) -> str:
    if rate.low is None or rate.high is None:
        return f"{rate.value:.0%} (no interval on the card)"
    return f"{rate.value:.0%} ({rate.low:.0%} to {rate.high:.0%})"
