"""How much of its time a network in training waits for its batches: the loader against batches from memory.

Run as ``python -m tests.benchmarks.bench_training_loader``. One step of torch on one thread; the loader reads
framed slices from a mapped file (in the page cache) and varies them, in one process of its own or in between
the steps. Aim: with one worker at least 0.95 of the throughput of the same steps with batches made before.
The kinds take turns, and a ratio is of one turn. Where other programs use the machine too, the clock says
little: then what a batch costs the training process in processor time, beside a step, says more. That does
not see waiting, which a worker causes only where making a batch takes longer than a step.
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
from training.fit.losses import weights_of_part
from training.fit.phase_run import PhaseRun, Task
from training.fit.phases import plan
from training.fit.place import Place
from training.fit.rows import TrainingRows, rows_of_arrays
from training.fit.training_state import TrainingState
from training.fit.units import make_sampler
from training.recipe.degrade import without_pretraining
from training.recipe.read import named_recipe
from training.recipe.tree import Recipe

SLICES, BATCHES = 512, 10

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
    weights = weights_of_part(rows, recipe)
    place = Place(folder, torch.device("cpu"), Processes(), workers)
    task = Task(recipe, rows, None, place, phases, built, weights)
    return PhaseRun(task, number, TrainingState("", number, 0, built.module.state_dict()), None)


def seconds_of(run: PhaseRun, batches: Iterator[tuple[int, Batch]], steps: int) -> float:
    """Wall time of some steps, after one that is not counted."""
    for step, batch in islice(batches, 1):
        run.step(step, batch)
    began = time.perf_counter()
    for step, batch in islice(batches, steps):
        run.step(step, batch)
    return time.perf_counter() - began


def processor_seconds_of(batches: Iterator[tuple[int, Batch]], count: int) -> float:
    """Processor time of this process for a batch, until its pixels lie as the network wants them."""
    next(batches)
    began = time.process_time()
    for _, batch in islice(batches, count):
        batch.images.contiguous(memory_format=torch.channels_last)
    return (time.process_time() - began) / count


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
    times: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        rows = mapped_rows(recipe, Path(name))
        runs = {f"{n} worker{'s' * (n != 1)}": phase_run(recipe, rows, n, Path(name)) for n in (0, 1)}
        still = runs["0 workers"]
        made = list(islice(still.batches(), options.steps + 1))
        for _ in range(options.rounds):
            times["memory"].append(seconds_of(still, iter(made), options.steps))
            for kind, run in runs.items():
                times[kind].append(seconds_of(run, run.batches(), options.steps))
        began = time.process_time()
        seconds_of(still, iter(made[:3]), 2)
        a_step = (time.process_time() - began) / len(made[:3])
        cost = {kind: processor_seconds_of(run.batches(), BATCHES) for kind, run in runs.items()}
    cost["memory"] = processor_seconds_of(iter(made * BATCHES), BATCHES)
    made_per_s = recipe.batch_size / cost["0 workers"]
    print(f"{recipe.name}, {recipe.batch_size} slices a step, {last.size_px[-1]} px, one thread")
    print(
        f"a step takes {1e3 * a_step:.0f} ms of a core, a batch is made in {1e3 * cost['0 workers']:.0f} ms"
    )
    print(f"of a core: {made_per_s:.0f} slices/s a worker")
    for kind, found in times.items():
        speed = options.steps / statistics.median(found)
        by_clock = statistics.median(m / t for m, t in zip(times["memory"], found, strict=True))
        by_processor = a_step / (a_step + cost[kind] - cost["memory"])
        aim = f"; aim {AIM}" if kind == "1 worker" else ""
        print(
            f"{kind:10} {speed:6.2f} steps/s, {by_clock:5.3f} x memory by the clock, "
            f"{by_processor:5.3f} by processor time{aim}"
        )


if __name__ == "__main__":
    main()
