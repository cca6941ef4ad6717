"""The batch of a step: which rows, varied how, normalized, with their targets.

A data set whose items are whole batches, so that loaders may work ahead in other processes. The one thing to
get wrong: all processes of a run draw the *whole* batch and then make their own part of it, so that together
they use every row exactly once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from ichviewer.core.preprocessing import normalize
from training.fit import chance
from training.fit.augment import Variation, draw_variation, resized, vary, vary_classes
from training.fit.channels import repeated
from training.fit.cutmix import Cut, cut_for, mixed, pasted
from training.fit.distributed import Processes
from training.fit.losses import Targets, target_known, target_values
from training.fit.phases import PlannedPhase
from training.fit.rows import TrainingRows
from training.fit.units import make_sampler, units_of
from training.recipe.tree import Recipe, Sampling


@dataclass(frozen=True, eq=False)
class Batch:
    """One process's part of a batch.

    Attributes:
        images: (n, channels, size, size), or (n, slices, channels, size, size); normalized.
        targets: What the outputs should be.
        counts: (n,), 1; 0 for a row that only stands in where a process would have none.
        units: (n,), numbers of the units; -1 for generated slices.
        whole: Rows of the batch over all processes.
    """

    images: Tensor
    targets: Targets
    counts: Tensor
    units: Tensor
    whole: int

    def to(self, device: torch.device) -> Batch:
        """The batch on a device."""
        targets = Targets(
            self.targets.values.to(device, non_blocking=True),
            self.targets.known.to(device, non_blocking=True),
            None if self.targets.classes is None else self.targets.classes.to(device, non_blocking=True),
        )
        images = self.images.to(device, non_blocking=True)
        return replace(self, images=images, targets=targets, counts=self.counts.to(device, non_blocking=True))


Given = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Targets of a unit's rows, (rows, outputs), and what of them is known."""


class Drawn(NamedTuple):
    """A unit of a batch: where its rows stand, which they are, and its number (-1: generated)."""

    rows: TrainingRows
    members: NDArray[np.int64]
    number: int


class Batches(Dataset[Batch]):
    """The batches of one phase by step."""

    def __init__(
        self,
        rows: TrainingRows,
        recipe: Recipe,
        planned: PlannedPhase,
        number: int,
        processes: Processes,
        generated: TrainingRows | None = None,
    ) -> None:
        """Prepare.

        Args:
            rows: To learn from.
            recipe: How.
            planned: The phase.
            number: Of the phase.
            processes: Which part of each batch is made here.
            generated: Slices of the procedural head, where the phase mixes them in.
        """
        self._rows = rows
        self._recipe = recipe
        self._planned = planned
        self._number = number
        self._processes = processes
        self._generated = generated
        self._units = units_of(rows, recipe)
        self.sampler = make_sampler(rows, recipe)

    def __len__(self) -> int:
        return self._planned.steps

    def __getitem__(self, step: int) -> Batch:
        recipe, processes = self._recipe, self._processes
        draw = chance.generator(recipe.seed, chance.STEP, self._number, step)
        drawn = self._drawn(step, draw)
        variation = draw_variation(len(drawn), recipe.augmentation, draw)
        mine = np.arange(len(drawn))[processes.rank :: processes.count]
        # A process without a row must take part all the same, with one that counts nothing.
        counts = torch.full((max(1, len(mine)),), float(len(mine) > 0))
        mine = mine if len(mine) else np.zeros(1, dtype=np.int64)
        made = self._made([drawn[place] for place in mine], variation.part(mine), self._planned.size_px(step))
        numbers = torch.tensor([drawn[place].number for place in mine])
        return replace(made, counts=counts, units=numbers, whole=len(drawn))

    def _drawn(self, step: int, draw: np.random.Generator) -> list[Drawn]:
        """The units of the whole batch, generated ones last."""
        generated, share = self._generated, self._planned.phase.generated_share
        count = round(self._recipe.batch_size * share) if generated is not None else 0
        numbers = self.sampler.units_of(self._number, step, draw, fewer=count)
        drawn = [Drawn(self._rows, self._units.members[number], int(number)) for number in numbers]
        if generated is not None:
            made = generated.indices[draw.integers(len(generated.indices), size=count)]
            drawn += [Drawn(generated, made[place : place + 1], -1) for place in range(count)]
        return drawn

    def _made(self, drawn: list[Drawn], variation: Variation, size_px: int) -> Batch:
        """Frame, vary and normalize units."""
        recipe = self._recipe
        each = variation.part(np.repeat(np.arange(len(drawn)), [len(unit.members) for unit in drawn]))
        framed = np.stack([self._framed(unit.rows, int(row)) for unit in drawn for row in unit.members])
        copies = 2 * recipe.preprocessing.neighbours + 1
        grey = vary(framed, each, recipe.preprocessing.windows[0].width, size_px, copies).numpy()
        classes = classes_of(drawn)
        if classes is not None:
            classes = vary_classes(classes, each, size_px)
        if recipe.sampling.patch_px:
            grey, classes = cut_patches(grey, classes, recipe.sampling, each.seeds)
        return assembled(recipe, grey, [self._targets(unit) for unit in drawn], classes)

    def _targets(self, unit: Drawn) -> Given:
        given = given_of(unit.rows, unit.members, self._recipe)
        if self._recipe.augmentation.cutmix != "mixed_by_area" or unit.rows is not self._rows:
            return given
        side = self._recipe.preprocessing.size_px
        cuts = [self._cut(int(row), side) for row in unit.members]
        others = target_values(self._rows.labels[[cut.other for cut in cuts]], self._recipe)
        values = [mixed(value, other, cut) for value, other, cut in zip(given[0], others, cuts, strict=True)]
        return np.stack(values), given[1]

    def _framed(self, rows: TrainingRows, row: int) -> NDArray[np.float32]:
        framed = rows.frames.framed(row)
        if self._recipe.augmentation.cutmix == "none" or rows is not self._rows:
            return framed
        cut = self._cut(row, framed.shape[-1])
        return pasted(framed, rows.frames.framed(cut.other), cut)

    def _cut(self, row: int, side: int) -> Cut:
        alpha = self._recipe.augmentation.cutmix_alpha
        return cut_for(row, self._rows.indices, (side, side), alpha, self._recipe.seed)


