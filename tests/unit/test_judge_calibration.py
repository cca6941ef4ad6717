"""Calibration and operating points, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from training.judge.calibration import (
    SMALLEST_SLOPE,
    calibration_error,
    calibration_figures,
    cross_fitted,
    error_by_chance,
    platt,
    reliability,
)
from training.judge.operating_points import (
    cross_fitted_flags,
    operating_point,
    threshold_at_specificity,
)


def sigmoid(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-z))


def drawn(
    count: int, slope: float = 1.0, intercept: float = 0.0, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Logits, and labels that follow them with this slope and intercept."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, count)
    return logits, generator.random(count) < sigmoid(slope * logits + intercept)


def test_platt_finds_the_slope_and_intercept_that_made_the_labels() -> None:
    fit = platt(*drawn(40_000, 0.7, -1.2))
    assert fit.slope == pytest.approx(0.7, abs=0.03)
    assert fit.intercept == pytest.approx(-1.2, abs=0.04)
    assert not fit.is_held


def test_platt_takes_out_a_shift_that_oversampling_made() -> None:
    """Hazard: scores at the prevalence of the sampler instead of the data's."""
    logits, labels = drawn(5_000, seed=1)
    plain, shifted = platt(logits, labels), platt(logits + 3.0, labels)
    assert shifted.slope == pytest.approx(plain.slope, rel=1e-6)
    assert shifted.intercept == pytest.approx(plain.intercept - 3.0 * plain.slope, rel=1e-5)


@pytest.mark.parametrize("scale", [0.1, 0.5, 1.0, 5.0, 20.0, 50.0])
@pytest.mark.parametrize("offset", [-10.0, 0.0, 3.0])
@pytest.mark.parametrize("sharpness", [3.0, 6.0])
def test_no_slope_and_intercept_are_likelier_at_any_scale_of_the_logits(
    scale: float, offset: float, sharpness: float
) -> None:
    """Hazard: a fit that did not converge shows the user scores of 0 and 1 where half are right."""
    generator = np.random.default_rng(11)
    standard = generator.normal(0, 1, 400)
    labels = generator.random(400) < sigmoid(sharpness * standard - 1)
    logits = scale * (standard + offset)
    fit = platt(logits, labels)
    positives = int(labels.sum())
    targets = np.where(labels, (positives + 1) / (positives + 2), 1 / (402 - positives))

    def loss(slope: float, shift: float) -> float:
        z = slope * standard + shift
        return float((np.logaddexp(0, z) - targets * z).sum())

    best = minimize(lambda at: loss(*at), [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-8}).x
    assert not fit.is_held
    assert fit.slope * scale == pytest.approx(best[0], rel=1e-3)
    assert fit.intercept + fit.slope * scale * offset == pytest.approx(best[1], rel=1e-3, abs=1e-3)


def test_logits_that_are_no_numbers_are_refused() -> None:
    """Hazard: a calibration of nothing, released."""
    with pytest.raises(ValueError, match="1 of 4 logits are no finite numbers"):
        platt(np.array([0.0, 1.0, np.nan, 2.0]), np.array([False, True, False, True]))


def test_a_constant_score_is_calibrated_to_the_share_of_positives() -> None:
    fit = platt(np.full(30, 2.5), np.arange(30) < 6)
    assert fit(np.array([2.5]))[0] == pytest.approx((6 * 7 / 8 + 24 / 26) / 30)


def test_probabilities_that_part_the_classes_have_a_finite_slope() -> None:
    figures = calibration_figures(np.array([0.1] * 60 + [0.9] * 60), np.arange(120) >= 60)
    assert figures is not None
    assert 1.25 < figures.slope < 100


def test_platt_stays_finite_where_the_classes_part() -> None:
    fit = platt(np.array([-3.0, -2.0, 2.0, 3.0]), np.array([False, False, True, True]))
    assert 0 < fit.slope < 5
    assert np.isfinite(fit.intercept)


def test_platt_never_turns_scores_round() -> None:
    """Hazard: a negative slope would turn the network's opinion round."""
    fit = platt(np.array([3.0, 2.0, -2.0, -3.0]), np.array([False, False, True, True]))
    assert fit.is_held
    assert fit.slope == SMALLEST_SLOPE
    assert fit(np.array([3.0, 2.0, -2.0, -3.0])).mean() == pytest.approx(0.5)


def test_calibration_is_judged_on_slices_it_was_not_fitted_on() -> None:
    """Hazard: a calibration judged on the slices that it was fitted on is always good."""
    logits, labels = drawn(900, seed=3)
    folds, known = np.arange(900) % 3, np.ones(900, dtype=np.bool_)
    probabilities = cross_fitted(logits, labels, known, folds)
    turned = labels.copy()
    turned[folds == 1] = ~turned[folds == 1]
    np.testing.assert_array_equal(
        cross_fitted(logits, turned, known, folds)[folds == 1], probabilities[folds == 1]
    )
    others = platt(logits[folds != 1], labels[folds != 1])
    np.testing.assert_allclose(probabilities[folds == 1], others(logits[folds == 1]))


def test_unknown_labels_are_calibrated_but_not_fitted_on() -> None:
    logits, labels = drawn(900, seed=4)
    folds, known = np.arange(900) % 3, np.arange(900) < 600
    with_unknown = cross_fitted(logits, labels, known, folds)
    without = cross_fitted(logits[:600], labels[:600], known[:600], folds[:600])
    np.testing.assert_array_equal(with_unknown[:600], without)
    assert (with_unknown[600:] > 0).all()


