"""Steps of growing and painting a region.

The one thing to get wrong: a region that arrives belongs to the wish that asked for it last; one that the
reader gave up in the meantime, or of a stack that is closed, must not appear.
"""

from __future__ import annotations

from dataclasses import replace

from ichviewer.core.growth import LARGEST_BRUSH_MM, SMALLEST_BRUSH_MM, WantedRegion
from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measuring import selected, with_changed, with_measurement
from ichviewer.core.plane import Triple
from ichviewer.core.region import Region
from ichviewer.core.region_brush import painted_region
from ichviewer.core.viewstate import ViewState


def chosen_region(state: ViewState) -> Measurement | None:
    """The chosen measurement, if it is a grown region."""
    now = selected(state)
    return now if now is not None and now.kind is MeasurementKind.REGION else None


def region_wanted(
    state: ViewState, seed_mm: Triple, slice_index: int, identifier: int | None = None
) -> ViewState:
    """A region shall grow from a point, in the place of another one if that is named."""
    number = state.growth.count + 1
    wanted = WantedRegion(number, seed_mm, slice_index, identifier)
    return replace(state, growth=replace(state.growth, count=number, wanted=wanted))


def grown_again(state: ViewState) -> ViewState:
    """The chosen region shall grow anew from its seed, between the values that are set now."""
    now = chosen_region(state)
    if now is None or not isinstance(now.plane, int):
        return state
    return region_wanted(state, now.points_mm[0], now.plane, now.identifier)


def region_arrived(state: ViewState, wanted: WantedRegion, region: Region) -> ViewState:
    """What was asked for is there; the same state where something else was asked for since."""
    if state.growth.wanted != wanted or state.volume is None:
        return state
    after = growth_over(state, wanted)
    if region.shape != state.volume.stored_values.shape:
        return after
    if wanted.identifier is not None:
        return with_changed(after, wanted.identifier, lambda now: replace(now, region=region), "grow anew")
    grown = Measurement(MeasurementKind.REGION, (wanted.seed_mm,), wanted.slice_index, region=region)
    return with_measurement(after, grown)


def growth_over(state: ViewState, wanted: WantedRegion) -> ViewState:
    """Nothing more is to be expected of a wish."""
    if state.growth.wanted != wanted:
        return state
    return replace(state, growth=replace(state.growth, wanted=None))


def painted(
    state: ViewState, identifier: int, from_mm: Triple, to_mm: Triple, slice_index: int, adds: bool
) -> ViewState:
    """A stroke of the brush on one slice; the strokes of one drag are one step to undo."""
    if state.volume is None:
        return state
    frame, radius_mm = state.volume.frame, state.growth.brush_mm

    def change(now: Measurement) -> Measurement:
        if now.region is None:
            return now
        ends = (from_mm[0], from_mm[1]), (to_mm[0], to_mm[1])
        return replace(now, region=painted_region(now.region, frame, slice_index, ends, radius_mm, adds))

    return with_changed(state, identifier, change, "paint", state.gesture)


def brush_resized(state: ViewState, factor: float) -> ViewState:
    """A larger or smaller brush, within limits."""
    radius_mm = min(max(state.growth.brush_mm * factor, SMALLEST_BRUSH_MM), LARGEST_BRUSH_MM)
    return replace(state, growth=replace(state.growth, brush_mm=round(radius_mm, 1)))
