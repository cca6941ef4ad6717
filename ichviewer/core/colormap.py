"""The colors of heat: black to red to yellow in even steps of lightness, never a rainbow.

The one thing to get wrong: heat lies over a grey picture, so a color that some reader sees as grey is no
color. Inferno passes through such a one: at half heat its magenta is plain grey to a red-green blind eye.
Red to yellow stays a color in every kind of color blindness (``tests/unit/test_colormap.py`` computes it),
and lightness rises evenly, so the order of heat survives a grey printer too. The idea is CET-L4's (Kovesi,
arXiv:1509.03700), with the corner at full red cut, because there a blue-blind eye sees no step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_WAYPOINTS = np.array([[0.0, 0.0, 0.0], [0.7, 0.05, 0.0], [0.95, 0.4, 0.0], [1.0, 1.0, 0.0]])
"""Black, red, orange, yellow: sRGB."""

LOWEST_LIGHTNESS = 8.0
"""CIELAB lightness of no heat; full heat is yellow, whose lightness is 97."""


def _heat_colors(steps: int = 256) -> NDArray[np.uint8]:
    """Places on the way from waypoint to waypoint, with evenly rising lightness."""
    way = np.linspace(0, len(_WAYPOINTS) - 1, 4001)
    corners = np.arange(len(_WAYPOINTS))
    rgb = np.stack([np.interp(way, corners, _WAYPOINTS[:, channel]) for channel in range(3)], axis=1)
    lightness = _lightness(rgb)
    at = np.interp(np.linspace(LOWEST_LIGHTNESS, lightness[-1], steps), lightness, way)
    return np.stack(
        [np.round(255 * np.interp(at, way, rgb[:, channel])) for channel in range(3)], axis=1
    ).astype(np.uint8)


def _lightness(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIELAB lightness, 0 to 100, of sRGB in [0, 1], (n, 3) (IEC 61966-2-1, CIE 15)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.asarray(
        np.where(luminance > 216 / 24389, 116 * np.cbrt(luminance) - 16, luminance * 24389 / 27)
    )


HEAT_COLORS: NDArray[np.uint8] = _heat_colors()
"""(256, 3), red, green, blue for heat 0 to 1."""

DOUBTED_COLORS: NDArray[np.uint8] = np.full((256, 3), 176, np.uint8)
"""The same for a map that failed its check: one grey, for lines only. Laid over tissue it would be taken for
blood or for water, or would not be seen at all."""

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


def blend_heat(
    grey: NDArray[np.uint8],
    heat: NDArray[np.floating],
    opacity: float,
) -> NDArray[np.uint8]:
    """Grey picture with heat laid over it.

    Args:
        grey: (rows, columns), uint8.
        heat: (rows, columns), [0, 1].
        opacity: [0, 1].

    Returns:
        (rows, columns, 3), red, green, blue.
    """
    colored = HEAT_COLORS[np.round(np.clip(heat, 0, 1) * 255).astype(np.uint8)]
    share = heat_opacity(heat, opacity)[..., None]
    return np.asarray((grey[..., None] * (1 - share) + colored * share).round().astype(np.uint8))
