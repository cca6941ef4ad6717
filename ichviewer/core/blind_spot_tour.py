"""Where a reader stands on the tour of blind spots, and what is to be put back at its end.

The one thing to get wrong: what the reader decided, measured or saw on the way is never put back.
"""

from __future__ import annotations

from dataclasses import dataclass

from ichviewer.core.blind_spots import LeftOut, Stop


@dataclass(frozen=True)
class BlindSpotTour:
    """A tour that was begun.

    Attributes:
        stops: From the vertex down; empty while they are being found.
        at: Which stop, counted from 0.
        before: Fields of ``ViewState`` as they were before the tour, by name.
    """

    stops: tuple[Stop | LeftOut, ...] = ()
    at: int = 0
    before: tuple[tuple[str, object], ...] = ()

    @property
    def stop(self) -> Stop | LeftOut | None:
        """Where the reader stands; None while the stops are being found."""
        return self.stops[self.at] if self.stops else None
