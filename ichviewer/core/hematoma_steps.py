"""Steps of ABC/2: how much each slice counts, judged by eye or from areas that were drawn.

The one thing to get wrong: a judgment is of the slice in view, whatever slice A and B were drawn on.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ichviewer.core.hematoma_volume import weighed_by_area, weighed_by_eye
from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measurement_values import measure
from ichviewer.core.measuring import selected, with_changed
from ichviewer.core.plane import Plane
from ichviewer.core.region import areas_mm2
from ichviewer.core.stack_frame import Vector
from ichviewer.core.viewstate import ViewState
from ichviewer.core.volume import Volume


def has_hematoma(state: ViewState) -> bool:
    """Whether a hematoma is chosen."""
    now = selected(state)
    return now is not None and now.kind is MeasurementKind.HEMATOMA


def judged(state: ViewState, weight: float | None) -> ViewState:
    """The slice in view counts so much for the chosen hematoma; not at all with None."""
    if not has_hematoma(state):
        return state
    return with_changed(
        state,
        state.selected_measurement,
        lambda now: replace(
            now, hematoma_slices=weighed_by_eye(now.hematoma_slices, state.slice_index, weight)
        ),
        f"judge slice {state.slice_index + 1} of",
    )


def judged_by_areas(state: ViewState) -> ViewState:
    """Every slice counts for the chosen hematoma by the area that was drawn on it."""
    areas = areas_drawn(state)
    if not has_hematoma(state) or not areas:
        return state
    return with_changed(
        state,
        state.selected_measurement,
        lambda now: replace(now, hematoma_slices=weighed_by_area(areas)),
        "weigh slices of",
    )


def areas_drawn(state: ViewState) -> dict[int, float]:
    """Largest region of the chosen hematoma on each slice, mm2, by slice index.

    Of all that is drawn, only what meets the box around A and B counts, and only on slices that follow one
    another from theirs: another bleed, or a shape drawn for comparison, is no part of this one. Empty where
    nothing is left, where no hematoma is chosen, and where lengths are not known.
    """
    volume, now = state.volume, selected(state)
    if volume is None or not volume.series.is_measured or now is None or not has_hematoma(state):
        return {}
    box = _box(np.asarray(now.points_mm)[:, :2])
    areas: dict[int, float] = {}
    for each in state.work.measurements.items:
        for index, area in _areas_of(each, volume, box, now.plane).items():
            areas[index] = max(areas.get(index, 0.0), area)
    return _following_one_another(areas, now.plane) if isinstance(now.plane, int) else {}


def _areas_of(each: Measurement, volume: Volume, box: Vector, plane: int | Plane) -> dict[int, float]:
    """Areas of a shape or region by slice; none of one that does not meet the box."""
    if each.region is not None and isinstance(plane, int):
        rows, columns = np.nonzero(each.region.mask(plane))
        if len(rows) == 0:
            return {}
        corners = [
            volume.frame.pixel_to_mm(plane, float(row), float(column))[:2]
            for row, column in ((rows.min(), columns.min()), (rows.max(), columns.max()))
        ]
        return areas_mm2(each.region, volume.frame) if _meet(_box(np.asarray(corners)), box) else {}
    if not each.kind.is_closed_shape or not isinstance(each.plane, int):
        return {}
    is_met = _meet(_box(np.asarray(each.points_mm)[:, :2]), box)
    return {each.plane: measure(each, volume).area or 0.0} if is_met else {}


def _following_one_another(areas: dict[int, float], start: int) -> dict[int, float]:
    """The slices around *start* without a slice between them that has no area."""
    first = last = start
    while first - 1 in areas:
        first -= 1
    while last + 1 in areas:
        last += 1
    return {index: areas[index] for index in range(first, last + 1) if index in areas and start in areas}


def _box(points: Vector) -> Vector:
    """Lowest and highest (x, y), (2, 2), of points, (n, 2)."""
    return np.stack([points.min(axis=0), points.max(axis=0)])


def _meet(one: Vector, other: Vector) -> bool:
    return bool((one[0] <= other[1]).all() and (other[0] <= one[1]).all())
