"""Figures, calibration and operating points, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from training.calibration import (
    calibration_error,
    operating_point,
    platt,
    source_auc,
    threshold_at_specificity,
)
from training.metrics import auc, average_precision, brier, log_loss, positive_groups, with_interval


def test_platt_finds_the_slope_and_intercept_that_made_the_labels() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, 40_000)
    labels = generator.random(40_000) < 1 / (1 + np.exp(-(0.7 * logits - 1.2)))
    slope, intercept = platt(logits, labels)
    assert slope == pytest.approx(0.7, abs=0.03)
    assert intercept == pytest.approx(-1.2, abs=0.04)


def test_platt_takes_out_a_shift_that_oversampling_made() -> None:
    """Hazard: scores at the prevalence of the sampler instead of the data's."""
    generator = np.random.default_rng(1)
    logits = generator.normal(0, 2, 5_000)
    labels = generator.random(5_000) < 1 / (1 + np.exp(-logits))
    slope, intercept = platt(logits, labels)
    shifted_slope, shifted_intercept = platt(logits + 3.0, labels)
    assert shifted_slope == pytest.approx(slope, rel=1e-6)
    assert shifted_intercept == pytest.approx(intercept - 3.0 * slope, rel=1e-5)


def test_platt_stays_finite_where_the_classes_part() -> None:
    slope, intercept = platt(np.array([-3.0, -2.0, 2.0, 3.0]), np.array([False, False, True, True]))
    assert 0 < slope < 5
    assert np.isfinite(intercept)


def test_platt_refuses_scores_that_run_backwards() -> None:
    """Hazard: a negative slope would turn the network's opinion round."""
    with pytest.raises(ValueError, match="fall where its probability rises"):
        platt(np.array([3.0, 2.0, -2.0, -3.0]), np.array([False, False, True, True]))


@pytest.mark.parametrize("specificity", [0.5, 0.9, 0.95, 1.0])
def test_the_threshold_keeps_the_specificity_it_was_asked_for(specificity: float) -> None:
    generator = np.random.default_rng(2)
    scores, labels = 0.98 * generator.random(501).round(2), generator.random(501) < 0.3
    threshold = threshold_at_specificity(scores, labels, specificity)
    assert (scores[~labels] < threshold).mean() >= specificity
    # A threshold at the highest score below it would not keep it.
    lower = scores[scores < threshold].max()
    assert (scores[~labels] < lower).mean() < specificity


def test_auc_of_perfect_chance_and_reversed_scores() -> None:
    labels = np.array([False, False, True, True])
    assert auc(np.array([0.1, 0.2, 0.3, 0.4]), labels) == 1.0
    assert auc(np.array([0.5, 0.5, 0.5, 0.5]), labels) == 0.5
    assert auc(np.array([0.4, 0.3, 0.2, 0.1]), labels) == 0.0


def test_average_precision_takes_ties_together() -> None:
    labels = np.array([True, False, True, False])
    assert average_precision(np.full(4, 0.3), labels) == pytest.approx(0.5)
    assert average_precision(np.array([0.9, 0.1, 0.8, 0.2]), labels) == 1.0


def test_losses_by_hand() -> None:
    scores, labels = np.array([0.8, 0.4]), np.array([True, False])
    assert log_loss(scores, labels) == pytest.approx(-(np.log(0.8) + np.log(0.6)) / 2)
    assert brier(scores, labels) == pytest.approx((0.04 + 0.16) / 2)
    assert calibration_error(scores, labels, bins=1) == pytest.approx(0.1)


def test_a_figure_of_few_patients_is_not_estimable() -> None:
    """Hazard: a sensitivity of three patients that reads like a measurement."""
    scores, groups = np.linspace(0, 1, 100), np.arange(100) // 10
    labels = scores > 0.5
    assert positive_groups(labels, groups) == 5
    assert with_interval(auc, scores, labels, groups) is None
    point = operating_point(scores, labels, groups, 0.5, "some rule")
    assert (point.threshold, point.sensitivity, point.specificity) == (0.5, None, None)
    assert "not estimable" in point.rule


def test_the_interval_draws_patients_not_slices() -> None:
    """Hazard: copies of a slice make an interval narrow without any new patient."""
    generator = np.random.default_rng(3)
    labels = np.arange(60) % 2 == 0
    scores = generator.random(60) + 0.3 * labels
    once = with_interval(auc, scores, labels, np.arange(60))
    often = with_interval(auc, np.tile(scores, 9), np.tile(labels, 9), np.tile(np.arange(60), 9))
    assert once is not None
    assert often is not None
    assert often["value"] == once["value"]
    assert often["high"] - often["low"] == pytest.approx(once["high"] - once["low"], abs=0.03)
    assert once["low"] < once["value"] < once["high"]


def test_an_operating_point_says_what_it_does() -> None:
    scores, labels = np.linspace(0, 1, 40), np.arange(40) >= 20
    point = operating_point(scores, labels, np.arange(40), float(scores[22]), "by hand")
    assert (point.sensitivity, point.specificity, point.rule) == (0.9, 1.0, "by hand")


def test_a_score_that_tells_the_source_is_found_out() -> None:
    is_first = np.array([True, True, False, False, True])
    labels = np.array([False, False, False, False, True])
    assert source_auc(np.array([0.9, 0.8, 0.1, 0.2, 0.0]), labels, is_first) == 1.0
