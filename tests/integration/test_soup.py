"""Weights of several networks in one, without carrying a held-out slice over."""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from training_data import small_recipe, train_options, write_label_sets

from training.combine import soup as soup_command
from training.combine.soup import differing_norms, mean_state, measure_batch_norms, soup
from training.evaluate import evaluate
from training.fit.frames import mapped_frames, prepared_frames
from training.fit.rows import rows_of_arrays
from training.recipe.tree import Recipe
from training.runs.material import learning_rows
from training.runs.out_of_fold import held_out, out_of_fold
from training.runs.run_folders import LEARNED, RUN, WEIGHTS, WHOLE, learned_rows, run_folder, trained_recipe
from training.runs.train import train_recipe

STEPS = 4


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> argparse.Namespace:
    """Folders of two label sets."""
    folder = tmp_path_factory.mktemp("soup")
    data = write_label_sets(folder / "data", patients=8, slices=2)
    return train_options(data, folder / "work", steps=STEPS)


@pytest.fixture(scope="module")
def members(options: argparse.Namespace) -> list[Recipe]:
    """Two seeds of a recipe with one start, trained for a few steps."""
    start = small_recipe(name="start", generated_share=0.0)
    train_recipe(start, argparse.Namespace(**{**vars(options), "steps": 1, "fold": "0"}))
    weights = str(run_folder(options.work, start, 0) / WEIGHTS)
    network = replace(start.network, weights=weights)
    seeds = [replace(start, name=f"small@{seed}", seed=seed, network=network) for seed in (1, 2)]
    for member in seeds:
        train_recipe(member, options)
    return seeds


@pytest.fixture(scope="module")
def made(members: list[Recipe], options: argparse.Namespace) -> Recipe:
    """Their mean."""
    return soup("both", members, options.data, options.work)


def test_a_folds_weights_are_the_mean_of_those_that_held_it_out(
    made: Recipe, members: list[Recipe], options: argparse.Namespace
) -> None:
    """Hazard: a network of another fold in the mean carries the held-out slices into the figures."""
    for fold in (0, 1, WHOLE):
        states = [load_file(run_folder(options.work, each, fold) / WEIGHTS) for each in members]
        found = load_file(run_folder(options.work, made, fold) / WEIGHTS)
        torch.testing.assert_close(
            found["classifier.weight"], (states[0]["classifier.weight"] + states[1]["classifier.weight"]) / 2
        )
        assert not torch.equal(states[0]["classifier.weight"], states[1]["classifier.weight"])


def test_batch_norms_are_measured_on_the_rows_that_are_learned_from() -> None:
    images = np.random.default_rng(0).random((12, 1, 8, 8), dtype=np.float32)
    images[8:] += 5
    rows = rows_of_arrays(images, np.zeros((12, 6))).only(np.arange(8))
    network = nn.Sequential(nn.BatchNorm2d(3), nn.BatchNorm2d(3))
    for norm in network:
        norm.running_mean.fill_(99.0)
    recipe = small_recipe(batch_size=4)
    recipe = replace(recipe, preprocessing=replace(recipe.preprocessing, size_px=8))
    measure_batch_norms(network, recipe, rows, {"0"})
    mean, std = np.asarray(recipe.preprocessing.mean), np.asarray(recipe.preprocessing.std)
    np.testing.assert_allclose(network[0].running_mean, (images[:8].mean() - mean) / std, rtol=1e-4)
    assert not network.training
    assert network[0].momentum == 0.1
    # What was frozen in all members is as it was.
    assert network[1].running_mean.tolist() == [99.0] * 3
    assert network[1].num_batches_tracked == 0


def test_only_batch_norms_that_counted_are_measured_anew() -> None:
    frozen, counted = ({f"{name}.running_mean": torch.zeros(2)} for name in ("frozen", "counted"))
    spread = {"wide.running_mean": torch.zeros(2), "wide.running_var": torch.ones(2)}
    states = [{**frozen, **counted, **spread, "frozen.weight": torch.ones(2) * seed} for seed in (1, 2)]
    states[1] |= {"counted.running_mean": torch.ones(2), "wide.running_var": torch.zeros(2)}
    assert differing_norms(states) == {"counted", "wide"}


