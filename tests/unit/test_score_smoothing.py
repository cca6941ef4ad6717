"""A score is a mean over neighboring slices' logits, by millimeters, over the slices that have any."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import make_volume, share_of_bleed
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ichviewer.core.findings import windowed_means
from ichviewer.core.score_smoothing import (
    applied_smoothing_mm,
    neighbors_within,
    smoothed_logits,
    smoothed_slice_logits,
)

SMOOTHING_MM = 10.0


def smoothed(
    values: list[float], positions_mm: list[float], unknown: tuple[int, ...] = (), mm: float = SMOOTHING_MM
) -> list[float]:
    """One label's smoothed logits."""
    is_known = np.asarray([index not in unknown for index in range(len(values))])
    found = smoothed_logits(np.asarray(values)[:, None], np.asarray(positions_mm), is_known, mm)
    return found.ravel().tolist()


def test_slices_5_mm_apart_weigh_a_quarter_a_half_a_quarter() -> None:
    assert smoothed([0, 0, 8, 0, 0], [0, 5, 10, 15, 20]) == [0, 2, 4, 2, 0]


def test_at_the_end_of_the_stack_the_weights_are_shared_by_what_is_there() -> None:
    np.testing.assert_allclose(smoothed([6, 0, 0], [0, 5, 10]), [4, 1.5, 0])


def test_each_label_is_averaged_by_itself() -> None:
    logits = np.asarray([[0.0, 4.0], [4.0, 0.0]])
    found = smoothed_logits(logits, np.asarray([0.0, 5.0]), np.ones(2, dtype=bool), SMOOTHING_MM)
    np.testing.assert_allclose(found, [[4 / 3, 8 / 3], [8 / 3, 4 / 3]])


@pytest.mark.parametrize(("positions", "mm"), [(None, 10.0), (np.arange(3) * 5.0, 0.0)])
def test_without_positions_or_smoothing_the_logits_are_as_they_were(
    positions: NDArray[np.float64] | None, mm: float
) -> None:
    logits = np.asarray([[1.5], [np.nan], [-2.0]], dtype=np.float32)
    assert smoothed_logits(logits, positions, np.ones(3, dtype=bool), mm) is logits


def test_one_slice_keeps_its_logit_to_the_last_bit() -> None:
    assert smoothed([0.1], [37.2]) == [0.1]
    assert smoothed([], []) == []


def test_slices_at_one_position_share_their_score() -> None:
    assert smoothed([2, 6], [5, 5]) == [4, 4]


def test_distance_counts_and_not_the_place_in_the_stack() -> None:
    """Hazard: a bleed is diluted, or smeared, over a gap in which slices are missing."""
    assert smoothed([9, -3, -3], [0, 12, 24]) == [9, -3, -3]
    assert smoothed([8, 0, 0], [0, 7.5, 30]) == pytest.approx([8 / 1.25, 2 / 1.25, 0])


