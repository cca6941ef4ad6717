"""Which gap may hide a missing slice: over 1.5 times the usual one of its thickness, and not one of three."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ichviewer.core.geometry import find_gaps, overlap_count


def places(*gaps: float) -> list[float]:
    return list(accumulate(gaps, initial=0.0))


def after(*gaps: float, thicknesses: list[float | None] | None = None) -> list[int]:
    """After which slices one may be missing, counted from 0."""
    positions = places(*gaps)
    found = find_gaps(positions, thicknesses or [None] * len(positions))
    assert all(gap.mm == pytest.approx(np.diff(positions)[gap.after_slice]) for gap in found)
    return [gap.after_slice for gap in found]


@given(st.floats(0.3, 10), st.integers(5, 60), st.data())
def test_a_slice_taken_from_an_even_stack_leaves_exactly_one_gap(
    spacing: float, count: int, data: st.DataObject
) -> None:
    """Hazard: a missing slice that nobody is told of."""
    positions = [spacing * index for index in range(count)]
    missing = data.draw(st.integers(1, count - 2))
    del positions[missing]
    (gap,) = find_gaps(positions, [spacing] * len(positions))
    assert gap.after_slice == missing - 1
    assert gap.mm == pytest.approx(2 * spacing)


@given(st.floats(0.3, 10), st.integers(1, 60), st.floats(-0.3, 0.3))
def test_an_even_stack_has_none_even_if_rounded(spacing: float, count: int, shake: float) -> None:
    positions = [spacing * (index + shake * (index % 2) / 2) for index in range(count)]
    assert find_gaps(positions, [spacing] * count) == ()


@pytest.mark.parametrize(("gap", "expected"), [(7.5, []), (7.51, [2])])
def test_the_limit_is_one_and_a_half(gap: float, expected: list[int]) -> None:
    assert after(5, 5, gap, 5, 5) == expected


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ((5, 5, 5, 5, 10, 5), [4]),
        ((5, 5, 5, 5, 10, 10, 5), [4, 5]),
        ((5, 5, 5, 5, 10, 10, 10, 5), []),
        ((5, 5, 5, 5, 5, 10, 10.2, 9.9, 5), []),
        ((5, 5, 5, 5, 5, 10, 12, 10, 5), [5, 6, 7]),
        ((5, 5, 5, 5, 10, 5, 10, 5, 10, 5), [4, 6, 8]),
    ],
)
def test_three_equal_gaps_together_are_a_spacing_two_are_not(
    gaps: tuple[float, ...], expected: list[int]
) -> None:
    """Hazard: a change of spacing named as missing slices, or two missing slices taken for a change."""
    assert after(*gaps) == expected


def test_each_thickness_has_its_own_usual_gap() -> None:
    """The GE head: 4 mm slices at the base, 7 mm above, one overlap where they meet."""
    thicknesses: list[float | None] = [4.0] * 14 + [7.0] * 14
    gaps = [4.0] * 13 + [1.08] + [7.0] * 13
    assert after(*gaps, thicknesses=thicknesses) == []
    gaps[20] = 14.0
    assert after(*gaps, thicknesses=thicknesses) == [20]
    gaps[20], gaps[5] = 7.0, 8.0
    assert after(*gaps, thicknesses=thicknesses) == [5]


def test_without_thickness_all_gaps_are_alike() -> None:
    assert after(*[4.0] * 13, 1.08, *[7.0] * 2, thicknesses=None) == [14, 15]


def test_where_the_thickness_changes_all_gaps_are_asked() -> None:
    """Hazard: slices missing just where the scanner changed its thickness."""
    thicknesses: list[float | None] = [4.0] * 6 + [7.0] * 6
    assert after(*[4.0] * 5, 20.0, *[7.0] * 5, thicknesses=thicknesses) == [5]


def test_slices_at_the_same_position_count_for_no_median() -> None:
    """Hazard: a gap after every slice, because half of all gaps are 0."""
    assert after(0, 5, 0, 5, 0, 5, 0) == []
    assert after(0, 5, 0, 10, 0, 5, 0, 5, 5) == [3]


@pytest.mark.parametrize(
    ("gaps", "count"),
    [
        ((5, 5, 1, 5, 5), 1),
        ((5, 5, 1, 5, 1, 5), 2),
        ((4.0,) * 13 + (1.08,) + (7.0,) * 13, 1),
        ((7,) * 9 + (2.5,) * 5, 0),
        ((0.6,) * 20, 0),
        ((5, 5, 0, 5), 0),
        ((5,), 0),
        ((), 0),
    ],
)
def test_overlaps_are_counted_and_a_finer_spacing_is_none(gaps: tuple[float, ...], count: int) -> None:
    """Hazard: tissue shown twice where slices overlap, or thin slices through the skull base called so."""
    assert overlap_count(places(*gaps)) == count


@pytest.mark.parametrize("gaps", [(), (5,), (5, 50), (0,), (0, 0)])
def test_few_slices_are_no_evidence_or_one(gaps: tuple[float, ...]) -> None:
    assert after(*gaps) == ([1] if gaps == (5, 50) else [])
