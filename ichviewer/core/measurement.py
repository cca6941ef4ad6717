"""What the reader draws to measure or to point at something: kinds, and one frozen value for each drawing.

Points are in the stack frame (``core.stack_frame``), so zoom, flips and rotations of a view change nothing.
The one thing to get wrong: a number as *plane* is a stored slice, counted from 0, and is measured on stored
pixels; a ``Plane`` is a reformat, and what is measured on it is interpolated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from ichviewer.core.hematoma_volume import HematomaSlice
from ichviewer.core.plane import Plane, Triple, triple
from ichviewer.core.region import Region
from ichviewer.core.stack_frame import Vector


class MeasurementKind(StrEnum):
    """What a drawing is; the value is its name in words."""

    RULER = "ruler"
    ANGLE = "angle"
    ELLIPSE = "ellipse"
    RECTANGLE = "rectangle"
    FREEHAND = "freehand region"
    PROBE = "probe"
    ARROW = "arrow"
    TEXT = "text"
    BIDIRECTIONAL = "bidirectional"
    MIDLINE_SHIFT = "midline shift"
    HEMATOMA = "hematoma ABC/2"
    REGION = "grown region"

    @property
    def point_counts(self) -> tuple[int, int | None]:
        """Fewest and most points; None where there is no most."""
        return _POINT_COUNTS[self]

    @property
    def is_closed_shape(self) -> bool:
        """Whether it has an area, and statistics of the pixels within."""
        return self in (MeasurementKind.ELLIPSE, MeasurementKind.RECTANGLE, MeasurementKind.FREEHAND)

    @property
    def has_two_axes(self) -> bool:
        """Whether it is a long axis and one perpendicular to it."""
        return self in (MeasurementKind.BIDIRECTIONAL, MeasurementKind.HEMATOMA)


_POINT_COUNTS: dict[MeasurementKind, tuple[int, int | None]] = {
    MeasurementKind.RULER: (2, 2),
    MeasurementKind.ANGLE: (3, 3),
    MeasurementKind.ELLIPSE: (2, 2),
    MeasurementKind.RECTANGLE: (2, 2),
    MeasurementKind.FREEHAND: (3, None),
    MeasurementKind.PROBE: (1, 1),
    MeasurementKind.ARROW: (2, 2),
    MeasurementKind.TEXT: (1, 1),
    MeasurementKind.BIDIRECTIONAL: (4, 4),
    MeasurementKind.MIDLINE_SHIFT: (3, 3),
    MeasurementKind.HEMATOMA: (4, 4),
    MeasurementKind.REGION: (1, 1),
}

SLICE_RIGHT, SLICE_DOWN = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)
"""Directions of a stored slice in the stack frame."""


@dataclass(frozen=True)
class Measurement:
    """One drawing.

    Attributes:
        kind: What it is.
        points_mm: In the stack frame, all in the plane. Ruler: its ends. Angle: the vertex in the middle.
            Ellipse and rectangle: two opposite corners of the box. Freehand: the closed outline. Arrow: tip,
            then tail. Bidirectional and hematoma: ends of the long axis, then ends of the perpendicular one.
            Midline shift: two points of the falx, then the displaced structure. Grown region: its seed.
        plane: Stored slice, counted from 0, or the plane of a reformat.
        name: Given by the reader; empty for none.
        text: What an arrow or a text says.
        identifier: Stays the same through every edit, above 0 in a collection; 0 before it is in one.
        hematoma_slices: Of a hematoma: which slices show it, and how much each counts.
        region: Of a grown region: its voxels.
    """

    kind: MeasurementKind
    points_mm: tuple[Triple, ...]
    plane: int | Plane
    name: str = ""
    text: str = ""
    identifier: int = 0
    hematoma_slices: tuple[HematomaSlice, ...] = ()
    region: Region | None = None

    def __post_init__(self) -> None:
        fewest, most = self.kind.point_counts
        count = len(self.points_mm)
        if count < fewest or (most is not None and count > most):
            raise ValueError(f"A measurement of the kind {self.kind} cannot have {count} points.")
        if not all(math.isfinite(value) for point in self.points_mm for value in point):
            raise ValueError(f"A point of a {self.kind} lies nowhere.")

    @property
    def title(self) -> str:
        """What the reader named it, else its kind and number: ``ruler 3``."""
        return self.name or f"{self.kind} {self.identifier}"

    @property
    def right(self) -> Vector:
        """Unit vector of the plane, (3,), along which columns grow."""
        return np.asarray(SLICE_RIGHT if isinstance(self.plane, int) else self.plane.right)

    @property
    def down(self) -> Vector:
        """Unit vector of the plane, (3,), along which rows grow."""
        return np.asarray(SLICE_DOWN if isinstance(self.plane, int) else self.plane.down)

    @property
    def normal(self) -> Vector:
        """Unit normal of the plane, (3,)."""
        return np.asarray(np.cross(self.right, self.down))

    def in_plane(self) -> Vector:
        """The points in their plane, (points, 2): mm along *right* and along *down*."""
        points = np.asarray(self.points_mm, dtype=np.float64)
        return np.stack([points @ self.right, points @ self.down], axis=1)

    def placed(self, points: Vector) -> tuple[Triple, ...]:
        """Points of the plane, (points, 2), in the stack frame."""
        depth = self.normal * float(np.asarray(self.points_mm[0]) @ self.normal)
        return tuple(
            triple(point) for point in points[:, :1] * self.right + points[:, 1:] * self.down + depth
        )

    def with_in_plane(self, points: Vector) -> Measurement:
        """The same measurement with other points, (points, 2), in the same plane."""
        return replace(self, points_mm=self.placed(points))


def lies_in(measurement: Measurement, plane: Plane) -> bool:
    """Whether a measurement is to be drawn on a plane: parallel to it, and within its slab or half a pixel.

    A measurement that crosses the plane is not drawn: a part of it would look shorter than it is.
    """
    if np.linalg.norm(np.cross(measurement.normal, plane.normal)) > 1e-6:
        return False
    _, _, distances = plane.from_frame_mm(np.asarray(measurement.points_mm))
    reach = max(plane.spacing_mm, plane.slab.thickness_mm) / 2
    return bool(np.all(np.abs(distances) <= reach + 1e-6))
