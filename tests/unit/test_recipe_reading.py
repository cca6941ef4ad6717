"""Recipes are read strictly: an error names the file, the line and the key, before hours are spent."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from training.recipe.check import faults_of
from training.recipe.read import (
    RECIPES,
    RecipeError,
    named_recipe,
    read_recipe,
    recipe_from_dict,
    recipe_names,
    recipe_of,
    recipe_to_dict,
)

WHOLE = (RECIPES / "ichviewer_mobilenet_v2.toml").read_text(encoding="utf-8")


def written(folder: Path, text: str, name: str = "ichviewer_mobilenet_v2") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def line_with(text: str, start: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(start))


@pytest.mark.parametrize("name", recipe_names())
def test_every_shipped_recipe_can_be_read_and_written(name: str) -> None:
    recipe = named_recipe(name)
    assert recipe_from_dict(json.loads(json.dumps(recipe_to_dict(recipe)))) == recipe


@pytest.mark.parametrize(
    ("old", "new", "line_start", "fact"),
    [
        ("folds = 3", "folds = 3\nfoldz = 4", "foldz", "the key 'foldz' is not known; known are name,"),
        ("folds = 3", "", "", "the key 'folds' is missing"),
        (
            "weight_decay = 0.02",
            "weight_decoy = 0.02",
            "weight_decoy",
            "'optimizer.weight_decoy' is not known",
        ),
        ("peak_rate = 6e-4", "peak = 6e-4", "peak = ", r"'phases\[1\].peak' is not known"),
        ("peak_rate = 6e-4", 'peak_rate = "high"', 'peak_rate = "high"', r"phases\[1\].peak_rate = 'high'"),
        ("warmup_share = 0.05", "warmup = 0.05", 'schedule = { kind = "cosine", warmup =', "schedule.warmup"),
        ('kind = "bce"', 'kind = "hinge"', 'kind = "hinge"', "loss.kind = 'hinge' is not one of 'bce'"),
        ("batch_size = 32", "batch_size = true", "batch_size", "batch_size = True is not of the kind int"),
        ("scale = [0.85, 1.15]", "scale = [0.85]", "scale", "augmentation.scale has 1 values, not 2"),
        ("label_weights = [2.0,", "label_weights = [", "label_weights", "there must be 6 label weights"),
        ("epochs = 5", "epochs = 0", "epochs = 0", r"phases\[1\].epochs|0 does not lie in \(0, inf\)"),
        ("width = 70.0 }]", "width = 0.0 }]", "windows", "more than 0 HU wide"),
        ("batch_size = 32", 'batch_size = "32"', "batch_size", "batch_size = '32' is not of the kind int"),
        ("batch_size = 32", "batch_size = 32\nthreshold = 1.0", "threshold", r"1 does not lie in \(0, 1\)"),
        ("center = 35.0, width = 70.0 }]", "center = nan, width = 70.0 }]", "windows", "no finite number"),
        ("std = [0.229,", "std = [0.0,", "std", r"0 does not lie in \(0, inf\)"),
        ("flip_share = 0.5", "flip_share = 3", "flip_share", r"3 does not lie in \[0, 1\]"),
        ("scale = [0.85, 1.15]", "scale = [1.15, 0.85]", "scale", "the smallest, 1.15, comes before"),
        ("average_decay = 0.98", "average_decay = 1.5", "average_decay", "1.5 does not lie in"),
        ("clip_norm = 5.0", "clip_norm = -5.0", "clip_norm", "-5 does not lie in"),
        ("weight_decay = 0.02", "weight_decay = -0.02", "weight_decay", "-0.02 does not lie in"),
        ("decoupled = true", "decoupled = true\nbetas = [0.9, 1.0]", "betas", r"1 does not lie in \[0, 1\)"),
        ("seed = 20251", "seed = -1", "seed", "-1 does not lie in"),
        ("generated_share = 0.15", "generated_share = 1.5", "generated_share = 1.5", "1.5 does not lie in"),
        (
            "warmup_share = 0.05",
            "warmup_share = 1.5",
            'schedule = { kind = "cosine", warmup_share = 1.5',
            "1.5 does not lie in",
        ),
        ("peak_rate = 6e-4", "peak_rate = inf", "peak_rate = inf", "no finite number"),
        (
            "assumed = []",
            'assumed = ["optimizer.kindd"]',
            "assumed",
            "'optimizer.kindd' is assumed and is no key",
        ),
    ],
)
def test_a_faulty_recipe_is_refused_by_file_line_and_key(
    tmp_path: Path, old: str, new: str, line_start: str, fact: str
) -> None:
    assert old in WHOLE
    text = WHOLE.replace(old, new)
    path = written(tmp_path, text)
    with pytest.raises(RecipeError, match=fact) as caught:
        read_recipe(path)
    place = f"{path}, line {line_with(text, line_start)}: " if line_start else f"{path}: "
    assert str(caught.value).startswith(place)


@pytest.mark.parametrize("name", ["kuo_patchfcn", "ye_cnn_rnn"])
def test_varied_copies_are_made_of_whole_slices(name: str) -> None:
    faults = dict(faults_of(replace(named_recipe(name), test_copies=4)))
    assert faults == {"test_copies": "varied copies are made of whole slices, not of series or patches."}


@pytest.mark.parametrize(
    ("name", "choices", "fact"),
    [
        ("melinte_resnet101_base", {"rows": "bleeding"}, "there is no bleed or no bleed to tell apart"),
        ("alqnatri_resnet152_heads_1e4", {"needs": ()}, "where needs has 'series_order'"),
    ],
)
def test_rows_that_do_not_go_with_the_rest_are_refused(name: str, choices: dict[str, Any], fact: str) -> None:
    faults = dict(faults_of(replace(named_recipe(name), **choices)))
    assert list(faults) == ["rows"]
    assert fact in faults["rows"]


def test_a_share_of_patches_needs_patches() -> None:
    recipe = named_recipe("kuo_patchfcn")
    whole = replace(recipe, sampling=replace(recipe.sampling, patch_px=0))
    assert "it needs a patch_px" in dict(faults_of(whole))["sampling.bleed_patch_share"]
    assert not dict(faults_of(recipe))


def test_a_recipe_without_patches_is_written_as_before_their_share_was_a_key() -> None:
    """A finished run is known by what was written of its recipe."""
    assert "bleed_patch_share" not in recipe_to_dict(named_recipe("ichviewer_mobilenet_v2"))["sampling"]
    assert recipe_to_dict(named_recipe("kuo_patchfcn"))["sampling"]["bleed_patch_share"] == 0.5


def test_an_extending_recipe_holds_only_what_differs(tmp_path: Path) -> None:
    written(tmp_path, WHOLE)
    short = 'extends = "ichviewer_mobilenet_v2"\nname = "short"\n[optimizer]\nweight_decay = 0.5\n'
    recipe = read_recipe(written(tmp_path, short, "short"))
    assert recipe.optimizer.weight_decay == 0.5
    assert recipe.optimizer.kind == "adam"
    assert recipe.phases == read_recipe(tmp_path / "ichviewer_mobilenet_v2.toml").phases


def test_a_recipe_anywhere_extends_a_shipped_one_or_the_one_beside_it(tmp_path: Path) -> None:
    short = written(tmp_path, 'extends = "ichviewer_mobilenet_v2"\nname = "short"\nseed = 9\n', "short")
    assert read_recipe(short) == replace(named_recipe("ichviewer_mobilenet_v2"), name="short", seed=9)
    written(tmp_path, WHOLE.replace("batch_size = 32", "batch_size = 16"))
    assert read_recipe(short).batch_size == 16


@pytest.mark.parametrize("extended", ['"absent"', "7"])
def test_an_extended_recipe_that_is_nowhere_is_named_with_both_places(tmp_path: Path, extended: str) -> None:
    path = written(tmp_path, f'name = "short"\nextends = {extended}\n', "short")
    with pytest.raises(RecipeError) as caught:
        read_recipe(path)
    told = str(caught.value)
    assert told.startswith(f"{path}, line 2: ")
    if extended == "7":
        assert told.endswith("extends = 7 is not the name of a recipe.")
    else:
        assert str(tmp_path / "absent.toml") in told
        assert str(RECIPES / "absent.toml") in told


def test_an_error_names_the_extended_file_if_it_stands_there(tmp_path: Path) -> None:
    written(tmp_path, WHOLE.replace("seed = 20251", 'seed = "x"'))
    path = written(tmp_path, 'extends = "ichviewer_mobilenet_v2"\nname = "short"\n', "short")
    with pytest.raises(RecipeError, match=r"ichviewer_mobilenet_v2\.toml, line \d+: seed = 'x'"):
        read_recipe(path)


def test_a_recipe_that_extends_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="extends itself"):
        read_recipe(written(tmp_path, 'extends = "short"\nname = "short"\n', "short"))


def test_a_name_that_is_not_the_files_is_refused(tmp_path: Path) -> None:
    """Hazard: figures of one recipe printed under the name of another."""
    with pytest.raises(RecipeError, match="is not the file's"):
        read_recipe(written(tmp_path, WHOLE, "other"))


def test_an_unknown_recipe_is_answered_with_those_near_it() -> None:
    with pytest.raises(
        RecipeError, match=r"no recipe 'ichviewer_mobilenet'; near it are ichviewer_mobilenet_v2"
    ):
        named_recipe("ichviewer_mobilenet")
    with pytest.raises(RecipeError, match=r"there are alqnatri_cnn, .*\.toml file"):
        named_recipe("zzz")


def test_broken_toml_and_absent_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"short\.toml: is not TOML"):
        read_recipe(written(tmp_path, "name = ", "short"))
    with pytest.raises(RecipeError, match=r"absent\.toml: cannot be read"):
        read_recipe(tmp_path / "absent.toml")


def test_a_command_line_names_a_recipe_a_file_or_a_seed(tmp_path: Path) -> None:
    shipped = named_recipe("ichviewer_mobilenet_v2")
    assert recipe_of("ichviewer_mobilenet_v2") == shipped
    assert recipe_of(str(RECIPES / "ichviewer_mobilenet_v2.toml")) == shipped
    other = recipe_of("ichviewer_mobilenet_v2@7")
    assert (other.name, other.seed) == ("ichviewer_mobilenet_v2@7", 7)
    assert replace(other, name=shipped.name, seed=shipped.seed) == shipped
    with pytest.raises(RecipeError, match="the seed 'x' is no whole number"):
        recipe_of("ichviewer_mobilenet_v2@x")
    with pytest.raises(RecipeError, match=r"absent\.toml: cannot be read"):
        recipe_of(str(tmp_path / "absent.toml"))
