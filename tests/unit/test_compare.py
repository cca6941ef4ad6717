"""A comparison: the same terms for every row, resumable, and honest of what it did not do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fit_data import spots, tiny_recipe
from made_predictions import made_predictions
from training_data import write_label_sets

from training.compare import run as runs
from training.compare.compare import compare
from training.compare.ensemble import Ensemble, ensemble_row
from training.compare.pixel_systems import LOST, generated_material
from training.compare.row import Cost, Row, Status, read_row, write_row
from training.compare.run import Terms
from training.compare.table import markdown, measure
from training.fit.rows import TrainingRows
from training.judge.predictions import load_predictions
from training.recipe.tree import Recipe
from training.runs import material
from training.runs import run_folders as training_runs
from training.runs.material import Material
from training.runs.score_rows import score_rows

SLICES = 96


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def terms(tmp_path_factory: pytest.TempPathFactory) -> Terms:
    """Both label sets, 24 patients each; sources are prepared and frames made once for all tests."""
    folder = tmp_path_factory.mktemp("compare")
    data = write_label_sets(folder / "data", patients=24, slices=2)
    return Terms(
        sources=("ct_ich_v1", "rsna_png"),
        data=data,
        work=folder / "work",
        fold_count=3,
        folds=(0, 1, 2),
        steps=6,
        degrade=False,
        device="cpu",
        commit="abc1234",
    )


def named(name: str, **choices: object) -> Recipe:
    return replace(tiny_recipe(), name=name, **choices)


def test_a_comparison_runs_every_recipe_on_the_same_terms(terms: Terms, tmp_path: Path) -> None:
    recipes = [named("first"), named("second", seed=9)]
    measured = compare(recipes, terms, tmp_path, "first")
    assert [each.row.status for each in measured] == [Status.RUN] * 2
    first, second = (load_predictions(tmp_path / each.row.predictions) for each in measured)
    assert first.names.tolist() == second.names.tolist()
    assert len(first.names) == SLICES
    assert measured[0].differences == {}
    assert measured[1].differences["auc any pooled"] is not None
    row = measured[1].row
    assert (row.slices, row.patients, row.seed, row.commit) == (SLICES, row.patients, 9, "abc1234")
    assert row.cost is not None
    assert row.cost.steps == 6
    assert row.cost.seconds_per_slice > 0
    values = json.loads((tmp_path / "table.json").read_text(encoding="utf-8"))
    assert [each["recipe"] for each in values["rows"]] == ["first", "second"]
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "reference" in text
    assert "6 steps a fold" in text


def test_scores_are_of_networks_that_did_not_see_the_fold(
    terms: Terms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: a figure measured on slices that the network learned from."""
    learned: list[tuple[int, ...]] = []
    fit = training_runs.fit

    def watched(recipe: Recipe, rows: TrainingRows, *given: Any, **named: Any) -> Any:
        learned.append(tuple(rows.indices))
        return fit(recipe, rows, *given, **named)

    monkeypatch.setattr(training_runs, "fit", watched)
    measured = compare([named("only")], terms, tmp_path, "only")
    predictions = load_predictions(tmp_path / measured[0].row.predictions)
    for fold, indices in zip(terms.folds, learned, strict=True):
        assert set(indices) == set(np.flatnonzero(predictions.folds != fold).tolist())


