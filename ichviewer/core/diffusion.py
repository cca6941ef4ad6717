"""Anisotropic diffusion: smooths within regions and leaves edges (Perona and Malik, 1990).

The one thing to get wrong: the conductance is in units of grey, so it belongs to an image in [0, 1].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEP = np.float32(0.25)
"""Largest step at which four neighbours are still averaged without ringing."""


def diffused(grey: NDArray[np.float32], steps: int, conductance: float) -> NDArray[np.float32]:
    """Let grey flow between neighbours, the less the more they differ; nothing flows over the border.

    Args:
        grey: (rows, columns), [0, 1].
        steps: How often.
        conductance: Difference at which the flow's factor has fallen to 1/e.

    Returns:
        (rows, columns), float32; the mean is unchanged.

    >>> flat = diffused(np.eye(2, dtype=np.float32), 100, 1e6)
    >>> bool(np.allclose(flat, 0.5))
    True
    """
    smooth = grey.astype(np.float32, copy=True)
    for _ in range(steps):
        down, across = (
            _flow(np.diff(smooth, axis=0), conductance),
            _flow(np.diff(smooth, axis=1), conductance),
        )
        smooth[:-1] += down
        smooth[1:] -= down
        smooth[:, :-1] += across
        smooth[:, 1:] -= across
    return smooth


def _flow(difference: NDArray[np.float32], conductance: float) -> NDArray[np.float32]:
    flow = STEP * difference * np.exp(-np.square(difference / np.float32(conductance)))
    return np.asarray(flow, dtype=np.float32)
