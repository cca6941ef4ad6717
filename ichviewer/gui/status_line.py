"""The line at the bottom: where we are, what the stack is, whether to trust the input, what is going on."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QStackedWidget, QWidget

from ichviewer.core.progress import Progress
from ichviewer.core.sealing import network_findings
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.activity import activity_text
from ichviewer.gui.command import with_key
from ichviewer.gui.details_window import DetailsWindow
from ichviewer.gui.elided_label import ElidedLabel
from ichviewer.gui.plain_tooltip import plain_tooltip
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store
from ichviewer.gui.theme import AMBER, CHECK_COLORS, SECONDARY, TEXT, icon, in_theme
from ichviewer.gui.window_commands import can_repair
from ichviewer.gui.wording import position_text, stack_text

HEIGHT_PX = 32

RECEIPT_NOTE = "The input check beside it opens this text, to be copied."


class StatusLine(QWidget):
    """Fixed places, so that nothing moves when a message or a result arrives."""

    cancel_requested = Signal()
    analysis_requested = Signal()
    repair_requested = Signal()
    stack_changed = Signal()

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("StatusLine")
        self.setFixedHeight(HEIGHT_PX)
        self._store = store
        self._keys: Mapping[str, str] = {}
        self._place_inputs, self._check_inputs = DrawnInputs(), DrawnInputs()
        self._message_inputs, self._work_inputs = DrawnInputs(), DrawnInputs()
        self._stack_inputs = DrawnInputs()
        self.place = QLabel()
        self.place.setFixedWidth(196)
        self.place.setToolTip("Slice, counted from the lowest, and its position along the slice normal")
        self.receipt = ElidedLabel(self, SECONDARY)
        self.check = QPushButton()
        self.check.setObjectName("Link")
        self.check.setFixedWidth(138)
        self.check.clicked.connect(self.show_check)
        self.message = ElidedLabel(self, TEXT)
        self.details = QPushButton("Show details")
        self.details.setObjectName("Link")
        self.details.setToolTip("Show the whole message; it can be copied")
        self.details.clicked.connect(self.show_details)
        self.bar = QProgressBar()
        self.bar.setObjectName("WorkBar")
        self.bar.setFixedSize(180, 18)
        self.bar.setAccessibleName("Progress")
        self.activity = QLabel()
        self.activity.setObjectName("Secondary")
        self.activity.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.activity.setToolTip("What the machine is doing")
        self.work = QStackedWidget()
        self.work.setFixedSize(180, 18)
        self.work.addWidget(self.activity)
        self.work.addWidget(self.bar)
        self.button = QPushButton()
        self.button.setFixedWidth(142)
        self.button.clicked.connect(self._on_button)
        self._lay_out()
        store.changed.connect(self._render)
        self._render(store.state)

    def _lay_out(self) -> None:
        for keeps in (self.details, self.button, self.check):
            policy = keeps.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            keeps.setSizePolicy(policy)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 0, 8, 0)
        layout.setSpacing(10)
        layout.addWidget(self.place)
        layout.addWidget(self.receipt, 7)
        layout.addWidget(self.check)
        layout.addWidget(self.message, 4)
        layout.addWidget(self.details)
        layout.addWidget(self.work)
        layout.addWidget(self.button)

    def hint_keys(self, keys: Mapping[str, str]) -> None:
        """Say in the tooltips which keys do the same; *keys* are printed, by the command's name."""
        self._keys = keys
        self._render_work(self._store.state)

    def show_details(self) -> DetailsWindow | None:
        """The message's details in a window of their own, until another stack is opened."""
        message = self._store.state.message
        if message is None:
            return None
        return self._show("Message", "\n\n".join(part for part in (message.text, message.details) if part))

    def show_check(self) -> DetailsWindow:
        """Why the input check is not green, and the whole receipt, until another stack is opened."""
        state = self._store.state
        return self._show(f"Input check: {state.input_check}", stack_text(state))

    def _show(self, title: str, text: str) -> DetailsWindow:
        volume = self._store.state.volume
        name = "" if volume is None else volume.series.description or "series without a description"
        window = DetailsWindow(f"{title} · {name}" if name else title, text, self)
        # What it says would be read as said of the stack that is opened next.
        self.stack_changed.connect(window.close)
        window.show()
        return window

    def _render(self, state: ViewState) -> None:
        if self._stack_inputs.differ(None if state.volume is None else state.volume.series):
            self.stack_changed.emit()
        if self._place_inputs.differ(state.slice_index, state.slice_count, state.volume, state.receipt):
            count = state.slice_count
            place = f"{state.slice_index + 1}/{count}  {position_text(state)}" if count else ""
            self.place.setText(place)
            is_repaired = state.volume is not None and bool(state.volume.series.repair)
            self.receipt.set_text(
                state.receipt, AMBER if is_repaired else SECONDARY, RECEIPT_NOTE if state.receipt else ""
            )
        if self._check_inputs.differ(state.input_check, state.input_check_reasons, state.preferences.theme):
            self._render_check(state)
        if self._message_inputs.differ(state.message):
            message = state.message
            self.message.set_text(
                "" if message is None else message.text,
                AMBER if message is not None and message.is_problem else TEXT,
            )
            self._offer_details(state)
        self.activity.setText(activity_text(state))
        if self._work_inputs.differ(
            state.reading,
            state.analysis,
            state.volume,
            state.model_card,
            state.input_check_reasons,
            state.input_check,
            network_findings(state),
        ):
            self._render_work(state)

    def _offer_details(self, state: ViewState) -> None:
        """Details are offered of a problem, of what has some, and of a sentence that does not fit."""
        message = state.message
        self.details.setVisible(
            message is not None and (message.is_problem or bool(message.details) or self.message.is_cut)
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What fitted may be cut now."""
        super().resizeEvent(event)
        self._offer_details(self._store.state)

    def _render_check(self, state: ViewState) -> None:
        self.check.setVisible(bool(state.input_check))
        self.check.setText(f"input check: {state.input_check}")
        color = CHECK_COLORS.get(state.input_check, SECONDARY)
        self.check.setStyleSheet(f"QPushButton#Link {{ color: {in_theme(color)}; }}")
        reasons = "\n".join(f"• {reason}" for reason in state.input_check_reasons)
        head = "Whether the network's input can be trusted; click to read and copy it, with the receipt"
        self.check.setToolTip(plain_tooltip(f"{head}\n{reasons}".strip()))

    def _render_work(self, state: ViewState) -> None:
        progress = shown_progress(state)
        if progress is not None:
            count = f" {progress.done}/{progress.total}" if progress.total else ""
            # A total of 0 would start an animation and hide the text.
            self.bar.setRange(0, max(progress.total, 1))
            self.bar.setValue(progress.done)
            self.bar.setFormat(f"{progress.text}{count}".replace("%", ""))
        self.work.setCurrentWidget(self.activity if progress is None else self.bar)
        is_whole = state.volume is not None and state.volume.is_complete
        can_analyze = is_whole and state.model_card is not None
        findings = network_findings(state)
        is_left = findings is None or not findings.is_complete
        self.button.setVisible(progress is not None or (can_analyze and is_left))
        if progress is not None:
            self.button.setText("Cancel")
            self.button.setIcon(icon("cancel"))
            self.button.setToolTip(with_key("Stop; what is known so far stays", self._keys.get("cancel", "")))
        elif can_repair(state):
            self.button.setText("Repair values")
            self.button.setIcon(icon("analyze"))
            self.button.setToolTip(
                "Take 4096 from values above 3095, in memory alone, then analyze; the files stay as they are"
            )
        else:
            self.button.setText(analyze_text(state))
            self.button.setIcon(icon("analyze"))
            self.button.setToolTip(with_key("Score every slice", self._keys.get("analyze", "")))

    def _on_button(self) -> None:
        state = self._store.state
        if shown_progress(state) is not None:
            self.cancel_requested.emit()
        elif can_repair(state):
            self.repair_requested.emit()
        else:
            self.analysis_requested.emit()


def shown_progress(state: ViewState) -> Progress | None:
    """What runs beside the image; while there is none yet, reading has a page of its own."""
    return state.reading if state.reading is not None and state.volume is not None else state.analysis


def analyze_text(state: ViewState) -> str:
    """What the button for the analysis says; what was not analyzed by itself is analyzed anyway."""
    is_candidate = state.volume is not None and state.volume.series.is_ai_candidate
    return "Analyze" if is_candidate and state.input_check != "red" else "Analyze anyway"
