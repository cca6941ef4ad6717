"""Who stays together, and which fold they are in.

Slices of one patient never stand on both sides; slices without a patient are grouped by near-duplicates,
across sources too. The one thing to get wrong: a slice-random split measures how well a network
remembers heads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.sources import LabeledSlice

DUPLICATE_CORRELATION = 0.97
"""Framed slices whose 32 x 32 thumbnails correlate at least so may show one head."""


def thumbnails(framed: NDArray[np.float32], side: int = 32) -> NDArray[np.float32]:
    """Standardized thumbnails, (slices, side * side), zero mean and unit length; zeros for a flat picture."""
    count, _, size, _ = framed.shape
    cell = size // side
    used = framed[:, 0, : cell * side, : cell * side]
    small = np.asarray(used).reshape(count, side, cell, side, cell).mean(axis=(2, 4)).reshape(count, -1)
    small = small - small.mean(axis=1, keepdims=True)
    length = np.linalg.norm(small, axis=1, keepdims=True)
    return np.asarray(np.where(length > 1e-6, small / np.maximum(length, 1e-6), 0), dtype=np.float32)


def groups_of(rows: Sequence[LabeledSlice], framed: NDArray[np.float32]) -> NDArray[np.int64]:
    """Group number of every slice: same patient, or near-duplicates (transitively).

    Near-duplicates tie a slice **without** patient to any other; two known patients stay apart, since
    neighbouring heads look alike.
    """
    parents = np.arange(len(rows))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = int(parents[index])
        return index

    first: dict[tuple[str, str], int] = {}
    for index, row in enumerate(rows):
        if row.patient:
            parents[root(index)] = root(first.setdefault((row.source, row.patient), index))
    small = thumbnails(framed)
    unknown = np.flatnonzero([not row.patient for row in rows])
    alike = small[unknown] @ small.T >= DUPLICATE_CORRELATION
    for position, other in zip(*np.nonzero(alike), strict=True):
        parents[root(int(unknown[position]))] = root(int(other))
    roots = np.asarray([root(index) for index in range(len(rows))])
    return np.asarray(np.unique(roots, return_inverse=True)[1], dtype=np.int64)


def folds_of(
    rows: Sequence[LabeledSlice], groups: NDArray[np.int64], fold_count: int, seed: int
) -> NDArray[np.int64]:
    """Fold of every slice; whole groups, dealt so that every source and label is spread evenly.

    Largest groups first, each to the fold that it leaves most even, ties broken by *seed*.
    """
    sources = sorted({row.source for row in rows})
    table = np.zeros((len(rows), len(sources) * 7))
    for index, row in enumerate(rows):
        column = sources.index(row.source) * 7
        table[index, column : column + 7] = (1, *row.labels)
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


def write_split(
    path: Path, rows: Sequence[LabeledSlice], groups: NDArray[np.int64], folds: NDArray[np.int64]
) -> None:
    """Freeze a split: one line per slice."""
    lines = [
        {"source": row.source, "name": row.name, "group": int(group), "fold": int(fold)}
        for row, group, fold in zip(rows, groups, folds, strict=True)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n", encoding="utf-8")


def read_split(path: Path, rows: Sequence[LabeledSlice]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Groups and folds of a frozen split.

    Raises:
        ValueError: The split is of other slices, or a group or a patient stands in two folds.
    """
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    if [(line["source"], line["name"]) for line in lines] != [(row.source, row.name) for row in rows]:
        raise ValueError(f"The split {path} was made for other slices.")
    groups = np.asarray([line["group"] for line in lines], dtype=np.int64)
    folds = np.asarray([line["fold"] for line in lines], dtype=np.int64)
    check_split(rows, groups, folds)
    return groups, folds


def check_split(rows: Sequence[LabeledSlice], groups: NDArray[np.int64], folds: NDArray[np.int64]) -> None:
    """Refuse a split that takes a patient or group apart.

    Raises:
        ValueError: Names the first one.
    """
    fold_of: dict[object, int] = {}
    for row, group, fold in zip(rows, groups, folds, strict=True):
        for key in [("group", int(group)), *([(row.source, row.patient)] if row.patient else [])]:
            if fold_of.setdefault(key, int(fold)) != fold:
                raise ValueError(f"{key[0]} {key[1]} stands in folds {fold_of[key]} and {fold}.")


def split_sha256(path: Path) -> str:
    """SHA-256 of the frozen split, hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
