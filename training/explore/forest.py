"""A random forest that sees no pixel, only header columns: the warning that it is.

Whatever it finds above chance is not blood but the way that a scanner, a protocol or a hospital writes its
files (or where in the head a slice lies). A network can learn the same. The one thing to get wrong: with
slices of one study on both sides it recognizes studies, so both ways of splitting stand side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, StratifiedKFold

from training.sources.labeled_slice import LabeledSlice

TREES = 100
FOLDS = 5
FEWEST_ROWS = 40
REPLICATES = 500


@dataclass(frozen=True)
class ForestResult:
    """What the forest could tell.

    Attributes:
        slices: In the balanced set.
        patients: In it.
        columns: Header columns that vary.
        accuracy: By patient, out of fold.
        interval: 95 %, by bootstrap over patients.
        auc: By patient, out of fold.
        accuracy_slice_random: With slices of one patient on both sides.
        weightiest: Columns and their share of the forest's decisions, the weightiest first.
    """

    slices: int
    patients: int
    columns: tuple[str, ...]
    accuracy: float
    interval: tuple[float, float]
    auc: float
    accuracy_slice_random: float
    weightiest: tuple[tuple[str, float], ...]


def metadata_forest(rows: Sequence[LabeledSlice], seed: int) -> ForestResult | str:
    """Bleeding or not, from header columns alone, on as many slices with as without.

    Returns:
        The result, or in words why there is none.
    """
    usable = [row for row in rows if row.header and row.known[0] and row.patient]
    if not usable:
        return "There are no headers with patients, so nothing to learn it from."
    generator = np.random.default_rng(seed)
    balanced = _balanced(usable, generator)
    names, values = header_matrix(balanced)
    labels = np.asarray([row.labels[0] for row in balanced], dtype=np.int64)
    patients = np.unique([row.patient for row in balanced], return_inverse=True)[1]
    if len(balanced) < FEWEST_ROWS or patients.max() + 1 < 2 * FOLDS:
        return f"{len(balanced)} slices in balance are too few."
    if not names:
        return "No header column varies."
    by_patient = _out_of_fold(values, labels, GroupKFold(FOLDS).split(values, labels, patients), seed)
    dealer = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    by_slice = _out_of_fold(values, labels, dealer.split(values, labels), seed)
    forest = _forest(seed).fit(values, labels)
    order = np.argsort(forest.feature_importances_)[::-1][:6]
    right = (by_patient >= 0.5) == (labels == 1)
    return ForestResult(
        slices=len(balanced),
        patients=int(patients.max() + 1),
        columns=names,
        accuracy=float(right.mean()),
        interval=_interval(right, patients, generator),
        auc=float(roc_auc_score(labels, by_patient)),
        accuracy_slice_random=float(((by_slice >= 0.5) == (labels == 1)).mean()),
        weightiest=tuple((names[i], float(forest.feature_importances_[i])) for i in order),
    )


def header_matrix(rows: Sequence[LabeledSlice]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Header columns that vary, and their numbers, (rows, columns); NaN where absent."""
    names = sorted({name for row in rows for name, value in row.header.items() if not isinstance(value, str)})
    table = np.asarray(
        [[float(row.header.get(name, np.nan)) for name in names] for row in rows], dtype=np.float64
    ).reshape(len(rows), len(names))
    varies = [len(np.unique(table[:, i][~np.isnan(table[:, i])])) > 1 for i in range(len(names))]
    return tuple(name for name, is_used in zip(names, varies, strict=True) if is_used), table[:, varies]


def _balanced(rows: Sequence[LabeledSlice], generator: np.random.Generator) -> list[LabeledSlice]:
    """All bleeding slices and as many others, or the other way round; in order."""
    labels = np.asarray([row.labels[0] for row in rows])
    sides = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    count = min(len(side) for side in sides)
    chosen = np.concatenate([generator.permutation(side)[:count] for side in sides])
    return [rows[index] for index in np.sort(chosen)]


def _forest(seed: int) -> RandomForestClassifier:
    return RandomForestClassifier(TREES, random_state=seed, n_jobs=1)


def _out_of_fold(
    values: NDArray[np.float64], labels: NDArray[np.int64], folds: object, seed: int
) -> NDArray[np.float64]:
    scores = np.full(len(labels), 0.5)
    for train, test in folds:  # type: ignore[attr-defined]
        # A training part with one class alone says nothing of the other.
        if len(np.unique(labels[train])) == 2:
            scores[test] = _forest(seed).fit(values[train], labels[train]).predict_proba(values[test])[:, 1]
    return scores


def _interval(
    right: NDArray[np.bool_], patients: NDArray[np.integer], generator: np.random.Generator
) -> tuple[float, float]:
    """95 % interval of the accuracy over patients drawn anew."""
    hits, totals = np.bincount(patients, weights=right), np.bincount(patients)
    drawn = generator.integers(len(totals), size=(REPLICATES, len(totals)))
    low, high = np.percentile(hits[drawn].sum(axis=1) / totals[drawn].sum(axis=1), (2.5, 97.5))
    return float(low), float(high)
