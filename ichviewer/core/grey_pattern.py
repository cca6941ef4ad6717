"""A grey-scale pattern that shows whether a screen tells dark and light greys, and single pixels, apart.

Drawn anew from the idea of SMPTE RP 133 (squares of 5 % in 0 % and of 95 % in 100 %) and of the TG18-QC
pattern (AAPM On-line Report 03, Assessment of Display Performance for Medical Imaging Systems, 2005): 18
steps of luminance, each with fainter squares within, a continuous ramp, and line pairs of single pixels. The
one thing to get wrong: it is looked at in device pixels; one that was scaled shows nothing of the screen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEPS = 18
SIDE = 640
"""Rows and columns of the pattern, device pixels."""

BACKGROUND = 51
"""A fifth of full drive, as around the steps of TG18-QC."""

STEP_PX, CORNER_PX, FAINT = 96, 20, 4
"""Side of a step, of the fainter squares in its corners, and by how many of 255 values those differ."""

DARK_SQUARE, LIGHT_SQUARE = 13, 242
"""5 % and 95 % of full drive, of 255."""

Picture = NDArray[np.uint8]


def step_value(step: int) -> int:
    """Drive of one of the 18 steps, 0 to 255 in equal distances.

    >>> step_value(0), step_value(17)
    (0, 255)
    """
    return round(255 * step / (STEPS - 1))


def step_corner(step: int) -> tuple[int, int]:
    """(row, column) of a step's upper left pixel: three rows of six, darkest first."""
    row, column = divmod(step, 6)
    return 32 + row * STEP_PX, 32 + column * STEP_PX


def dark_square_corner() -> tuple[int, int]:
    """(row, column) of the 5 % square's upper left pixel; its patch of 0 % reaches STEP_PX / 4 around it."""
    return 356, 56


def light_square_corner() -> tuple[int, int]:
    """(row, column) of the 95 % square's upper left pixel."""
    return 356, 200


def lines_corner(is_upright: bool) -> tuple[int, int]:
    """(row, column) of a field of line pairs of one pixel each."""
    return 332, 344 if is_upright else 488


def grey_pattern() -> Picture:
    """The pattern, (SIDE, SIDE), drive values 0 to 255."""
    picture = np.full((SIDE, SIDE), BACKGROUND, dtype=np.uint8)
    for step in range(STEPS):
        _draw_step(picture, step)
    for (row, column), around, within in (
        (dark_square_corner(), 0, DARK_SQUARE),
        (light_square_corner(), 255, LIGHT_SQUARE),
    ):
        picture[row - 24 : row + 72, column - 24 : column + 72] = around
        picture[row : row + 48, column : column + 48] = within
    for is_upright in (True, False):
        row, column = lines_corner(is_upright)
        field = picture[row : row + 96, column : column + 96]
        field[:] = 0
        if is_upright:
            field[:, ::2] = 255
        else:
            field[::2, :] = 255
    ramp = np.round(np.linspace(0, 255, SIDE - 64)).astype(np.uint8)
    picture[460:508, 32 : SIDE - 32] = ramp
    return picture


def _draw_step(picture: Picture, step: int) -> None:
    row, column = step_corner(step)
    value = step_value(step)
    picture[row : row + STEP_PX, column : column + STEP_PX] = value
    # The fainter squares: one darker, one lighter; at the ends of the scale both on the side that is left.
    darker, lighter = max(value - FAINT, 0), min(value + FAINT, 255)
    if value == 0:
        darker = 2 * FAINT
    if value == 255:
        lighter = 255 - 2 * FAINT
    picture[row + 8 : row + 8 + CORNER_PX, column + 8 : column + 8 + CORNER_PX] = darker
    end_row, end_column = row + STEP_PX - 8, column + STEP_PX - 8
    picture[end_row - CORNER_PX : end_row, end_column - CORNER_PX : end_column] = lighter
