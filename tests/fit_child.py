"""Training runs in processes of their own, for tests that kill them or run several of them together.

``python tests/fit_child.py`` imports torch once and then forks a run, or several that train together, for
every line of JSON on its input: ``folder``, ``job`` (see JOBS), ``processes``, ``port``, and what the job
asks for. It answers with a line of JSON: exit status and output of each child.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fit_data import spots, tiny_augmentation, tiny_recipe
from torch import nn

import ichviewer.atomic_file
from training.fit.batches import Batch, Batches
from training.fit.distributed import gathered, joined
from training.fit.loop import STATE, fit
from training.fit.phase_run import PhaseRun
from training.fit.phases import plan
from training.fit.place import Place
from training.fit.rows import held_out_share
from training.recipe.tree import Optimizer, Recipe, Schedule


def eventful_recipe() -> Recipe:
    """Two phases with everything that has a state: dropout, average, plateau, the best weights, sampling,
    variation.
    """
    recipe = tiny_recipe(epochs=3.0)
    first = replace(recipe.phases[0], schedule=Schedule("one_cycle", warmup_share=0.3, momentum=(0.95, 0.85)))
    second = replace(recipe.phases[0], schedule=Schedule("plateau", patience_epochs=1), peak_rate=0.03)
    return replace(
        recipe,
        phases=(first, second),
        network=replace(recipe.network, dropout=0.3),
        sampling=replace(recipe.sampling, kind="hybrid", positive_share=0.4),
        augmentation=tiny_augmentation(flip_share=0.5, rotation_degrees=10.0, noise_hu=2.0, jpeg_share=0.2),
        validation_share=0.3,
        keeps="best",
        average_decay=0.9,
        clip_norm=1.0,
    )


def kill_at_step(number: int) -> None:
    """Kill -9 before the step of this number, counted over all phases of this process."""
    made = iter(range(10_000))
    step = PhaseRun.step

    def counted(self: PhaseRun, place: int, batch: Batch) -> Any:
        if next(made) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(self, place, batch)

    PhaseRun.step = counted  # type: ignore[method-assign]


def kill_in_write(number: int) -> None:
    """Kill -9 inside the writing of a state, when half of the file is on the disk."""
    made = iter(range(10_000))
    synced = os.fsync

    def cut(handle: int) -> None:
        # The folder is synced too, after the file got its name.
        if stat.S_ISREG(os.fstat(handle).st_mode) and next(made) == number:
            os.ftruncate(handle, os.fstat(handle).st_size // 2)
            synced(handle)
            os.kill(os.getpid(), signal.SIGKILL)
        synced(handle)

    ichviewer.atomic_file.os.fsync = cut  # type: ignore[attr-defined]


def weights_hash(module: nn.Module) -> str:
    """SHA-256 over names and values."""
    digest = hashlib.sha256()
    for name, value in module.state_dict().items():
        digest.update(name.encode() + value.contiguous().numpy().tobytes())
    return digest.hexdigest()


def run(order: dict[str, Any]) -> object:
    """One run, as an order says: ``folder``, ``seed``, ``kill_at_step``, ``kill_in_write``; gives what is to
    be printed. Of several processes, each keeps its batch norms as they are.
    """
    if "kill_at_step" in order:
        kill_at_step(order["kill_at_step"])
    if "kill_in_write" in order:
        kill_in_write(order["kill_in_write"])
    rows, recipe = spots(), replace(eventful_recipe(), seed=order.get("seed", 3))
    learned, held = held_out_share(rows, rows.indices, recipe.validation_share, recipe.seed)
    # Steered by labels turned round: what is learned makes them worse, so the plateau falls for certain.
    turned = replace(rows.only(held), labels=1 - rows.labels)
    with joined() as processes:
        if processes.count > 1:
            still = tuple(replace(phase, batch_norm="never_updates") for phase in recipe.phases)
            recipe = replace(recipe, phases=still)
        place = Place(Path(order["folder"]), torch.device("cpu"), processes, state_every=2)
        best = weights_hash(fit(recipe, rows.only(learned), place, validation=turned).network)
    return best + hashlib.sha256((place.folder / STATE).read_bytes()).hexdigest()


def together(order: dict[str, Any]) -> object:
    """One epoch of plain gradient descent by several processes; weights, units used, and gathered values."""
    recipe = tiny_recipe(
        epochs=1.0,
        batch_norm="never_updates",
        peak_rate=1.0,
        optimizer=Optimizer("sgd"),
        batch_size=order["batch_size"],
        augmentation=tiny_augmentation(flip_share=0.5, noise_hu=2.0, rotation_degrees=10.0),
    )
    rows = spots()
    with joined() as processes:
        place = Place(Path(order["folder"]) / str(processes.rank), torch.device("cpu"), processes)
        place.folder.mkdir()
        fitted = fit(recipe, rows, place, budget=order["budget"])
        planned = plan(recipe.phases, -(-len(rows.indices) // recipe.batch_size))[0]
        batches = Batches(rows, recipe, planned, 0, processes)
        parts = [batches[step] for step in range(len(batches))]
        used = [int(u) for part in parts for u in part.units[part.counts > 0]]
        scores = np.sin(np.asarray(used, dtype=np.float64))
        numbers, values = gathered(np.asarray(used), scores, processes)
    weights = torch.cat([p.detach().flatten() for p in fitted.network.parameters()])
    return {
        "weights": weights.tolist(),
        "used": used,
        "numbers": numbers.tolist(),
        "values": values.tolist(),
    }


JOBS: dict[str, Callable[[dict[str, Any]], object]] = {"run": run, "together": together}


def forked(order: dict[str, Any], rank: int) -> tuple[int, Path]:
    """Start a child that carries an order out; gives its number and the file of its output."""
    output = Path(order["folder"]) / f"output-{rank}.json"
    output.unlink(missing_ok=True)
    pid = os.fork()
    if pid:
        return pid, output
    status = 1
    try:
        os.environ |= {
            "RANK": str(rank),
            "WORLD_SIZE": str(order.get("processes", 1)),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(order.get("port", 0)),
        }
        output.write_text(json.dumps(JOBS[order["job"]](order)), encoding="utf-8")
        status = 0
    except BaseException:  # noqa: BLE001 - told on the error output and by the status
        traceback.print_exc()
    finally:
        os._exit(status)


def main() -> None:
    torch.set_num_threads(1)
    for line in sys.stdin:
        order = json.loads(line)
        Path(order["folder"]).mkdir(exist_ok=True)
        children = [forked(order, rank) for rank in range(order.get("processes", 1))]
        answers = []
        for pid, output in children:
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            answers.append(
                {"status": status, "output": json.loads(output.read_text()) if output.exists() else None}
            )
        sys.stdout.write(json.dumps(answers) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
