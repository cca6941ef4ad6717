"""The FINDINGS panel: every run of flagged slices, and what the reader makes of it.

The one thing to get wrong: the row that is marked is the run of the heat map's label through the slice in
view; a button never acts on a run that the reader does not see.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QModelIndex, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ichviewer.core.findings import SUBTYPES, Decision, Review, Subtype
from ichviewer.core.hot_spots import FlaggedRun, RunDecision, changed_to, run_decision
from ichviewer.core.measuring import selected
from ichviewer.core.run_steps import (
    Measured,
    at_run,
    run_changed,
    run_commented,
    run_decided,
    run_in_hand,
    run_sentence,
    runs_of,
    side_in_list,
)
from ichviewer.core.viewstate import Message, ViewState, with_new_gesture
from ichviewer.gui.comment_line import CommentLine
from ichviewer.gui.histogram_window import ValuesOf
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store
from ichviewer.gui.theme import ICON_PX, SECONDARY, icon, in_theme, label_text_color
from ichviewer.gui.wording import label_text, probability_text, runs_text

ROWS = 6
"""Rows that are seen without scrolling; the list keeps this height with any number of them."""

COLUMN_PX = (40, 58, 46, 62)
DECISION_TEXTS = {
    RunDecision.OPEN: "",
    RunDecision.ACCEPTED: "✓",
    RunDecision.REJECTED: "✗",
    RunDecision.MIXED: "mixed",
}


class FindingsList(QWidget):
    """One row for each run; buttons and a comment for the one in hand."""

    def __init__(self, store: Store, values_of: ValuesOf, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Panel")
        self._store, self._values_of = store, values_of
        self._inputs = DrawnInputs()
        self._runs: tuple[FlaggedRun, ...] = ()
        self._runs_inputs = DrawnInputs()
        self._typed_on: FlaggedRun | None = None
        self.list = self._tree()
        self.hint = QLabel()
        self.hint.setObjectName("Secondary")
        self.accept = self._button(
            "accept", "Accept the finding on all its slices (Shift+Y)", "Accept finding"
        )
        self.accept.clicked.connect(lambda: store.update(partial(run_decided, decision=Decision.ACCEPTED)))
        self.reject = self._button(
            "reject", "Reject the finding on all its slices (Shift+X)", "Reject finding"
        )
        self.reject.clicked.connect(lambda: store.update(partial(run_decided, decision=Decision.REJECTED)))
        self.change = self._change_button()
        self.copy_button = QToolButton()
        self.copy_button.setText("Copy")
        self.copy_button.setAccessibleName("Copy finding sentence")
        self.copy_button.setToolTip(
            "Copy the finding as a sentence without names, with the chosen measurement (Ctrl+Shift+C)"
        )
        self.copy_button.clicked.connect(self.copy)
        self.comment = CommentLine()
        self.comment.setPlaceholderText("Comment on this finding")
        self.comment.setAccessibleName("Comment on this finding")
        self.comment.setToolTip("Kept with the slice of the highest score, and written to the export")
        self.comment.textEdited.connect(self._type)
        self.comment.entered.connect(self._forget_typing)
        self._lay_out()
        store.changed.connect(self._render)
        self._render(store.state)

    def _tree(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setColumnCount(5)
        tree.setHeaderHidden(True)
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.setIndentation(0)
        tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # A bar that comes with the rows would move them.
        tree.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        header = tree.header()
        header.setMinimumSectionSize(20)
        for column, width in enumerate(COLUMN_PX):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, width)
        tree.setAccessibleName("Findings")
        tree.setToolTip("Click: go to the slice with the highest score (Shift+N and Shift+P step through)")
        tree.setFixedHeight(ROWS * (tree.fontMetrics().height() + 5) + 4)
        tree.itemClicked.connect(self._go)
        tree.itemActivated.connect(self._go)
        tree.currentItemChanged.connect(lambda now, _before: self._go_by_key(now))
        return tree

    def _button(self, icon_name: str, tooltip: str, name: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(icon_name))
        button.setIconSize(QSize(ICON_PX, ICON_PX))
        button.setObjectName("Decision")
        button.setCheckable(True)
        button.setFixedSize(30, 24)
        button.setToolTip(f"{tooltip}; again takes it back")
        button.setAccessibleName(name)
        return button

    def _change_button(self) -> QToolButton:
        button = QToolButton()
        button.setText("Change to")
        button.setAccessibleName("Change finding to another label")
        button.setToolTip("Reject this label and accept another one on all slices of the finding")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        for subtype in SUBTYPES:
            action = menu.addAction(label_text(subtype))
            action.setData(subtype.value)
            action.triggered.connect(
                lambda _on=False, subtype=subtype: self._store.update(partial(run_changed, subtype=subtype))
            )
        button.setMenu(menu)
        return button

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for widget in (self.accept, self.reject, self.change):
            buttons.addWidget(widget)
        buttons.addStretch(1)
        buttons.addWidget(self.copy_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 2, 8, 8)
        layout.setSpacing(4)
        layout.addWidget(self.list)
        layout.addLayout(buttons)
        layout.addWidget(self.comment)
        # The hint lies over the empty list and takes no room of its own.
        self.hint.setParent(self.list)
        self.hint.setWordWrap(True)
        self.hint.setGeometry(4, 2, 250, 40)

    # What is shown

    def _render(self, state: ViewState) -> None:
        if self._runs_inputs.differ(state.findings, state.model_card):
            self._runs = runs_of(state)
            self._fill()
        in_hand = run_in_hand(state, self._runs)
        inputs = (
            self._runs,
            state.review,
            in_hand,
            state.findings is None,
            state.first_look.seal,
            state.run_sides,
        )
        if not self._inputs.differ(*inputs, state.preferences.theme):
            return
        self._render_rows(state)
        self._mark(in_hand)
        self._render_hand(state, in_hand)
        self.hint.setText(_hint(state))
        self.hint.setVisible(not self._runs)

    def _fill(self) -> None:
        blocked = self.list.blockSignals(True)
        self.list.clear()
        for _run in self._runs:
            self.list.addTopLevelItem(QTreeWidgetItem())
        self.list.blockSignals(blocked)

    def _render_rows(self, state: ViewState) -> None:
        for row, run in enumerate(self._runs):
            item = self.list.topLevelItem(row)
            if item is None:
                continue
            side = side_in_list(state, run)
            texts = row_texts(run, state.review, side)
            for column, text in enumerate(texts):
                item.setText(column, text)
            item.setForeground(0, QColor(label_text_color(run.subtype)))
            item.setForeground(4, QColor(in_theme(SECONDARY)))
            item.setData(0, Qt.ItemDataRole.AccessibleTextRole, _row_words(run, state.review, side))

    def _mark(self, run: FlaggedRun | None) -> None:
        blocked = self.list.blockSignals(True)
        item = None if run is None else self.list.topLevelItem(self._runs.index(run))
        if item is None:
            self.list.setCurrentIndex(QModelIndex())
            self.list.clearSelection()
        else:
            self.list.setCurrentItem(item)
        self.list.blockSignals(blocked)

    def _render_hand(self, state: ViewState, run: FlaggedRun | None) -> None:
        now = RunDecision.OPEN if run is None else run_decision(state.review, run)
        self.accept.setChecked(now is RunDecision.ACCEPTED)
        self.reject.setChecked(now is RunDecision.REJECTED)
        for widget in (self.accept, self.reject, self.change, self.comment):
            widget.setEnabled(run is not None)
        is_gone = run is not None and now is RunDecision.REJECTED and not changed_to(state.review, run)
        self.copy_button.setEnabled(run is not None and not is_gone)
        for action in self.change.menu().actions():
            action.setEnabled(run is not None and action.data() != run.subtype.value)
        text = "" if run is None else state.review.comment(run.peak_slice)
        if self.comment.text() != text:
            self.comment.setText(text)

    # What is asked for

    def _go(self, item: QTreeWidgetItem) -> None:
        run = self._runs[self.list.indexOfTopLevelItem(item)]
        self._store.update(lambda state: at_run(state, run))

    def _go_by_key(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self._go(item)

    def _type(self, text: str) -> None:
        run = run_in_hand(self._store.state)
        if run is None:
            return
        if run != self._typed_on:
            self._typed_on = run
            self._store.update(with_new_gesture)
        self._store.update(lambda state: run_commented(state, run, text))

    def _forget_typing(self) -> None:
        """Another stay in the field is another step to undo."""
        self._typed_on = None

    def copy(self) -> None:
        """Put the sentence of the finding in hand on the clipboard, and say so."""
        state = self._store.state
        text = run_sentence(state, self._measured(state))
        if text:
            QGuiApplication.clipboard().setText(text)
            said = Message(f"Copied: {text}")
        else:
            said = Message("No finding to copy: go to a slice of one, which you did not reject.")
        self._store.update(lambda now: _saying(now, said))

    def _measured(self, state: ViewState) -> Measured:
        """The chosen measurement, where it lies on a slice of the finding: no other is its size."""
        chosen, run = selected(state), run_in_hand(state)
        if chosen is None or run is None:
            return ()
        slices = {chosen.plane} if chosen.region is None else set(chosen.region.slice_indices)
        is_on_it = any(index in slices for index in range(run.first, run.last + 1))
        return ((chosen, self._values_of(chosen, state)),) if is_on_it else ()


def row_texts(run: FlaggedRun, review: Review, side: str) -> tuple[str, str, str, str, str]:
    """Label, slices counted from 1, highest score, side and decision of a run."""
    others = changed_to(review, run)
    decision = f"→ {_codes(others)}" if others else DECISION_TEXTS[run_decision(review, run)]
    slices = runs_text([(run.first, run.last)])
    return run.subtype.code, slices, probability_text(run.highest), side, decision


def _row_words(run: FlaggedRun, review: Review, side: str) -> str:
    """A row for a reader who hears it."""
    _code, slices, highest, _side, decision = row_texts(run, review, side)
    words = (label_text(run.subtype), f"slices {slices}", f"highest {highest}", side)
    made = decision if changed_to(review, run) else run_decision(review, run).value
    return ", ".join(word for word in (*words, made) if word)


def _codes(subtypes: tuple[Subtype, ...]) -> str:
    return ", ".join(subtype.code for subtype in subtypes)


def _hint(state: ViewState) -> str:
    if state.volume is None:
        return ""
    if state.first_look.is_sealed:
        return "Sealed until you have looked."
    if state.findings is None:
        return "Not analyzed."
    if not state.findings.is_complete:
        return "Listed once every slice has its scores."
    return "No slice above threshold."


def _saying(state: ViewState, message: Message) -> ViewState:
    return replace(state, message=message)
