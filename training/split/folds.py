"""Folds: whole groups, dealt evenly; slice by slice only where a report did so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES
from training.sources.labeled_slice import LabeledSlice

COLUMNS = 1 + len(SUBTYPES)
"""Per source: slices, and positives of each label."""


def folds_of(
    rows: Sequence[LabeledSlice], groups: NDArray[np.int64], fold_count: int, seed: int
) -> NDArray[np.int64]:
    """Fold of every slice; whole groups, dealt so that every source and label is spread evenly.

    Largest groups first, each to the fold that it leaves most even, ties broken by *seed*.
    """
    sources = sorted({row.source for row in rows})
    table = np.zeros((len(rows), len(sources) * COLUMNS))
    for index, row in enumerate(rows):
        column = sources.index(row.source) * COLUMNS
        table[index, column : column + COLUMNS] = (1, *row.labels)
    totals = np.maximum(table.sum(axis=0), 1)
    per_group = np.zeros((int(groups.max()) + 1, table.shape[1]))
    np.add.at(per_group, groups, table / totals)
    # A group that holds positives counts once more in every label it has, so that patients are spread too.
    has = (per_group > 0).astype(np.float64)
    per_group += has / np.maximum(has.sum(axis=0), 1)
    generator = np.random.default_rng(seed)
    order = np.lexsort((generator.random(len(per_group)), -per_group.sum(axis=1)))
    filled = np.zeros((fold_count, table.shape[1]))
    fold = np.zeros(len(per_group), dtype=np.int64)
    for group in order:
        after = filled + per_group[group]
        uneven = (after**2 - filled**2).sum(axis=1)
        fold[group] = int(np.argmin(uneven))
        filled[fold[group]] += per_group[group]
    return fold[groups]


def slice_random_folds(row_count: int, fold_count: int, seed: int) -> NDArray[np.int64]:
    """Fold of every slice, dealt one by one as most reports did: one head stands on both sides.

    Only for a recipe's ``as_reported`` run; the validator refuses it everywhere else.
    """
    folds = np.arange(row_count, dtype=np.int64) % fold_count
    return np.random.default_rng(seed).permutation(folds)
