"""What is written on an exported picture: body sides, a scale bar, the colors of heat.

The one thing to get wrong: a letter or a length that the files do not hold is not written; a guessed letter
is a guessed side.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ichviewer.core.colormap import blend_heat
from ichviewer.core.geometry import direction_letters
from ichviewer.core.volume import Volume

Picture = NDArray[np.uint8]
"""(height, width, 3), red, green, blue; functions here draw on the one that they are given."""

LIGHT, DARK = (214, 216, 219), (0, 0, 0)

FONT, LETTER_SIZE = cv2.FONT_HERSHEY_SIMPLEX, 0.5

MARGIN_PX = 10

SCALE_BAR_LENGTHS_MM = (100, 50, 20, 10, 5)

COLOR_BAR_PX = 56
"""Width of the strip with the colors of heat."""

GREY_UNDER_COLORS = 110
"""Grey of brain in the brain window."""


def draw_letters(picture: Picture, volume: Volume) -> None:
    """Body sides at the four edges; none where the files hold no directions."""
    if not volume.series.has_directions:
        return
    across, down = volume.geometry.row_direction, volume.geometry.column_direction
    height, width = picture.shape[:2]
    places = (
        (-across, (MARGIN_PX, height // 2)),
        (across, (width - MARGIN_PX, height // 2)),
        (-down, (width // 2, 2 * MARGIN_PX)),
        (down, (width // 2, height - MARGIN_PX)),
    )
    for direction, (x, y) in places:
        letters = direction_letters(direction.tolist())
        length = text_width(letters)
        draw_text(picture, letters, (min(max(x - length // 2, 2), width - length - 2), y))


def draw_scale_bar(picture: Picture, mm_per_px: float, is_measured: bool) -> None:
    """A bar of round length in the lower left corner; none where the files hold no pixel spacing."""
    longest_mm = mm_per_px * picture.shape[1] / 3
    fitting = [length for length in SCALE_BAR_LENGTHS_MM if length <= longest_mm]
    if not is_measured or not fitting:
        return
    length_px = round(fitting[0] / mm_per_px)
    left, y = MARGIN_PX, picture.shape[0] - MARGIN_PX
    parts = [(left, y - 1, length_px, 2), (left, y - 4, 2, 8), (left + length_px - 2, y - 4, 2, 8)]
    for color, around in ((DARK, 1), (LIGHT, 0)):
        for x, top, width, height in parts:
            picture[top - around : top + height + around, x - around : x + width + around] = color
    draw_text(picture, f"{fitting[0]} mm", (left, y - 8))


def color_bar(height: int, opacity: float, full_scale: float) -> Picture:
    """A strip with the colors of heat as they look over brain, full heat on top, in logit units.

    Args:
        height: Of the strip, pixels.
        opacity: With which heat was laid over the slice.
        full_scale: Class-map value at full color, logit units.
    """
    strip = np.zeros((height, COLOR_BAR_PX, 3), np.uint8)
    top, bottom = height // 4, height - height // 4
    heat = np.repeat(np.linspace(1, 0, bottom - top)[:, None], 16, axis=1)
    grey = np.full(heat.shape, GREY_UNDER_COLORS, np.uint8)
    strip[top:bottom, 8:24] = blend_heat(grey, heat, opacity)
    for share in (0.0, 0.5, 1.0):
        y = round(bottom + (top - bottom) * share)
        draw_text(strip, f"{share * full_scale:.1f}", (28, y + 4), 0.35)
    draw_text(strip, "logit", (8, top - 10), 0.35)
    return strip


def footer(lines: tuple[str, ...], width: int) -> Picture:
    """Lines of text below a picture; one that is too long is broken between its clauses.

    Args:
        lines: Clauses are parted by "; ".
        width: Of the picture, pixels.
    """
    rows = [row for line in lines for row in _broken(line, width - 16)]
    band = np.zeros((20 * len(rows) + 10, width, 3), np.uint8)
    for number, row in enumerate(rows):
        draw_text(band, row, (8, 19 + 20 * number))
    return band


def _broken(line: str, width: int) -> list[str]:
    rows = [""]
    for clause in line.split("; "):
        longer = f"{rows[-1]}; {clause}" if rows[-1] else clause
        if text_width(longer) > width and rows[-1]:
            rows.append(clause)
        else:
            rows[-1] = longer
    return rows


def text_width(text: str) -> int:
    """Width of a line, pixels."""
    (width, _height), _below = cv2.getTextSize(text, FONT, LETTER_SIZE, 1)
    return int(width)


def draw_text(picture: Picture, text: str, place: tuple[int, int], size: float = LETTER_SIZE) -> None:
    """Light text with a dark outline; *place* is the left end of its base line, (x, y)."""
    cv2.putText(picture, text, place, FONT, size, DARK, 3, cv2.LINE_AA)
    cv2.putText(picture, text, place, FONT, size, LIGHT, 1, cv2.LINE_AA)
