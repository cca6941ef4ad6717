"""Questions at a place of a slice, and the place that the reader asked about.

The one thing to get wrong: cards belong to one slice and one place; on another slice they say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from ichviewer.core.false_positives import FalsePositiveCard


@dataclass(frozen=True)
class AskedPlace:
    """A place that the reader asks about.

    Attributes:
        slice_index: On which slice, counted from 0.
        x_mm: In the stack's frame, to the right of the screen.
        y_mm: In the stack's frame, down the screen.
    """

    slice_index: int
    x_mm: float
    y_mm: float


@dataclass(frozen=True)
class PlacedCards:
    """What was found at a place.

    Attributes:
        place: Where.
        is_asked: Whether the reader asked about the place; else it is the slice's hot spot.
        cards: The questions; none where nothing but soft tissue was found.
        has_midline: Whether the head's midline was known; without it, no falx and no paired spots.
    """

    place: AskedPlace
    is_asked: bool
    cards: tuple[FalsePositiveCard, ...]
    has_midline: bool
