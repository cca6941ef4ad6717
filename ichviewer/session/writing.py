"""What leaves the sitting: findings as CSV, in a thread of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ichviewer.controller import Controller
from ichviewer.core.viewstate import Message
from ichviewer.export.table import Report
from ichviewer.gui.store import Store
from ichviewer.gui.tasks import Task, TaskRunner
from ichviewer.session.messages import problem


class Writing:
    """Exports; a refusal is a message and the findings stay."""

    def __init__(self, store: Store, controller: Controller) -> None:
        self._store = store
        self._controller = controller
        self._runner = TaskRunner("writing")

    def export(self, path: Path, identify: bool) -> None:
        """Write the findings on the screen as CSV."""
        state = self._store.state
        if state.volume is None or state.findings is None or state.model_card is None:
            self._say(Message("There are no findings to export yet."))
            return
        check = "; ".join((state.input_check, *state.input_check_reasons))
        report = Report(
            state.volume.series, state.findings, state.review, state.model_card, check, state.receipt
        )

        def written(_nothing: None) -> None:
            self._say(Message(f"Findings written to {path}."))

        def refused(error: Exception) -> None:
            self._say(problem("Not exported, the findings are kept", error))

        self._runner.start(
            Task(lambda _r, _c: self._controller.export(path, [report], identify), written, refused)
        )

    def close(self) -> None:
        """Wait for the table that is being written."""
        self._runner.close()

    def _say(self, message: Message) -> None:
        self._store.update(lambda state: replace(state, message=message))
