"""A measurement while it is being drawn: points set so far, and the one that follows the mouse.

The one thing to get wrong: each point can be set by a click or at either end of a drag, whatever the reader
is used to; a click that only began a drawing must not end it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measurement_editing import drawn
from ichviewer.core.plane import Plane, Triple
from ichviewer.core.views import View

SAYS_SOMETHING = (MeasurementKind.ARROW, MeasurementKind.TEXT)
"""Kinds that wait for a text once their points are set."""

APART_MM = 0.2
"""Points of a freehand outline lie at least so far apart; a hand shakes more than that."""


@dataclass(frozen=True)
class Drawing:
    """What was drawn so far.

    Attributes:
        kind: What it will be.
        plane: Stored slice, or the plane of a reformat.
        view: The view that it is drawn in.
        points_mm: Set so far, in the stack frame.
        follows_mm: Where the mouse is.
        is_set_by_press: Whether the press that is held set the last point; then the release sets another one
            only if the mouse was dragged.
    """

    kind: MeasurementKind
    plane: int | Plane
    view: View
    points_mm: tuple[Triple, ...]
    follows_mm: Triple
    is_set_by_press: bool = True

    @property
    def count(self) -> int:
        """Points that it needs."""
        return self.kind.point_counts[0]

    @property
    def is_complete(self) -> bool:
        """Whether all points are set."""
        if self.kind is MeasurementKind.FREEHAND:
            return not self.is_set_by_press
        return len(self.points_mm) == self.count

    @property
    def awaits_text(self) -> bool:
        """Whether all that is missing is what it says."""
        return self.is_complete and self.kind in SAYS_SOMETHING

    @property
    def measurement(self) -> Measurement:
        """What it would be if it ended here."""
        points = self.points_mm if self.is_complete else (*self.points_mm, self.follows_mm)
        return drawn(self.kind, points, self.plane)

    def pressed(self, point_mm: Triple) -> Drawing:
        """The button went down. The last point is set by the release, so that it can be put right before."""
        if self.is_complete:
            return self
        if len(self.points_mm) == self.count - 1:
            return replace(self, follows_mm=point_mm, is_set_by_press=False)
        return replace(self, points_mm=(*self.points_mm, point_mm), follows_mm=point_mm, is_set_by_press=True)

    def moved(self, point_mm: Triple, is_held: bool) -> Drawing:
        """The mouse moved; a freehand outline grows while the button is held."""
        if self.is_complete:
            return self
        after = replace(self, follows_mm=point_mm)
        if self.kind is not MeasurementKind.FREEHAND or not is_held:
            return after
        step = np.linalg.norm(np.subtract(point_mm, self.points_mm[-1]))
        return replace(after, points_mm=(*self.points_mm, point_mm)) if step >= APART_MM else after

    def released(self, point_mm: Triple, is_dragged: bool) -> Drawing | None:
        """The button went up; None where nothing is left of the drawing: a freehand outline without area."""
        if self.is_complete:
            return self
        if self.kind is MeasurementKind.FREEHAND:
            enough = is_dragged and len(self.points_mm) >= self.count
            return replace(self, is_set_by_press=False) if enough else None
        if not is_dragged and self.is_set_by_press:
            return self
        return replace(
            self, points_mm=(*self.points_mm, point_mm), follows_mm=point_mm, is_set_by_press=False
        )


def begun(kind: MeasurementKind, plane: int | Plane, view: View, point_mm: Triple) -> Drawing:
    """A drawing after its first press."""
    fewest, _ = kind.point_counts
    if fewest == 1:
        return Drawing(kind, plane, view, (), point_mm, is_set_by_press=False)
    return Drawing(kind, plane, view, (point_mm,), point_mm)
