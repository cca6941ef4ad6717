"""Where along a stack nothing was measured: slices that could not be read, and gaps that may lack one.

The one thing to get wrong: the two differ. Across an unreadable slice nothing is shown; across a gap that may
hide a missing slice values are interpolated, and must be marked as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.plane import Plane, SlabKind
from ichviewer.core.stack_frame import StackFrame
from ichviewer.core.volume import Volume


class HoleKind(StrEnum):
    """Why there is no measurement."""

    UNREADABLE = "could not be read"
    MISSING = "missing slice?"


@dataclass(frozen=True)
class Hole:
    """An interval along z of the stack frame without a measurement.

    Attributes:
        low_mm: Where it begins.
        high_mm: Where it ends.
        kind: ``UNREADABLE``: reformats are empty there. ``MISSING``: they interpolate.
    """

    low_mm: float
    high_mm: float
    kind: HoleKind


def stack_holes(volume: Volume, frame: StackFrame) -> tuple[Hole, ...]:
    """All holes of a stack, unreadable slices first, each kind from the lowest upwards.

    An unreadable slice takes half the way to each neighbor. Gaps are those of ``series.gaps``.

    Args:
        volume: The stack.
        frame: Its frame.
    """
    extents = frame.slice_extents_mm
    unreadable = [
        Hole(float(extents[first, 0]), float(extents[last, 1]), HoleKind.UNREADABLE)
        for first, last in runs_of(~volume.is_readable)
    ]
    z = frame.positions_mm
    missing = [
        Hole(float(z[gap.after_slice]), float(z[gap.after_slice + 1]), HoleKind.MISSING)
        for gap in volume.series.gaps
        if volume.is_readable[gap.after_slice] and volume.is_readable[gap.after_slice + 1]
    ]
    return (*unreadable, *missing)


def within_hole(plane: Plane, hole: Hole) -> NDArray[np.bool_]:
    """Which pixels of a plane lie in a hole, or whose slab reaches into it, (rows, columns)."""
    rows, columns = plane.shape
    down, across = (plane.spacing_mm * direction[2] for direction in (plane.down, plane.right))
    z = plane.corner_mm[2] + down * np.arange(rows)[:, None] + across * np.arange(columns)[None, :]
    thickness_mm = 0.0 if plane.slab.kind is SlabKind.NONE else plane.slab.thickness_mm
    reach = thickness_mm / 2 * abs(float(plane.normal[2]))
    return np.asarray((z + reach > hole.low_mm) & (z - reach < hole.high_mm))


def runs_of(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index of each run of True.

    >>> runs_of(np.array([True, False, True, True]))
    [(0, 0), (2, 3)]
    """
    edges = np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    return [(int(first), int(last)) for first, last in zip(starts, ends, strict=True)]
