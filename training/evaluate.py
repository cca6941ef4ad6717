"""``training evaluate``: figures of a trained recipe, out of fold, as JSON, page and submission file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichviewer.atomic_file import write_atomically
from ichviewer.inference.card_file import read_card
from ichviewer.inference.checkpoint import load_checkpoint
from training.fit.rows import Frames
from training.judge.decisions import Decisions, cross_fitted_decisions, decisions_of_card
from training.judge.judgement import judge
from training.judge.localization import localization_figures, point_all
from training.judge.page import page
from training.judge.predictions import Predictions
from training.judge.submission import read_wanted, write_submission
from training.out_of_fold import frames_of, held_out, out_of_fold, predictions_of
from training.phantom_lesions import phantom_lesions
from training.recipe.tree import Recipe

RSNA = "rsna"
"""How the names of sources begin whose slices can stand in a submission."""


@dataclass(frozen=True)
class Wanted:
    """What an evaluation writes.

    Attributes:
        json: Figures as plain values.
        page: Figures, curves and the worst mistakes as one HTML page; None for none.
        submission: RSNA slices in Kaggle's format; None for none.
        sample: Kaggle's list of the slices that it must hold; None for those there are.
        prevalences: Prevalences at which predictive values are wanted too.
        lesion_heads: Number of generated heads on which the released checkpoint's heat maps are measured.
    """

    json: Path
    page: Path | None = None
    submission: Path | None = None
    sample: Path | None = None
    prevalences: tuple[float, ...] = ()
    lesion_heads: int = 0


def main(recipe: Recipe, data: Path, work: Path, card_path: Path | None, wanted: Wanted) -> dict[str, Any]:
    """Figures of a recipe, out of fold.

    Args:
        recipe: Trained before.
        data: Folder of the label sets.
        work: Of the training.
        card_path: The released card, for its calibration and thresholds; None fits both on the other folds.
        wanted: What is written.

    Returns:
        What the JSON file holds.
    """
    held = held_out(recipe, data, work)
    logits = out_of_fold(recipe, held, work).logits
    predictions = predictions_of(held.rows, logits, held.patients, held.folds)
    values: dict[str, Any] = {"measured_on": "out of fold, by the fold networks"}
    if card_path is None:
        decisions = cross_fitted_decisions(predictions)
        values = {"checkpoint": recipe.name, **values}
    else:
        card = read_card(card_path)
        decisions = decisions_of_card(predictions, card)
        values = {"checkpoint": card.name, "weights_sha256": card.weights_sha256, **values}
    values |= judge(predictions, decisions, wanted.prevalences)
    if card_path is not None and wanted.lesion_heads:
        lesions = phantom_lesions(wanted.lesion_heads)
        values["localization"] = localization_figures(point_all(load_checkpoint(card_path), lesions))
    _write(predictions, decisions, values, wanted, partial(frames_of, recipe, held, work), held.indices)
    return values


def _write(
    predictions: Predictions,
    decisions: Decisions,
    values: dict[str, Any],
    wanted: Wanted,
    frames_of_all: Callable[[], Frames],
    indices: NDArray[np.int64],
) -> None:
    write_atomically(wanted.json, (json.dumps(values, indent=1) + "\n").encode())
    if wanted.page is not None:
        frames = frames_of_all()

        def picture_of(index: int) -> NDArray[np.uint8]:
            """The first channel of the network's own view."""
            framed = frames.framed(int(indices[index]))
            return np.asarray(np.rint(np.clip(framed[0], 0, 1) * 255), dtype=np.uint8)

        title = f"{values['checkpoint']}: figures out of fold"
        text = page(title, values, predictions, decisions, picture_of)
        write_atomically(wanted.page, text.encode())
    if wanted.submission is not None:
        rows = np.char.startswith(predictions.sources, RSNA)
        write_submission(
            wanted.submission,
            predictions.names[rows].tolist(),
            decisions.probabilities[rows],
            None if wanted.sample is None else read_wanted(wanted.sample),
        )
