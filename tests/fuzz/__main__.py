"""``make fuzz``: many damaged files through the whole way into the viewer; SEED and COUNT choose which.

Two workers open mutants; this process watches them. A mutant may end in an image or in a named error;
anything else, a step over STEP_LIMIT_S, or memory beyond MEMORY_LIMIT_BYTES in a worker or in its decoder,
is a finding, printed with the command that repeats it. Exit code 1 if there is any.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import re
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from ichviewer.dicom.decode import SliceDecoder
from tests.fuzz.seeds import Seed, all_seeds
from tests.fuzz.way_in import outcome
from tests.fuzz.worker import MEMORY_LIMIT_BYTES, Done, Job, Worker, made_mutant, worker_folder

STEP_LIMIT_S = 5.0


def main() -> int:
    options = _options()
    seeds = all_seeds()
    if options.only:
        return _repeat(next(seed for seed in seeds if seed.name == options.only), options)
    jobs = [
        Job(seeds[k % len(seeds)], seeds[(k * 7 + 3) % len(seeds)], k // len(seeds))
        for k in range(options.count)
    ]
    started = time.monotonic()
    report = run(jobs, options.seed, options.workers)
    report["minutes"] = round((time.monotonic() - started) / 60, 2)
    report["seed"], report["files"] = options.seed, len(seeds)
    options.out.write_text(json.dumps(report, indent=1))
    _print(report)
    print(f"Written to {options.out}.")
    return 1 if report["findings"] else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "ichviewer-fuzz.json")
    parser.add_argument("--only", default="", help="repeat one mutant of this file, with its traceback")
    parser.add_argument("--number", type=int, default=0)
    parser.add_argument("--save", type=Path, help="write that mutant here, too")
    return parser.parse_args()


def _repeat(seed: Seed, options: argparse.Namespace) -> int:
    """One mutant in this process."""
    seeds = all_seeds()
    place = seeds.index(seed) + options.number * len(seeds)
    job = Job(seed, seeds[(place * 7 + 3) % len(seeds)], options.number)
    content, names = made_mutant(job, options.seed)
    with worker_folder() as folder, SliceDecoder(child_count=1) as decoder:
        path = folder / seed.file_name
        path.write_bytes(content)
        if options.save:
            options.save.write_bytes(content)
        print(names, len(content), "bytes")
        print(outcome(path, decoder, print))
    return 0


class Tally:
    """What came of the mutants, in numbers."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._outcomes: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._mutations: Counter[str] = Counter()
        self._slowest: list[tuple[float, str]] = []
        self._peak = {"worker": 0, "decoder": 0}
        self._findings: list[dict[str, Any]] = []

    @property
    def count(self) -> int:
        return sum(self._outcomes.values())

    def add(self, done: Done) -> None:
        self._outcomes[done.kind] += 1
        self._reasons[_without_numbers(done.reason)] += 1
        self._mutations.update(done.mutations.split("+"))
        self._slowest = sorted([*self._slowest, (round(done.seconds, 2), done.name)], reverse=True)[:5]
        self._peak["worker"] = max(self._peak["worker"], done.worker_bytes)
        self._peak["decoder"] = max(self._peak["decoder"], done.decoder_bytes)
        if done.finding:
            self._findings.append({**asdict(done), "command": _command(done.name, self._seed)})

    def add_lost(self, job: Job, why: str) -> None:
        """A mutant that hung or ended its worker."""
        self._outcomes["FINDING"] += 1
        self._findings.append({"finding": why, "command": _command(job.name, self._seed)})

    def report(self) -> dict[str, Any]:
        return {
            "mutants": self.count,
            "outcomes": dict(self._outcomes.most_common()),
            "reasons": dict(self._reasons.most_common(60)),
            "mutations": dict(self._mutations.most_common()),
            "slowest_s": self._slowest,
            "peak_MB": {name: round(value / 1e6) for name, value in self._peak.items()},
            "memory_limit_MB": round(MEMORY_LIMIT_BYTES / 1e6),
            "findings": self._findings,
        }


def run(jobs: list[Job], seed: int, worker_count: int) -> dict[str, Any]:
    """Open every mutant.

    One that takes too long is opened once more in the end, when nothing else runs: a machine that is busy
    with something else is no finding.
    """
    tally = Tally(seed)
    late = _watch(jobs, seed, worker_count, tally)
    if late:
        for job, why in _watch([job for job, _ in late], seed, 1, tally):
            tally.add_lost(job, why)
    return {**tally.report(), "repeated": [job.name for job, _ in late]}


def _watch(jobs: list[Job], seed: int, worker_count: int, tally: Tally) -> list[tuple[Job, str]]:
    """Run *jobs* in workers until all are done, or until Ctrl+C; those that were lost, and how."""
    lost: list[tuple[Job, str]] = []
    with contextlib.ExitStack() as stack:
        lanes = [jobs[lane::worker_count] for lane in range(worker_count) if jobs[lane::worker_count]]
        workers = [Worker(lane, seed, stack.enter_context(worker_folder())) for lane in lanes]
        try:
            while workers := [worker for worker in workers if not worker.is_finished]:
                _look(workers, tally, lost)
        except KeyboardInterrupt:
            print("Stopped. So far:", file=sys.stderr)
            for worker in workers:
                worker.stop()
    return lost


def _look(workers: list[Worker], tally: Tally, lost: list[tuple[Job, str]]) -> None:
    """Take what the workers have to say, and go on without those that say nothing for too long."""
    for pipe in wait([worker.pipe for worker in workers], 0.5):
        done = next(worker for worker in workers if worker.pipe is pipe).take()
        if done is not None:
            tally.add(done)
            if tally.count % 1000 == 0:
                print(f"{tally.count} mutants, {len(lost)} to be repeated", file=sys.stderr)
    for worker in workers:
        if worker.is_over(STEP_LIMIT_S):
            job, why = worker.restart()
            lost += [(job, why)] if job is not None else []


def _command(name: str, seed: int) -> str:
    file, number = name.rsplit(" #", 1)
    return f"python -m tests.fuzz --seed {seed} --only '{file}' --number {number}"


def _without_numbers(reason: str) -> str:
    return re.sub(r"[0-9][0-9.]*", "N", re.sub(r"(/\S+)+", "PATH", reason))[:120]


def _print(report: dict[str, Any]) -> None:
    print(
        f"\n{report['mutants']} mutants of {report['files']} files in {report['minutes']} minutes, "
        f"seed {report['seed']}"
    )
    for kind, count in report["outcomes"].items():
        print(f"{count:7d}  {kind}")
    print(f"Peak memory, MB: {report['peak_MB']}; limit {report['memory_limit_MB']}")
    print(f"Slowest, s: {report['slowest_s']}")
    print(f"Findings: {len(report['findings'])}")
    for finding in report["findings"][:40]:
        print("  ", finding["finding"].strip().splitlines()[-1], "\n     ", finding["command"])


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    sys.exit(main())