def given_of(rows: TrainingRows, members: NDArray[np.int64], recipe: Recipe) -> Given:
    """Targets of a unit's rows, and what of them is known."""
    learned = rows.labels if rows.targets is None else rows.targets
    return target_values(learned[members], recipe), target_known(rows.known[members], recipe)


def classes_of(drawn: list[Drawn]) -> NDArray[np.int64] | None:
    """Masks of all rows of a batch, (n, size, size), or None.

    Raises:
        ValueError: Some rows have masks and others have none.
    """
    masks = [unit.rows.frames.classes(int(row)) for unit in drawn for row in unit.members]
    there = [mask for mask in masks if mask is not None]
    if there and len(there) < len(masks):
        raise ValueError("Slices with and without masks cannot be mixed in a batch.")
    return np.stack(there) if there else None


def assembled(
    recipe: Recipe, grey: NDArray[np.float32], given: list[Given], classes: NDArray[np.int64] | None
) -> Batch:
    """Normalize, and fill short series up with slices that are not known.

    Args:
        recipe: Says how.
        grey: Of all rows, unit after unit.
        given: Of every unit.
        classes: Masks of all rows.
    """
    spec = recipe.preprocessing
    images = np.stack([normalize(framed, spec) for framed in repeated(grey, spec)])
    values, known = np.concatenate([v for v, _ in given]), np.concatenate([k for _, k in given])
    if recipe.sampling.unit == "series":
        ends = np.cumsum([len(v) for v, _ in given])[:-1]
        images, values, known = (_filled(np.split(whole, ends)) for whole in (images, values, known))
    targets = Targets(
        torch.from_numpy(values),
        torch.from_numpy(known),
        None if classes is None else torch.from_numpy(classes),
    )
    count = len(images)
    return Batch(torch.from_numpy(images), targets, torch.ones(count), torch.full((count,), -1), count)


def _filled(parts: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """(units, longest, ...), zeros behind the shorter ones."""
    filled = np.zeros((len(parts), max(map(len, parts)), *parts[0].shape[1:]), dtype=np.float32)
    for whole, part in zip(filled, parts, strict=True):
        whole[: len(part)] = part
    return filled


def cut_patches(
    grey: NDArray[np.float32], classes: NDArray[np.int64] | None, how: Sampling, seeds: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64] | None]:
    """A patch of each slice; of a bleeding one, a share of them around the bleed."""
    side = how.patch_px
    patches, masks = [], []
    for number, seed in enumerate(seeds):
        draw = np.random.default_rng((int(seed), 1))
        last = grey.shape[-1] - side
        top, left = (int(v) for v in draw.integers(last + 1, size=2))
        bleed = np.argwhere(classes[number] > 0) if classes is not None else np.zeros((0, 2), dtype=np.int64)
        if len(bleed) and draw.random() < how.bleed_patch_share:
            corner = bleed[draw.integers(len(bleed))] - draw.integers(side // 4, 3 * side // 4, size=2)
            top, left = (int(v) for v in np.clip(corner, 0, last))
        patches.append(grey[number][:, top : top + side, left : left + side])
        if classes is not None:
            masks.append(classes[number][top : top + side, left : left + side])
    return np.stack(patches), np.stack(masks) if masks else None


def still_batch(rows: TrainingRows, recipe: Recipe, members: list[NDArray[np.int64]], size_px: int) -> Batch:
    """A batch of units as they are, for scoring and for steering.

    Args:
        rows: Where they stand.
        recipe: Says what they mean.
        members: Rows of each unit.
        size_px: Side of the input.
    """
    drawn = [Drawn(rows, unit, -1) for unit in members]
    grey = resized(np.stack([rows.frames.framed(int(row)) for unit in members for row in unit]), size_px)
    classes = classes_of(drawn)
    if classes is not None:
        picked = ((np.arange(size_px) + 0.5) * classes.shape[-1] / size_px).astype(np.int64)
        classes = classes[:, picked][:, :, picked]
    return assembled(recipe, grey, [given_of(rows, unit, recipe) for unit in members], classes)
