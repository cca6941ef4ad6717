"""The outline of a region on one slice: the edges between pixels that belong to it and pixels that do not."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


def region_edges(pixels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Straight pieces along the edges of pixels, joined where they go on in one direction.

    Args:
        pixels: (rows, columns).

    Returns:
        (pieces, 2, 2): both ends of each piece, (column, row); 0 is the outer edge of the first pixel.

    >>> region_edges(np.array([[False, True, True]])).tolist()
    [[[1.0, 0.0], [3.0, 0.0]], [[1.0, 1.0], [3.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]], [[3.0, 0.0], [3.0, 1.0]]]
    """
    padded = np.pad(pixels.astype(np.int8), 1)
    across = _pieces(np.diff(padded, axis=0)[:, 1:-1])
    down = _pieces(np.diff(padded, axis=1)[1:-1].T)[:, :, ::-1]
    return np.concatenate([across, down]).astype(np.float64)


def _pieces(changes: NDArray[np.int8]) -> NDArray[np.int64]:
    """Runs of equal changes in each line, (runs, 2, 2) as (first, line) and (one past the last, line)."""
    steps = np.diff(np.pad(changes, ((0, 0), (1, 1))), axis=1)
    runs = []
    for line in np.flatnonzero(steps.any(axis=1)):
        edges = np.flatnonzero(steps[line])
        for first, last in pairwise(edges.tolist()):
            if changes[line, first]:
                runs.append(((first, line), (last, line)))
    return np.asarray(runs, dtype=np.int64).reshape(-1, 2, 2)
