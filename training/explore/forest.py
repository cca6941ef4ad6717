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
from sklearn.model_selection import GroupKFold, StratifiedKFold

from training.judge.bootstrap import Interval, with_interval
from training.judge.metrics import Labels, Scores, Weights, auc
from training.recipe.degrade import NeedError
from training.sources.labeled_slice import LabeledSlice, Need, missing_needs

NAME = "khandelwal_metadata_forest"
"""As in the table of systems."""

TREES = 100
FOLDS = 5
FEWEST_ROWS = 40


@dataclass(frozen=True)
class ForestResult:
    """What the forest could tell.

    Attributes:
        slices: In the balanced set.
        patients: In it.
        columns: Header columns that vary.
        accuracy: By patient, out of fold, with its 95 % interval over patients; None where not estimable.
        auc: In the same way.
        accuracy_slice_random: With slices of one patient on both sides.
        weightiest: Columns and their share of the forest's decisions, the weightiest first.
    """

    slices: int
    patients: int
    columns: tuple[str, ...]
    accuracy: Interval | None
    auc: Interval | None
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
    bleeding = np.asarray([row.labels[0] for row in usable], dtype=np.int64)
    chosen = _balanced(np.arange(len(usable)), bleeding, np.random.default_rng(seed))
    balanced = [usable[index] for index in chosen]
    names, values = header_matrix(balanced)
    labels = np.asarray([row.labels[0] for row in balanced], dtype=np.int64)
    patients = np.unique([row.patient for row in balanced], return_inverse=True)[1]
    if len(balanced) < FEWEST_ROWS or patients.max() + 1 < 2 * FOLDS:
        side = f"{bleeding.sum():,} slices with and {(1 - bleeding).sum():,} without a bleed"
        return f"{side} (headers and patients known) are too few, or of too few patients."
    if not names:
        return "No header column varies."
    by_patient = _out_of_fold(values, labels, GroupKFold(FOLDS).split(values, labels, patients), seed)
    dealer = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    by_slice = _out_of_fold(values, labels, dealer.split(values, labels), seed)
    forest = _forest(seed).fit(values, labels)
    order = np.argsort(forest.feature_importances_)[::-1][:6]
    return ForestResult(
        slices=len(balanced),
        patients=int(patients.max() + 1),
        columns=names,
        accuracy=with_interval(_accuracy, by_patient, labels == 1, patients),
        auc=with_interval(auc, by_patient, labels == 1, patients),
        accuracy_slice_random=float(((by_slice >= 0.5) == (labels == 1)).mean()),
        weightiest=tuple((names[i], float(forest.feature_importances_[i])) for i in order),
    )


def forest_logits(
    rows: Sequence[LabeledSlice], folds: NDArray[np.int64], held_out: Sequence[int], seed: int
) -> NDArray[np.float64]:
    """Scores on the folds of a comparison, so that the forest can stand in its table.

    Args:
        rows: All with headers, see ``require_headers``.
        folds: (rows,), fold of each.
        held_out: Folds to score, each by a forest of the balanced rest.
        seed: Of the lot and the trees.

    Returns:
        (rows,), log odds of a bleed in the balanced set; NaN in folds that are not scored.

    Raises:
        ValueError: The rest of a fold has no slice with a bleed, or none without.
    """
    _, values = header_matrix(rows)
    labels = np.asarray([row.labels[0] for row in rows], dtype=np.int64)
    known = np.asarray([row.known[0] for row in rows], dtype=np.bool_)
    logits = np.full(len(rows), np.nan)
    for fold in held_out:
        train = _balanced(
            np.flatnonzero(known & (folds != fold)), labels, np.random.default_rng((seed, fold))
        )
        if not len(train):
            raise ValueError(f"{NAME}: without fold {fold} there are not both bleeding and other slices.")
        test = np.flatnonzero(folds == fold)
        share = _forest(seed).fit(values[train], labels[train]).predict_proba(values[test])[:, 1]
        # All trees agreeing is no certainty: half a tree is kept back.
        share = np.clip(share, 0.5 / TREES, 1 - 0.5 / TREES)
        logits[test] = np.log(share / (1 - share))
    return logits


def require_headers(sources: Sequence[tuple[str, frozenset[Need]]]) -> None:
    """Refuse sources without headers: there is nothing that the forest could see.

    Args:
        sources: Name of each, and what it offers.

    Raises:
        NeedError: Names every source that has none.
    """
    lacking = [text for name, offers in sources for text in missing_needs(name, offers, [Need.HEADER])]
    if lacking:
        raise NeedError(f"{NAME}: {' '.join(lacking)}")


def header_matrix(rows: Sequence[LabeledSlice]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Header columns that vary, and their numbers, (rows, columns); NaN where absent."""
    names = sorted({name for row in rows for name, value in row.header.items() if not isinstance(value, str)})
    table = np.asarray(
        [[float(row.header.get(name, np.nan)) for name in names] for row in rows], dtype=np.float64
    ).reshape(len(rows), len(names))
    varies = [len(np.unique(table[:, i][~np.isnan(table[:, i])])) > 1 for i in range(len(names))]
    return tuple(name for name, is_used in zip(names, varies, strict=True) if is_used), table[:, varies]


def _balanced(
    indices: NDArray[np.int64], labels: NDArray[np.int64], generator: np.random.Generator
) -> NDArray[np.int64]:
    """Of some rows all bleeding ones and as many others, or the other way round; in order."""
    sides = indices[labels[indices] == 1], indices[labels[indices] == 0]
    count = min(len(side) for side in sides)
    return np.sort(np.concatenate([generator.permutation(side)[:count] for side in sides]))


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


def _accuracy(scores: Scores, labels: Labels, weights: Weights) -> NDArray[np.float64]:
    """Share of slices on the right side of one half."""
    return np.asarray(weights @ ((scores >= 0.5) == labels) / weights.sum(axis=1))
