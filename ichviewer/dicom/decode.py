"""Compressed pixels, decoded in child processes with memory and time limits.

A file from outside that crashes or starves a decoder costs one slice, not the application. The
children are started ahead, because a cold one costs a quarter of a second and more.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing.connection import wait
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.progress import CancelToken
from ichviewer.dicom.decode_child import CPU_LIMIT_S, DecodeTask, serve
from ichviewer.dicom.stored_pixels import syntax_name

try:
    import fcntl
except ImportError:  # Windows has pipes of another kind.
    fcntl = None  # type: ignore[assignment]

OUT_OF_TIME = getattr(signal, "SIGXCPU", 0)
"""How the system ends a child that computes for too long; Windows does not."""

TIME_LIMIT_S = 60.0 if OUT_OF_TIME else 20.0
"""By the clock. Where computing time is limited (CPU_LIMIT_S), this is for children that wait for ever, and a
busy machine, on which children come last, costs no slice."""

MEMORY_LIMIT_BYTES = 800_000_000
"""For a child's own data; with its libraries it stays below 1 GB. The largest CT slices need a tenth."""

IN_FLIGHT = 2
"""Tasks given to a child at a time, so that it has work while its last answer is taken."""

LARGEST_TASK_BYTES = 4000
"""IN_FLIGHT tasks of this size fit into the smallest pipe that a system may give (8 KiB), so handing one over
never waits for a child, which may itself be waiting for its answer to be taken."""

START_LIMIT_S = 60.0
"""A child that is not ready by then never will be."""

MOST_FAILURES = 3
"""Crashes or time-outs of one multi-frame file, or of children at their start, before no more are tried."""

PIPE_BYTES = 1 << 20
"""Room for one slice of 512 x 512 pixels of 16 bits, and what belongs to it."""

LOOK_EVERY_S = 0.1
"""How often the cancel token is looked at while nothing arrives."""

GRACE_S = 0.25
"""A child may take this long to finish what nobody wants any more; a new one would take longer to start."""


Decoded = NDArray[np.integer] | str
"""Pixels, or the reason why there are none."""