def test_no_held_out_slice_is_looked_at(
    members: list[Recipe], options: argparse.Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: statistics of the held-out slices make the figures shine."""
    looked_at: list[set[int]] = []
    monkeypatch.setattr(
        soup_command,
        "measure_batch_norms",
        lambda net, recipe, rows, names: looked_at.append(set(rows.indices)),
    )
    soup("watched", members, options.data, options.work)
    folds = held_out(members[0], options.data, options.work).folds
    assert looked_at == [set(np.flatnonzero(folds != fold)) for fold in (0, 1, WHOLE)]


def test_whole_numbers_are_not_averaged() -> None:
    counts = [{"seen": torch.tensor(7)}, {"seen": torch.tensor(9)}]
    assert mean_state(counts)["seen"].item() == 7


def test_a_mean_is_known_by_its_name_and_says_whose_it_is(made: Recipe, options: argparse.Namespace) -> None:
    assert trained_recipe(options.work, "both") == made
    run = json.loads((run_folder(options.work, made, 1) / RUN).read_text(encoding="utf-8"))
    assert "small@1 (" in run["recipe"]["remark"]
    assert "small@2 (" in run["recipe"]["remark"]
    assert run["steps"] == 2 * STEPS


def test_a_mean_is_judged_against_one_of_its_members(
    made: Recipe, members: list[Recipe], options: argparse.Namespace, tmp_path: Path
) -> None:
    wanted = evaluate.Wanted(tmp_path / "metrics.json", tmp_path / "page.html", against=(members[0],))
    values = evaluate.main(made, options.data, options.work, None, wanted)
    differences = values["against"]["small@1"]
    assert {"auc any pooled", "auc any rsna_png", "weighted_log_loss pooled"} <= differences.keys()
    assert "auc epidural pooled" not in differences
    assert "small@1" in (tmp_path / "page.html").read_text(encoding="utf-8")
    held = held_out(made, options.data, options.work)
    scores = [out_of_fold(each, held, options.work).logits for each in (made, members[0])]
    assert not np.allclose(*scores)


def test_a_mean_that_is_there_stays_and_one_of_others_is_refused(
    made: Recipe, members: list[Recipe], options: argparse.Namespace
) -> None:
    path = run_folder(options.work, made, 0) / WEIGHTS
    before = path.stat().st_mtime_ns
    soup("both", members, options.data, options.work)
    assert path.stat().st_mtime_ns == before
    with pytest.raises(ValueError, match="holds the mean of other networks"):
        soup("both", members[::-1], options.data, options.work)


def test_what_has_no_mean_is_refused(members: list[Recipe], options: argparse.Namespace) -> None:
    first, second = members
    random = replace(first, network=replace(first.network, weights="none"))
    for name, given, message in [
        ("one", [first], "two or more different runs"),
        ("one", [first, first], "two or more different runs"),
        ("small@1", members, "own name"),
        ("ichviewer_mobilenet_v2", members, "own name"),
        ("one", [first, replace(second, batch_size=9)], "differ in more than their seeds"),
        ("one", [random, replace(random, name="b", seed=2)], "starts from random weights"),
        ("one", [first, replace(second, name="c")], "training train c"),
    ]:
        with pytest.raises(ValueError, match=message):
            soup(name, given, options.data, options.work)
    assert not (options.work / "runs" / "one").exists()


def test_a_member_that_learned_from_other_slices_is_refused(
    members: list[Recipe], options: argparse.Namespace, tmp_path: Path
) -> None:
    """Hazard: a member from another split carries slices of the held-out fold into the mean."""
    work = shutil.copytree(options.work, tmp_path / "work")
    path = run_folder(work, members[1], 0) / RUN
    run = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**run, LEARNED: run[LEARNED][::-1]}), encoding="utf-8")
    with pytest.raises(ValueError, match="fold0 holds a run that learned from other slices"):
        soup("mixed", members, options.data, work)
    assert not (work / "runs" / "mixed").exists()


def test_the_learned_rows_of_a_fold_are_those_outside_of_it(
    members: list[Recipe], options: argparse.Namespace
) -> None:
    held = held_out(members[0], options.data, options.work)
    frames = mapped_frames(prepared_frames(held.material.sources, members[0].preprocessing), options.work)
    learned, steering = learned_rows(members[0], held.material, learning_rows(held.material, frames), 1)
    assert steering is None
    assert set(held.material.folds[learned.indices]) == {0}