def test_a_row_that_is_there_is_not_run_again(
    terms: Terms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = [named("first"), named("second")]
    compare(recipes[:1], terms, tmp_path, "first")
    ran: list[str] = []
    run_recipe = runs.run_recipe

    def watched(recipe: Recipe, *given: Any) -> Row:
        ran.append(recipe.name)
        return run_recipe(recipe, *given)

    monkeypatch.setattr("training.compare.compare.run_recipe", watched)
    later = replace(terms, commit="def5678")
    measured = compare(recipes, later, tmp_path, "first")
    assert ran == ["second"]
    assert [each.row.commit for each in measured] == ["abc1234", "def5678"]


def test_folds_that_were_scored_are_read_unless_they_say_that_they_learned_from_others(
    terms: Terms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: a row is judged on slices that its networks learned from, since the split was dealt anew."""
    first = runs.run_recipe(named("only"), terms, tmp_path)
    monkeypatch.delattr(training_runs, "fit")
    path = next(tmp_path.glob("*/runs/only/fold1/run.json"))
    run = json.loads(path.read_text(encoding="utf-8"))
    own = run.pop(training_runs.LEARNED)
    # As runs were written before they said so.
    path.write_text(json.dumps(run), encoding="utf-8")
    assert runs.run_recipe(named("only"), terms, tmp_path) == first
    path.write_text(json.dumps({**run, training_runs.LEARNED: own[::-1]}), encoding="utf-8")
    with pytest.raises(ValueError, match="fold1 holds a run that learned from other slices"):
        runs.run_recipe(named("only"), terms, tmp_path)


def test_a_row_goes_on_after_the_folds_that_are_done(
    terms: Terms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = named("only")
    whole = compare([recipe], terms, tmp_path / "whole", "only")
    fit, count = training_runs.fit, 0

    def dies(*given: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        if count == 2:
            raise KeyboardInterrupt
        return fit(*given, **named)

    monkeypatch.setattr(training_runs, "fit", dies)
    with pytest.raises(KeyboardInterrupt):
        compare([recipe], terms, tmp_path / "cut", "only")
    again = compare([recipe], terms, tmp_path / "cut", "only")
    assert count == 4
    one, other = (
        load_predictions(tmp_path / folder / each[0].row.predictions)
        for folder, each in (("whole", whole), ("cut", again))
    )
    np.testing.assert_array_equal(one.logits, other.logits)
    assert whole[0].row.cost is not None
    assert again[0].row.cost is not None
    assert whole[0].row.cost.training_seconds is not None
    # The second fold was begun by a run that died: nobody knows how long it took.
    assert again[0].row.cost.training_seconds is None


def test_a_row_of_other_terms_is_not_taken(terms: Terms, tmp_path: Path) -> None:
    """Hazard: 300 steps in one row and 3,000 in the next, in one table."""
    recipe = named("only")
    compare([recipe], terms, tmp_path, "only")
    measured = compare([recipe], replace(terms, steps=7), tmp_path, "only", run=False)
    assert measured[0].row.status is Status.NOT_RUN
    assert "other terms" in measured[0].row.reason
    assert "not run: an older run had other terms" in (tmp_path / "table.md").read_text(encoding="utf-8")


def test_what_a_source_lacks_is_named(terms: Terms, tmp_path: Path) -> None:
    needy = named("needy", needs=("spacing",))
    measured = compare([needy], terms, tmp_path, "needy")
    assert measured[0].row.status is Status.REFUSED
    assert "needs spacing" in measured[0].row.reason
    degraded = compare([needy], replace(terms, degrade=True), tmp_path, "needy")
    assert degraded[0].row.status is Status.RUN
    assert degraded[0].row.lost == ("the frame follows the head, since pixels have no known size",)
    assert "the frame follows the head" in (tmp_path / "table.md").read_text(encoding="utf-8")


def test_pretraining_that_cannot_be_had_is_said(terms: Terms, tmp_path: Path) -> None:
    """Hazard: "pretrained" in the table, from scratch in truth."""
    absent = replace(tiny_recipe().network, weights=str(tmp_path / "absent.pth"))
    recipe = named("start", network=absent)
    refused = compare([recipe], terms, tmp_path, "start")
    assert refused[0].row.status is Status.REFUSED
    measured = compare([recipe], replace(terms, degrade=True), tmp_path, "start")
    assert measured[0].row.status is Status.RUN
    assert any("random" in words for words in measured[0].row.lost)


def test_a_slice_random_split_stands_apart_from_the_others(terms: Terms, tmp_path: Path) -> None:
    """Hazard: a figure with heads on both sides, ranked among honest ones."""
    recipes = [named("other"), named("plain"), named("plain_as_reported", split="as_reported")]
    measured = compare(recipes, terms, tmp_path, "other")
    ours, twin = (load_predictions(tmp_path / measured[i].row.predictions) for i in (2, 1))
    assert any(len(set(ours.folds[ours.patients == patient])) > 1 for patient in np.unique(ours.patients))
    assert measured[2].row.split == "as_reported"
    honest, _, rest = (
        (tmp_path / "table.md").read_text(encoding="utf-8").partition("### Split slice by slice")
    )
    assert "plain_as_reported" not in honest
    assert "Never to be compared" in rest
    again = measure([(measured[2].row, ours), (measured[1].row, twin)], "other")[0]
    assert again.differences == measured[2].differences


def test_what_needs_masks_learns_lesions_whose_hosts_are_not_held_out(
    terms: Terms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: a head that is judged, seen in training with a lesion painted into it."""
    monkeypatch.setattr(material, "GENERATED_COUNT", 12)
    sources = material.prepared_sources(terms.sources, terms.data, tmp_path)
    rows = tuple(row for source in sources for row in source.rows)
    folds = np.asarray([int(row.patient) % 3 if row.patient.isdigit() else 0 for row in rows])
    judged = Material(sources, rows, np.arange(len(rows)), folds)
    made, learned = generated_material(tiny_recipe(), judged, terms.data, tmp_path)
    assert len(made.rows) == 12
    assert [int(row.patient) % 3 for row in made.rows] == made.folds.tolist()
    assert set(made.groups.tolist()) <= {i for i, row in enumerate(rows) if row.labels[0] == 0}
    assert learned.frames.classes(0) is not None


def test_a_row_that_needs_masks_is_judged_on_the_slices_of_all_others(
    terms: Terms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "generated_material", lambda recipe, judged, data, work: painted(judged))
    pixels = named("pixels", needs=("masks",))
    measured = compare([named("first"), pixels], replace(terms, degrade=True), tmp_path, "first")
    first, second = (load_predictions(tmp_path / each.row.predictions) for each in measured)
    assert first.names.tolist() == second.names.tolist()
    assert measured[1].row.lost[0] == LOST


def painted(judged: Material) -> tuple[Material, TrainingRows]:
    """Drawn spots in place of generated lesions, in all folds."""
    rows = spots(30)
    folds = np.arange(30, dtype=np.int64) % 3
    return Material(judged.sources, judged.rows[:30], np.arange(30), folds), rows


def test_a_recipe_that_fails_costs_its_own_row_only(terms: Terms, tmp_path: Path) -> None:
    recipes = [named("broken"), named("sound")]
    recipes[0] = replace(recipes[0], network=replace(recipes[0].network, architecture="no_such_network"))
    measured = compare(recipes, terms, tmp_path, "sound")
    assert [each.row.status for each in measured] == [Status.FAILED, Status.RUN]
    assert "no_such_network" in measured[0].row.reason


def test_words_cost_no_training_and_choices_do(terms: Terms, tmp_path: Path) -> None:
    compare([named("row")], terms, tmp_path, "row")
    reports = replace(tiny_recipe().reports, text="Put better.", steps=12)
    (told,) = compare([named("row", reports=reports)], terms, tmp_path, "row", run=False)
    assert told.row.status is Status.RUN
    assert (told.row.reports, told.row.report_steps) == ("Put better.", 12)
    (other,) = compare([named("row", clip_norm=7.0)], terms, tmp_path, "row", run=False)
    assert other.row.status is Status.NOT_RUN


def test_one_fold_alone_is_not_called_calibrated(terms: Terms, tmp_path: Path) -> None:
    compare([named("row")], replace(terms, folds=(1,)), tmp_path, "row")
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "losses are of raw scores" in text
    assert "cross-fitted" not in text


def test_a_reference_must_be_there(terms: Terms, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="reference 'other' is not among the recipes: only"):
        compare([named("only")], terms, tmp_path, "other")
    with pytest.raises(ValueError, match="same name"):
        compare([named("only"), named("only")], terms, tmp_path, "only")


def test_a_binary_recipe_is_compared_on_any_alone(terms: Terms, tmp_path: Path) -> None:
    loss = replace(tiny_recipe().loss, kind="bce")
    recipes = [named("six"), named("two", labels="binary", loss=loss)]
    measured = compare(recipes, terms, tmp_path, "six")
    assert measured[1].figures["overall"]["pooled"]["gain_over_prior"] is None
    assert all(name.startswith("auc any ") for name in measured[1].differences)


def test_rows_come_back_from_their_files(tmp_path: Path) -> None:
    cost = Cost(10, 300, 1.5, 0.01, "a machine")
    row = Row("name", Status.RUN, cost=cost, report_steps=30_000, lost=("spacing",), folds=(0, 1))
    write_row(tmp_path, row)
    assert read_row(tmp_path, "name") == row
    assert row.share_of_report == 0.01
    assert read_row(tmp_path, "other") is None
    (tmp_path / "bad.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"bad\.json is no row"):
        read_row(tmp_path, "bad")


def test_the_difference_in_the_table_is_paired() -> None:
    truth = made_predictions(noise_seed=5)
    better = replace(truth, logits=truth.logits + truth.labels)
    cost = Cost(10, 300, 1.5, 0.01, "a machine")
    rows = [(Row("plain", Status.RUN, cost=cost), truth), (Row("better", Status.RUN, cost=cost), better)]
    measured = measure([*rows, (Row("later", Status.NOT_RUN), None)], "plain")
    difference = measured[1].differences["auc any pooled"]
    assert difference is not None
    assert difference["low"] > 0
    loss = measured[1].differences["weighted_log_loss pooled"]
    assert loss is not None
    assert loss["high"] < 0
    assert "auc epidural pooled" not in measured[1].differences
    text = markdown(measured, "plain", "Heading.")
    assert "| `later` | not run |" in text
    assert len({line.count("|") for line in text.splitlines() if line.startswith("| `better`")}) > 1
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1


def test_studies_stand_in_the_table_of_what_a_row_scores() -> None:
    """Hazard: a study figure of labels that a network never gave."""
    whole = made_predictions(patients=120, slices=4)
    binary = replace(whole, scored=np.asarray([True, *[False] * 5]))
    rows = [(Row("six", Status.RUN), whole), (Row("binary", Status.RUN), binary)]
    measured = measure(rows, "six")
    assert list(measured[1].figures["studies"]) == ["any"]
    found = measured[0].figures["studies"]["any"]
    text = markdown(measured, "six", "heading")
    table = text[text.index("### Studies: AUC") : text.index("### Cost")]
    assert f"| any, {found['positive_studies']} of {found['studies']} |" in table
    assert found["studies"] == 60
    lines = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    assert lines[0][1] == lines[1][1] != "not estimable"
    assert set(lines[1][2:]) <= {"not estimable"}


def test_studies_that_are_too_few_are_counted() -> None:
    few = made_predictions(patients=12, slices=4)
    text = markdown(measure([(Row("few", Status.RUN), few)], "few"), "few", "heading")
    assert "Not estimable: of 6 studies, no label is on those of more than 2 patients." in text


def test_accuracy_is_taken_at_the_recipes_own_threshold() -> None:
    found = made_predictions(noise_seed=5)
    rows = [
        (Row(name, Status.RUN, cost=Cost(10, 300, 1.5, 0.01, "a machine"), threshold=threshold), found)
        for name, threshold in (("usual", 0.5), ("never", 1.1))
    ]
    usual, never = (each.plain for each in measure(rows, "usual"))
    truth = found.labels[found.judged[:, 0], 0]
    assert never["accuracy_any"] == pytest.approx(1 - truth.mean(), abs=1e-4)
    assert never["f1_any"] == 0.0
    assert usual["f1_any"] > 0.0


def test_a_mean_of_seeds_costs_what_they_cost() -> None:
    rows = []
    for seed in range(3):
        found = made_predictions(noise_seed=seed)
        rows.append((Row(f"seed{seed}", Status.RUN, cost=Cost(10, 300, 1.5, 0.01, "a machine")), found))
    row, mean = ensemble_row(Ensemble("mean", ("seed0", "seed1", "seed2")), rows)
    assert mean is not None
    np.testing.assert_allclose(mean.logits, np.mean([found.logits for _, found in rows], axis=0))
    assert row.cost is not None
    assert (row.cost.parameters, row.cost.training_seconds) == (30, 4.5)
    assert row.cost.seconds_per_slice == pytest.approx(0.03)
    difference = measure([*rows, (row, mean)], "seed0")[3].differences["auc any pooled"]
    assert difference is not None
    assert difference["low"] > 0


def test_a_mean_waits_for_its_members() -> None:
    rows = [(Row("there", Status.RUN, cost=Cost(1, 1, 1.0, 1.0, "m")), made_predictions())]
    rows_with_missing = [*rows, (Row("later", Status.NOT_RUN), None)]
    row, found = ensemble_row(Ensemble("mean", ("there", "later")), rows_with_missing)
    assert (row.status, found) == (Status.NOT_RUN, None)
    with pytest.raises(ValueError, match="mean of absent, which is not in the table"):
        ensemble_row(Ensemble("mean", ("there", "absent")), rows)


def test_every_slice_of_a_series_is_scored() -> None:
    """Hazard: the slice that bleeds is one that training leaves out."""
    recipe = named("series")
    series = replace(
        recipe,
        sampling=replace(recipe.sampling, unit="series", series_length=1),
        network=replace(recipe.network, architecture="bag_of_slices"),
    )
    rows = spots(20, slices_per_series=5)

    class EverySlice(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.mean(dim=(2, 3, 4))[..., None].expand(-1, -1, 6)

    logits = score_rows(EverySlice(), series, rows, torch.device("cpu"))
    assert logits.shape == (20, 6)
    assert len(np.unique(logits[:, 0])) == 20
