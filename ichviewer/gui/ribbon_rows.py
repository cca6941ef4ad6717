"""What the score ribbon draws, as plain values: rows of scores, and marks above threshold.

The one thing to get wrong: where several slices share a row, a score above threshold is never
hidden by a neighbour, and a slice without scores is never hidden by a low score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES, SliceStatus, StudyFindings
from ichviewer.core.volume import Volume

STATUS_ORDER = (SliceStatus.OK, SliceStatus.PENDING, SliceStatus.UNREADABLE, SliceStatus.FAILED)
"""What a shared row says, least to most important."""


@dataclass(frozen=True, eq=False)
class RibbonRows:
    """Scores grouped into rows, lowest slice first.

    Attributes:
        probabilities: (rows, labels), highest of the row's slices, 0 where none has a score.
        is_flagged: (rows, labels), whether any of the row's slices reaches the threshold.
        statuses: Per row, what is known.
    """

    probabilities: NDArray[np.float64]
    is_flagged: NDArray[np.bool_]
    statuses: tuple[SliceStatus, ...]


@dataclass(frozen=True)
class Mark:
    """Adjacent slices above threshold for one label, counted from 0.

    Attributes:
        column: Index of the label.
        first: Lowest slice.
        last: Highest slice.
    """

    column: int
    first: int
    last: int

    @property
    def is_isolated(self) -> bool:
        """Whether it is one slice alone."""
        return self.first == self.last


def score_table(findings: StudyFindings) -> NDArray[np.float64]:
    """(slices, labels); NaN where there is no score."""
    absent = (np.nan,) * len(SUBTYPES)
    rows = [absent if f.probabilities is None else f.probabilities for f in findings.slices]
    return np.asarray(rows, dtype=np.float64).reshape(-1, len(SUBTYPES))


def ribbon_rows(findings: StudyFindings, thresholds: Sequence[float] | None, most_rows: int) -> RibbonRows:
    """Group the slices into at most *most_rows* rows.

    Args:
        findings: At least one slice.
        thresholds: Per label; None without a model card: nothing is above threshold then.
        most_rows: As many as can be told apart on the screen, at least 1.
    """
    table = score_table(findings)
    count = len(table)
    row_count = min(count, most_rows)
    starts = -(-np.arange(row_count) * count // row_count)
    limits = np.full(len(SUBTYPES), np.inf) if thresholds is None else np.asarray(thresholds)
    scores = np.where(np.isnan(table), 0.0, table)
    ranks = np.asarray([STATUS_ORDER.index(finding.status) for finding in findings.slices])
    return RibbonRows(
        np.maximum.reduceat(scores, starts, axis=0),
        np.logical_or.reduceat(scores >= limits, starts, axis=0),
        tuple(STATUS_ORDER[rank] for rank in np.maximum.reduceat(ranks, starts)),
    )


def awaited_runs(volume: Volume) -> list[tuple[int, int]]:
    """Adjacent slices that are still to be read: (first, last), lowest first."""
    runs: list[tuple[int, int]] = []
    for index in sorted(volume.awaited_slices):
        if runs and runs[-1][1] == index - 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    return runs


def marks_above_threshold(findings: StudyFindings, thresholds: Sequence[float] | None) -> tuple[Mark, ...]:
    """Runs and isolated slices above threshold, label by label."""
    if thresholds is None:
        return ()
    with np.errstate(invalid="ignore"):
        flagged = score_table(findings) >= np.asarray(thresholds)
    marks = []
    for column in range(flagged.shape[1]):
        steps = np.diff(np.concatenate([[0], flagged[:, column].astype(np.int8), [0]]))
        firsts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
        marks += [Mark(column, int(a), int(b) - 1) for a, b in zip(firsts, ends, strict=True)]
    return tuple(marks)
