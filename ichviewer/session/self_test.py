"""Help, Self-test: what works on this machine, tried beside the open study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ichviewer.core.progress import CancelToken
from ichviewer.core.viewstate import Message
from ichviewer.gui.store import Store
from ichviewer.gui.tasks import Task, TaskRunner
from ichviewer.selftest_report import SelfTestReport, selftest_text, verdict_lines
from ichviewer.session.messages import problem

Test = Callable[[str, Callable[[Any], None], CancelToken], SelfTestReport]
"""Gets a device, where to report progress, and when to stop."""


class SelfTest:
    """Runs a test in processes of its own; the open study is left alone."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._runner = TaskRunner("self-test")

    def run(self, test: Test, device: str) -> None:
        """Run *test* on *device* and show what it found."""

        def show(report: SelfTestReport) -> None:
            self._say(Message(verdict_lines(report)[0], bool(report.problems), selftest_text(report)))

        def failed(error: Exception) -> None:
            self._say(problem("Self-test failed", error))

        self._say(Message("Self-test: trying every transfer syntax, the network and the demo study …"))
        self._runner.start(Task(lambda report, cancel: test(device, report, cancel), show, failed))

    def close(self) -> None:
        """Stop it."""
        self._runner.close()

    def _say(self, message: Message) -> None:
        self._store.update(lambda state: replace(state, message=message))
