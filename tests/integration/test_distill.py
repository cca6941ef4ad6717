"""Several networks taught to one, without carrying a held-out slice over."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_data import small_recipe, train_options, write_label_sets

from training.combine import distill
from training.combine.distill import soft_targets, teacher_logits
from training.fit.rows import TrainingRows
from training.recipe.tree import Recipe
from training.runs.material import Material
from training.runs.out_of_fold import held_out, out_of_fold
from training.runs.run_folders import RUN, WHOLE, run_folder
from training.runs.train import train_recipe

TEACHERS = [
    small_recipe(name="first", generated_share=0.0),
    small_recipe(name="second", generated_share=0.0, seed=5),
]
STUDENT = small_recipe(name="student", generated_share=0.0)


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> argparse.Namespace:
    """Two teachers, trained for a few steps, and what ``distill`` is told."""
    folder = tmp_path_factory.mktemp("distill")
    data = write_label_sets(folder / "data", patients=8, slices=2)
    for teacher in TEACHERS:
        train_recipe(teacher, train_options(data, folder / "work", steps=4))
    return train_options(data, folder / "work", steps=6, share=0.7)


def test_a_target_mixes_the_label_with_what_the_teachers_say() -> None:
    labels = np.array([[1.0, 0.0, 0.0]])
    found = soft_targets(labels, np.array([[0.0, np.log(3.0), np.nan]]), 0.4)
    np.testing.assert_allclose(found, [[0.6 + 0.4 * 0.5, 0.4 * 0.75, 0.0]], rtol=1e-6)
    np.testing.assert_allclose(
        soft_targets(labels, np.array([[0.0, -99.0, 99.0]]), 1.0), [[0.5, 0, 1]], atol=1e-6
    )


def test_a_student_is_taught_by_its_own_folds_teachers_alone(
    options: argparse.Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: a held-out slice reaches the student through a teacher that saw it, and its figures shine."""
    held = held_out(TEACHERS[0], options.data, options.work)
    asked: list[tuple[str, int, set[int]]] = []
    load, fold_now = distill.load_trained, -2

    def watched_load(work: Path, recipe: Recipe, fold: int, material: Material) -> Any:
        nonlocal fold_now
        fold_now = fold
        return load(work, recipe, fold, material)

    def watched_score(module: Any, recipe: Recipe, rows: TrainingRows, device: Any) -> Any:
        asked.append((recipe.name, fold_now, set(rows.indices.tolist())))
        return np.zeros((len(rows.indices), 6))

    monkeypatch.setattr(distill, "load_trained", watched_load)
    monkeypatch.setattr(distill, "score_rows", watched_score)
    for fold in (0, 1, WHOLE):
        logits = teacher_logits(TEACHERS, held.material, fold, options.work, "cpu")  # type: ignore[arg-type]
        outside = set(np.flatnonzero(held.folds != fold).tolist())
        assert asked == [("first", fold, outside), ("second", fold, outside)]
        assert set(np.flatnonzero(np.isnan(logits[:, 0])).tolist()) == set(range(len(held.rows))) - outside
        asked.clear()


def test_teachers_are_averaged(options: argparse.Namespace) -> None:
    held = held_out(TEACHERS[0], options.data, options.work)
    device: Any = "cpu"
    one, other = (teacher_logits([t], held.material, 0, options.work, device) for t in TEACHERS)
    both = teacher_logits(TEACHERS, held.material, 0, options.work, device)
    np.testing.assert_allclose(both, (one + other) / 2)
    assert not np.allclose(one[held.folds != 0], other[held.folds != 0])


def test_a_student_is_trained_judged_and_says_who_taught_it(options: argparse.Namespace) -> None:
    student = distill.distill(STUDENT, TEACHERS, options)
    assert student.name == "student_distilled"
    run = json.loads((run_folder(options.work, student, WHOLE) / RUN).read_text(encoding="utf-8"))
    assert "from first (" in run["recipe"]["remark"]
    assert "from second (" in run["recipe"]["remark"]
    scored = out_of_fold(student, held_out(student, options.data, options.work), options.work)
    assert scored.logits.shape == (32, 6)


def test_the_student_learns_the_targets_not_the_labels(
    options: argparse.Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = replace(STUDENT, name="steady")
    even = lambda teachers, material, *rest: np.zeros((len(material.rows), 6))  # noqa: E731
    monkeypatch.setattr(distill, "teacher_logits", even)
    long = argparse.Namespace(**{**vars(options), "share": 1.0, "steps": 60})
    taught = distill.distill(student, TEACHERS, long)
    logits = out_of_fold(taught, held_out(taught, options.data, options.work), options.work).logits
    assert np.abs(logits).mean() < 0.5


@pytest.mark.parametrize(
    ("student", "teacher", "share", "message"),
    [
        (STUDENT, small_recipe(name="untrained"), 0.5, "training train untrained"),
        (STUDENT, small_recipe(name="first", folds=3), 0.5, "another split"),
        (replace(STUDENT, labels="five"), TEACHERS[0], 0.5, "needs six labels"),
        (STUDENT, TEACHERS[0], 1.5, "share of a target is 1.5"),
    ],
)
def test_what_cannot_be_taught_is_refused(
    options: argparse.Namespace, student: Recipe, teacher: Recipe, share: float, message: str
) -> None:
    told = argparse.Namespace(**{**vars(options), "share": share})
    with pytest.raises(ValueError, match=message):
        distill.distill(student, [teacher], told)
