"""The colors of heat for every eye: normal, red-blind, green-blind, blue-blind, and a grey printer."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ichviewer.core.colormap import DOUBTED_COLORS, FAINT_HEAT, HEAT_COLORS, blend_heat

EYES = {
    "normal": np.eye(3),
    "red-blind": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "green-blind": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "blue-blind": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
"""What linear RGB looks like (Machado, Oliveira and Fernandes, IEEE TVCG 15(6), 2009, severity 1.0)."""

XYZ_OF_RGB = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
"""sRGB, white D65 (IEC 61966-2-1)."""

VISIBLE = slice(64, None)
"""Heat from a quarter of full color; below, the panel says that it can hardly be seen."""


def seen(rgb: NDArray[np.integer], eye: str) -> NDArray[np.float64]:
    """CIELAB (n, 3) of sRGB (n, 3) as an eye sees it (CIE 15)."""
    share = np.asarray(rgb, dtype=np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(linear @ EYES[eye].T, 0, 1) @ XYZ_OF_RGB.T / XYZ_OF_RGB.sum(axis=1)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (xyz * 24389 / 27 + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


@pytest.mark.parametrize("eye", EYES)
def test_more_heat_is_lighter_for_every_eye(eye: str) -> None:
    """Hazard: a reader who is color-blind, or who has a grey print, takes less heat for more."""
    lightness = seen(HEAT_COLORS, eye)[:, 0]
    assert np.diff(lightness[::8]).min() > 0
    assert lightness[-1] - lightness[0] > 80


def test_lightness_rises_evenly_for_a_normal_eye() -> None:
    """Hazard: an uneven scale draws an edge where heat has none."""
    steps = np.diff(seen(HEAT_COLORS, "normal")[::15, 0])
    assert steps.max() / steps.min() < 1.2


@pytest.mark.parametrize("eye", EYES)
def test_levels_of_heat_stay_apart_for_every_eye(eye: str) -> None:
    """Sixteen levels; a difference of 2.3 can just be noticed (Mahy 1994)."""
    levels = seen(HEAT_COLORS[::16], eye)
    assert np.linalg.norm(np.diff(levels, axis=0), axis=1).min() > 2 * 2.3


@pytest.mark.parametrize("eye", EYES)
def test_heat_is_never_grey_for_any_eye(eye: str) -> None:
    """Hazard: heat that looks grey lies unseen on a grey picture, or is taken for blood.

    Inferno fails here: its chroma falls to 3 at half heat for red-blind and green-blind eyes.
    """
    _lightness, green_red, blue_yellow = seen(HEAT_COLORS[VISIBLE], eye).T
    assert np.hypot(green_red, blue_yellow).min() > 12


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("grey", [64, 110, 160])
def test_full_heat_at_first_opacity_is_colored_on_every_grey(eye: str, grey: int) -> None:
    picture = np.full((1, 256), grey, np.uint8)
    shown = seen(blend_heat(picture, np.linspace(0, 1, 256)[None], 0.45)[0], eye)
    plain = seen(np.full((1, 3), grey), eye)
    distance = np.linalg.norm(shown - plain, axis=1)
    assert distance[128:].min() > 2 * 2.3
    assert distance[: int(FAINT_HEAT * 255)].max() < 1e-6


@pytest.mark.parametrize("eye", EYES)
def test_a_doubted_map_has_no_color(eye: str) -> None:
    _lightness, green_red, blue_yellow = seen(DOUBTED_COLORS, eye).T
    assert np.hypot(green_red, blue_yellow).max() < 1
