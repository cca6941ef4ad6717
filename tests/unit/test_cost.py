"""What a network costs, counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from training import cli
from training.compare.cost import cost_of
from training.recipe.read import named_recipe


def by_hand(recipe_name: str) -> float:
    """Training operations over those of the forward pass."""
    cost = cost_of(named_recipe(recipe_name))
    return cost.training_operations / cost.forward_operations


def test_a_dense_network_is_counted_as_the_literature_counts_it() -> None:
    """ResNet-50 at 224 px: 4.09 G multiply-adds, 23,520,326 parameters with six outputs."""
    cost = cost_of(named_recipe("ojha_resnet50"))
    assert cost.forward_operations == pytest.approx(2 * 4.09e9, rel=0.01)
    assert cost.parameters == cost.learned == 23_520_326
    assert cost.input_shape == (3, 224, 224)


@pytest.mark.parametrize("name", ["ojha_resnet50", "ojha_mobilenet_v2", "ojha_efficientnet_b2"])
def test_the_backward_pass_is_two_forward_passes_but_for_the_first_layer(name: str) -> None:
    assert 2.9 < by_hand(name) < 3


def test_frozen_layers_save_the_gradients_of_their_weights() -> None:
    assert by_hand("ciardelli_resnet18") < 2


def test_what_is_kept_grows_with_the_area() -> None:
    recipe = named_recipe("ojha_resnet50")
    small = replace(recipe, phases=(replace(recipe.phases[0], size_px=(112,)),))
    assert cost_of(recipe).kept_bytes / cost_of(small).kept_bytes == pytest.approx(4, rel=0.05)


def test_the_command_prints_a_line_per_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["cost", "ojha_mobilenet_v2"]) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.split()[:2] == ["ojha_mobilenet_v2", "2,231,558"]
