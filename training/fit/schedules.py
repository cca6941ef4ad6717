"""Learning rate and momentum as plain functions of the step; nothing is remembered but a plateau's count."""

from __future__ import annotations

import math
from dataclasses import dataclass

from training.recipe.tree import Schedule


def rate_factor(schedule: Schedule, step: int, steps: int, steps_per_epoch: float) -> float:
    """Factor on the peak rate at a step; a plateau's own factor comes on top.

    Args:
        schedule: Which.
        step: Counted from 0.
        steps: Of the phase.
        steps_per_epoch: For schedules that count epochs; scaled as the budget scales the phase.
    """
    if schedule.kind == "steps":
        # Half a step of tolerance: scaled epochs are no whole numbers.
        return float(schedule.factor ** math.floor((step + 0.5) / (steps_per_epoch * schedule.every_epochs)))
    if schedule.kind == "one_cycle":
        return _one_cycle(schedule, step, steps)
    if schedule.kind == "cosine":
        warmup = max(1, round(steps * schedule.warmup_share))
        if step < warmup:
            return (step + 1) / warmup
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
    return 1.0


def _one_cycle(schedule: Schedule, step: int, steps: int) -> float:
    share, is_rising = _cycle_share(schedule, step, steps)
    if is_rising:
        return _between(schedule.start_factor, 1.0, share)
    return _between(1.0, schedule.end_factor, share)


def momentum_at(schedule: Schedule, step: int, steps: int) -> float | None:
    """Momentum (or first beta) of a one-cycle at a step; None where the optimizer's own stays."""
    if schedule.kind != "one_cycle" or not schedule.momentum:
        return None
    at_ends, at_peak = schedule.momentum
    share, is_rising = _cycle_share(schedule, step, steps)
    return _between(at_ends, at_peak, share) if is_rising else _between(at_peak, at_ends, share)


def _cycle_share(schedule: Schedule, step: int, steps: int) -> tuple[float, bool]:
    """How far a one-cycle is on its way up or down, in [0, 1]."""
    top = max(1.0, schedule.warmup_share * steps - 1)
    if step <= top:
        return step / top, True
    return min(1.0, (step - top) / max(1.0, steps - 1 - top)), False


def _between(start: float, end: float, share: float) -> float:
    """Along half a cosine."""
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * share))


@dataclass(frozen=True)
class Plateau:
    """How a plateau stands.

    Attributes:
        best: Lowest validation loss so far.
        bad_epochs: Looks at the validation part since then, or since the rate last fell.
        factor: On the rate.
    """

    best: float = math.inf
    bad_epochs: int = 0
    factor: float = 1.0

    def after(self, loss: float, schedule: Schedule) -> Plateau:
        """The plateau after one more look at the validation part."""
        if loss < self.best:
            return Plateau(loss, 0, self.factor)
        if self.bad_epochs + 1 >= schedule.patience_epochs:
            return Plateau(self.best, 0, self.factor * schedule.factor)
        return Plateau(self.best, self.bad_epochs + 1, self.factor)
