"""The STUDY panel: what the slices add up to, once every slice has been looked at.

The one thing to get wrong: no summary before the last slice is in; an unfinished study that shows nothing
flagged would read like one without findings.
"""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from ichviewer.core.findings import SUBTYPES, Decision, StudyScore, Subtype, study_scores
from ichviewer.core.study_decisions import study_decided
from ichviewer.core.viewstate import ViewState, scrolled_to
from ichviewer.gui.plain_tooltip import plain_tooltip
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store
from ichviewer.gui.study_number import StudyNumber
from ichviewer.gui.theme import CHECK_COLORS, SECONDARY, TEXT, icon, in_theme, label_text_color
from ichviewer.gui.wording import (
    check_text,
    counted_text,
    probability_text,
    reading_text,
    runs_text,
    study_sentence,
)


def summary_of(state: ViewState) -> tuple[StudyScore, ...]:
    """Study scores at the card's operating points; empty while there is no summary to give.

    A study score is a mean over 10 mm, so there is none where the files do not say where a slice lies.
    """
    if state.findings is None or state.model_card is None or state.volume is None:
        return ()
    if not state.volume.series.has_positions:
        return ()
    positions = state.volume.geometry.positions_mm.tolist()
    card = state.model_card
    return study_scores(state.findings, positions, card.slice_thresholds, card.study_thresholds)


