"""``make fuzz``: many damaged files through the whole way into the viewer; SEED and COUNT choose which.

Two workers open mutants; this process watches them. A mutant may end in an image or in a named error;
anything else, a step over STEP_LIMIT_S, or memory beyond MEMORY_LIMIT_BYTES in a worker or in its decoder,
is a finding, printed with the command that repeats it. Exit code 1 if there is any.
"""

from __future__ import annotations

import argparse
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
from tests.fuzz.worker import MEMORY_LIMIT_BYTES, Job, Worker, made_mutant, worker_folder

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


def run(jobs: list[Job], seed: int, worker_count: int) -> dict[str, Any]:
    """Open every mutant; what came of them, in numbers, and the findings."""
    lanes = [jobs[lane::worker_count] for lane in range(worker_count)]
    workers = [Worker(lane, seed) for lane in lanes]
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    mutations: Counter[str] = Counter()
    findings: list[dict[str, Any]] = []
    slowest: list[tuple[float, str]] = []
    peak = {"worker": 0, "decoder": 0}
    total, told = len(jobs), 0
    while workers:
        for pipe in wait([worker.pipe for worker in workers], 0.5):
            worker = next(worker for worker in workers if worker.pipe is pipe)
            done = worker.take()
            if done is None:
                continue
            outcomes[done.kind] += 1
            reasons[_without_numbers(done.reason)] += 1
            mutations.update(done.mutations.split("+"))
            slowest = sorted([*slowest, (done.seconds, done.name)], reverse=True)[:5]
            peak = {
                "worker": max(peak["worker"], done.worker_bytes),
                "decoder": max(peak["decoder"], done.decoder_bytes),
            }
            if done.finding:
                findings.append({**asdict(done), "command": _command(done.name, seed)})
        for worker in workers:
            if worker.is_over(STEP_LIMIT_S):
                job, why = worker.restart()
                if job is not None:
                    outcomes["FINDING"] += 1
                    findings.append({"finding": why, "command": _command(job.name, seed)})
        workers = [worker for worker in workers if not worker.is_finished]
        if sum(outcomes.values()) - told >= 1000:
            told = sum(outcomes.values())
            print(f"{told} of {total}, {len(findings)} findings", file=sys.stderr)
    return {
        "mutants": sum(outcomes.values()),
        "outcomes": dict(outcomes.most_common()),
        "reasons": dict(reasons.most_common(40)),
        "mutations": dict(mutations.most_common()),
        "slowest_s": [(round(seconds, 2), name) for seconds, name in slowest],
        "peak_MB": {name: round(value / 1e6) for name, value in peak.items()},
        "memory_limit_MB": round(MEMORY_LIMIT_BYTES / 1e6),
        "findings": findings,
    }


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
