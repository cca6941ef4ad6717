"""Steps of ABC/2: how much each slice counts, judged by eye or from areas that were drawn.

The one thing to get wrong: a judgment is of the slice in view, whatever slice A and B were drawn on.
"""

from __future__ import annotations

from dataclasses import replace

from ichviewer.core.hematoma_volume import weighed_by_area, weighed_by_eye
from ichviewer.core.measurement import MeasurementKind
from ichviewer.core.measurement_values import measure
from ichviewer.core.measuring import selected, with_changed
from ichviewer.core.region import areas_mm2
from ichviewer.core.viewstate import ViewState


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
    """Largest region on each slice that has one, mm2, by slice index; empty where lengths are not known."""
    volume = state.volume
    if volume is None or not volume.series.is_measured:
        return {}
    areas: dict[int, float] = {}
    for each in state.work.measurements.items:
        found: dict[int, float] = {}
        if each.region is not None:
            found = areas_mm2(each.region, volume.frame)
        elif each.kind.is_closed_shape and isinstance(each.plane, int):
            found = {each.plane: measure(each, volume).area or 0.0}
        for index, area in found.items():
            areas[index] = max(areas.get(index, 0.0), area)
    return areas
