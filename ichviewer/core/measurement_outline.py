"""What of a measurement is drawn, and what of it the mouse hits; all in the stack frame, mm.

Tips of arrows, labels and handles are drawn in pixels of the screen by whoever draws; here is only what must
lie on the anatomy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measurement_editing import handles
from ichviewer.core.plane import Triple
from ichviewer.core.stack_frame import Vector

ELLIPSE_SIDES = 96


@dataclass(frozen=True)
class Hit:
    """What the mouse is on.

    Attributes:
        identifier: Of the measurement.
        handle: Index into its handles; None on a line of it.
    """

    identifier: int
    handle: int | None


def outlines(measurement: Measurement) -> tuple[Vector, ...]:
    """Lines to draw, each (points, 3), in the stack frame; none for a probe, a text and a grown region.

    A closed shape ends where it begins. An arrow runs from its tail to its tip. A midline shift is the line
    of the falx, as far as the foot of the perpendicular, and the perpendicular.
    """
    return tuple(np.asarray(measurement.placed(line)) for line in _flat_outlines(measurement))


def distance_mm(measurement: Measurement, point_mm: Vector | Triple) -> float:
    """Distance of a point from the lines of a measurement, within its plane, mm; from its point if it has
    none.
    """
    at = np.asarray(point_mm, dtype=np.float64)
    flat = np.array([at @ measurement.right, at @ measurement.down])
    lines = _flat_outlines(measurement) or (measurement.in_plane(),)
    return min(_distance_to_line(line, flat) for line in lines)


def hit(measurements: Iterable[Measurement], point_mm: Vector | Triple, reach_mm: float) -> Hit | None:
    """What lies under the mouse: a handle before a line, what was drawn last before what lies below.

    Args:
        measurements: Those drawn in the view, first drawn first.
        point_mm: In the stack frame.
        reach_mm: How near is near enough.
    """
    from_top = tuple(measurements)[::-1]
    for measurement in from_top:
        handle = nearest_handle(measurement, point_mm, reach_mm)
        if handle is not None:
            return Hit(measurement.identifier, handle)
    for measurement in from_top:
        if distance_mm(measurement, point_mm) <= reach_mm:
            return Hit(measurement.identifier, None)
    return None


def nearest_handle(measurement: Measurement, point_mm: Vector | Triple, reach_mm: float) -> int | None:
    """Index of the handle next to a point, None if none is within reach; distances within the plane."""
    between = np.asarray(handles(measurement)) - np.asarray(point_mm, dtype=np.float64)
    distances = np.hypot(between @ measurement.right, between @ measurement.down)
    nearest = int(np.argmin(distances))
    return nearest if distances[nearest] <= reach_mm else None


def label_anchor(measurement: Measurement) -> Triple:
    """Where the text of a measurement is tied to: its point that lies lowest on the plane, rightmost of
    those.
    """
    lines = _flat_outlines(measurement)
    flat = np.concatenate(lines) if lines else measurement.in_plane()
    lowest = flat[np.lexsort((flat[:, 0], flat[:, 1]))[-1]]
    return measurement.placed(lowest[None])[0]


def _flat_outlines(measurement: Measurement) -> tuple[Vector, ...]:
    flat, kind = measurement.in_plane(), measurement.kind
    if kind in (MeasurementKind.PROBE, MeasurementKind.TEXT, MeasurementKind.REGION):
        return ()
    if kind is MeasurementKind.ELLIPSE:
        turns = np.linspace(0.0, 2 * math.pi, ELLIPSE_SIDES + 1)
        unit = np.stack([np.cos(turns), np.sin(turns)], axis=1)
        return (flat.mean(axis=0) + unit * np.abs(flat[1] - flat[0]) / 2,)
    if kind is MeasurementKind.RECTANGLE:
        (u0, v0), (u1, v1) = flat
        return (np.array([(u0, v0), (u1, v0), (u1, v1), (u0, v1), (u0, v0)]),)
    if kind is MeasurementKind.FREEHAND:
        return (np.concatenate([flat, flat[:1]]),)
    if kind is MeasurementKind.ARROW:
        return (flat[::-1],)
    if kind.has_two_axes:
        return (flat[:2], flat[2:])
    if kind is MeasurementKind.MIDLINE_SHIFT:
        return _shift_lines(flat)
    return (flat,)


def _shift_lines(flat: Vector) -> tuple[Vector, ...]:
    along = flat[1] - flat[0]
    squared = float(along @ along)
    if squared == 0.0:
        return (flat[:2],)
    at = float((flat[2] - flat[0]) @ along) / squared
    foot = flat[0] + at * along
    falx = np.stack([flat[0] + min(at, 0.0) * along, flat[0] + max(at, 1.0) * along])
    return (falx, np.stack([foot, flat[2]]))


def _distance_to_line(line: Vector, point: Vector) -> float:
    """Distance of a point, (2,), from a polyline, (points, 2)."""
    if len(line) == 1:
        return float(np.linalg.norm(line[0] - point))
    starts, along = line[:-1], np.diff(line, axis=0)
    squared = np.maximum((along**2).sum(axis=1), 1e-18)
    at = np.clip(((point - starts) * along).sum(axis=1) / squared, 0.0, 1.0)
    return float(np.linalg.norm(starts + at[:, None] * along - point, axis=1).min())
