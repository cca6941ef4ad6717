"""The SLICE panel: six calibrated scores of the slice in view, and what the reader makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QGridLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from ichviewer.core import reader_edits
from ichviewer.core.findings import SUBTYPES, Decision, SliceFinding, SliceStatus, Subtype
from ichviewer.core.viewstate import ViewState, with_edit, with_new_gesture
from ichviewer.gui.comment_line import CommentLine
from ichviewer.gui.elided_label import ElidedLabel
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.reweighting import reweighted_scores, reweighted_text
from ichviewer.gui.score_bar import ScoreBar
from ichviewer.gui.store import Store
from ichviewer.gui.theme import AMBER, SECONDARY, icon
from ichviewer.gui.wording import calibration_text, smoothing_text


def finding_in_view(state: ViewState) -> SliceFinding | None:
    """The finding of the slice in view; None without an analysis."""
    if state.findings is None or state.slice_index >= len(state.findings.slices):
        return None
    return state.findings.slices[state.slice_index]


def decided(state: ViewState, subtype: Subtype, decision: Decision) -> ViewState:
    """The slice in view accepted or rejected for one label; the same decision again takes it back."""
    if state.slice_count == 0:
        return state
    before = state.review.decision(state.slice_index, subtype)
    after = None if before is decision else decision
    return with_edit(
        state, lambda work, history: reader_edits.decided(work, history, state.slice_index, subtype, after)
    )


class SliceScores(QWidget):
    """Scores, decisions and comment of one slice."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Panel")
        self._store = store
        self._inputs = DrawnInputs()
        self._commented_slice: int | None = None
        self._title = QLabel("SLICE")
        self._title.setObjectName("PanelTitle")
        self.bars: dict[Subtype, ScoreBar] = {}
        self.buttons: dict[tuple[Subtype, Decision], QToolButton] = {}
        grid = QGridLayout()
        grid.setSpacing(1)
        icons = {Decision.ACCEPTED: icon("accept"), Decision.REJECTED: icon("reject")}
        for row, subtype in enumerate(SUBTYPES):
            self._add_row(grid, row, subtype, icons)
        self._note = ElidedLabel(self, SECONDARY, lines=2)
        self._note.setObjectName("Secondary")
        self.comment = CommentLine()
        self.comment.setPlaceholderText("Comment on this slice")
        self.comment.setAccessibleName("Comment on this slice")
        self.comment.setToolTip("Kept per slice and written to the export")
        self.comment.textEdited.connect(self._on_comment)
        self.comment.entered.connect(self._on_entered)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(4)
        layout.addWidget(self._title)
        layout.addLayout(grid)
        layout.addWidget(self._note)
        layout.addWidget(self.comment)
        store.changed.connect(self._render)
        self._render(store.state)

    def _add_row(
        self, grid: QGridLayout, row: int, subtype: Subtype, icons: Mapping[Decision, QIcon]
    ) -> None:
        bar = ScoreBar(subtype, self)
        bar.clicked.connect(lambda: self._store.update(lambda state: replace(state, heatmap_subtype=subtype)))
        self.bars[subtype] = bar
        grid.addWidget(bar, row, 0)
        pairs = ((Decision.ACCEPTED, "accept", "Y"), (Decision.REJECTED, "reject", "X"))
        for column, (decision, word, key) in enumerate(pairs):
            button = QToolButton(self)
            button.setIcon(icons[decision])
            button.setObjectName("Decision")
            button.setCheckable(True)
            button.setFixedSize(23, 22)
            button.setAccessibleName(f"{word} {subtype.value} on this slice")
            button.setToolTip(
                f"{word.capitalize()} {subtype.value} on this slice; again takes it back"
                f" ({key} for the heat map's label)"
            )
            button.clicked.connect(
                lambda _on, decision=decision: self._store.update(
                    lambda state: decided(state, subtype, decision)
                )
            )
            self.buttons[subtype, decision] = button
            grid.addWidget(button, row, column + 1)

    @property
    def note(self) -> str:
        """The line under the scores."""
        return self._note.text

    def _render(self, state: ViewState) -> None:
        finding = finding_in_view(state)
        series = None if state.volume is None else state.volume.series
        inputs = (
            finding,
            state.model_card,
            series,
            state.heatmap_subtype,
            state.slice_index,
            state.slice_count,
            state.review,
            state.first_look.seal,
            state.preferences,
        )
        if not self._inputs.differ(*inputs):
            return
        count = state.slice_count
        self._title.setText(f"SLICE {state.slice_index + 1} of {count}" if count else "SLICE")
        card = state.model_card
        shown = reweighted_scores(finding, card, state.preferences)
        for index, subtype in enumerate(SUBTYPES):
            probability = None if finding is None else finding.probability(subtype)
            threshold = None if card is None else card.slice_thresholds[index]
            status = None if finding is None else finding.status
            is_chosen = subtype is state.heatmap_subtype
            self.bars[subtype].show_score(
                probability, threshold, status, is_chosen, None if shown is None else shown[index]
            )
            can_decide = probability is not None or (count > 0 and state.first_look.is_sealed)
            self._render_decision(state, subtype, can_decide)
        failed = finding is not None and finding.status in (SliceStatus.FAILED, SliceStatus.UNREADABLE)
        if failed and finding is not None:
            self._note.set_text(f"{finding.status.value}: {finding.reason or 'no reason given'}", AMBER)
        else:
            text = calibration_text(card) if shown is None else reweighted_text(state.preferences)
            self._note.set_text(text, SECONDARY, note=smoothing_text(card, series))
        self.comment.setEnabled(count > 0)
        comment = state.review.comment(state.slice_index)
        if self.comment.text() != comment:
            self.comment.setText(comment)

    def _render_decision(self, state: ViewState, subtype: Subtype, can_decide: bool) -> None:
        now = state.review.decision(state.slice_index, subtype)
        for decision in Decision:
            button = self.buttons[subtype, decision]
            button.setEnabled(can_decide or now is decision)
            button.setChecked(now is decision)

    def _on_comment(self, text: str) -> None:
        slice_index = self._store.state.slice_index
        if slice_index != self._commented_slice:
            self._commented_slice = slice_index
            self._store.update(with_new_gesture)
        self._store.update(
            lambda state: with_edit(
                state,
                lambda work, history: reader_edits.commented(
                    work, history, state.slice_index, text, state.gesture
                ),
            )
        )

    def _on_entered(self) -> None:
        """Another stay in the field is another step to undo."""
        self._commented_slice = None
