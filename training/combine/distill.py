"""``training distill``: the mean of several trained networks, learned by one small one.

The one thing to get wrong: the student of a fold learns from the teachers of *that* fold alone. Any other
teacher saw slices of the fold, and its soft targets would carry them into the student's figures.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from training.fit.device import add_device
from training.fit.distributed import Processes
from training.fit.frames import mapped_frames, prepared_frames
from training.prepare.write import file_sha256
from training.recipe.read import recipe_of
from training.recipe.tree import Recipe
from training.runs.material import Material, learning_rows
from training.runs.run_folders import (
    WEIGHTS,
    WHOLE,
    Terms,
    load_trained,
    require_networks,
    run_folder,
    split_path,
    train_fold,
    trained_recipe,
)
from training.runs.score_rows import score_rows, scored_labels
from training.runs.train import make_ready

LOG = logging.getLogger(__name__)

SUFFIX = "_distilled"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("student", help="recipe of the small network")
    parser.add_argument("--teachers", nargs="+", required=True, help="recipes that are trained, on its split")
    parser.add_argument("--share", type=float, default=0.7, help="of the teachers in a target; rest: label")
    parser.add_argument("--steps", type=int, help="budget over all phases, in place of the recipe's epochs")
    parser.add_argument("--degrade", action="store_true", help="run on sources that lack what it needs")
    add_device(parser)
    parser.add_argument("--threads", type=int, default=1, help="of torch, on the CPU; part of the result")
    parser.add_argument("--workers", type=int, default=0, help="processes that make batches ahead")


def main(options: argparse.Namespace) -> None:
    """Distill the named teachers into the student, every fold and the whole."""
    torch.set_num_threads(options.threads)
    teachers = [trained_recipe(options.work, name) for name in options.teachers]
    distill(recipe_of(options.student), teachers, options)


def distill(student: Recipe, teachers: Sequence[Recipe], options: argparse.Namespace) -> Recipe:
    """Train the student on the teachers' scores, one network per fold and one on everything.

    Args:
        student: Six labels, without CutMix.
        teachers: Trained in the same folder, on the same split.
        options: As ``add_arguments`` gives them, with ``data`` and ``work``.

    Returns:
        The recipe that evaluation, comparison and release know the student by.

    Raises:
        ValueError: A teacher was not trained, has another split or other labels, or the share is none.
    """
    _check(student, teachers, options)
    work: Path = options.work
    named = replace(student, name=f"{student.name}{SUFFIX}", remark=_remark(student, teachers, options))
    ready = make_ready(named, options, Processes())
    terms = Terms(torch.device(options.device), Processes(), options.workers, options.steps)
    for fold in (*range(student.folds), WHOLE):
        logits = teacher_logits(teachers, ready.material, fold, work, terms.device)
        targets = soft_targets(ready.rows.labels, logits, options.share)
        learned = replace(ready.rows, targets=targets)
        train_fold(ready.recipe, ready.material, learned, fold, terms, work, ready.lost)
    return ready.recipe


def teacher_logits(
    teachers: Sequence[Recipe], material: Material, fold: int, work: Path, device: torch.device
) -> NDArray[np.float64]:
    """Mean logits of the teachers of one fold, (rows, 6); NaN on the fold itself, which is not learned."""
    mean = np.full((len(material.rows), 6), np.nan)
    members = np.flatnonzero(material.folds != fold)
    each = []
    for teacher in teachers:
        frames = mapped_frames(prepared_frames(material.sources, teacher.preprocessing), work)
        rows = learning_rows(material, frames).only(members)
        logits = score_rows(load_trained(work, teacher, fold, material), teacher, rows, device)
        if not scored_labels(logits).all():
            raise ValueError(f"{teacher.name} does not give all six labels; it cannot teach them.")
        each.append(logits)
        LOG.info("%s, fold %d: %d slices scored", teacher.name, fold, len(members))
    mean[members] = np.mean(each, axis=0)
    return mean


def soft_targets(
    labels: NDArray[np.floating], logits: NDArray[np.float64], share: float
) -> NDArray[np.float32]:
    """Labels mixed with the teachers' probabilities, (rows, 6).

    Args:
        labels: (rows, 6), 0 or 1.
        logits: (rows, 6), of the teachers; where they are NaN the labels stay.
        share: Of the teachers, (0, 1].

    >>> soft_targets(np.array([[1.0, 0.0]]), np.array([[0.0, np.nan]]), 0.5).tolist()
    [[0.75, 0.0]]
    """
    said = 1 / (1 + np.exp(-np.clip(np.nan_to_num(logits), -60, 60)))
    mixed = share * said + (1 - share) * labels
    return np.asarray(np.where(np.isnan(logits), labels, mixed), dtype=np.float32)


def _check(student: Recipe, teachers: Sequence[Recipe], options: argparse.Namespace) -> None:
    if not 0 < options.share <= 1:
        raise ValueError(f"The teachers' share of a target is {options.share}; it lies above 0, up to 1.")
    if student.labels != "six" or student.augmentation.cutmix != "none":
        raise ValueError(f"{student.name} cannot be a student: it needs six labels and no CutMix.")
    for teacher in teachers:
        theirs, own = (split_path(options.work, recipe) for recipe in (teacher, student))
        if theirs != own:
            raise ValueError(
                f"{teacher.name} was trained on another split ({theirs.name}) than {student.name} "
                f"({own.name}): its scores would carry held-out slices over."
            )


def _remark(student: Recipe, teachers: Sequence[Recipe], options: argparse.Namespace) -> str:
    """Who taught it, by hash, so that a run with other teachers is another run."""
    told = [student.remark] if student.remark else []
    for teacher in teachers:
        folds = (*range(student.folds), WHOLE)
        require_networks(options.work, teacher, folds)
        hashes = [file_sha256(run_folder(options.work, teacher, fold) / WEIGHTS)[:12] for fold in folds]
        told.append(f"Distilled, share {options.share:g}, from {teacher.name} ({', '.join(hashes)}).")
    return " ".join(told)