class SliceDecoder:
    """A few child processes that decode frames; safe to use from several threads, one at a time.

    Use as a context manager, or call ``close``. Children start with ``start`` or with the first task.
    """

    def __init__(
        self,
        child_count: int | None = None,
        time_limit_s: float = TIME_LIMIT_S,
        memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
    ) -> None:
        self._child_count = child_count or min(4, os.cpu_count() or 1)
        self._time_limit_s = time_limit_s
        self._memory_limit_bytes = memory_limit_bytes
        self._children: list[_Child] = []
        self._lock = threading.Lock()

    def __enter__(self) -> SliceDecoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the children ahead; returns at once, they get ready on their own."""
        with self._lock:
            self._start()

    def child_pids(self) -> tuple[int, ...]:
        """Process ids of the children that are there."""
        return tuple(child.pid for child in self._children)

    def close(self) -> None:
        """End the children."""
        with self._lock:
            for child in self._children:
                child.stop()
            self._children = []

    def decode(self, tasks: Iterable[DecodeTask], cancel: CancelToken) -> Iterator[tuple[int, Decoded]]:
        """Decode frames; results come as they are ready.

        Args:
            tasks: Taken one by one, each only when a child is free for it.
            cancel: Looked at between two results.

        Yields:
            Number of the task, in the order in which they were taken, and its pixels or the reason why there
            are none.

        Raises:
            Cancelled: *cancel* was set.
        """
        with self._lock:
            self._start()
            coming, taken, returned = iter(tasks), list[DecodeTask](), deque[int]()
            failures = _Failures()
            try:
                while True:
                    cancel.raise_if_cancelled()
                    for child in self._children:
                        while len(child.pending) < IN_FLIGHT and _has_more(coming, taken, returned):
                            index = returned.popleft()
                            message = pickle.dumps(taken[index])
                            if refusal := failures.refusal(taken[index]) or _size_refusal(message):
                                yield index, refusal
                            else:
                                child.give(index, message)
                    if not any(child.pending for child in self._children):
                        return
                    yield from self._collect(taken, returned, failures)
            finally:
                self._let_go()

    def _start(self) -> None:
        while len(self._children) < self._child_count:
            self._children.append(_Child(self._memory_limit_bytes))

    def _let_go(self) -> None:
        """Wait a little for children that still work on something nobody wants any more, then end them."""
        until = time.monotonic() + GRACE_S
        busy = [child for child in self._children if child.pending]
        while busy and (left_s := until - time.monotonic()) > 0:
            ready = wait([child.answers for child in busy], left_s)
            if any(child.answers in ready and not child.drop_answer() for child in busy):
                break
            busy = [child for child in busy if child.pending]
        for child in busy:
            child.stop()
            self._children.remove(child)

    def _collect(
        self, tasks: Sequence[DecodeTask], returned: deque[int], failures: _Failures
    ) -> Iterator[tuple[int, Decoded]]:
        """Results that have arrived, and failures of children that crashed or took too long."""
        ready = wait([child.answers for child in self._children if child.pending], LOOK_EVERY_S)
        now = time.monotonic()
        for number, child in enumerate(self._children):
            if not child.pending:
                continue
            try:
                if child.answers in ready:
                    yield from child.take(now)
                    failures.starts = 0
                    continue
                limit_s = self._time_limit_s if child.is_ready else START_LIMIT_S
                if now - child.busy_since <= limit_s:
                    continue
                reason = f"it took longer than {limit_s:g} s"
            except (EOFError, OSError):
                reason = f"the decoder crashed ({child.ending()})"
            failed = child.pending.popleft()
            failures.count(tasks[failed], child.is_ready)
            returned.extendleft(reversed(child.pending))
            child.stop()
            self._children[number] = _Child(self._memory_limit_bytes)
            yield (
                failed,
                f"{syntax_name(tasks[failed].pixels.transfer_syntax)} could not be decoded: {reason}",
            )


class _Failures:
    """Crashes and time-outs so far; after a few, no more children are spent on what brings them down."""

    def __init__(self) -> None:
        self.starts = 0
        self._by_path: Counter[str] = Counter()

    def count(self, task: DecodeTask, was_ready: bool) -> None:
        """Remember one: of a child at its start, or of one that worked on *task*."""
        if was_ready:
            self._by_path[task.path] += 1
        else:
            self.starts += 1

    def refusal(self, task: DecodeTask) -> str:
        """Why *task* is not tried any more; empty if it is."""
        if self.starts >= MOST_FAILURES:
            return f"no decoder can be started: {self.starts} ended at their start"
        if task.pixels.frame_count > 1 and self._by_path[task.path] >= MOST_FAILURES:
            return f"not tried: {MOST_FAILURES} frames of its file brought the decoder down"
        return ""


def _has_more(coming: Iterator[DecodeTask], taken: list[DecodeTask], returned: deque[int]) -> bool:
    """Whether *returned* begins with a task to give: one that came back, else the next one, taken now."""
    if not returned and (task := next(coming, None)) is not None:
        taken.append(task)
        returned.append(len(taken) - 1)
    return bool(returned)


def _size_refusal(message: bytes) -> str:
    """Why a task is too large to be handed over; empty if it is not."""
    if len(message) <= LARGEST_TASK_BYTES:
        return ""
    return (
        f"its path and what its header says of the pixels are too long ({len(message)} bytes) for a decoder"
    )


def _make_room(pipe: int) -> None:
    """Let a whole slice fit into the pipe (Linux): a child goes on while its answer waits to be taken."""
    if fcntl is not None and hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):  # A system may allow less; the pipe works all the same.
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


class _Child:
    """One child process and the tasks that it was given, oldest first."""

    def __init__(self, memory_limit_bytes: int) -> None:
        context = multiprocessing.get_context("spawn")
        their_tasks, self._tasks = context.Pipe(duplex=False)
        self.answers, their_answers = context.Pipe(duplex=False)
        _make_room(their_answers.fileno())
        self._process = context.Process(
            target=serve,
            args=(their_tasks, their_answers, memory_limit_bytes),
            daemon=True,
            name="ichviewer-decoder",
        )
        self._process.start()
        their_tasks.close()
        their_answers.close()
        self.pid = self._process.pid or 0
        self.pending: deque[int] = deque()
        self.busy_since = time.monotonic()
        self.is_ready = False

    def give(self, index: int, message: bytes) -> None:
        """Hand over a pickled task, without waiting; a child that died shows when its answer is taken."""
        if not self.pending:
            self.busy_since = time.monotonic()
        self.pending.append(index)
        try:
            self._tasks.send_bytes(message)
        except (BrokenPipeError, ConnectionResetError):
            return

    def take(self, now: float) -> Iterator[tuple[int, Decoded]]:
        """The answer to the oldest task; nothing if the child only said that it is ready.

        Raises:
            EOFError, OSError: The child is gone.
        """
        answer = self.answers.recv()
        self.busy_since = now
        if answer[0] == "ready":
            self.is_ready = True
            return
        result: Decoded = str(answer[1])
        if answer[0] == "ok":
            _, dtype, shape = answer
            result = np.frombuffer(self.answers.recv_bytes(), dtype=np.dtype(dtype)).reshape(shape)
        yield self.pending.popleft(), result

    def drop_answer(self) -> bool:
        """Take one answer for nobody; whether the child is still there."""
        try:
            for _ in self.take(time.monotonic()):
                pass
        except (EOFError, OSError):
            return False
        return True

    def ending(self) -> str:
        """How the child ended, in words."""
        self._process.join(1.0)
        code = self._process.exitcode
        if code is None:
            return "still running"
        if code == -OUT_OF_TIME:
            return f"it computed for more than {CPU_LIMIT_S} s"
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def stop(self) -> None:
        """End the child, whatever it is doing."""
        self._tasks.close()
        self.answers.close()
        self._process.kill()
        self._process.join()
        self._process.close()