def test_a_neighbor_without_a_logit_is_left_out_and_the_others_share_its_weight() -> None:
    """Hazard: a slice that could not be read counts as one without bleeding."""
    found = smoothed([3, 99, 6, 0], [0, 5, 10, 15], unknown=(1,))
    assert found[0] == 3
    assert np.isnan(found[1]), "a slice that was not scored got a score from its neighbors"
    assert found[2] == pytest.approx((6 + 0.5 * 0) / 1.5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_logit_that_is_no_number_spoils_no_neighbor(bad: float) -> None:
    """Hazard: one slice that fails takes the score from every slice around it."""
    found = smoothed([4, bad, 1], [0, 5, 10])
    assert np.isnan(found[1])
    assert [found[0], found[2]] == [4, 1]


def test_a_slice_of_unknown_position_is_a_stack_of_its_own() -> None:
    assert smoothed([4, 8, 0], [0, np.nan, 5]) == pytest.approx([8 / 3, 8, 4 / 3])


def test_a_slice_needs_its_neighbors_within_the_distance_and_no_others() -> None:
    positions = np.asarray([0.0, 5.0, 10.0, 13.0, 30.0])
    found = [neighbors_within(index, positions, SMOOTHING_MM) for index in range(5)]
    assert found == [(0, 1), (0, 1, 2, 3), (1, 2, 3), (1, 2, 3), (4,)]
    assert neighbors_within(1, positions, 0.0) == (1,)


def test_the_last_digits_of_a_position_make_no_slice_wait_for_another() -> None:
    positions = -101.3 + np.arange(40) * 5.0 * np.cos(0.3) / np.cos(0.3)
    positions += np.where(np.arange(40) % 2, 1e-9, -1e-9)
    assert all(len(neighbors_within(index, positions, SMOOTHING_MM)) == 3 for index in range(1, 39))


STACKS = st.lists(st.tuples(st.floats(-15, 15), st.floats(0, 60), st.booleans()), min_size=1, max_size=12)


@given(STACKS, st.floats(0.5, 30), st.randoms(use_true_random=False))
def test_the_order_of_the_slices_changes_no_bit(
    stack: list[tuple[float, float, bool]], mm: float, random: object
) -> None:
    """Hazard: two readers of one study get two sets of scores."""
    places = list(range(len(stack)))
    random.shuffle(places)  # type: ignore[attr-defined]
    values, positions, known = (np.asarray(column) for column in zip(*stack, strict=True))
    ordered = smoothed_logits(values[:, None], positions, known, mm)
    shuffled = smoothed_logits(values[places, None], positions[places], known[places], mm)
    np.testing.assert_array_equal(shuffled, ordered[places])


@given(STACKS, st.floats(0.5, 30))
def test_only_what_a_slice_waits_for_enters_its_score(
    stack: list[tuple[float, float, bool]], mm: float
) -> None:
    """Hazard: a score that was shown changes when another slice arrives."""
    values, positions, known = (np.asarray(column) for column in zip(*stack, strict=True))
    whole = smoothed_logits(values[:, None], positions, known, mm)
    for index in range(len(stack)):
        near = neighbors_within(index, positions, mm)
        assert all(index in neighbors_within(each, positions, mm) for each in near)
        others = np.ones(len(stack), dtype=bool)
        others[list(near)] = False
        logits = np.where(others, np.nan, values)[:, None]
        early = smoothed_slice_logits(index, logits, positions, known & ~others, mm)
        np.testing.assert_array_equal(early, whole[index])


@given(STACKS, st.floats(0.5, 30))
def test_a_mean_lies_between_the_lowest_and_the_highest(
    stack: list[tuple[float, float, bool]], mm: float
) -> None:
    values, positions, known = (np.asarray(column) for column in zip(*stack, strict=True))
    found = smoothed_logits(values[:, None], positions, known, mm).ravel()
    assert (np.isnan(found) == ~known).all()
    if known.any():
        assert values[known].min() - 1e-9 <= found[known].min()
        assert found[known].max() <= values[known].max() + 1e-9


@given(
    st.floats(25, 115),
    st.floats(5, 60),
    st.floats(0.5, 4),
    st.floats(1, 8),
    st.floats(0, 5),
    st.floats(0, 0.6),
)
def test_thick_and_thin_slices_of_one_head_agree_when_smoothed(
    center: float, length: float, edge: float, height: float, thick_start: float, thin_start: float
) -> None:
    """5 mm and 0.6 mm series of one head agree within 0.1; both are read as averages over 5 mm."""

    def score(spacing_mm: float, start: float) -> float:
        positions = np.arange(start, 140, spacing_mm)
        bleed = height * share_of_bleed(positions, center, length, edge) - 4
        known = np.ones(len(positions), dtype=bool)
        logits = smoothed_logits(bleed[:, None], positions, known, SMOOTHING_MM)
        return float(windowed_means(1 / (1 + np.exp(-logits)), positions).max())

    assert abs(score(5.0, thick_start) - score(0.6, thin_start)) < 0.1


def test_a_series_without_positions_is_not_smoothed() -> None:
    """Hazard: slices in file order would be averaged as if they lay beside each other."""
    series = make_volume(3).series
    headers = tuple(replace(header, image_position_mm=None) for header in series.slices)
    assert applied_smoothing_mm(series, SMOOTHING_MM) == SMOOTHING_MM
    assert applied_smoothing_mm(replace(series, slices=headers), SMOOTHING_MM) == 0.0
