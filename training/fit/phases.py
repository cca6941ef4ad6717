"""What learns in a phase, and which batch norms go on counting.

The one thing to get wrong: a frozen batch norm that is left in training mode still changes its statistics.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from training.networks.built import Built
from training.recipe.tree import Phase

LEAST_EPOCH = 20
"""Steps between two looks at the validation part that a budget leaves: with one at every step, nothing would
be learned in between.
"""


@dataclass(frozen=True)
class PlannedPhase:
    """A phase with its length in steps.

    Attributes:
        phase: As in the recipe.
        steps: How many.
        steps_per_epoch: Scaled as the budget scales the phase, so that a schedule that counts epochs scales
            too.
        steps_per_steering: From one look at the validation part to the next: an epoch, but never so short
            that nothing is learned in between; a plateau's patience counts these.
    """

    phase: Phase
    steps: int
    steps_per_epoch: float
    steps_per_steering: float

    def size_px(self, step: int) -> int:
        """Side of the input at a step."""
        sizes = self.phase.size_px
        return sizes[min(len(sizes) - 1, step * len(sizes) // self.steps)]

    def steers_after(self, step: int) -> bool:
        """Whether the validation part is looked at after this step: at every epoch's end and the phase's."""
        done = (step + 1) / self.steps_per_steering
        return step + 1 == self.steps or int(done + 1e-9) > int(step / self.steps_per_steering + 1e-9)


def plan(phases: tuple[Phase, ...], steps_per_epoch: int, budget: int | None = None) -> list[PlannedPhase]:
    """Phases in steps.

    Args:
        phases: Of the recipe.
        steps_per_epoch: Of its sampler.
        budget: Steps over all phases; each then gets its share, and at least one step. None: the recipe's
            own.

    Raises:
        ValueError: The budget has fewer steps than there are phases.
    """
    own = [max(1, round(phase.epochs * steps_per_epoch)) for phase in phases]
    steps = own if budget is None else _shares(own, budget)
    return [
        PlannedPhase(
            phase, given, steps_per_epoch * given / wanted, _steering(steps_per_epoch, given / wanted)
        )
        for phase, given, wanted in zip(phases, steps, own, strict=True)
    ]


def _steering(steps: int, scale: float) -> float:
    """Steps from one look at the validation part to the next, for epochs that a budget scales."""
    return steps * scale if scale >= 1 else max(steps * scale, min(steps, LEAST_EPOCH))


def _shares(own: list[int], budget: int) -> list[int]:
    if budget < len(own):
        raise ValueError(f"A budget of {budget} steps is too small for {len(own)} phases.")
    ends = [max(1, round(budget * sum(own[: i + 1]) / sum(own))) for i in range(len(own))]
    for i in range(1, len(ends)):
        ends[i] = max(ends[i], ends[i - 1] + 1)
    for i in reversed(range(len(ends))):
        ends[i] = min(ends[i], budget - (len(ends) - 1 - i))
    return [end - start for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def set_learning(built: Built, phase: Phase) -> None:
    """Say which parameters ask for a gradient in a phase; the others keep none of an earlier phase."""
    built.module.requires_grad_(False)
    for module in _learning(built, phase):
        module.requires_grad_(True)
    if phase.batch_norm == "always_updates":
        for norm in _norms(built.module):
            norm.requires_grad_(True)
    for parameter in built.module.parameters():
        if not parameter.requires_grad:
            parameter.grad = None


def set_training_mode(built: Built, phase: Phase) -> None:
    """Training mode where something learns; a frozen block is in evaluation mode, dropout and all."""
    built.module.train()
    learning = set(_learning(built, phase))
    for part in ("body", *built.parts):
        for block in built.modules_of(part):
            block.train(block in learning)
    for norm in _norms(built.module):
        if phase.batch_norm != "with_its_part":
            norm.train(phase.batch_norm == "always_updates")


def _learning(built: Built, phase: Phase) -> Iterator[nn.Module]:
    for part in phase.trainable:
        modules = built.modules_of(part)
        yield from modules[phase.frozen_blocks :] if part == "body" else modules


def _norms(module: nn.Module) -> list[_BatchNorm]:
    return [each for each in module.modules() if isinstance(each, _BatchNorm)]


def learning_names(built: Built) -> list[str]:
    """Names of the parameters that ask for a gradient."""
    return [name for name, parameter in built.module.named_parameters() if parameter.requires_grad]
