"""Shapes on a grid of cells: growing, shrinking, pieces that hang together, holes.

Masks are (rows, columns). The one thing to get wrong: neighbors are the four beside a cell, not those at its
corners.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def dilate(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask and its 4-neighbors."""
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    grown[:, 1:] |= mask[:, :-1]
    grown[:, :-1] |= mask[:, 1:]
    return grown


def erode(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What of the mask has all its 4-neighbors in it; the border of the grid counts as mask."""
    return ~dilate(~mask)


def spread(seeds: NDArray[np.bool_], allowed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Everything in *allowed* that hangs together with a seed (4-neighbours).

    Whole runs are filled at a time, along rows and columns in turn: a round head takes a few steps.
    """
    reached = seeds & allowed
    while True:
        grown = _fill_runs(_fill_runs(reached, allowed).T, allowed.T).T
        if np.array_equal(grown, reached):
            return reached
        reached = grown


def _fill_runs(reached: NDArray[np.bool_], allowed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The runs of *allowed* along each row that hold a reached cell."""
    starts = allowed.copy()
    starts[:, 1:] &= ~allowed[:, :-1]
    run_of_cell = np.cumsum(starts.ravel()).reshape(allowed.shape)
    is_hit = np.zeros(int(run_of_cell.max(initial=0)) + 1, dtype=np.bool_)
    is_hit[run_of_cell[reached]] = True
    return is_hit[run_of_cell] & allowed


def largest_piece(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest piece; it is looked for first where most cells are, so that scattered bits cost nothing."""
    best = np.zeros_like(mask)
    rest = mask.copy()
    while rest.sum() > best.sum():
        seed = np.zeros_like(mask)
        row = int(np.argmax(rest.sum(axis=1)))
        columns = np.flatnonzero(rest[row])
        seed[row, columns[len(columns) // 2]] = True
        piece = spread(seed, rest)
        if piece.sum() > best.sum():
            best = piece
        rest &= ~piece
    return best


def fill_holes(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask and all that it cuts off from the border."""
    border = np.ones_like(mask)
    border[1:-1, 1:-1] = False
    return ~spread(border, ~mask)
