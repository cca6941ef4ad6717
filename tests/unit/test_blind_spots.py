"""The tour of the places where bleeds are missed finds their levels, or says that the stack lacks them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import make_volume
from marred_heads import PIXEL_MM, SLICES, SPACING_MM, as_volume, whole_head
from numpy.typing import NDArray

from ichviewer.core.blind_spots import (
    BLIND_SPOTS,
    SURE_WITHIN_MM,
    BlindSpot,
    LeftOut,
    Stop,
    blind_spot_tour,
    size_scale,
)
from ichviewer.core.brain_extent import BrainExtent, NoExtent, brain_extent
from ichviewer.core.phantom_spec import small_demo_spec, to_patient_mm
from ichviewer.core.volume import Volume

SPEC = small_demo_spec(False, slice_count=SLICES)
STANDARD_MM = {
    # Where ``phantom_spaces`` has them, x to the left, y to the back, z up.
    "Vertex": (0.0, 4.0, 110.0),
    "Tentorium": (20.0, 50.0, 27.0),
    "Interpeduncular and suprasellar cisterns": (0.0, -8.0, 16.0),
    "Floor of the anterior fossa": (31.0, -55.0, 7.0),
    "Floor of the middle fossa": (37.0, -13.0, -11.0),
    "Floor of the posterior fossa": (20.0, 50.0, -20.0),
    "Foramen magnum": (0.0, 34.0, -18.0),
}


@pytest.fixture(scope="module")
def head() -> NDArray[np.int16]:
    return whole_head(with_bleeds=False)


def tour_of(volume: Volume) -> dict[str, Stop | LeftOut]:
    tour = blind_spot_tour(volume)
    assert not isinstance(tour, NoExtent)
    return {stop.spot.name: stop for stop in tour}


def test_each_stop_of_a_whole_head_is_where_the_anatomy_is(head: NDArray[np.int16]) -> None:
    """Hazard: the reader ticks off a place after looking at another."""
    tour = tour_of(as_volume(head))
    for name, standard in STANDARD_MM.items():
        stop = tour[name]
        assert isinstance(stop, Stop)
        true_mm = to_patient_mm(SPEC, standard)[2] - SPEC.lowest_mm
        assert stop.slice_index * SPACING_MM == pytest.approx(true_mm, abs=SURE_WITHIN_MM + SPACING_MM / 2)


def test_a_stop_lies_where_the_anatomy_is_within_the_slice(head: NDArray[np.int16]) -> None:
    tour = tour_of(as_volume(head))
    middle = (SPEC.rows - 1) / 2 * PIXEL_MM
    for name, standard in STANDARD_MM.items():
        stop = tour[name]
        assert isinstance(stop, Stop)
        assert stop.x_mm == pytest.approx(middle, abs=5)
        if name != "Vertex":
            assert stop.y_mm == pytest.approx(middle + standard[1], abs=15)


def test_the_tour_goes_down_and_names_slices_that_are_there(head: NDArray[np.int16]) -> None:
    stops = [stop for stop in tour_of(as_volume(head)).values() if isinstance(stop, Stop)]
    assert len(stops) == len(BLIND_SPOTS)
    assert stops[0].slice_index == max(stop.slice_index for stop in stops)
    assert stops[-1].slice_index == min(stop.slice_index for stop in stops)
    for stop in stops:
        assert 0 <= stop.first <= stop.slice_index <= stop.last < SLICES
        assert "About here" in stop.text


def test_a_stack_that_ends_above_a_level_leaves_its_stop_out(head: NDArray[np.int16]) -> None:
    """Hazard: a stack without the skull base seems to have been read down to it."""
    tour = tour_of(as_volume(head[11:]))
    left_out = [stop for stop in tour.values() if isinstance(stop, LeftOut)]
    assert "Foramen magnum" in {each.spot.name for each in left_out}
    assert "Falx" not in {each.spot.name for each in left_out}
    assert all(each.reason.startswith("Not in this stack: it ends about") for each in left_out)


def test_without_the_top_of_the_head_there_is_no_tour(head: NDArray[np.int16]) -> None:
    """Hazard: levels are measured from a slice that is not the vertex."""
    tour = blind_spot_tour(as_volume(head[:22]))
    assert isinstance(tour, NoExtent)
    assert tour.reason.startswith("This stack ends below the top of the brain")


def test_a_stack_that_ends_just_below_the_vertex_still_has_a_tour(head: NDArray[np.int16]) -> None:
    whole, cut = brain_extent(as_volume(head)), brain_extent(as_volume(head[:29]))
    assert isinstance(whole, BrainExtent)
    assert isinstance(cut, BrainExtent)
    assert cut.vertex_mm == pytest.approx(whole.vertex_mm, abs=3)


def test_where_there_is_no_brain_there_is_no_tour() -> None:
    assert isinstance(blind_spot_tour(make_volume(hu=np.full((9, 64, 64), -1000.0))), NoExtent)


def test_stacks_of_other_planes_have_no_tour(head: NDArray[np.int16]) -> None:
    volume = as_volume(head)
    turned = replace(volume, series=replace(volume.series, orientation="coronal"))
    assert isinstance(blind_spot_tour(turned), NoExtent)


def test_unreadable_slices_are_no_stop(head: NDArray[np.int16]) -> None:
    volume = as_volume(head)
    stop = tour_of(volume)["Tentorium"]
    assert isinstance(stop, Stop)
    is_readable = np.ones(SLICES, dtype=np.bool_)
    is_readable[stop.slice_index] = False
    other = tour_of(replace(volume, is_readable=is_readable))["Tentorium"]
    assert isinstance(other, Stop)
    assert abs(other.slice_index - stop.slice_index) == 1


def test_a_small_head_has_its_levels_closer_together() -> None:
    assert size_scale(200.0) == 1.0
    assert size_scale(96.0) == pytest.approx(0.8)


def test_levels_of_a_spot_are_in_order() -> None:
    for spot in BLIND_SPOTS:
        assert isinstance(spot, BlindSpot)
        assert 0 <= spot.below_vertex_mm[0] <= spot.below_vertex_mm[1] <= spot.below_vertex_mm[2]
        assert spot.look_for.endswith(".")
        assert spot.source