class StudyPanel(QWidget):
    """One row per label: score with its threshold, flag, worst slice as a link, the reader's decision."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Panel")
        self._store = store
        self._inputs = DrawnInputs()
        self._scores: tuple[StudyScore, ...] = ()
        title = QLabel("STUDY")
        title.setObjectName("PanelTitle")
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(2, 1)
        self.codes: dict[Subtype, QLabel] = {}
        self.numbers: dict[Subtype, StudyNumber] = {}
        self.links: dict[Subtype, QPushButton] = {}
        self.buttons: dict[tuple[Subtype, Decision], QToolButton] = {}
        icons = {Decision.ACCEPTED: icon("accept"), Decision.REJECTED: icon("reject")}
        for row, subtype in enumerate(SUBTYPES):
            self._add_row(grid, row, subtype, icons)
        self.sentence = QLabel()
        self.sentence.setObjectName("Secondary")
        self.sentence.setWordWrap(True)
        self.sentence.setFixedHeight(58)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.check = QLabel()
        self.check.setTextFormat(Qt.TextFormat.PlainText)
        self.check.setWordWrap(True)
        self.check.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(2)
        layout.addWidget(title)
        layout.addLayout(grid)
        layout.addWidget(self.sentence)
        layout.addWidget(self.check)
        store.changed.connect(self._render)
        self._render(store.state)

    def _add_row(
        self, grid: QGridLayout, row: int, subtype: Subtype, icons: Mapping[Decision, QIcon]
    ) -> None:
        code = QLabel(subtype.code)
        self.codes[subtype] = code
        code.setFixedSize(34, 23)
        number = StudyNumber(subtype)
        link = QPushButton()
        link.setObjectName("Link")
        link.setFixedSize(74, 21)
        link.setEnabled(False)
        link.clicked.connect(lambda: self._go_to_worst(subtype))
        for column, widget in enumerate((code, number, link)):
            grid.addWidget(widget, row, column)
        self.numbers[subtype], self.links[subtype] = number, link
        pairs = ((Decision.ACCEPTED, "accept"), (Decision.REJECTED, "reject"))
        for column, (decision, word) in enumerate(pairs, start=3):
            button = QToolButton(self)
            button.setIcon(icons[decision])
            button.setObjectName("Decision")
            button.setCheckable(True)
            button.setFixedSize(23, 22)
            button.setAccessibleName(f"{word} {subtype.value} for the study")
            button.setToolTip(f"{word.capitalize()} {subtype.value} for the whole study; again takes it back")
            button.clicked.connect(
                lambda _on, decision=decision: self._store.update(
                    lambda state: study_decided(state, subtype, decision)
                )
            )
            self.buttons[subtype, decision] = button
            grid.addWidget(button, row, column)

    def _render(self, state: ViewState) -> None:
        is_reading = state.reading is not None
        if not self._inputs.differ(
            state.findings,
            state.model_card,
            state.volume,
            state.input_check,
            state.input_check_reasons,
            is_reading,
            state.preferences.theme,
            state.review,
            state.first_look.seal,
        ):
            return
        check = check_text(state)
        self.check.setText(check)
        self.check.setToolTip(plain_tooltip(check))
        self.check.setStyleSheet(f"color: {in_theme(CHECK_COLORS.get(state.input_check, SECONDARY))};")
        self.check.setVisible(bool(check))
        self._scores = summary_of(state)
        by_label = {score.subtype: score for score in self._scores}
        for subtype in SUBTYPES:
            self._render_row(subtype, by_label.get(subtype))
            self._render_decision(state, subtype)
        text = self._sentence(state)
        self.sentence.setText(text)
        self.sentence.setToolTip(text)

    def _sentence(self, state: ViewState) -> str:
        if state.first_look.is_sealed:
            return "Sealed until you have looked; decide for yourself first."
        if state.findings is None:
            if state.input_check == "red":
                return "Not analyzed: the input check is red."
            if reading := reading_text(state):
                return f"Not analyzed: {reading} slices."
            return "Not analyzed." if state.volume is not None else ""
        has_positions = state.volume is None or state.volume.series.has_positions
        if state.findings.is_complete and not has_positions:
            return f"{counted_text(state.findings)}. No study score: the files hold no slice positions."
        return study_sentence(state.findings, self._scores)

    def _render_row(self, subtype: Subtype, score: StudyScore | None) -> None:
        number, link = self.numbers[subtype], self.links[subtype]
        if score is None:
            number.setText("–")
            number.setToolTip("")
            link.setText("")
            link.setAccessibleName(f"No worst slice of {subtype.value} yet")
            link.setToolTip("")
        else:
            text = probability_text(score.score)
            number.setText(f"<b>{_flag_html()}{text}</b>" if score.is_flagged else text.replace("<", "&lt;"))
            side = "at or above" if score.is_flagged else "below"
            number.setToolTip(
                f"{subtype.value}: highest mean over about 10 mm of adjacent slices {text}, {side}"
                f" the study threshold {score.threshold:.2f}"
            )
            link.setText(f"slice {score.worst_slice + 1}")
            above = runs_text(score.flagged_runs)
            where = f"\nSlices above the slice threshold: {above}" if above else ""
            link.setToolTip(f"Go to the slice with the highest {subtype.value} score{where}")
            link.setAccessibleName(f"Worst slice of {subtype.value}: slice {score.worst_slice + 1}")
        number.show_bar(None if score is None else (score.score, score.threshold))
        number.setAccessibleName(f"Study score of {subtype.value}: {number.text()}")
        color = TEXT if score is not None and score.is_flagged else SECONDARY
        number.setStyleSheet(f"color: {in_theme(color)};")
        code_color = label_text_color(subtype)
        self.codes[subtype].setStyleSheet(f"color: {code_color}; font-weight: bold; font-size: 12px;")
        link.setEnabled(score is not None)

    def _render_decision(self, state: ViewState, subtype: Subtype) -> None:
        now = state.review.study_decision(subtype)
        for decision in Decision:
            button = self.buttons[subtype, decision]
            button.setEnabled(state.volume is not None)
            button.setChecked(now is decision)

    def _go_to_worst(self, subtype: Subtype) -> None:
        worst = next((score.worst_slice for score in self._scores if score.subtype is subtype), None)
        if worst is not None:
            self._store.update(lambda state: scrolled_to(state, worst))


def _flag_html() -> str:
    return "⚑&nbsp;"