def test_a_label_with_few_positives_keeps_its_slope() -> None:
    logits = np.linspace(-4, 4, 300)
    labels = np.arange(300) >= 296
    probabilities = cross_fitted(logits, labels, np.ones(300, np.bool_), np.arange(300) % 2)
    found = np.log(probabilities) - np.log1p(-probabilities)
    np.testing.assert_allclose(np.diff(found[::2]), np.diff(logits[::2]))
    assert probabilities.mean() == pytest.approx(3 / 152, abs=0.005)


def test_right_probabilities_are_called_good() -> None:
    logits, labels = drawn(6_000, seed=5)
    figures = calibration_figures(sigmoid(logits), labels)
    assert figures is not None
    assert figures.is_good
    assert figures.slope == pytest.approx(1, abs=0.1)
    assert figures.error == pytest.approx(figures.error_by_chance, abs=0.01)


@pytest.mark.parametrize(
    ("stretch", "shift"), [(2.0, 0.0), (0.5, 0.0), (1.0, 0.5)], ids=["too sure", "too shy", "too high"]
)
def test_wrong_probabilities_are_not_called_good(stretch: float, shift: float) -> None:
    """Hazard: a score of 0.9 that is right half of the time."""
    logits, labels = drawn(6_000, seed=6)
    figures = calibration_figures(sigmoid(stretch * logits + shift), labels)
    assert figures is not None
    assert figures.is_good is False
    assert figures.slope == pytest.approx(1 / stretch, rel=0.1)


def test_calibration_of_few_positives_gets_no_verdict() -> None:
    logits, labels = drawn(2_000, 1.0, -5.0, seed=7)
    figures = calibration_figures(sigmoid(logits - 5), labels & (np.arange(2000) % 3 == 0))
    assert figures is not None
    assert figures.positive_slices < 50
    assert figures.is_good is None
    assert calibration_figures(sigmoid(logits), np.zeros(2000, dtype=np.bool_)) is None


def test_the_error_by_chance_is_that_of_labels_drawn_as_the_scores_say() -> None:
    probabilities = sigmoid(drawn(400, seed=8)[0])
    generator = np.random.default_rng(9)
    plain = [calibration_error(probabilities, generator.random(400) < probabilities) for _ in range(400)]
    assert error_by_chance(probabilities) == pytest.approx(np.mean(plain), rel=0.05)


def test_calibration_error_by_hand() -> None:
    scores, labels = np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, True, True, True])
    assert calibration_error(scores, labels, bins=2) == pytest.approx((0.35 + 0.15) / 2)
    assert calibration_error(np.array([0.8, 0.4]), np.array([True, False]), bins=1) == pytest.approx(0.1)
    means, shares, counts = reliability(scores, labels, bins=2)
    np.testing.assert_allclose(means, [0.15, 0.85])
    np.testing.assert_array_equal(shares, [0.5, 1.0])
    np.testing.assert_array_equal(counts, [2, 2])


def test_the_calibration_error_does_not_depend_on_the_order_of_slices() -> None:
    """Hazard: a network called calibrated because of how its slices were listed."""
    scores, labels = np.repeat([0.2, 0.6], 50), np.arange(100) % 5 == 0
    shuffled = np.random.default_rng(0).permutation(100)
    bleeding_first = np.lexsort((~labels, scores))
    by_hand = (50 * 0.0 + 50 * 0.4) / 100
    for order in (np.arange(100), shuffled, bleeding_first):
        assert calibration_error(scores[order], labels[order]) == pytest.approx(by_hand)
        np.testing.assert_array_equal(reliability(scores[order], labels[order])[2], [50, 50])
        assert error_by_chance(scores[order]) == error_by_chance(scores)


@pytest.mark.parametrize("specificity", [0.5, 0.9, 0.95, 1.0])
def test_the_threshold_keeps_the_specificity_it_was_asked_for(specificity: float) -> None:
    generator = np.random.default_rng(2)
    scores, labels = 0.98 * generator.random(501).round(2), generator.random(501) < 0.3
    threshold = threshold_at_specificity(scores, labels, specificity)
    assert (scores[~labels] < threshold).mean() >= specificity
    # A threshold at the highest score below it would not keep it.
    lower = scores[scores < threshold].max()
    assert (scores[~labels] < lower).mean() < specificity


def test_a_threshold_needs_negatives() -> None:
    with pytest.raises(ValueError, match="chosen on negatives"):
        threshold_at_specificity(np.array([0.5]), np.array([True]), 0.9)


def test_a_fold_is_decided_at_the_threshold_of_the_others() -> None:
    """Hazard: a specificity that holds only where it was chosen."""
    scores = np.concatenate([np.linspace(0, 0.5, 50), np.linspace(0.4, 0.9, 50)])
    folds, labels = np.repeat([0, 1], 50), np.zeros(100, dtype=np.bool_)
    flagged = cross_fitted_flags(scores, labels, folds, 0.9)
    assert not flagged[:50].any()
    assert flagged[50:].mean() > 0.8


def test_an_operating_point_says_what_it_does() -> None:
    scores, labels = np.linspace(0, 1, 40), np.arange(40) >= 20
    point = operating_point(scores, labels, np.arange(40), float(scores[22]), "by hand")
    assert (point.sensitivity, point.specificity, point.rule) == (0.9, 1.0, "by hand")


def test_an_operating_point_of_few_patients_says_so() -> None:
    scores, patients = np.linspace(0, 1, 100), np.arange(100) // 10
    point = operating_point(scores, scores > 0.5, patients, 0.5, "some rule")
    assert (point.threshold, point.sensitivity, point.specificity) == (0.5, None, None)
    assert "not estimable" in point.rule
