"""What leaves the sitting: findings as CSV and pictures, in a thread of its own.

The one thing to get wrong: what was asked for is written, or it is said that it was not; neither a second
export nor the end of the sitting may drop the first one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ichviewer.controller import Controller
from ichviewer.core.measurement_values import measure
from ichviewer.core.sealing import network_findings
from ichviewer.core.viewstate import Message
from ichviewer.export.measurements import MeasurementReport, write_measurements
from ichviewer.export.picture import write_picture_file
from ichviewer.export.table import Report
from ichviewer.gui.store import Store
from ichviewer.gui.tasks import Task, TaskRunner
from ichviewer.session.messages import problem


class Writing:
    """Exports, one after the other; a refusal is a message and the findings stay."""

    def __init__(self, store: Store, controller: Controller) -> None:
        self._store = store
        self._controller = controller
        self._runner = TaskRunner("writing")
        self._left = 0
        self._refused: list[Exception] = []

    def export(self, path: Path, identify: bool) -> None:
        """Write the findings on the screen as CSV."""
        state = self._store.state
        if state.first_look.is_sealed:
            self._say(
                Message("The network's result is sealed, and the table would hold it: show it, then export.")
            )
            return
        findings = network_findings(state)
        if state.volume is None or findings is None or state.model_card is None:
            self._say(Message("There are no findings to export yet."))
            return
        check = "; ".join((state.input_check, *state.input_check_reasons))
        report = Report(
            state.volume.series,
            findings,
            state.review,
            state.model_card,
            check,
            state.receipt,
            state.first_look,
            state.work.key_images,
        )
        self._write(
            lambda: self._controller.export(path, [report], identify),
            f"Findings written to {path}.",
            "Not exported, the findings are kept",
        )

    def export_measurements(self, path: Path, identify: bool) -> None:
        """Write the measurements of the open stack as CSV."""
        state = self._store.state
        volume, items = state.volume, state.work.measurements.items
        if volume is None or not items:
            self._say(Message("There are no measurements to export yet."))
            return

        def work() -> None:
            measured = tuple((each, measure(each, volume, state.reformats)) for each in items)
            report = MeasurementReport(volume.series, volume.frame, measured)
            write_measurements(path, [report], identify)

        self._write(work, f"Measurements written to {path}.", "Not exported, the measurements are kept")

    def write_picture(self, path: Path, png: bytes) -> None:
        """Write a picture of a view."""
        self._write(
            lambda: write_picture_file(path, png),
            f"Picture written to {path}.",
            "The picture was not written",
        )

    def finish(self) -> bool:
        """Wait for all that is being written; whether all of it was. What was refused is said."""
        self._runner.wait()
        refused, self._refused = self._refused, []
        if refused:
            self._say(problem("Not everything was exported; the findings are kept", refused[0]))
        return not refused

    def close(self) -> None:
        """Wait for what is being written."""
        self._runner.finish()

    def _write(self, work: Callable[[], object], done: str, refusal: str) -> None:
        def attempt() -> None:
            try:
                work()
            except Exception as error:  # told again by whoever waits for it at the end
                self._refused.append(error)
                raise

        def written(_nothing: None) -> None:
            self._one_less()
            self._say(Message(done))

        def refused(error: Exception) -> None:
            self._one_less()
            self._refused = [each for each in self._refused if each is not error]
            self._say(problem(refusal, error))

        self._left += 1
        self._store.update(lambda state: replace(state, writing="writing"))
        self._runner.queue(Task(lambda _r, _c: attempt(), written, refused))

    def _one_less(self) -> None:
        self._left -= 1
        if not self._left:
            self._store.update(lambda state: replace(state, writing=""))

    def _say(self, message: Message) -> None:
        self._store.update(lambda state: replace(state, message=message))
