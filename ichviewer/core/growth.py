"""What a region grows from and how: numbers that the reader sets, and what was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from ichviewer.core.plane import Triple

SMALLEST_BRUSH_MM, LARGEST_BRUSH_MM = 0.5, 20.0


@dataclass(frozen=True)
class WantedRegion:
    """A region that is being grown; each wish is itself alone, also where two have the same numbers.

    Attributes:
        number: Counts wishes.
        seed_mm: Where it begins, in the stack frame.
        slice_index: Slice of the seed.
        identifier: Number of the measurement that it replaces; None for a new one.
    """

    number: int
    seed_mm: Triple
    slice_index: int
    identifier: int | None = None


@dataclass(frozen=True)
class Growth:
    """How regions grow and are painted.

    Attributes:
        lower_hu: Least value.
        upper_hu: Highest value.
        radius_mm: Farthest distance from the seed.
        brush_mm: Radius of the brush.
        count: Wishes so far.
        wanted: What is being grown; None while nothing is.
    """

    lower_hu: float = 50.0
    upper_hu: float = 100.0
    radius_mm: float = 60.0
    brush_mm: float = 3.0
    count: int = 0
    wanted: WantedRegion | None = None


USUAL_GROWTH = Growth()
"""Clotted blood against brain; a place to start from."""
