"""A process that opens mutants one after the other, and what its parent sees of it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

from ichviewer.dicom.decode import SliceDecoder
from tests.fuzz.mutations import mutant
from tests.fuzz.seeds import Seed
from tests.fuzz.way_in import outcome

MEMORY_LIMIT_BYTES = 1_000_000_000
START_LIMIT_S = 60.0


@dataclass(frozen=True)
class Job:
    """One mutant: of which file, with which other file to splice in, and its number."""

    seed: Seed
    other: Seed
    number: int

    @property
    def name(self) -> str:
        return f"{self.seed.name} #{self.number}"


@dataclass(frozen=True)
class Done:
    """What became of one mutant; *finding* says what must not happen, empty if nothing did."""

    name: str
    mutations: str
    kind: str
    reason: str
    finding: str
    seconds: float
    worker_bytes: int
    decoder_bytes: int


def made_mutant(job: Job, seed: int) -> tuple[bytes, str]:
    """The bytes of a mutant, and the names of its mutations."""
    return mutant(job.seed.content, job.other.content, random.Random(f"{seed}/{job.seed.name}/{job.number}"))


@contextlib.contextmanager
def worker_folder() -> Iterator[Path]:
    """A folder in memory where there is one."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def opened(job: Job, seed: int, folder: Path, decoder: SliceDecoder, pipe: Connection | None = None) -> Done:
    """Make one mutant and open it, telling *pipe* of every step."""
    content, names = made_mutant(job, seed)
    path = folder / job.seed.file_name
    path.write_bytes(content)
    before = time.perf_counter()
    kind, reason, finding = "FINDING", "", ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = outcome(path, decoder, pipe.send if pipe else lambda _: None)
        kind, reason = result.kind, result.reason
    except Exception:  # noqa: BLE001  whatever is raised here is what we look for
        finding = traceback.format_exc()
    seconds = time.perf_counter() - before
    used, decoders = peak_bytes(os.getpid()), [peak_bytes(pid) for pid in decoder.child_pids()]
    path.unlink()
    return Done(job.name, names, kind, reason, finding, seconds, used, max([*decoders, 0]))


def peak_bytes(pid: int) -> int:
    """Peak resident memory of a process (Linux); 0 where it cannot be told."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def _serve(jobs: list[Job], seed: int, folder: Path, pipe: Connection) -> None:
    os.setpgrp()
    with SliceDecoder(child_count=1) as decoder:
        decoder.start()
        for job in jobs:
            done = opened(job, seed, folder, decoder, pipe)
            if done.worker_bytes <= MEMORY_LIMIT_BYTES >= done.decoder_bytes:
                pipe.send(done)
                continue
            # A peak is never forgotten, so what comes next is opened by fresh processes.
            words = f"memory: {done.worker_bytes} bytes here, {done.decoder_bytes} in a decoder"
            pipe.send(replace(done, kind="FINDING", finding=done.finding + words))
            return


class Worker:
    """The parent's side: which job is being done, and since when its present step."""

    def __init__(self, jobs: list[Job], seed: int, folder: Path) -> None:
        self._jobs, self._seed, self._folder = jobs, seed, folder
        self._start()

    @property
    def is_finished(self) -> bool:
        return not self._jobs

    def _start(self) -> None:
        self.pipe, theirs = multiprocessing.Pipe(duplex=False)
        self._process = multiprocessing.Process(
            target=_serve, args=(self._jobs, self._seed, self._folder, theirs)
        )
        self._process.start()
        theirs.close()
        self._step, self._since, self._limit_s = "start", time.monotonic(), START_LIMIT_S

    def take(self) -> Done | None:
        """The next message: a finished job, or None for a step that began or for the end of the process."""
        try:
            message = self.pipe.recv()
        except (EOFError, OSError):
            self._limit_s = 0.0
            return None
        self._since, self._limit_s = time.monotonic(), float("inf")
        if isinstance(message, Done):
            self._jobs = self._jobs[1:]
            if not self._jobs:
                self._process.join()
            return message
        self._step = message
        return None

    def is_over(self, step_limit_s: float) -> bool:
        """Whether the process is gone, or its present step takes too long."""
        limit_s = START_LIMIT_S if self._step == "start" else step_limit_s
        return bool(self._jobs) and time.monotonic() - self._since > min(limit_s, self._limit_s)

    def stop(self) -> None:
        """End the process with its decoder."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid or 0, signal.SIGKILL)
        self._process.kill()
        self._process.join()
        self.pipe.close()

    def restart(self) -> tuple[Job | None, str]:
        """End the process with its decoder and go on after the present job; the job, and what happened."""
        is_alive = self._process.is_alive()
        self.stop()
        if self._limit_s == 0.0 and self._process.exitcode == 0:
            self._start()
            return None, ""
        job, self._jobs = self._jobs[0], self._jobs[1:]
        why = (
            f"step {self._step!r} took too long"
            if is_alive
            else f"the worker died ({self._process.exitcode})"
        )
        if self._jobs:
            self._start()
        return job, why
