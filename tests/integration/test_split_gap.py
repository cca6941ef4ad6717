"""What a slice-random split gives away: equal network, steps and test size, with an interval."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from training_data import small_recipe, write_label_sets

from training.compare import split_gap as command
from training.compare.split_gap import Repeat, folds_by_patient, folds_by_slice, split_gap, told
from training.recipe.tree import Recipe
from training.runs.run_folders import RUN

PATIENTS, SLICES_PER_PATIENT = 12, 3


@pytest.fixture
def options(tmp_path: Path) -> Namespace:
    torch.set_num_threads(1)
    return Namespace(
        name="small",
        data=write_label_sets(tmp_path / "data", PATIENTS, SLICES_PER_PATIENT),
        work=tmp_path / "work",
        repeats=2,
        steps=3,
        test_share=0.25,
        degrade=False,
        device="cpu",
        threads=1,
        workers=0,
        to=tmp_path / "gap.json",
    )


def tiny() -> Recipe:
    return small_recipe(generated_share=0.0, sources=("ct_ich_v1",), validation_share=0.3, keeps="best")


def test_both_arms_have_the_same_network_steps_and_test_size(
    options: Namespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "recipe_of", lambda name: tiny())
    command.main(options)
    made = json.loads(options.to.read_text(encoding="utf-8"))
    assert [repeat["seed"] for repeat in made["repeats"]] == [tiny().seed, tiny().seed + 1]
    differences = [repeat["by_slice"] - repeat["by_patient"] for repeat in made["repeats"]]
    assert made["difference"] == pytest.approx(np.mean(differences))
    assert made["low"] <= made["difference"] <= made["high"]
    assert f"adds {made['difference']:+.3f} (95 % interval over 2 repeats" in capsys.readouterr().out
    runs = [json.loads(path.read_text()) for path in sorted((options.work / "split-gap").rglob(RUN))]
    assert len(runs) == 4
    assert {(run["steps"], run["parameters"], run["recipe"]["split"]) for run in runs} == {
        (3, runs[0]["parameters"], "patient")
    }
    assert sorted(run["recipe"]["seed"] for run in runs) == [tiny().seed] * 2 + [tiny().seed + 1] * 2


def test_repeats_that_are_there_are_not_trained_again(
    options: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = list(split_gap(tiny(), options))

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("training.runs.run_folders.fit", refuse)
    assert list(split_gap(tiny(), options)) == first


@pytest.mark.parametrize(
    ("choice", "fact"),
    [
        ({"repeats": 1}, "an interval needs two or more"),
        ({"test_share": 1.0}, "a share lies between 0 and 1"),
        ({"test_share": 0.99}, "12 patients are too few to hold out 99%"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_is_trained(
    options: Namespace, choice: dict[str, float], fact: str
) -> None:
    with pytest.raises(ValueError, match=fact):
        list(split_gap(tiny(), Namespace(**{**vars(options), **choice})))
    assert not (options.work / "split-gap").exists()


def test_patients_are_held_out_whole_and_slices_are_not() -> None:
    """Hazard: the gap that a slice-random split opens, measured as none, because both arms mix heads."""
    groups = np.repeat(np.arange(20), 5)
    by_patient = folds_by_patient(groups, 0.2, seed=1)
    assert (by_patient == 0).sum() == 20
    assert all(len(set(by_patient[groups == group])) == 1 for group in range(20))
    by_slice = folds_by_slice(100, 20, seed=1)
    assert (by_slice == 0).sum() == 20
    assert sum(len(set(by_slice[groups == group])) == 2 for group in range(20)) > 5
    assert (folds_by_patient(groups, 0.2, seed=2) != by_patient).any()


def test_the_interval_is_students() -> None:
    text = told("x", 10, [Repeat(seed, 7, 0.5, 0.5 + gain) for seed, gain in enumerate((0.1, 0.2, 0.3))])
    # t = 4.303 with two degrees of freedom, times 0.1 / sqrt(3)
    assert "adds +0.200 (95 % interval over 3 repeats: -0.048 to +0.448)" in text
    assert "| 0 | 7 | 0.500 | 0.600 | +0.100 |" in text
    assert replace(Repeat(1, 7, 0.5, 0.75), seed=2).difference == 0.25
