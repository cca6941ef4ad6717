"""What a small machine takes from a recipe is the same for all its parts, and is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from training.compare.budget import at_budget
from training.fit.phases import LEAST_EPOCH, plan
from training.fit.schedules import rate_factor
from training.recipe.read import named_recipe, recipe_names


def test_a_recipe_that_fits_is_left_as_it_is() -> None:
    recipe = named_recipe("ichviewer_mobilenet_v2")
    assert at_budget(recipe, 5000, None, None) == (recipe, ())
    assert at_budget(recipe, 5000, 224, 32) == (recipe, ())
    assert at_budget(recipe, 5000, 512, None) == (recipe, ())


def test_all_sides_shrink_by_one_factor() -> None:
    recipe, lost = at_budget(named_recipe("khandelwal_progressive"), 5000, 128, None)
    own = named_recipe("khandelwal_progressive")
    assert recipe.preprocessing.size_px == 128
    assert [phase.size_px for phase in recipe.phases] == [
        tuple(side // 2 for side in phase.size_px) for phase in own.phases
    ]
    assert lost == ("input of 128 px in place of 256",)


def test_a_frame_in_millimeters_holds_as_many_of_them() -> None:
    own = named_recipe("ojha_resnet50").preprocessing
    small = at_budget(named_recipe("ojha_resnet50"), 5000, 56, None)[0].preprocessing
    assert small.size_px * small.pixel_mm == own.size_px * own.pixel_mm


def test_patches_keep_their_share_of_the_slice() -> None:
    own = named_recipe("kuo_patchfcn")
    small = at_budget(own, 5000, 96, None)[0]
    assert own.sampling.patch_px / own.preprocessing.size_px == small.sampling.patch_px / 96


def test_batches_of_slices_are_made_equal_and_those_of_series_left() -> None:
    recipe, lost = at_budget(named_recipe("khandelwal_resnet50"), 5000, None, 32)
    assert recipe.batch_size == 32
    assert lost == ("batches of 32 in place of 256",)
    series = named_recipe("ye_cnn_rnn")
    assert at_budget(series, 5000, None, 32) == (series, ())


def test_range_tests_take_a_tenth_of_the_budget() -> None:
    recipe, lost = at_budget(named_recipe("khandelwal_resnet18_binary"), 300, None, None)
    assert recipe.range_test.steps == 30
    assert lost == ("range tests of 30 steps in place of 100",)
    without = named_recipe("melinte_resnet101_base")
    assert at_budget(without, 300, None, None)[1] == ()


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_has_a_small_form(name: str) -> None:
    """The smallest side is one that no network's poolings use up."""
    recipe, _ = at_budget(named_recipe(name), 300, 64, 32)
    assert recipe.preprocessing.size_px == 64
    assert min(side for phase in recipe.phases for side in phase.size_px) >= 16


def test_a_budget_never_steers_more_often_than_every_few_steps() -> None:
    """Else 150 epochs in 300 steps would score the validation part every other step."""
    phases = named_recipe("castro_cnn4").phases
    (planned,) = plan(phases, 80, 300)
    assert planned.steps_per_steering == LEAST_EPOCH
    assert [step for step in range(60) if planned.steers_after(step)] == [19, 39, 59]
    (short,) = plan(phases, 5, 300)
    assert short.steps_per_steering == 5
    (own,) = plan((replace(phases[0], epochs=2),), 80)
    assert own.steps_per_steering == own.steps_per_epoch == 80


def test_a_budget_keeps_every_drop_of_a_rate_that_falls_in_steps() -> None:
    """400 epochs in 234 steps are far shorter than the least between two looks; the schedule still counts
    them.
    """
    (backbone, *_) = plan(named_recipe("kuo_patchfcn").phases, 80, 300)
    rates = [
        rate_factor(backbone.phase.schedule, step, backbone.steps, backbone.steps_per_epoch)
        for step in range(backbone.steps)
    ]
    assert [round(rates[backbone.steps * share // 10], 4) for share in (0, 3, 5, 7, 9)] == [
        1,
        1,
        0.1,
        0.1,
        0.01,
    ]
    assert backbone.steps_per_steering == LEAST_EPOCH
