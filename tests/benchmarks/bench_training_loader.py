"""How much of its time a network in training waits for its batches: the loader against batches from memory.

Run as ``python -m tests.benchmarks.bench_training_loader``. One step of torch on one thread; the loader reads
framed slices from a mapped file (in the page cache) and varies them, in one process of its own or in between
the steps. Aim: with one worker at least 0.95 of the throughput of the same steps with batches made before.
The kinds take turns, and a ratio is of one turn. Where other programs use the machine too, only the ratio of
processor time in the training process says something; it does not see waiting, which a worker causes only
where making a batch takes longer than a step.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from training.fit.batches import Batch
from training.fit.channels import distinct_channels
from training.fit.distributed import Processes
from training.fit.loop import starting_network
from training.fit.losses import class_weights, target_values
from training.fit.phase_run import PhaseRun, Task
from training.fit.phases import plan
from training.fit.place import Place
from training.fit.rows import TrainingRows, rows_of_arrays
from training.fit.training_state import TrainingState
from training.fit.units import make_sampler
from training.recipe.degrade import without_pretraining
from training.recipe.read import named_recipe
from training.recipe.tree import Recipe

SLICES = 512

AIM = 0.95


def mapped_rows(recipe: Recipe, folder: Path) -> TrainingRows:
    """Noise as framed slices in a file that is mapped into memory; a third bleeds."""
    spec = recipe.preprocessing
    shape = (SLICES, len(distinct_channels(spec)), spec.size_px, spec.size_px)
    path, generator = folder / "frames.npy", np.random.default_rng(1)
    np.save(path, generator.random(shape, dtype=np.float32))
    labels = (generator.random((SLICES, 6)) < 0.1).astype(np.float32)
    labels[:, 0] = labels[:, 1:].max(axis=1)
    return rows_of_arrays(np.load(path, mmap_mode="r"), labels)


def phase_run(recipe: Recipe, rows: TrainingRows, workers: int, folder: Path) -> PhaseRun:
    """The recipe's last phase, ready to run."""
    number = len(recipe.phases) - 1
    phases = tuple(plan(recipe.phases, make_sampler(rows, recipe).steps_per_epoch, 10_000))
    built = starting_network(recipe, rows)
    weights = class_weights(target_values(rows.labels[rows.indices], recipe), recipe)
    place = Place(folder, torch.device("cpu"), Processes(), workers)
    task = Task(recipe, rows, None, place, phases, built, weights)
    return PhaseRun(task, number, TrainingState("", number, 0, built.module.state_dict()), None)


def seconds_of(run: PhaseRun, batches: Iterator[tuple[int, Batch]], steps: int) -> tuple[float, float]:
    """Wall and processor time of some steps, after two that are not counted."""
    for step, batch in islice(batches, 2):
        run.step(step, batch)
    began, began_processor = time.perf_counter(), time.process_time()
    for step, batch in islice(batches, steps):
        run.step(step, batch)
    return time.perf_counter() - began, time.process_time() - began_processor


def ratio(memory: list[tuple[float, float]], found: list[tuple[float, float]], clock: int) -> float:
    """Median over the turns of the throughput as a share of that from memory."""
    return statistics.median(m[clock] / t[clock] for m, t in zip(memory, found, strict=True))


def main() -> None:
    """Print steps a second and the share of the throughput from memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", default="ichviewer_mobilenet_v2")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    recipe = without_pretraining(named_recipe(options.recipe))
    last = replace(recipe.phases[-1], generated_share=0.0)
    recipe = replace(recipe, phases=(*recipe.phases[:-1], last))
    times: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        rows = mapped_rows(recipe, Path(name))
        runs = {
            f"{n} workers" if n != 1 else "1 worker": phase_run(recipe, rows, n, Path(name)) for n in (0, 1)
        }
        made = list(islice(runs["0 workers"].batches(), options.steps + 2))
        for _ in range(options.rounds):
            times["memory"].append(seconds_of(runs["0 workers"], iter(made), options.steps))
            for kind, run in runs.items():
                times[kind].append(seconds_of(run, run.batches(), options.steps))
        began = time.process_time()
        for _ in islice(runs["0 workers"].batches(), 8):
            pass
        making = (time.process_time() - began) / 8
    print(f"{recipe.name}, {recipe.batch_size} slices a step, {last.size_px[-1]} px, one thread")
    print(f"a batch is made in {1e3 * making:.0f} ms of one core: {recipe.batch_size / making:.0f} slices/s")
    for kind, found in times.items():
        speed = options.steps / statistics.median(wall for wall, _ in found)
        shares = [ratio(times["memory"], found, clock) for clock in (0, 1)]
        aim = f", aim {AIM}" if kind == "1 worker" else ""
        print(
            f"{kind:10} {speed:6.2f} steps/s, {shares[0]:5.3f} x memory by the clock, "
            f"{shares[1]:5.3f} by processor time{aim}"
        )


if __name__ == "__main__":
    main()
