"""Work in another thread: outcomes come back in order to the GUI thread, and only those still wanted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from ichviewer.gui.tasks import Task, TaskRunner


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[TaskRunner]:
    runner = TaskRunner("test")
    yield runner
    runner.close()


def test_the_outcome_arrives_in_the_gui_thread(qtbot: QtBot, runner: TaskRunner) -> None:
    threads: list[threading.Thread] = []
    runner.start(
        Task(
            lambda _report, _cancel: threads.append(threading.current_thread()),
            lambda _outcome: threads.append(threading.current_thread()),
        )
    )
    qtbot.waitUntil(lambda: len(threads) == 2)
    assert threads[0] is not threading.main_thread()
    assert threads[1] is threading.main_thread()


def test_progress_arrives_in_order_and_before_the_outcome(qtbot: QtBot, runner: TaskRunner) -> None:
    seen: list[Any] = []

    def work(report: Any, _cancel: Any) -> str:
        for step in range(5):
            report(step)
        return "done"

    runner.start(Task(work, seen.append, on_progress=seen.append))
    qtbot.waitUntil(lambda: "done" in seen)
    assert seen == [0, 1, 2, 3, 4, "done"]


def test_an_error_of_the_work_is_handed_over(qtbot: QtBot, runner: TaskRunner) -> None:
    errors: list[Exception] = []

    def work(_report: Any, _cancel: Any) -> None:
        raise ValueError("no pixels")

    runner.start(Task(work, on_error=errors.append))
    qtbot.waitUntil(lambda: bool(errors))
    assert str(errors[0]) == "no pixels"


def test_a_superseded_task_is_silent(qtbot: QtBot, runner: TaskRunner) -> None:
    """Hazard: the scores of one patient would land on the images of the next one."""
    begun, may_end, seen = threading.Event(), threading.Event(), []

    def first(report: Any, _cancel: Any) -> str:
        begun.set()
        may_end.wait(10)
        report("progress of the first")
        return "first"

    runner.start(Task(first, seen.append, on_progress=seen.append))
    assert begun.wait(10)
    runner.start(Task(lambda _report, _cancel: "second", seen.append))
    may_end.set()
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == ["second"]


def test_a_result_that_was_queued_before_the_cancel_is_dropped(qtbot: QtBot, runner: TaskRunner) -> None:
    ended, seen = threading.Event(), []

    def work(report: Any, _cancel: Any) -> None:
        report("too late")
        ended.set()

    runner.start(Task(work, on_progress=seen.append))
    assert ended.wait(10)
    runner.cancel()
    after = threading.Event()
    runner.start(Task(lambda _report, _cancel: after.set(), seen.append))
    qtbot.waitUntil(lambda: len(seen) == 1)
    assert seen == [None]


def test_the_work_sees_that_it_was_cancelled(qtbot: QtBot, runner: TaskRunner) -> None:
    begun, saw_it = threading.Event(), threading.Event()

    def work(_report: Any, cancel: Any) -> None:
        begun.set()
        while not cancel.is_cancelled:
            pass
        saw_it.set()

    runner.start(Task(work))
    assert begun.wait(10)
    runner.cancel()
    assert saw_it.wait(10)


def test_close_waits_for_the_thread(qtbot: QtBot) -> None:
    runner, ended = TaskRunner("closing"), threading.Event()
    begun = threading.Event()

    def work(_report: Any, cancel: Any) -> None:
        begun.set()
        while not cancel.is_cancelled:
            pass
        ended.set()

    runner.start(Task(work))
    assert begun.wait(10)
    runner.close()
    assert ended.is_set()


def test_a_timer_that_fires_after_the_close_starts_nothing(qtbot: QtBot) -> None:
    runner, started = TaskRunner("closed"), threading.Event()
    runner.close()
    runner.start(Task(lambda _report, _cancel: started.set()))
    assert not started.is_set()
