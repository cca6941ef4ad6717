"""Lines of equal heat, as short straight pieces between pixel centers (marching squares).

The one thing to get wrong: a line that followed the edge of the head would claim that the heat ends there.
Lines are found in the heat itself, which is smooth from cell to cell of the map and so never finer than one
cell, and what lies outside the head is then left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CONTOUR_LEVELS = (0.25, 0.5, 0.75)
"""Shares of full color at which lines of equal heat are drawn."""

_SIDES_OF_CASE = {
    1: ((3, 0),),
    2: ((0, 1),),
    3: ((3, 1),),
    4: ((1, 2),),
    5: ((3, 0), (1, 2)),
    6: ((0, 2),),
    7: ((3, 2),),
    8: ((2, 3),),
    9: ((2, 0),),
    10: ((0, 1), (2, 3)),
    11: ((2, 1),),
    12: ((1, 3),),
    13: ((1, 0),),
    14: ((0, 3),),
}
"""Sides of a square that a line joins (0 top, 1 right, 2 bottom, 3 left), by which of its corners are above
the level: 1 upper left, 2 upper right, 4 lower right, 8 lower left."""


def contour_segments(
    values: NDArray[np.floating], level: float, kept: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """Straight pieces of the lines on which *values* equal *level*, linear between pixels.

    Args:
        values: (rows, columns), two of each at least.
        level: Where a value equals it, it counts as above.
        kept: (rows - 1, columns - 1), the squares between four pixels each whose pieces are kept; all by
            default.

    Returns:
        (pieces, 2, 2): both ends of each piece, (column, row); the middle of the first pixel is (0.5, 0.5).

    >>> contour_segments(np.array([[0.0, 1.0], [0.0, 1.0]]), 0.25).tolist()
    [[[0.75, 0.5], [0.75, 1.5]]]
    """
    is_above = values >= level
    case = (
        is_above[:-1, :-1] * 1 + is_above[:-1, 1:] * 2 + is_above[1:, 1:] * 4 + is_above[1:, :-1] * 8
    ).astype(np.uint8)
    is_crossed = (case > 0) & (case < 15)
    if kept is not None:
        is_crossed &= kept
    row, column = np.nonzero(is_crossed)
    cases = case[row, column]
    pieces = []
    for number, joins in _SIDES_OF_CASE.items():
        here = cases == number
        for first, second in joins:
            ends = [_crossing(values, level, row[here], column[here], side) for side in (first, second)]
            pieces.append(np.stack(ends, axis=1))
    return np.concatenate(pieces).astype(np.float32)


def _crossing(
    values: NDArray[np.floating],
    level: float,
    row: NDArray[np.intp],
    column: NDArray[np.intp],
    side: int,
) -> NDArray[np.float64]:
    """Where the level crosses one side of squares, (n, 2) as (column, row)."""
    # Both ends are named from the left or from the top, so that neighbors compute the same point.
    begin_row, begin_column = row + (side == 2), column + (side == 1)
    is_level = side in (0, 2)
    begin = values[begin_row, begin_column].astype(np.float64)
    end = values[begin_row + (not is_level), begin_column + is_level].astype(np.float64)
    part = (level - begin) / (end - begin)
    across, down = (part, 0.0) if is_level else (0.0, part)
    return np.stack([begin_column + across + 0.5, begin_row + down + 0.5], axis=1)
