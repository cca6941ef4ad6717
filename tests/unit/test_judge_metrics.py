"""Figures over many weightings at once: against values by hand, scikit-learn and a plain loop."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as reference

from training.judge.bootstrap import (
    draw_counts,
    intervals,
    paired_difference,
    positive_patients,
    replicate,
    with_interval,
)
from training.judge.metrics import (
    Figure,
    auc,
    average_precision,
    brier,
    curve_steps,
    gain_over_prior,
    log_loss,
    prior_log_loss,
    value,
)
from training.judge.operating_points import rate_figures
from training.judge.rates import (
    RATES,
    negative_predictive_value,
    positive_predictive_value,
    positive_predictive_value_at,
    sensitivity,
    specificity,
)

SCIKIT_LEARN: list[tuple[Figure, Callable[..., float]]] = [
    (auc, reference.roc_auc_score),
    (average_precision, reference.average_precision_score),
    (log_loss, reference.log_loss),
    (brier, reference.brier_score_loss),
]


def some_slices(
    seed: int = 0, count: int = 300
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    """Scores with ties, labels and patients; some patients have positives, some have none."""
    generator = np.random.default_rng(seed)
    patients = np.sort(generator.integers(0, count // 5, count))
    bleeds = generator.random(count // 5) < 0.5
    labels = (generator.random(count) < 0.6) & bleeds[patients]
    scores = np.clip(generator.normal(0.4 + 0.2 * labels, 0.2), 0.01, 0.99).round(2)
    return scores, labels, patients


@pytest.mark.parametrize(("figure", "expected"), SCIKIT_LEARN)
def test_weighted_figures_agree_with_scikit_learn(figure: Figure, expected: Callable[..., float]) -> None:
    scores, labels, _ = some_slices()
    weights = np.random.default_rng(1).integers(0, 4, (20, len(labels))).astype(np.float64)
    found = figure(scores, labels, weights)
    wanted = [expected(labels, scores, sample_weight=row) for row in weights]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("figure", [auc, average_precision, log_loss, brier, prior_log_loss, gain_over_prior])
def test_a_weight_counts_a_slice_as_often(figure: Figure) -> None:
    scores, labels, _ = some_slices()
    weights = np.random.default_rng(2).integers(0, 4, (5, len(labels)))
    found = figure(scores, labels, weights.astype(np.float64))
    repeated = [value(figure, np.repeat(scores, row), np.repeat(labels, row)) for row in weights]
    np.testing.assert_allclose(found, repeated, rtol=1e-12)


@pytest.mark.parametrize("name", RATES)
def test_weighted_rates_count_a_slice_as_often(name: str) -> None:
    scores, labels, _ = some_slices()
    flagged, weights = scores > 0.5, np.random.default_rng(3).integers(0, 4, (5, len(labels)))
    found = RATES[name](flagged, labels, weights.astype(np.float64))
    for row, rate in zip(weights, found, strict=True):
        said, is_so = np.repeat(flagged, row), np.repeat(labels, row)
        by_hand = {
            "sensitivity": (said & is_so).sum() / is_so.sum(),
            "specificity": (~said & ~is_so).sum() / (~is_so).sum(),
            "positive_predictive_value": (said & is_so).sum() / said.sum(),
            "negative_predictive_value": (~said & ~is_so).sum() / (~said).sum(),
        }
        assert rate == pytest.approx(by_hand[name], rel=1e-12)


def test_auc_of_perfect_chance_and_reversed_scores() -> None:
    labels = np.array([False, False, True, True])
    assert value(auc, np.array([0.1, 0.2, 0.3, 0.4]), labels) == 1.0
    assert value(auc, np.array([0.5, 0.5, 0.5, 0.5]), labels) == 0.5
    assert value(auc, np.array([0.4, 0.3, 0.2, 0.1]), labels) == 0.0


def test_average_precision_takes_ties_together() -> None:
    labels = np.array([True, False, True, False])
    assert value(average_precision, np.full(4, 0.3), labels) == pytest.approx(0.5)
    assert value(average_precision, np.array([0.9, 0.1, 0.8, 0.2]), labels) == 1.0


def test_losses_by_hand() -> None:
    scores, labels = np.array([0.8, 0.4]), np.array([True, False])
    assert value(log_loss, scores, labels) == pytest.approx(-(np.log(0.8) + np.log(0.6)) / 2)
    assert value(brier, scores, labels) == pytest.approx((0.04 + 0.16) / 2)
    assert value(prior_log_loss, scores, labels) == pytest.approx(np.log(2))


def test_the_prior_itself_gains_nothing_over_the_prior() -> None:
    labels = np.arange(40) < 10
    assert value(gain_over_prior, np.full(40, 0.25), labels) == pytest.approx(0, abs=1e-12)
    assert value(gain_over_prior, labels.astype(float), labels) == pytest.approx(1, abs=1e-5)
    assert value(gain_over_prior, 1.0 - labels, labels) < 0


def test_curves_take_equal_scores_in_one_step() -> None:
    true, false = curve_steps(np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False]))
    np.testing.assert_array_equal(true, [0, 1, 2, 2])
    np.testing.assert_array_equal(false, [0, 0, 1, 2])


def test_a_predictive_value_at_a_chosen_prevalence_is_bayes_rule() -> None:
    """Hazard: the predictive value of a label set, read as that of a clinic."""
    labels = np.arange(100) < 40
    flagged = np.isin(np.arange(100), [*range(30), *range(40, 46)])  # sensitivity .75, specificity .9
    once = np.ones((1, 100))
    assert sensitivity(flagged, labels, once)[0] == 0.75
    assert specificity(flagged, labels, once)[0] == 0.9
    assert positive_predictive_value(flagged, labels, once)[0] == pytest.approx(30 / 36)
    assert negative_predictive_value(flagged, labels, once)[0] == pytest.approx(54 / 64)
    at_two_percent = positive_predictive_value_at(0.02)(flagged, labels, once)[0]
    assert at_two_percent == pytest.approx(0.75 * 0.02 / (0.75 * 0.02 + 0.1 * 0.98))
    assert positive_predictive_value_at(0.4)(flagged, labels, once)[0] == pytest.approx(30 / 36)


def test_every_replicate_has_both_classes() -> None:
    """Hazard: replicates without a positive that are quietly left out make an interval too narrow."""
    patients = np.array([0, 0, 1, 2, 3, 4, 5])
    labels = np.array([True, True, True, False, False, False, False])
    counts = draw_counts(labels, patients, 500, seed=0)
    positives, negatives = counts[:, :2].sum(axis=1), counts[:, 2:].sum(axis=1)
    assert (positives == 2).all()
    assert (negatives == 4).all()
    assert len(np.unique(counts, axis=0)) > 50


def test_the_bootstrap_equals_a_plain_loop_over_the_same_draws() -> None:
    scores, labels, patients = some_slices(seed=4)
    numbers, member = np.unique(patients, return_inverse=True)
    counts = draw_counts(labels, member, 40, seed=7).astype(int)
    found = replicate(lambda w: auc(scores, labels, w), labels, patients, 40, seed=7)
    for row, auc_found in zip(counts, found, strict=True):
        drawn = np.repeat(np.arange(len(numbers)), row)
        slices = np.concatenate([np.flatnonzero(member == patient) for patient in drawn])
        assert auc_found == pytest.approx(reference.roc_auc_score(labels[slices], scores[slices]), rel=1e-12)


def test_there_is_no_loop_over_replicates() -> None:
    scores, labels, patients = some_slices()
    calls = []

    def counted(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        calls.append(len(weights))
        return auc(scores, labels, weights)

    replicate(counted, labels, patients, replicates=1000)
    assert calls == [1000]


def test_the_interval_draws_patients_not_slices() -> None:
    """Hazard: copies of a slice make an interval narrow without any new patient."""
    generator = np.random.default_rng(3)
    labels = np.arange(60) % 2 == 0
    scores = generator.random(60) + 0.3 * labels
    once = with_interval(auc, scores, labels, np.arange(60))
    often = with_interval(auc, np.tile(scores, 9), np.tile(labels, 9), np.tile(np.arange(60), 9))
    assert once is not None
    assert often == once
    assert once["low"] < once["value"] < once["high"]


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(60):
        generator = np.random.default_rng(seed)
        labels = np.arange(120) < 40
        interval = with_interval(auc, generator.normal(1.0 * labels), labels, np.arange(120), 300)
        assert interval is not None
        covered += interval["low"] <= 0.7602 <= interval["high"]  # Phi(1 / sqrt 2)
    assert covered >= 52


def test_a_figure_of_few_patients_is_not_estimable() -> None:
    """Hazard: a sensitivity of three patients that reads like a measurement."""
    scores, patients = np.linspace(0, 1, 100), np.arange(100) // 10
    labels = scores > 0.5
    assert positive_patients(labels, patients) == 5
    assert with_interval(auc, scores, labels, patients) is None
    assert paired_difference(auc, scores, scores, labels, patients) is None
    rates = rate_figures(scores > 0.7, labels, patients, (0.02,))
    assert rates["confusion"] == {
        "true_positive": 30,
        "false_negative": 20,
        "false_positive": 0,
        "true_negative": 50,
    }
    assert rates["sensitivity"] is None
    assert rates["positive_predictive_value_at_0.02"] is None


def test_a_difference_of_networks_is_of_the_same_draws() -> None:
    """Hazard: overlapping intervals of two networks read as "no difference" though one is always better."""
    scores, labels, patients = some_slices(seed=5)
    better = scores + 0.02 * labels
    difference = paired_difference(auc, better, scores, labels, patients)
    assert difference is not None
    assert difference["low"] > 0
    assert difference["value"] == pytest.approx(
        value(auc, better, labels) - value(auc, scores, labels), abs=1e-4
    )
    alone = with_interval(auc, scores, labels, patients)
    assert alone is not None
    assert difference["high"] - difference["low"] < (alone["high"] - alone["low"]) / 3
    same = paired_difference(auc, scores, scores, labels, patients)
    assert same == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_a_figure_that_does_not_exist_is_none() -> None:
    labels, patients = np.arange(40) < 20, np.arange(40)
    found = rate_figures(np.zeros(40, dtype=np.bool_), labels, patients)
    assert found["positive_predictive_value"] is None
    assert found["sensitivity"] == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_all_figures_of_a_call_share_their_draws() -> None:
    scores, labels, patients = some_slices(seed=6)
    found = intervals(
        {"one": lambda w: auc(scores, labels, w), "half": lambda w: auc(scores, labels, w) / 2},
        labels,
        patients,
    )
    assert found["one"] is not None
    assert found["half"] is not None
    assert found["half"]["low"] == pytest.approx(found["one"]["low"] / 2, abs=1e-4)
