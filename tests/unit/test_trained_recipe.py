"""What a run was trained with is what it is judged by, released with, averaged and taught from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from training.recipe.degrade import degraded, without_pretraining
from training.recipe.read import RecipeError, named_recipe, recipe_to_dict
from training.recipe.tree import Recipe
from training.runs.run_folders import RUN, WHOLE, require_networks, run_folder, trained_recipe

OJHA = named_recipe("ojha_resnet50")


def write_trained(work: Path, recipe: Recipe, fold: int) -> None:
    folder = run_folder(work, recipe, fold)
    folder.mkdir(parents=True)
    (folder / RUN).write_text(json.dumps({"recipe": recipe_to_dict(recipe)}), encoding="utf-8")


def test_a_degraded_run_is_judged_with_the_recipe_that_it_was_trained_with(tmp_path: Path) -> None:
    """Hazard: a network scored, calibrated and released on another frame than it learned from."""
    made, lost = degraded(OJHA, {"spacing", "hu_beyond_brain_window"}, is_allowed=True)
    made = without_pretraining(made)
    assert made.preprocessing.frame != OJHA.preprocessing.frame
    assert lost
    for fold in (0, 1, WHOLE):
        write_trained(tmp_path, made, fold)
    assert trained_recipe(tmp_path, "ojha_resnet50") == made


def test_where_nothing_was_trained_the_recipe_is_the_one_that_is_named(tmp_path: Path) -> None:
    assert trained_recipe(tmp_path, "ojha_resnet50@3") == replace(OJHA, name="ojha_resnet50@3", seed=3)


def test_words_and_smoothing_are_todays(tmp_path: Path) -> None:
    shipped = named_recipe("ichviewer_mobilenet_v2_neighbors")
    write_trained(tmp_path, replace(shipped, remark="older words", smoothing_mm=0.0), 0)
    assert trained_recipe(tmp_path, shipped.name) == shipped


def test_folds_of_different_recipes_are_no_system(tmp_path: Path) -> None:
    """Hazard: out-of-fold figures of which a part belongs to another system."""
    write_trained(tmp_path, OJHA, 0)
    write_trained(tmp_path, without_pretraining(replace(OJHA, batch_size=8)), 1)
    with pytest.raises(RecipeError, match=r"fold0 and .*fold1 were trained with different recipes"):
        trained_recipe(tmp_path, "ojha_resnet50")


def test_all_networks_that_are_missing_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"fold0.*fold1.*whole.* are not there: .*train ojha_resnet50"):
        require_networks(tmp_path, OJHA, (0, 1, WHOLE))
