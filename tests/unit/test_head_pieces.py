"""Connected pieces on the head finder's coarse grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.grid_shapes import dilate, spread


def _grown_cell_by_cell(seeds: NDArray[np.bool_], allowed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    reached = seeds & allowed
    while not np.array_equal(grown := dilate(reached) & allowed, reached):
        reached = grown
    return reached


def test_spreading_by_runs_reaches_exactly_what_growing_cell_by_cell_reaches() -> None:
    random = np.random.default_rng(0)
    for share in np.linspace(0.2, 0.95, 60):
        allowed, seeds = random.random((48, 64)) < share, random.random((48, 64)) < 0.01
        assert np.array_equal(spread(seeds, allowed), _grown_cell_by_cell(seeds, allowed))
