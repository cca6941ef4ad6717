"""A comparison: the same terms for every row, resumable, and honest of what it did not do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from fit_data import spots, tiny_recipe
from made_predictions import made_predictions

from ichviewer.core.preprocessing import PreprocessingSpec
from training.compare import run as runs
from training.compare.compare import compare
from training.compare.row import Cost, Row, Status, read_row, write_row
from training.compare.run import Material, Terms, training_rows
from training.compare.table import markdown, measure
from training.fit.rows import Frames, TrainingRows
from training.judge.predictions import load_predictions
from training.recipe.tree import Recipe
from training.score_rows import score_rows
from training.sources.labeled_slice import LabeledSlice, Need

SLICES = 72
TERMS = Terms(steps=6, folds=(0, 1, 2), degrade=False, device="cpu", commit="abc1234")


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def material(offers: frozenset[Need] = frozenset()) -> Material:
    """Bright spots of 36 patients, every other of whom bleeds."""
    made = spots(SLICES, slices_per_series=2)
    rows = tuple(
        LabeledSlice(
            "spots",
            f"s{i}",
            Path("none"),
            f"P{i // 2}",
            i % 2,
            tuple(int(v) for v in made.labels[i]),
        )
        for i in range(SLICES)
    )
    patients = np.arange(SLICES) // 2

    def frames_for(spec: PreprocessingSpec) -> Frames:
        return made.frames

    def generated_for(spec: PreprocessingSpec, count: int) -> TrainingRows:
        raise AssertionError("no recipe here asks for generated slices")

    return Material(
        rows, patients, (patients // 2) % 3, "0" * 64, {"spots": offers}, frames_for, generated_for
    )


def named(name: str, **choices: object) -> Recipe:
    return replace(tiny_recipe(), name=name, folds=3, **choices)


def test_a_comparison_runs_every_recipe_on_the_same_terms(tmp_path: Path) -> None:
    recipes = [named("first"), named("second", seed=9)]
    measured = compare(recipes, material(), TERMS, tmp_path, "first")
    assert [each.row.status for each in measured] == [Status.RUN] * 2
    first, second = (load_predictions(tmp_path / each.row.predictions) for each in measured)
    assert first.names.tolist() == second.names.tolist() == [f"s{i}" for i in range(SLICES)]
    assert measured[0].differences == {}
    assert measured[1].differences["auc any spots"] is not None
    row = measured[1].row
    assert (row.slices, row.patients, row.seed, row.commit) == (SLICES, 36, 9, "abc1234")
    assert row.cost is not None
    assert row.cost.steps == 6
    assert row.cost.seconds_per_slice > 0
    values = json.loads((tmp_path / "table.json").read_text(encoding="utf-8"))
    assert [each["recipe"] for each in values["rows"]] == ["first", "second"]
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "reference" in text
    assert "6 steps a fold" in text


def test_scores_are_of_networks_that_did_not_see_the_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: a figure measured on slices that the network learned from."""
    learned: list[set[int]] = []
    fit = runs.fit

    def watched(recipe: Recipe, rows: TrainingRows, *given: object, **named: object) -> object:
        validation = named["validation"]
        assert isinstance(validation, TrainingRows)
        learned.append({*rows.indices.tolist(), *validation.indices.tolist()})
        assert not {*rows.indices.tolist()} & {*validation.indices.tolist()}
        return fit(recipe, rows, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(runs, "fit", watched)
    shared = material()
    compare([named("only", validation_share=0.25)], shared, TERMS, tmp_path, "only")
    for fold, indices in zip(TERMS.folds, learned, strict=True):
        assert indices == set(np.flatnonzero(shared.folds != fold).tolist())


def test_a_row_that_is_there_is_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipes = [named("first"), named("second")]
    compare(recipes[:1], material(), TERMS, tmp_path, "first")
    ran: list[str] = []
    run_recipe = runs.run_recipe

    def watched(recipe: Recipe, *given: object) -> Row:
        ran.append(recipe.name)
        return run_recipe(recipe, *given)  # type: ignore[arg-type]

    monkeypatch.setattr("training.compare.compare.run_recipe", watched)
    later = replace(TERMS, commit="def5678")
    measured = compare(recipes, material(), later, tmp_path, "first")
    assert ran == ["second"]
    assert [each.row.commit for each in measured] == ["abc1234", "def5678"]


def test_a_row_goes_on_after_the_folds_that_are_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared, recipe = material(), named("only")
    whole = compare([recipe], shared, TERMS, tmp_path / "whole", "only")
    fit, count = runs.fit, 0

    def dies(*given: object, **named: object) -> object:
        nonlocal count
        count += 1
        if count == 2:
            raise KeyboardInterrupt
        return fit(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(runs, "fit", dies)
    with pytest.raises(KeyboardInterrupt):
        compare([recipe], shared, TERMS, tmp_path / "cut", "only")
    again = compare([recipe], shared, TERMS, tmp_path / "cut", "only")
    assert count == 4
    one, other = (
        load_predictions(tmp_path / folder / each[0].row.predictions)
        for folder, each in (("whole", whole), ("cut", again))
    )
    np.testing.assert_array_equal(one.logits, other.logits)


def test_a_row_of_other_terms_is_not_taken(tmp_path: Path) -> None:
    """Hazard: 300 steps in one row and 3,000 in the next, in one table."""
    recipe = named("only")
    compare([recipe], material(), TERMS, tmp_path, "only")
    measured = compare([recipe], material(), replace(TERMS, steps=7), tmp_path, "only", run=False)
    assert measured[0].row.status is Status.NOT_RUN
    assert "other terms" in measured[0].row.reason
    assert "not run: an older run had other terms" in (tmp_path / "table.md").read_text(encoding="utf-8")


def test_what_a_source_lacks_is_named(tmp_path: Path) -> None:
    needy = named("needy", needs=("spacing",))
    measured = compare([needy], material(), TERMS, tmp_path, "needy")
    assert measured[0].row.status is Status.REFUSED
    assert measured[0].row.reason == "spots has no pixel spacing in mm (spacing)."
    degraded = compare([needy], material(), replace(TERMS, degrade=True), tmp_path, "needy")
    assert degraded[0].row.status is Status.RUN
    assert degraded[0].row.lost == ("spots has no pixel spacing in mm (spacing).",)
    assert "spots has no pixel spacing" in (tmp_path / "table.md").read_text(encoding="utf-8")
    content = compare([needy], material(frozenset({Need.SPACING})), TERMS, tmp_path / "other", "needy")
    assert (content[0].row.status, content[0].row.lost) == (Status.RUN, ())


def test_masks_cannot_be_done_without(tmp_path: Path) -> None:
    measured = compare(
        [named("pixels", needs=("masks",))], material(), replace(TERMS, degrade=True), tmp_path, "pixels"
    )
    assert measured[0].row.status is Status.REFUSED


def test_a_recipe_that_fails_costs_its_own_row_only(tmp_path: Path) -> None:
    recipes = [named("broken"), named("sound")]
    recipes[0] = replace(recipes[0], network=replace(recipes[0].network, architecture="no_such_network"))
    measured = compare(recipes, material(), TERMS, tmp_path, "sound")
    assert [each.row.status for each in measured] == [Status.FAILED, Status.RUN]
    assert "no_such_network" in measured[0].row.reason


def test_a_reference_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="reference 'other' is not among the recipes: only"):
        compare([named("only")], material(), TERMS, tmp_path, "other")
    with pytest.raises(ValueError, match="same name"):
        compare([named("only"), named("only")], material(), TERMS, tmp_path, "only")


def test_a_binary_recipe_is_compared_on_any_alone(tmp_path: Path) -> None:
    loss = replace(tiny_recipe().loss, kind="bce")
    recipes = [named("six"), named("two", labels="binary", loss=loss)]
    measured = compare(recipes, material(), TERMS, tmp_path, "six")
    assert measured[1].figures["overall"]["spots"]["gain_over_prior"] is None
    assert set(measured[1].differences) == {"auc any spots"}


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


def test_every_slice_of_a_series_is_scored() -> None:
    """Hazard: the slice that bleeds is one that training leaves out."""
    shared = material()
    recipe = named("series")
    series = replace(
        recipe,
        sampling=replace(recipe.sampling, unit="series", series_length=1),
        network=replace(recipe.network, architecture="bag_of_slices"),
    )
    rows = training_rows(shared, series)

    class EverySlice(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.mean(dim=(2, 3, 4))[..., None].expand(-1, -1, 6)

    logits = score_rows(EverySlice(), series, rows.only(np.arange(20)), torch.device("cpu"))
    assert logits.shape == (20, 6)
    assert len(np.unique(logits[:, 0])) == 20
