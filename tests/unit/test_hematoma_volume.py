"""ABC/2 with true positions: weights, height, and the volume of a known ball."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ichviewer.core.geometry import StackGeometry
from ichviewer.core.hematoma_volume import (
    HematomaSlice,
    abc2_ml,
    height_mm,
    largest_slice,
    slice_weight,
    weighed_by_area,
    weighed_by_eye,
)
from ichviewer.core.stack_frame import StackFrame


def frame_of(positions_mm: list[float]) -> StackFrame:
    origins = np.zeros((len(positions_mm), 3))
    origins[:, 2] = positions_mm
    geometry = StackGeometry(origins, np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), (0.5, 0.5))
    return StackFrame.of(geometry, (64, 64))


def ball_slices(positions_mm: list[float], center_mm: float, radius_mm: float) -> dict[int, float]:
    return {
        index: math.pi * max(radius_mm**2 - (z - center_mm) ** 2, 0.0) for index, z in enumerate(positions_mm)
    }


def test_weights_are_those_of_the_paper_at_and_beside_the_limits() -> None:
    """Hazard: a slice that grazes the hematoma counts whole, and the volume decides on surgery."""
    assert [slice_weight(area, 200.0) for area in (200, 150.1, 150, 100, 50, 49.9, 0)] == [
        *(1.0, 1.0, 0.5, 0.5, 0.5, 0.0, 0.0)
    ]
    assert slice_weight(0.0, 0.0) == 0.0


@given(st.dictionaries(st.integers(0, 40), st.floats(0, 5000)))
def test_the_largest_slice_counts_whole_and_empty_ones_are_left_out(areas: dict[int, float]) -> None:
    slices = weighed_by_area(areas)
    assert [each.slice_index for each in slices] == sorted(i for i, area in areas.items() if area > 0)
    if slices:
        largest = largest_slice(slices)
        assert largest is not None
        assert areas[largest] == max(areas.values())
        assert {each.slice_index: each.weight for each in slices}[largest] == 1.0
    else:
        assert largest_slice(slices) is None


def test_with_even_spacing_the_height_is_slices_times_distance_as_in_the_paper() -> None:
    slices = weighed_by_area({3: 10.0, 4: 60.0, 5: 100.0, 6: 80.0, 7: 24.0})
    assert [each.weight for each in slices] == [0.0, 0.5, 1.0, 1.0, 0.0]
    assert height_mm(slices, frame_of([5.0 * index for index in range(12)])) == pytest.approx(2.5 * 5)


def test_uneven_spacing_and_overlaps_count_by_their_true_extents() -> None:
    """Hazard: nominal thickness makes the hematoma too large where slices overlap, too small across a gap."""
    frame = frame_of([0, 4, 8, 9.08, 16.08, 23.08])
    all_full = [HematomaSlice(index, 1.0) for index in range(6)]
    assert height_mm(all_full, frame) == pytest.approx(23.08 + 2 + 3.5)
    assert height_mm(all_full[2:4], frame) == pytest.approx((9.08 - 8) / 2 + 2 + (9.08 - 8) / 2 + 3.5)


@pytest.mark.parametrize(
    "positions_mm",
    [
        [2.5 * index for index in range(30)],
        [0.6 * index for index in range(120)],
        [*(1.25 * index for index in range(24)), *(30 + 2.5 * index for index in range(18))],
    ],
    ids=["2.5 mm", "0.6 mm", "thin below thick"],
)
def test_a_ball_has_the_same_height_however_it_was_sliced(positions_mm: list[float]) -> None:
    """Hazard: the same hematoma crosses a threshold for surgery because its slices lie otherwise."""
    slices = weighed_by_area(ball_slices(positions_mm, 31.3, 18.0))
    height = height_mm(slices, frame_of(positions_mm))
    # Of a ball, chords with 75 % and 25 % of the largest area are R and sqrt(3) R long.
    assert height == pytest.approx(18 * (1 + math.sqrt(3)) / 2, abs=2.6)
    volume = abc2_ml(36, 36, height)
    assert volume == pytest.approx(4 / 3 * math.pi * 18**3 / 1000, rel=0.4)


def test_a_judgment_by_eye_replaces_the_count_of_one_slice() -> None:
    slices = weighed_by_area({3: 10.0, 5: 100.0})
    judged = weighed_by_eye(slices, 4, 0.5)
    assert judged == (HematomaSlice(3, 0.0, 10.0), HematomaSlice(4, 0.5), HematomaSlice(5, 1.0, 100.0))
    assert weighed_by_eye(judged, 4, None) == slices
    assert weighed_by_eye(judged, 5, 0.0)[-1] == HematomaSlice(5, 0.0)


def test_what_cannot_be_known_is_refused() -> None:
    with pytest.raises(ValueError, match="one slice"):
        height_mm([HematomaSlice(0, 1.0)], frame_of([0.0]))
    with pytest.raises(ValueError, match="no slice 9"):
        height_mm([HematomaSlice(8, 1.0)], frame_of([0.0, 5.0]))
    with pytest.raises(ValueError, match=r"0, 0.5 or 1"):
        HematomaSlice(0, 0.75)


def test_the_volume_is_half_the_product_in_milliliters() -> None:
    assert abc2_ml(42.0, 31.0, 25.0) == pytest.approx(16.275)
