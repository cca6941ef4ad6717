"""What a flag and a score are worth at the reader's own prevalence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import make_card
from hypothesis import given
from hypothesis import strategies as st

from ichviewer.core.model_card import ModelCard, OperatingPoint
from ichviewer.core.prevalence import (
    predictive_text,
    predictive_values,
    prevalences_at,
    reweighted,
    wilson_interval,
)

SHARES = st.floats(0.01, 0.99)


def card_at(*prevalences: float) -> ModelCard:
    card = make_card()
    labels = zip(card.labels, prevalences, strict=True)
    return replace(card, labels=tuple(replace(label, calibration_prevalence=p) for label, p in labels))


CARD = card_at(0.2, 0.05, 0.06, 0.03, 0.05, 0.06)


def test_the_predictive_value_is_the_one_that_was_measured_elsewhere() -> None:
    # Radiology: AI 2024: sensitivity 75.6 %, PPV 21 % at a prevalence of 2.7 %; the specificity follows.
    specificity = 1 - 0.756 * 0.027 / 0.973 * (1 - 0.21) / 0.21
    values = predictive_values(OperatingPoint(0.5, 0.756, specificity, ""), 0.027)
    assert values is not None
    assert values.positive is not None
    assert values.positive.value == pytest.approx(0.21, abs=1e-6)


def test_a_flag_is_worth_less_where_bleeds_are_rare() -> None:
    """Hazard: a flag is believed as in the card's data, where every fifth slice bleeds."""
    point = OperatingPoint(0.5, 0.9, 0.9, "")
    values = [predictive_values(point, prevalence) for prevalence in (0.01, 0.1, 0.5)]
    positive = [each.positive.value for each in values if each and each.positive]
    assert positive == pytest.approx([0.0833, 0.5, 0.9], abs=1e-4)


@given(SHARES, SHARES, SHARES, st.integers(1, 500), st.integers(1, 500))
def test_the_interval_holds_the_value(a: float, b: float, prevalence: float, yes: int, no: int) -> None:
    point = OperatingPoint(0.5, round(a * yes) / yes, round(b * no) / no, "", yes, no)
    values = predictive_values(point, prevalence)
    assert values is not None
    for rate in (values.sensitivity, values.specificity, values.positive, values.negative):
        if rate is not None:
            assert rate.low is not None
            assert rate.high is not None
            assert 0 <= rate.low <= rate.value + 1e-12
            assert rate.value - 1e-12 <= rate.high <= 1


def test_the_interval_of_a_share_is_wilsons() -> None:
    # Newcombe, Statistics in Medicine 1998, table I, method 3: 81 of 263.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_without_counts_there_is_no_interval_and_it_is_said() -> None:
    """Hazard: a figure that was measured on few patients passes for a sure one."""
    point = OperatingPoint(0.5, 0.9, 0.9, "")
    values = predictive_values(point, 0.1)
    assert values is not None
    assert values.positive is not None
    assert values.positive.low is None
    assert "the card has no interval" in predictive_text(point, 0.1)
    counted = replace(point, positives=20, negatives=40)
    assert "50% of the flagged studies do (95% interval 25% to 73%)" in predictive_text(counted, 0.1)


def test_what_the_card_lacks_is_said_and_not_made_up() -> None:
    point = OperatingPoint(0.5, None, None, "not estimable")
    assert predictive_values(point, 0.1) is None
    assert predictive_text(point, 0.1).startswith("No predictive value: the model card has no sensitivity")
    assert predictive_text(OperatingPoint(0.5, 0.0, 1.0, ""), 0.1).startswith("No predictive value: nothing")


@pytest.mark.parametrize("prevalence", [0.0, 1.0, -0.1, 2.0, float("nan")])
def test_a_prevalence_that_is_none_is_refused(prevalence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        predictive_values(OperatingPoint(0.5, 0.9, 0.9, ""), prevalence)
    with pytest.raises(ValueError, match="between 0 and 1"):
        prevalences_at(CARD, prevalence)


def test_at_the_cards_own_prevalence_nothing_changes() -> None:
    scores = np.array([[0.7, 0.6, 0.1, 0.02, 0.3, 0.7], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    same = reweighted(scores, CARD, [label.calibration_prevalence for label in CARD.labels])
    np.testing.assert_allclose(same, scores, atol=2e-6)


def test_the_odds_move_as_the_prevalence_does() -> None:
    moved = reweighted(np.full((1, 6), 0.5), CARD, (0.05,) * 6)
    old_odds, new_odds = 0.2 / 0.8, 0.05 / 0.95
    assert moved[0, 0] == pytest.approx(new_odds / old_odds / (1 + new_odds / old_odds))


def test_no_subtype_is_likelier_than_any() -> None:
    moved = reweighted(np.full((3, 6), 0.5), CARD, (0.05, 0.5, 0.5, 0.5, 0.5, 0.5))
    assert (moved <= moved[:, :1]).all()


def test_an_absent_score_stays_absent() -> None:
    """Hazard: a slice that was never scored gets a probability."""
    scores = np.full((2, 6), np.nan)
    scores[1] = 0.5
    moved = reweighted(scores, CARD, prevalences_at(CARD, 0.1))
    assert np.isnan(moved[0]).all()
    assert not np.isnan(moved[1]).any()


def test_the_mix_of_subtypes_stays_the_cards() -> None:
    assert prevalences_at(CARD, 0.1) == pytest.approx((0.1, 0.025, 0.03, 0.015, 0.025, 0.03))


def test_six_labels_take_six_prevalences() -> None:
    with pytest.raises(ValueError, match="six labels"):
        reweighted(np.full((1, 6), 0.5), CARD, (0.1,))
