"""Who lies above and below a slice: by position within its series, never by file name or row number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.sources.labeled_slice import LabeledSlice

NOBODY = -1


def neighbor_indices(rows: Sequence[LabeledSlice]) -> NDArray[np.int64]:
    """Row numbers of the slices below and above each slice.

    Args:
        rows: Of one or more sources, in any order.

    Returns:
        (rows, 2), NOBODY at the ends of a series and where position or slice number are unknown. Two slices
        at one position are neighbors of each other, in the order of their names.
    """
    series: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        if row.series and (row.position_mm is not None or row.slice_number is not None):
            series[row.source, *row.unit].append(index)
    found = np.full((len(rows), 2), NOBODY, dtype=np.int64)
    for members in series.values():
        has_positions = all(rows[index].position_mm is not None for index in members)
        ordered = sorted(members, key=lambda index: _place(rows[index], has_positions))
        found[ordered[1:], 0] = ordered[:-1]
        found[ordered[:-1], 1] = ordered[1:]
    return found


def _place(row: LabeledSlice, has_positions: bool) -> tuple[float, str]:
    place = row.position_mm if has_positions else row.slice_number
    return float(place if place is not None else 0), row.name
