"""What a network learns from: rows with labels, groups and places, and framed slices by their number.

The one thing to get wrong: ``indices`` say which rows may be used; the others are held out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from training.recipe.tree import BLEEDING_ONLY, Recipe


class Frames(Protocol):
    """Framed slices by row number; may read from a file, must be the same whenever it is asked."""

    def framed(self, index: int) -> NDArray[np.float32]:
        """(distinct channels, size, size), [0, 1], not yet normalized; see ``training.fit.channels``."""

    def classes(self, index: int) -> NDArray[np.int64] | None:
        """(size, size), 0 for no bleed, k for subtype k of SUBTYPES; None without masks."""


@dataclass(frozen=True, eq=False)
class InMemory:
    """Frames that lie in arrays.

    Attributes:
        images: (rows, distinct channels, size, size), [0, 1].
        masks: (rows, size, size), or None.
    """

    images: NDArray[np.float32]
    masks: NDArray[np.integer] | None = None

    def framed(self, index: int) -> NDArray[np.float32]:
        """(channels, size, size)."""
        return np.asarray(self.images[index])

    def classes(self, index: int) -> NDArray[np.int64] | None:
        """(size, size), or None."""
        return None if self.masks is None else self.masks[index].astype(np.int64)


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """Labeled slices to learn from.

    Attributes:
        frames: Their pixels.
        labels: (rows, 6), 0 or 1.
        known: (rows, 6), whether the label was given.
        groups: (rows,), patient or group of near-duplicates; groups never stand on both sides.
        series: (rows,), number of the series; every row its own where unknown.
        places: (rows,), order within the series.
        indices: The rows that may be used.
        targets: (rows, 6), in [0, 1], learned in place of the labels (distillation); None: the labels. Rows
            are drawn by their labels all the same.
    """

    frames: Frames
    labels: NDArray[np.float32]
    known: NDArray[np.bool_]
    groups: NDArray[np.int64]
    series: NDArray[np.int64]
    places: NDArray[np.float64]
    indices: NDArray[np.int64]
    targets: NDArray[np.float32] | None = None

    @property
    def bleeding(self) -> NDArray[np.bool_]:
        """(rows,), whether a bleed is known of: *any*, or a subtype where nobody said *any*."""
        return np.asarray(((self.labels > 0) & self.known).any(axis=1))

    @property
    def healthy(self) -> NDArray[np.bool_]:
        """(rows,), whether it was said that there is no bleed; neither this nor *bleeding* may hold."""
        return np.asarray(self.known[:, 0] & (self.labels[:, 0] == 0))

    def only(self, indices: NDArray[np.int64]) -> TrainingRows:
        """The same rows, of which others may be used."""
        return replace(self, indices=indices)


def rows_of_arrays(
    images: NDArray[np.float32],
    labels: NDArray[np.floating],
    masks: NDArray[np.integer] | None = None,
    groups: NDArray[np.int64] | None = None,
    series: NDArray[np.int64] | None = None,
) -> TrainingRows:
    """Rows whose every label is known, each its own group and series unless said."""
    count = len(images)
    own = np.arange(count, dtype=np.int64)
    return TrainingRows(
        InMemory(images, masks),
        np.asarray(labels, dtype=np.float32),
        np.ones((count, 6), dtype=np.bool_),
        own if groups is None else groups,
        own if series is None else series,
        own.astype(np.float64),
        own,
    )


def chosen_indices(rows: TrainingRows, recipe: Recipe) -> NDArray[np.int64]:
    """Of the rows that may be used, those that the recipe learns from.

    Raises:
        ValueError: None is left.
    """
    usable = rows.indices[_has_labels(rows, recipe)]
    if recipe.rows in ("middle_five", "middle_five_bleeding"):
        usable = np.sort(np.concatenate([_middle_five(s) for s in series_of(rows, usable)] or [usable]))
    bleeding = rows.bleeding[usable]
    if recipe.rows in BLEEDING_ONLY:
        usable = usable[bleeding]
    elif recipe.rows == "balanced":
        generator = np.random.default_rng((recipe.seed, 1))
        others = np.flatnonzero(rows.healthy[usable])
        drawn = generator.choice(others, min(len(others), int(bleeding.sum())), replace=False)
        usable = usable[np.sort(np.concatenate([np.flatnonzero(bleeding), drawn]))]
    if not len(usable):
        raise ValueError(f"No row is left to learn from: rows = {recipe.rows!r}, labels = {recipe.labels!r}.")
    return usable


def _has_labels(rows: TrainingRows, recipe: Recipe) -> NDArray[np.bool_]:
    """Rows with at least one label that is learned; of exclusive classes all are needed."""
    known = rows.known[rows.indices]
    if recipe.labels == "binary":
        return known[:, 0]
    if recipe.labels == "single_label":
        return np.asarray(known.all(axis=1))
    return np.asarray(known.any(axis=1))


def _middle_five(members: NDArray[np.int64]) -> NDArray[np.int64]:
    start = len(members) // 2
    return members[start : start + 5]


def series_of(rows: TrainingRows, indices: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Row numbers of every series among *indices*, each in the order of its places."""
    order = indices[np.lexsort((rows.places[indices], rows.series[indices]))]
    starts = np.flatnonzero(np.diff(rows.series[order])) + 1
    return [part for part in np.split(order, starts) if len(part)]


def held_out_share(
    rows: TrainingRows, indices: NDArray[np.int64], share: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row numbers to learn from and to steer by; whole groups go to one side.

    Raises:
        ValueError: There are too few groups for both sides.
    """
    groups = np.unique(rows.groups[indices])
    order = np.random.default_rng((seed, 2)).permutation(groups)
    held = order[: round(share * len(groups))]
    if not len(held) or len(held) == len(groups):
        raise ValueError(f"{len(groups)} groups are too few to hold out a share of {share}.")
    is_held = np.isin(rows.groups[indices], held)
    return indices[~is_held], indices[is_held]


def evenly(members: Sequence[int] | NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """At most *length* of a series' rows, evenly spread.

    >>> evenly([3, 4, 5, 6, 7], 3)
    array([3, 5, 7])
    """
    whole = np.asarray(members, dtype=np.int64)
    if len(whole) <= length:
        return whole
    return whole[np.rint(np.linspace(0, len(whole) - 1, length)).astype(np.int64)]
