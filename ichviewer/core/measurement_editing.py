"""Drawing and editing measurements: handles, and what each kind keeps while one of them is dragged.

Every step gives a new value. The one thing to get wrong: a dragged point stays in the plane of its
measurement, wherever the mouse was; else a length would grow in a direction that nobody sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.plane import Plane, Triple, triple
from ichviewer.core.stack_frame import Vector

SHORTEST_MM = 1e-6
"""An axis shorter than this has no direction."""

BOX_HANDLES = ((0, 0), (1, 0), (1, 1), (0, 1), (None, 0), (1, None), (None, 1), (0, None))
"""Of a box from corner 0 to corner 1: whose u and whose v each handle has; None is half-way, and stays."""


def drawn(
    kind: MeasurementKind,
    points_mm: Sequence[Vector | Triple],
    plane: int | Plane,
    name: str = "",
    text: str = "",
) -> Measurement:
    """A measurement from the points that the reader set, in the order of drawing.

    Missing points stand where the last one is, so a drawing can be shown from its first point on. The
    perpendicular axis of a bidirectional one goes through the third point; until there is one it has no
    length.

    Args:
        kind: What is drawn.
        points_mm: At least one, in the stack frame.
        plane: Stored slice, or the plane of a reformat.
        name: Given by the reader.
        text: What an arrow or a text says.
    """
    fewest, most = kind.point_counts
    points = [triple(np.asarray(point, dtype=np.float64)) for point in points_mm][:most]
    if kind.has_two_axes and len(points) == 2:
        middle = triple((np.asarray(points[0]) + np.asarray(points[1])) / 2)
        points.append(middle)
    points += points[-1:] * (fewest - len(points))
    measurement = Measurement(kind, tuple(points), plane, name, text)
    flat = measurement.in_plane()
    if kind.has_two_axes:
        flat = _perpendicular(flat, _axis_direction(flat[:2]), moved_end=2)
    return measurement.with_in_plane(flat)


def handles(measurement: Measurement) -> tuple[Triple, ...]:
    """Where the reader can grab a measurement, in the stack frame.

    A rectangle has its corners and the middles of its sides; an ellipse the ends of its axes.
    """
    if measurement.kind not in (MeasurementKind.RECTANGLE, MeasurementKind.ELLIPSE):
        return measurement.points_mm
    corners = measurement.in_plane()
    middle = corners.mean(axis=0)
    flat = [
        (middle[0] if of_u is None else corners[of_u, 0], middle[1] if of_v is None else corners[of_v, 1])
        for of_u, of_v in _box_handles(measurement)
    ]
    return measurement.placed(np.asarray(flat))


def handle_moved(measurement: Measurement, handle: int, to_mm: Vector | Triple) -> Measurement:
    """The measurement with one handle dragged to a point, as far as its kind allows.

    A box stays one along its plane; of two axes the second stays perpendicular to the first and keeps its
    place along it and its ends' distances; all else follows the mouse.

    Args:
        measurement: Before.
        handle: Index into ``handles``.
        to_mm: Where the mouse is, in the stack frame; brought into the plane along the normal.

    Raises:
        IndexError: There is no such handle.
    """
    if not 0 <= handle < len(handles(measurement)):
        raise IndexError(f"A {measurement.kind} has no handle {handle}.")
    target = np.asarray(to_mm, dtype=np.float64)
    to = np.array([target @ measurement.right, target @ measurement.down])
    flat = measurement.in_plane()
    if measurement.kind in (MeasurementKind.RECTANGLE, MeasurementKind.ELLIPSE):
        for axis, corner in enumerate(_box_handles(measurement)[handle]):
            if corner is not None:
                flat[corner, axis] = to[axis]
    elif measurement.kind.has_two_axes:
        flat = _axis_moved(flat, handle, to)
    else:
        flat[handle] = to
    return measurement.with_in_plane(flat)


def moved(measurement: Measurement, by_mm: Vector | Triple) -> Measurement:
    """The whole measurement shifted within its plane.

    A hematoma's count of slices and a region's volume belong to the place where they were found; a shifted
    hematoma keeps its slices, because A and B alone are drawn. A grown region does not move.
    """
    if measurement.kind is MeasurementKind.REGION:
        return measurement
    shift = np.asarray(by_mm, dtype=np.float64)
    return measurement.with_in_plane(
        measurement.in_plane() + np.array([shift @ measurement.right, shift @ measurement.down])
    )


def with_text(measurement: Measurement, text: str) -> Measurement:
    """The measurement with another text."""
    return replace(measurement, text=text.strip())


def _box_handles(measurement: Measurement) -> tuple[tuple[int | None, int | None], ...]:
    return BOX_HANDLES if measurement.kind is MeasurementKind.RECTANGLE else BOX_HANDLES[4:]


def _axis_direction(ends: Vector) -> Vector:
    """Unit vector, (2,), from the first end to the second; to the right where they are one."""
    along = ends[1] - ends[0]
    length = float(np.linalg.norm(along))
    return np.asarray(along / length) if length > SHORTEST_MM else np.array([1.0, 0.0])


def _axis_moved(flat: Vector, handle: int, to: Vector) -> Vector:
    """Long and perpendicular axis, (4, 2), with one end at another place."""
    if handle >= 2:
        changed = flat.copy()
        changed[handle] = to
        return _perpendicular(changed, _axis_direction(flat[:2]), moved_end=handle)
    ends = flat[:2].copy()
    ends[handle] = to
    before, after = _axis_direction(flat[:2]), _axis_direction(ends)
    length = float(np.linalg.norm(flat[1] - flat[0]))
    share = float((flat[2] - flat[0]) @ before) / length if length > SHORTEST_MM else 0.5
    sideways = np.array([-before[1], before[0]])
    foot = ends[0] + share * (ends[1] - ends[0])
    out = [foot + float((end - flat[0]) @ sideways) * np.array([-after[1], after[0]]) for end in flat[2:]]
    return np.stack([*ends, *out])


def _perpendicular(flat: Vector, along: Vector, moved_end: int) -> Vector:
    """The second axis made perpendicular: through the moved end's foot, which stays on the long axis."""
    sideways = np.array([-along[1], along[0]])
    length = float(np.linalg.norm(flat[1] - flat[0]))
    at = float(np.clip((flat[moved_end] - flat[0]) @ along, 0.0, length))
    foot = flat[0] + at * along
    out = [foot + float((end - flat[0]) @ sideways) * sideways for end in flat[2:]]
    return np.stack([*flat[:2], *out])
