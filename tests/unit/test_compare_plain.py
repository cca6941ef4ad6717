"""What reports state, from raw scores: by hand, by scikit-learn, and every name that a recipe uses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from fit_data import tiny_recipe
from made_predictions import made_predictions
from scipy.special import logit
from sklearn import metrics

from training.compare.plain import NOT_COMPUTABLE, plain_figures, said_labels
from training.compare.row import Cost, Row, Status
from training.compare.table import markdown, measure
from training.judge.predictions import Predictions
from training.networks.heads import six_logits
from training.recipe.read import named_recipe, recipe_names
from training.recipe.tree import Recipe


def predictions_of_any(found: Predictions) -> Predictions:
    """As a system gives them that says bleed or none and nothing more."""
    scored = np.arange(6) == 0
    return replace(found, logits=np.where(scored, found.logits, 0.0), scored=scored)


@pytest.mark.parametrize("name", recipe_names())
def test_every_figure_of_a_report_is_computed_or_said_not_to_be(name: str) -> None:
    recipe = named_recipe(name)
    found = made_predictions()
    if recipe.labels == "binary":
        found = predictions_of_any(found)
    computed = plain_figures(found, recipe.labels, recipe.threshold)
    assert set(recipe.reports.figures) <= {*computed, *NOT_COMPUTABLE}
    assert not set(computed) & set(NOT_COMPUTABLE)


def test_what_cannot_be_computed_is_what_reports_state() -> None:
    stated = {figure for name in recipe_names() for figure in named_recipe(name).reports.figures}
    assert set(NOT_COMPUTABLE) <= stated


def test_a_shift_of_all_scores_shows() -> None:
    """Hazard: a network that calls every head bleeding, shown with the accuracy of its mended scores."""
    found = made_predictions()
    loud = replace(found, logits=found.logits + 20.0)
    cost = Cost(10, 300, 1.5, 0.01, "a machine")
    rows = [(Row(name, Status.RUN, cost=cost), each) for name, each in (("sound", found), ("loud", loud))]
    sound, shifted = measure(rows, "sound")
    bleeding = float(found.labels[:, 0].mean())
    assert shifted.plain["accuracy_any"] == pytest.approx(bleeding, abs=1e-4)
    assert shifted.plain["f1_any"] == pytest.approx(2 * bleeding / (1 + bleeding), abs=1e-4)
    assert sound.plain["accuracy_any"] > 0.7


def test_a_system_of_bleeding_slices_is_taken_at_its_word() -> None:
    """Hazard: a network that learned which bleed it is, mis-fitted on heads without one."""
    found = made_predictions()
    sure = replace(found, logits=np.where(found.labels, 4.0, -4.0) + 6.0 * ~found.labels[:, :1])
    figures = plain_figures(sure, "five", 0.5)
    assert (figures["accuracy_multi"], figures["f1"], figures["error"]) == (1.0, 1.0, 0.0)
    assert figures["constant_accuracy_multi"] == pytest.approx(0.8, abs=1e-3)
    assert figures["validation_loss"] == pytest.approx(np.log1p(np.exp(-4.0)), abs=1e-4)
    assert figures["accuracy_any"] == pytest.approx(found.labels[:, 0].mean(), abs=1e-4)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7])
def test_class_means_are_those_of_scikit_learn(threshold: float) -> None:
    found = made_predictions(seed=3)
    figures = plain_figures(found, "six", threshold)
    said = found.logits >= logit(threshold)
    given = {"average": "macro", "zero_division": 0}
    for name, figure in (
        ("precision", metrics.precision_score),
        ("recall", metrics.recall_score),
        ("f1", metrics.f1_score),
    ):
        assert figures[name] == pytest.approx(figure(found.labels, said, **given), abs=1e-4)
    assert figures["accuracy_multi"] == pytest.approx((said == found.labels).mean(), abs=1e-4)
    both = metrics.f1_score(found.labels[:, 0], said[:, 0], average="macro")
    assert figures["f1_both_classes"] == pytest.approx(both, abs=1e-4)
    assert figures["accuracy"] == figures["accuracy_any"]
    truth = found.labels[:, 2]
    assert figures["sensitivity_intraparenchymal"] == pytest.approx(said[truth, 2].mean(), abs=1e-4)


def test_of_exclusive_classes_the_likeliest_is_said() -> None:
    """Hazard: four subtypes at 0.2 each are no head without a bleed, and none of them reaches 0.5."""
    recipe: Recipe = replace(tiny_recipe(), labels="single_label")
    classes = torch.tensor([[0.4, 0.3, 0.3, 0, 0, 0], [0.1, 0.1, 0.1, 0.3, 0.2, 0.2], [0, 0, 0, 0, 0, 1.0]])
    logits = six_logits((classes + 1e-6).log(), recipe).numpy()
    said = said_labels(logits, "single_label", 0.5)
    assert [np.flatnonzero(row).tolist() for row in said] == [[], [0, 3], [0, 5]]


def test_accuracy_of_exclusive_classes_counts_slices_not_labels() -> None:
    found = made_predictions(seed=4)
    recipe: Recipe = replace(tiny_recipe(), labels="single_label")
    outputs = np.random.default_rng(0).normal(0, 2, found.labels.shape)
    scored = replace(found, logits=six_logits(torch.from_numpy(outputs), recipe).numpy())
    truth = np.where(found.labels[:, 0], found.labels[:, 1:].argmax(axis=1) + 1, 0)
    figures = plain_figures(scored, "single_label", 0.5)
    assert figures["accuracy"] == pytest.approx((outputs.argmax(axis=1) == truth).mean(), abs=1e-4)
    assert figures["constant_accuracy"] == pytest.approx((truth == 0).mean(), abs=1e-4)
    assert figures["error"] == pytest.approx(1 - figures["accuracy"], abs=1e-4)


def test_a_slice_whose_labels_are_not_known_counts_nowhere() -> None:
    """Hazard: an unknown label counted as negative."""
    found = made_predictions()
    partly = replace(found, known=found.known & (np.arange(len(found.names)) % 2 == 0)[:, None])
    assert plain_figures(partly, "six", 0.5) == plain_figures(found.part(partly.known[:, 0]), "six", 0.5)
    assert plain_figures(replace(found, known=np.zeros_like(found.known)), "six", 0.5) == {}


def test_the_table_shows_classes_only_where_they_exclude_each_other() -> None:
    cost = Cost(10, 300, 1.5, 0.01, "a machine")
    found = made_predictions()
    rows = [
        (Row("labels", Status.RUN, cost=cost, labels="six"), found),
        (Row("classes", Status.RUN, cost=cost, labels="single_label"), found),
    ]
    text = markdown(measure(rows, "labels"), "labels", "Heading.")
    part = text.partition("### Beside the reports")[2].partition("###")[0]
    lines = {line.split("|")[1].strip(" `"): line.split("|") for line in part.splitlines() if "`" in line}
    assert lines["labels"][5].strip() == "-"
    assert lines["classes"][5].strip()[0] == "0"
    assert lines["labels"][7].count(",") == 2
