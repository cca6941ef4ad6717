"""Who stays together: slices of one patient, and near-duplicates of slices whose patient is not known.

The one thing to get wrong: a slice-random split measures how well a network remembers heads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from training.sources.labeled_slice import LabeledSlice
from training.split.near_duplicates import near_duplicate_pairs, thumbnails
from training.split.ties import Tie, ties_of


def groups_of(rows: Sequence[LabeledSlice], framed: NDArray[np.float32]) -> NDArray[np.int64]:
    """Group number of every slice, from framed slices, (slices, channels, size, size)."""
    return groups_from_thumbnails(rows, thumbnails(framed))


def groups_from_thumbnails(rows: Sequence[LabeledSlice], small: NDArray[np.float32]) -> NDArray[np.int64]:
    """Group number of every slice: same patient or study, a host's head, or near-duplicates.

    All of these work transitively. Near-duplicates tie a slice **without** patient to any other; two known
    patients stay apart, since neighboring heads look alike.

    Args:
        rows: Of one or more sources.
        small: (slices, d), from ``thumbnails``.

    Returns:
        (slices,), numbered in the order of their first slices.
    """
    first: dict[Tie, int] = {}
    ties: list[tuple[int, int]] = []
    for index, row in enumerate(rows):
        ties += [(index, first.setdefault(tie, index)) for tie in ties_of(row)]
    unknown = np.asarray([not row.patient for row in rows], dtype=np.bool_)
    pairs = list(near_duplicate_pairs(small, unknown))
    a = np.concatenate([[tie[0] for tie in ties], *(pair[0] for pair in pairs)]).astype(np.int64)
    b = np.concatenate([[tie[1] for tie in ties], *(pair[1] for pair in pairs)]).astype(np.int64)
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(len(rows), len(rows)))
    _, component = connected_components(graph, directed=False)
    return _in_order_of_appearance(component)


def _in_order_of_appearance(numbers: NDArray[np.integer]) -> NDArray[np.int64]:
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[inverse], dtype=np.int64)
