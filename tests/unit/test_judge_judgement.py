"""What is said of a set of predictions, and what is left unsaid."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_predictions import made_predictions
from stub_checkpoint import stub_card

from ichviewer.core.findings import SUBTYPES
from training.judge.decisions import cross_fitted_decisions, decisions_of_card
from training.judge.judgement import (
    judge,
    overall_figures,
    prior_weighted_log_loss,
    slice_figures,
    weighted_log_loss,
)
from training.judge.predictions import check_same_slices, load_predictions, save_predictions
from training.judge.study_level import studies_of

ONCE = np.ones((1, 2))


def test_the_weighted_loss_counts_any_twice() -> None:
    labels = np.array([[True, False, True, False, False, False], [False] * 6])
    probabilities = np.array([[0.9, 0.1, 0.6, 0.1, 0.1, 0.1], [0.2, 0.1, 0.1, 0.1, 0.1, 0.1]])
    first = (-2 * np.log(0.9) - np.log(0.6) - 4 * np.log(0.9)) / 7
    second = (-2 * np.log(0.8) - 5 * np.log(0.9)) / 7
    assert weighted_log_loss(probabilities, labels, ONCE)[0] == pytest.approx((first + second) / 2)
    # any and intraparenchymal are on half of the slices, the others on none.
    assert prior_weighted_log_loss(labels, ONCE)[0] == pytest.approx(3 * np.log(2) / 7, abs=1e-5)


def test_no_pooled_figure_of_labels_that_one_source_gives_away() -> None:
    """Hazard: a network that tells the source looks as if it told epidural bleeds."""
    predictions = made_predictions()
    figures = slice_figures(predictions, cross_fitted_decisions(predictions).probabilities)
    assert figures["epidural"].keys() == figures["subdural"].keys() == {"one", "two"}
    assert figures["any"].keys() == {"pooled", "one", "two"}
    points = judge(predictions, cross_fitted_decisions(predictions))["operating_points"]
    assert points["epidural"].keys() == points["subdural"].keys() == {"threshold", "one", "two"}


def test_a_score_that_tells_the_source_is_found_out() -> None:
    predictions = made_predictions()
    logits = predictions.logits + 3 * (predictions.sources == "one")[:, None]
    told = replace(predictions, logits=logits)
    found = judge(told, cross_fitted_decisions(told))["source_in_scores"]["any"]
    assert found["one"]["value"] > 0.9
    assert found["two"]["value"] == pytest.approx(1 - found["one"]["value"], abs=1e-3)
    plain = judge(predictions, cross_fitted_decisions(predictions))["source_in_scores"]["any"]
    assert abs(plain["one"]["value"] - 0.5) < 0.1


def test_no_subtype_is_surer_than_any_in_what_is_judged() -> None:
    """Hazard: epidural 80 %, any bleed 30 %."""
    predictions = made_predictions(strength=0.5)
    for decisions in (cross_fitted_decisions(predictions), decisions_of_card(predictions, stub_card())):
        assert (decisions.probabilities <= decisions.probabilities[:, :1]).all()
        assert (decisions.studies.scores <= decisions.studies.scores[:, :1] + 1e-12).all()


def test_a_judgement_is_plain_and_whole() -> None:
    predictions = made_predictions()
    values = judge(predictions, cross_fitted_decisions(predictions), (0.02,))
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    for part in ("slices", "operating_points", "calibration", "studies", "source_in_scores"):
        assert values[part].keys() == set(map(str, SUBTYPES))
    point = values["operating_points"]["any"]["pooled"]
    assert point["specificity"]["value"] == pytest.approx(0.95, abs=0.03)
    assert point["positive_predictive_value_at_0.02"]["value"] < point["positive_predictive_value"]["value"]
    flagged = values["flagged_as"]
    assert sum(flagged[name]["slices"] for name in flagged) == len(predictions.names)


def test_unknown_labels_are_not_counted() -> None:
    """Hazard: a slice that nobody labeled counts as healthy."""
    predictions = made_predictions()
    known = predictions.known.copy()
    known[predictions.sources == "two", 2] = False
    some = replace(predictions, known=known)
    figures = judge(some, cross_fitted_decisions(some))
    assert figures["slices"]["intraparenchymal"]["pooled"]["slices"] == 240
    assert figures["slices"]["intraparenchymal"]["two"]["slices"] == 0
    assert figures["slices"]["intraparenchymal"]["two"]["auc"] is None
    assert figures["overall"]["two"]["slices"] == 0
    assert figures["overall"]["two"]["weighted_log_loss"] is None


def test_a_network_of_one_label_is_judged_on_that_label() -> None:
    scored = np.arange(6) == 0
    predictions = replace(made_predictions(), scored=scored)
    figures = judge(predictions, cross_fitted_decisions(predictions))
    assert figures["slices"]["any"]["pooled"]["auc"] is not None
    assert figures["slices"]["subarachnoid"]["pooled"]["slices"] == 0
    assert figures["overall"]["pooled"]["weighted_log_loss"] is None


def test_the_overall_figures_name_their_numbers() -> None:
    predictions = made_predictions()
    figures = overall_figures(predictions, cross_fitted_decisions(predictions).probabilities)["pooled"]
    assert (figures["slices"], figures["patients"]) == (480, 60)
    ratio = figures["weighted_log_loss"]["value"] / figures["prior_weighted_log_loss"]["value"]
    assert figures["gain_over_prior"]["value"] == pytest.approx(1 - ratio, abs=1e-3)


def test_a_study_is_its_highest_mean_over_ten_millimetres() -> None:
    probabilities = np.zeros((4, 6))
    probabilities[:, 0] = [0.4, 0.2, 0.8, 0.9]
    known = np.ones((4, 6), dtype=np.bool_)
    known[0, 3] = False
    predictions = replace(
        made_predictions().part(np.arange(4)),
        labels=np.isin(np.arange(24).reshape(4, 6), [2 * 6]),
        known=known,
        studies=np.array([0, 0, 0, -1]),
        positions_mm=np.array([10.0, 0.0, 5.0, np.nan]),
        patients=np.array([7, 7, 7, 8]),
        folds=np.array([1, 1, 1, 0]),
    )
    studies = studies_of(probabilities, predictions)
    assert studies.scores[:, 0] == pytest.approx([0.6])
    assert studies.labels[:, 0].tolist() == [True]
    assert studies.known[0].tolist() == [True, True, True, False, True, True]
    assert (studies.patients[0], studies.folds[0]) == (7, 1)


def test_slices_without_place_make_no_study() -> None:
    predictions = made_predictions()
    single = replace(predictions, studies=np.full(len(predictions.names), -1))
    values = judge(single, cross_fitted_decisions(single))["studies"]["any"]
    assert (values["studies"], values["auc"], values["threshold"]) == (0, None, None)


def test_predictions_come_back_from_their_file(tmp_path: Path) -> None:
    predictions = replace(made_predictions(), scored=np.arange(6) < 2)
    save_predictions(tmp_path / "p.npz", predictions)
    back = load_predictions(tmp_path / "p.npz")
    check_same_slices(predictions, back, "one", "other")
    np.testing.assert_array_equal(predictions.logits, back.logits)
    np.testing.assert_array_equal(predictions.scored, back.scored)


def test_a_damaged_file_of_predictions_is_named(tmp_path: Path) -> None:
    (tmp_path / "p.npz").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(ValueError, match=r"p\.npz holds no predictions"):
        load_predictions(tmp_path / "p.npz")


def test_scores_that_are_no_numbers_are_refused() -> None:
    predictions = made_predictions()
    logits = predictions.logits.copy()
    logits[3, 2] = np.nan
    with pytest.raises(ValueError, match="no finite score for one p000_003"):
        replace(predictions, logits=logits)
    with pytest.raises(ValueError, match="folds has the shape"):
        replace(predictions, folds=predictions.folds[:5])


def test_networks_are_compared_on_the_same_slices_only() -> None:
    predictions = made_predictions()
    with pytest.raises(ValueError, match="a paired difference needs the same"):
        check_same_slices(predictions, predictions.part(np.arange(10)), "one", "other")
    labels = predictions.labels.copy()
    labels[4] = ~labels[4]
    with pytest.raises(ValueError, match="one and other differ in labels at slice p000_004"):
        check_same_slices(replace(predictions, labels=labels), predictions, "one", "other")
