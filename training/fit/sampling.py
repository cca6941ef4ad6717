"""Which units (slices, or series) make up the batch of a step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.fit import chance
from training.recipe.tree import Sampling


class Sampler:
    """Draws the units of each step; the same step gives the same units whenever it is asked.

    Attributes:
        steps_per_epoch: An epoch has about as many draws as there are units.
    """

    def __init__(
        self,
        sampling: Sampling,
        classes: NDArray[np.integer],
        centers: NDArray[np.floating],
        batch_size: int,
        seed: int,
    ) -> None:
        """Prepare.

        Args:
            sampling: How.
            classes: (units,), class of each unit; 0 counts as not bleeding.
            centers: (units,), distance from the middle of its series, as a share of the series' length.
            batch_size: Units per step.
            seed: Of the recipe.

        Raises:
            ValueError: A class that is needed is empty, or a batch is larger than the part.
        """
        self._sampling = sampling
        self._classes = classes
        self._batch_size = batch_size
        self._seed = seed
        self._count = len(classes)
        self.expected_draws = _expected_draws(sampling, classes, centers)
        if sampling.kind == "oversampled":
            if batch_size > self._count:
                raise ValueError(f"A batch of {batch_size} is larger than the part ({self._count}).")
            self.steps_per_epoch = max(1, self._count // batch_size)
        else:
            self.steps_per_epoch = -(-self._count // batch_size)
        self._last: tuple[tuple[int, int], list[NDArray[np.int64]]] | None = None

    def units_of(
        self, phase: int, step: int, generator: np.random.Generator, fewer: int = 0
    ) -> NDArray[np.int64]:
        """Numbers of the units of a step.

        Args:
            phase: Number of the phase.
            step: Within the phase.
            generator: The step's own; used where a batch is drawn for itself.
            fewer: How many to leave out of a full batch, in the place of generated slices.
        """
        if self._sampling.kind == "oversampled":
            p = self.expected_draws / self.expected_draws.sum()
            drawn = generator.choice(self._count, self._batch_size - fewer, replace=False, p=p)
            return np.asarray(drawn, dtype=np.int64)
        epoch, place = divmod(step, self.steps_per_epoch)
        if self._last is None or self._last[0] != (phase, epoch):
            self._last = (phase, epoch), self._draw_epoch(phase, epoch)
        batch = self._last[1][place]
        return batch[: max(1, len(batch) - fewer)]

    def _draw_epoch(self, phase: int, epoch: int) -> list[NDArray[np.int64]]:
        generator = chance.generator(self._seed, chance.EPOCH, phase, epoch)
        if self._sampling.kind == "shuffled":
            order = generator.permutation(self._count)
        elif self._sampling.kind == "hybrid":
            order = self._hybrid(generator)
        else:
            p = self.expected_draws / self.expected_draws.sum()
            order = generator.choice(self._count, self._count, replace=True, p=p)
        return np.array_split(np.asarray(order, dtype=np.int64), self.steps_per_epoch)

    def _hybrid(self, generator: np.random.Generator) -> NDArray[np.int64]:
        bleeding, others = np.flatnonzero(self._classes > 0), np.flatnonzero(self._classes == 0)
        wanted = round(self._count * self._sampling.positive_share)
        drawn = [_drawn(bleeding, wanted, generator), _drawn(others, self._count - wanted, generator)]
        return generator.permutation(np.concatenate(drawn))


def _drawn(members: NDArray[np.int64], count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """*count* of the members, each as often as the others, give or take one."""
    rounds = -(-count // len(members)) if len(members) else 0
    return np.concatenate([generator.permutation(members) for _ in range(rounds)] or [members])[:count]


def _expected_draws(
    sampling: Sampling, classes: NDArray[np.integer], centers: NDArray[np.floating]
) -> NDArray[np.float64]:
    """How often each unit is drawn in an epoch, up to a common factor, (units,)."""
    is_bleeding = classes > 0
    sizes = np.bincount(classes, minlength=2).astype(np.float64)
    if sampling.kind in ("class_balanced", "hybrid") and not sizes[:2].all():
        raise ValueError(f"The sampling {sampling.kind!r} needs units with and without a bleed.")
    if sampling.kind == "oversampled":
        return np.where(is_bleeding, sampling.positive_factor, 1.0)
    if sampling.kind == "class_balanced":
        return np.asarray(1 / sizes[classes])
    if sampling.kind == "hybrid":
        share = np.where(is_bleeding, sampling.positive_share, 1 - sampling.positive_share)
        return np.asarray(share / np.where(is_bleeding, is_bleeding.sum(), (~is_bleeding).sum()))
    if sampling.kind == "center_biased":
        return np.asarray(np.exp(-0.5 * np.square(centers / sampling.center_spread)))
    return np.ones(len(classes))
