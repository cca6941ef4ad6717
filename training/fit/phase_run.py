"""One phase while it runs: everything that changes from step to step."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from multiprocessing import get_all_start_methods

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from training.fit import chance
from training.fit.average import decay_at, follow
from training.fit.batches import Batch, Batches
from training.fit.distributed import batch_loss, sum_over, together
from training.fit.losses import ClassWeights
from training.fit.lr_range import plot, range_test
from training.fit.optimizers import clip, make_optimizer, set_rates
from training.fit.phases import PlannedPhase, set_learning, set_training_mode
from training.fit.place import Place
from training.fit.precision import precision_of
from training.fit.rows import TrainingRows
from training.fit.schedules import momentum_at, rate_factor
from training.fit.step import batch_losses, mean_loss
from training.fit.training_state import TrainingState
from training.networks.built import Built
from training.recipe.tree import Recipe


class TrainingError(RuntimeError):
    """Training cannot go on; the message says at which step and why."""


@dataclass(frozen=True, eq=False)
class Task:
    """What stays the same over a run.

    Attributes:
        recipe: How.
        rows: What to learn from.
        validation: What to steer by, or None.
        place: Where.
        phases: In steps.
        built: The network; its weights change.
        weights: Of the classes.
    """

    recipe: Recipe
    rows: TrainingRows
    validation: TrainingRows | None
    place: Place
    phases: tuple[PlannedPhase, ...]
    built: Built
    weights: ClassWeights


class PhaseRun:
    """Steps through one phase."""

    def __init__(self, task: Task, number: int, state: TrainingState, generated: TrainingRows | None) -> None:
        """Take up a phase at its first step, or where a state stands.

        Args:
            task: The run.
            number: Of the phase.
            state: Whose weights the network already has.
            generated: Slices of the procedural head, where the phase mixes them in.
        """
        self._task, self._number, self._state = task, number, state
        self.planned = task.phases[number]
        self._first, self._plateau = state.step, state.plateau
        place, recipe = task.place, task.recipe
        self.precision = precision_of(self.planned.phase, place.device)
        set_learning(task.built, self.planned.phase)
        self._batches = Batches(task.rows, recipe, self.planned, number, place.processes, generated)
        self._peak = self._peak_rate()
        self._module = together(task.built.module, place.processes)
        self._optimizer = make_optimizer(task.built, recipe.optimizer, self.planned.phase)
        self._average = copy.deepcopy(task.built.module) if recipe.average_decay else None
        if state.step:
            self._optimizer.load_state_dict(dict(state.optimizer))
            self.precision.scaler.load_state_dict(dict(state.scaler))
            if self._average is not None:
                self._average.load_state_dict(state.average)

    def _peak_rate(self) -> float:
        """The phase's own, or what its range test finds; the same in every process."""
        peak, key = self.planned.phase.peak_rate, str(self._number)
        if isinstance(peak, float):
            return peak
        task, place = self._task, self._task.place
        if key not in self._state.found_rates:
            rate = torch.zeros((), dtype=torch.float64, device=place.device)
            if place.processes.writes:
                found = range_test(
                    task.built,
                    task.recipe,
                    self.planned,
                    self._number,
                    task.rows,
                    task.weights,
                    place.device,
                )
                plot(found, place.folder / f"lr-range-{key}.svg", f"{task.recipe.name}, phase {key}")
                rate += found.chosen
            rates = {**self._state.found_rates, key: float(sum_over(rate, place.processes))}
            self._state = replace(self._state, found_rates=rates)
        return self._state.found_rates[key]

    def batches(self) -> Iterator[tuple[int, Batch]]:
        """The steps that are left, each with its batch."""
        place = self._task.place
        steps = range(self._first, self.planned.steps)
        # Forked workers share mapped files; others would each get a copy of what was read.
        can_fork = place.workers and "fork" in get_all_start_methods()
        loader = DataLoader(
            self._batches,
            batch_size=None,
            sampler=steps,
            num_workers=place.workers,
            pin_memory=place.device.type == "cuda",
            multiprocessing_context="fork" if can_fork else None,
        )
        yield from zip(steps, loader, strict=True)

    def step(self, step: int, batch: Batch) -> dict[str, float | Tensor]:
        """Make one step; gives what is worth a line in the log."""
        task, place, planned = self._task, self._task.place, self.planned
        schedule = planned.phase.schedule
        rate = self._peak * self._plateau.factor
        rate *= rate_factor(schedule, step, planned.steps, planned.steps_per_epoch)
        set_rates(self._optimizer, rate, momentum_at(schedule, step, planned.steps))
        chance.seed_torch(task.recipe.seed, chance.STEP, self._number, step, place.processes.rank)
        set_training_mode(task.built, planned.phase)
        batch = batch.to(place.device)

        losses = batch_losses(self._module, batch, task.recipe, planned.phase, task.weights, self.precision)
        loss = batch_loss(losses, batch.counts, batch.whole, place.processes)
        self._optimizer.zero_grad(set_to_none=True)
        self.precision.scaler.scale(loss).backward()
        self.precision.scaler.unscale_(self._optimizer)
        clip(self._optimizer, task.recipe.clip_norm)
        self.precision.scaler.step(self._optimizer)
        self.precision.scaler.update()
        if self._average is not None:
            follow(self._average, task.built.module, decay_at(step, task.recipe.average_decay))
        return {"step": step, "size_px": planned.size_px(step), "rate": rate, "loss": loss.detach()}

    def steer(self) -> float:
        """Validation loss of what would be kept now; remembers the best and moves the plateau."""
        task = self._task
        assert task.validation is not None, "steering needs rows"
        module = task.built.module if self._average is None else self._average
        loss = mean_loss(
            module,
            task.validation,
            task.recipe,
            self.planned.phase,
            task.weights,
            task.place.device,
            task.place.processes,
        )
        if not math.isfinite(loss):
            raise TrainingError(f"The validation loss is {loss} in phase {self._number}.")
        if self.planned.phase.schedule.kind == "plateau":
            self._plateau = self._plateau.after(loss, self.planned.phase.schedule)
        best = self._state.best_loss
        if task.recipe.keeps == "best" and (best is None or loss < best):
            kept = {name: value.detach().cpu().clone() for name, value in module.state_dict().items()}
            self._state = replace(self._state, best=kept, best_loss=loss)
        return loss

    def state(self, done: int) -> TrainingState:
        """Where the run stands after *done* steps of the phase."""
        average: Mapping[str, Tensor] = {} if self._average is None else self._average.state_dict()
        return replace(
            self._state,
            phase=self._number,
            step=done,
            network=self._task.built.module.state_dict(),
            average=average,
            optimizer=self._optimizer.state_dict(),
            scaler=self.precision.scaler.state_dict(),
            plateau=self._plateau,
        )

    def end(self) -> TrainingState:
        """Where the next phase begins: from the average where there is one, with a fresh optimizer."""
        if self._average is not None:
            self._task.built.module.load_state_dict(self._average.state_dict())
        kept = {name: value.detach().clone() for name, value in self._task.built.module.state_dict().items()}
        return TrainingState(
            self._state.key,
            self._number + 1,
            0,
            kept,
            best=self._state.best,
            best_loss=self._state.best_loss,
            found_rates=self._state.found_rates,
        )
