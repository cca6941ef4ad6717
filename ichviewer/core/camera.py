"""How a view looks at its plane: magnified, shifted, and turned by the reader.

The one thing to get wrong: a flip or rotation by the reader is for the screen alone. It never reaches
measurements, exports or the network; those speak of canonical pixels and millimetres.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

SMALLEST_ZOOM, LARGEST_ZOOM = 0.25, 16.0

Pixel = TypeVar("Pixel", bound=np.generic)

Coordinate = TypeVar("Coordinate", float, NDArray[np.float64])
"""Of one place, or of many."""


@dataclass(frozen=True)
class Turn:
    """One of the eight ways to lay a picture on the screen: mirrored first, then rotated.

    Attributes:
        quarter_turns: Rotations by 90 degrees clockwise, 0 to 3.
        is_mirrored: Whether left and right change places before the rotation.
    """

    quarter_turns: int = 0
    is_mirrored: bool = False

    @property
    def is_sideways(self) -> bool:
        """Whether rows run across the screen as columns do otherwise."""
        return self.quarter_turns % 2 == 1

    def flipped_across(self) -> Turn:
        """Left and right of the screen change places, whatever was turned before."""
        return Turn(-self.quarter_turns % 4, not self.is_mirrored)

    def flipped_down(self) -> Turn:
        """Top and bottom of the screen change places."""
        return Turn((2 - self.quarter_turns) % 4, not self.is_mirrored)

    def rotated(self) -> Turn:
        """A quarter further, clockwise."""
        return Turn((self.quarter_turns + 1) % 4, self.is_mirrored)

    def shape(self, shape: tuple[int, int]) -> tuple[int, int]:
        """(rows, columns) on the screen of a picture of *shape*."""
        return (shape[1], shape[0]) if self.is_sideways else shape

    def applied(self, pixels: NDArray[Pixel]) -> NDArray[Pixel]:
        """A picture (rows, columns) as it lies on the screen; no pixel is copied."""
        return np.rot90(pixels[:, ::-1] if self.is_mirrored else pixels, -self.quarter_turns)

    def to_screen(
        self, column: Coordinate, row: Coordinate, shape: tuple[float, float]
    ) -> tuple[Coordinate, Coordinate]:
        """(across, down) on the turned picture of a place on the picture.

        Args:
            column: Counted from the picture's left edge, in pixels; 0.5 is the middle of the first column.
            row: Counted from its upper edge.
            shape: (rows, columns) of the picture before it is turned.
        """
        rows, columns = shape
        across: Coordinate = columns - column if self.is_mirrored else column
        down = row
        for _ in range(self.quarter_turns):
            across, down, rows, columns = rows - down, across, columns, rows
        return across, down

    def from_screen(self, across: float, down: float, shape: tuple[float, float]) -> tuple[float, float]:
        """(column, row) on the picture of a place on the turned picture; the way back of ``to_screen``."""
        rows, columns = (shape[1], shape[0]) if self.is_sideways else shape
        for _ in range(self.quarter_turns):
            across, down, rows, columns = down, columns - across, columns, rows
        return (columns - across if self.is_mirrored else across), down


UPRIGHT = Turn()
"""As the standard asks: patient right on screen left, face up, or the head up on reformats."""


@dataclass(frozen=True)
class Camera:
    """How a view looks at its plane.

    Attributes:
        zoom: Magnification, 1 = the whole plane fits the view.
        pan_mm: Shift of the picture on the screen, (right, down), mm.
        turn: The reader's flip and rotation.
    """

    zoom: float = 1.0
    pan_mm: tuple[float, float] = (0.0, 0.0)
    turn: Turn = UPRIGHT

    def zoomed(self, factor: float) -> Camera:
        """Magnified by *factor*, within the limits."""
        return replace(self, zoom=min(max(self.zoom * factor, SMALLEST_ZOOM), LARGEST_ZOOM))

    def zoomed_about(self, factor: float, offset_px: tuple[float, float], fitting_mm: float) -> Camera:
        """Magnified while one point of the screen keeps its place; stops at the zoom's limits.

        Args:
            factor: Above 1 enlarges.
            offset_px: The point, (right, down) from the middle of the view.
            fitting_mm: Millimetres per pixel at zoom 1, for the same pixels.
        """
        after = self.zoomed(factor)
        change = fitting_mm / after.zoom - fitting_mm / self.zoom
        pan_mm = (self.pan_mm[0] + offset_px[0] * change, self.pan_mm[1] + offset_px[1] * change)
        return replace(after, pan_mm=pan_mm)

    def panned(self, right_mm: float, down_mm: float) -> Camera:
        """Picture shifted on the screen."""
        return replace(self, pan_mm=(self.pan_mm[0] + right_mm, self.pan_mm[1] + down_mm))
