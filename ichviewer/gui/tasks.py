"""Where threads live: one runner for one resource, results back in the GUI thread.

The one thing to get wrong: a QObject per task, deleted while its signal is still queued, crashes.
So one long-lived runner owns one private queued signal, and a task is a frozen value.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from ichviewer.core.progress import Cancelled, CancelToken


def _ignore(_value: Any) -> None:
    """Nobody asked."""


@dataclass(frozen=True)
class Task:
    """Work for another thread, and what to do with its outcome in the GUI thread.

    Attributes:
        work: Called in the worker thread with (report, cancel); *report* may be called with any value, which
            ``on_progress`` then gets in the GUI thread.
        on_success: Gets what *work* returned.
        on_error: Gets the exception that *work* raised.
        on_progress: Gets each reported value, in order.
        cancel: Set to stop the work; a cancelled task is silent from that moment on.
    """

    work: Callable[[Callable[[Any], None], CancelToken], Any]
    on_success: Callable[[Any], None] = _ignore
    on_error: Callable[[Exception], None] = _ignore
    on_progress: Callable[[Any], None] = _ignore
    cancel: CancelToken = field(default_factory=CancelToken)


class TaskRunner(QObject):
    """Runs tasks one after the other in one worker thread; a new task supersedes those before it."""

    _arrived = Signal(object, object, object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._current: Task | None = None
        self._is_closed = False
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def start(self, task: Task) -> None:
        """Cancel what runs and run *task* as soon as the thread is free; nothing once the runner is closed.

        A timer may still fire between the closing of the window and the end of the application.
        """
        self.cancel()
        if self._is_closed:
            return
        self._current = task
        self._pool.submit(self._run, task)

    def queue(self, task: Task) -> None:
        """Run *task* after those before it; it supersedes none, and none supersedes it."""
        if not self._is_closed:
            self._pool.submit(self._run, task)

    def cancel(self) -> None:
        """Stop the current task, if any; it stays silent."""
        if self._current is not None:
            self._current.cancel.cancel()
            self._current = None

    def close(self) -> None:
        """Cancel and wait for the thread; the runner takes no further task."""
        self._is_closed = True
        self.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def wait(self) -> None:
        """Wait until all that was queued so far is done; what it brought is told afterwards, as ever."""
        if not self._is_closed:
            self._pool.submit(lambda: None).result()

    def finish(self) -> None:
        """Wait until all that was queued is done; the runner takes no further task."""
        self._is_closed = True
        self._pool.shutdown(wait=True)

    def _run(self, task: Task) -> None:
        """In the worker thread."""
        if task.cancel.is_cancelled:
            return
        try:
            outcome = task.work(lambda value: self._arrived.emit(task, task.on_progress, value), task.cancel)
        except Cancelled:
            return
        except Exception as error:  # noqa: BLE001  every error of the work belongs to on_error
            self._arrived.emit(task, task.on_error, error)
            return
        self._arrived.emit(task, task.on_success, outcome)

    def _deliver(self, task: Task, receiver: Callable[[Any], None], value: object) -> None:
        """In the GUI thread."""
        if self._current is task and receiver != task.on_progress:
            # Done: what the task holds, a stack perhaps, is not kept until the next one.
            self._current = None
        if not task.cancel.is_cancelled:
            receiver(value)
