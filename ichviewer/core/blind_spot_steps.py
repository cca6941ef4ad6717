"""The steps of the tour of blind spots: begin, go on, go back, end.

The one thing to get wrong: the tour changes how the stack is looked at, and the end takes exactly that back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ichviewer.core.blind_spot_tour import BlindSpotTour
from ichviewer.core.blind_spots import Cut, LeftOut, Stop
from ichviewer.core.navigation import with_crosshair, with_layout
from ichviewer.core.views import Layout, View
from ichviewer.core.viewstate import ViewState, with_window

VIEWS_OF_CUT = {Cut.AXIAL: View.AXIAL, Cut.CORONAL: View.CORONAL, Cut.SAGITTAL: View.SAGITTAL}

PUT_BACK = (
    "slice_index",
    "layout",
    "windows",
    "window_origins",
    "active_view",
    "promoted_view",
    "crosshair_mm",
    "shows_crosshair",
)


def tour_begun(state: ViewState) -> ViewState:
    """The tour is wanted; it starts once its stops were found. Unchanged while one is on."""
    if state.volume is None or state.blind_spot_tour is not None:
        return state
    before = tuple((name, getattr(state, name)) for name in PUT_BACK)
    return replace(state, blind_spot_tour=BlindSpotTour(before=before))


def with_stops(state: ViewState, stops: tuple[Stop | LeftOut, ...]) -> ViewState:
    """The stops were found: go to the first."""
    tour = state.blind_spot_tour
    return state if tour is None else _at(state, replace(tour, stops=stops), 0)


def tour_stepped(state: ViewState, steps: int) -> ViewState:
    """Some stops further; it halts at the ends."""
    tour = state.blind_spot_tour
    if tour is None or not tour.stops:
        return state
    at = max(0, min(tour.at + steps, len(tour.stops) - 1))
    return state if at == tour.at else _at(state, tour, at)


def tour_ended(state: ViewState) -> ViewState:
    """No tour any more, and the stack looked at as before it."""
    tour = state.blind_spot_tour
    if tour is None:
        return state
    before: dict[str, Any] = dict(tour.before)
    return replace(state, blind_spot_tour=None, **(before if tour.stops else {}))


def _at(state: ViewState, tour: BlindSpotTour, at: int) -> ViewState:
    there = replace(state, blind_spot_tour=replace(tour, at=at))
    stop = tour.stops[at]
    if isinstance(stop, LeftOut) or state.volume is None:
        return there
    view = VIEWS_OF_CUT[stop.spot.cut]
    there = replace(with_layout(there, Layout.PLANES), active_view=view, shows_crosshair=True)
    there = with_window(there, view, stop.spot.window)
    z_mm = float(state.volume.frame.positions_mm[stop.slice_index])
    return with_crosshair(there, np.array([stop.x_mm, stop.y_mm, z_mm]))
