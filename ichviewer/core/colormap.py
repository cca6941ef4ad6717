"""The colors of heat: one perceptually uniform map, visible on grey, never a rainbow.

Ten anchors of *inferno* (Smith and van der Walt, CC0), joined linearly; lightness rises throughout,
so the order of heat survives color blindness and a grey printer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ANCHORS = "000004 1b0c41 4a0c6b 781c6d a52c60 cf4446 ed6925 fb9b06 f7d13d fcffa4"

_RGB = np.array([[int(color[i : i + 2], 16) for i in (0, 2, 4)] for color in _ANCHORS.split()], dtype=float)

HEAT_COLORS: NDArray[np.uint8] = (
    np.stack(
        [np.interp(np.linspace(0, 1, 256), np.linspace(0, 1, len(_RGB)), _RGB[:, c]) for c in range(3)],
        axis=1,
    )
    .round()
    .astype(np.uint8)
)
"""(256, 3), red, green, blue for heat 0 to 1."""

FAINT_HEAT = 0.08
"""Heat below this share of full color is left uncolored, so that a cold map leaves the image as it is."""


def heat_opacity(heat: NDArray[np.floating], opacity: float) -> NDArray[np.float32]:
    """How strongly each pixel is colored, [0, 1]: rises with heat and reaches *opacity* at full heat.

    Args:
        heat: [0, 1], any shape.
        opacity: Chosen by the reader, [0, 1].
    """
    rising = np.clip((heat - FAINT_HEAT) / (1 - FAINT_HEAT), 0.0, 1.0)
    return np.asarray(rising * opacity, dtype=np.float32)


def blend_heat(grey: NDArray[np.uint8], heat: NDArray[np.floating], opacity: float) -> NDArray[np.uint8]:
    """Grey picture with heat laid over it.

    Args:
        grey: (rows, columns), uint8.
        heat: (rows, columns), [0, 1].
        opacity: [0, 1].

    Returns:
        (rows, columns, 3), red, green, blue.
    """
    colors = HEAT_COLORS[np.round(np.clip(heat, 0, 1) * 255).astype(np.uint8)]
    share = heat_opacity(heat, opacity)[..., None]
    return np.asarray((grey[..., None] * (1 - share) + colors * share).round().astype(np.uint8))
