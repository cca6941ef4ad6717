"""What a sampler draws: slices, or whole series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.fit.losses import target_values
from training.fit.rows import TrainingRows, evenly, series_of
from training.fit.sampling import Sampler
from training.recipe.tree import Recipe


@dataclass(frozen=True, eq=False)
class Units:
    """What is drawn: slices, or series.

    Attributes:
        members: Rows of each unit.
        classes: (units,), 0 where no bleed is known of; the first subtype where classes exclude each other,
            else 1.
        centers: (units,), distance from the middle of its series, as a share of its length.
    """

    members: tuple[NDArray[np.int64], ...]
    classes: NDArray[np.int64]
    centers: NDArray[np.float64]


def units_of(rows: TrainingRows, recipe: Recipe) -> Units:
    """The units of the rows that may be used."""
    by_series = series_of(rows, rows.indices)
    if recipe.sampling.unit == "series":
        members = tuple(evenly(series, recipe.sampling.series_length) for series in by_series)
        bleeding = np.asarray([rows.bleeding[unit].any() for unit in members], dtype=np.int64)
        return Units(members, bleeding, np.zeros(len(members)))
    center = {
        int(row): (place + 0.5) / len(series) - 0.5
        for series in by_series
        for place, row in enumerate(series)
    }
    classes = rows.bleeding[rows.indices].astype(np.int64)
    if recipe.labels == "single_label":
        classes = target_values(rows.labels[rows.indices], recipe).argmax(axis=1)
    return Units(
        tuple(np.asarray([row]) for row in rows.indices),
        np.asarray(classes, dtype=np.int64),
        np.asarray([center[int(row)] for row in rows.indices]),
    )


def make_sampler(rows: TrainingRows, recipe: Recipe) -> Sampler:
    """The sampler of a recipe over rows."""
    units = units_of(rows, recipe)
    return Sampler(recipe.sampling, units.classes, units.centers, recipe.batch_size, recipe.seed)
