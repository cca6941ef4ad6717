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
from training.evaluate.lesions import drawn_lesions, lesions_of_fold
from training.fit.rows import Frames
from training.judge.decisions import Decisions, cross_fitted_decisions, decisions_of_card
from training.judge.differences import paired_differences
from training.judge.judgement import judge
from training.judge.localization import localization_figures, point_all
from training.judge.page import page
from training.judge.predictions import Predictions, check_same_slices
from training.judge.submission import read_wanted, write_submission
from training.prepare.prepared import open_prepared
from training.recipe.tree import Recipe
from training.runs.out_of_fold import (
    Held,
    corrected_predictions,
    frames_of,
    held_out,
    out_of_fold,
    predictions_of,
    raw_checkpoint,
    slice_network,
)

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
        lesions: Prepared ``generated_lesions``, on which the fold networks' heat maps are measured.
        lesion_count: At most so many of each fold.
        drawn_heads: Number of procedural heads on which the released checkpoint's heat maps are measured.
        against: Other trained recipes, whose figures are taken from this one's on the same slices.
    """

    json: Path
    page: Path | None = None
    submission: Path | None = None
    sample: Path | None = None
    prevalences: tuple[float, ...] = ()
    lesions: Path | None = None
    lesion_count: int = 100
    drawn_heads: int = 0
    against: tuple[Recipe, ...] = ()


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

    Raises:
        ValueError: The recipe was not trained, or has other slices than one that it is compared with.
    """
    if wanted.drawn_heads and card_path is None:
        raise ValueError("Procedural heads are for a released checkpoint; --checkpoint names its card.")
    held = held_out(recipe, data, work)
    values: dict[str, Any] = {"measured_on": "out of fold, by the fold networks"}
    if card_path is None:
        predictions = corrected_predictions(recipe, held, work)
        decisions = cross_fitted_decisions(predictions)
        values = {"checkpoint": recipe.name, **values}
    else:
        card = read_card(card_path)
        # A card's calibration holds the correction already.
        logits = out_of_fold(recipe, held, work).logits
        predictions = predictions_of(held.rows, logits, held.patients, held.folds, card.smoothing_mm)
        decisions = decisions_of_card(predictions, card)
        values = {"checkpoint": card.name, "weights_sha256": card.weights_sha256, **values}
    values |= judge(predictions, decisions, wanted.prevalences)
    values["against"] = {
        other.name: _against(recipe.name, predictions, decisions, other, data, work)
        for other in wanted.against
    }
    values["localization"] = _localization(recipe, held, work, card_path, wanted)
    _write(predictions, decisions, values, wanted, partial(frames_of, recipe, held, work), held.indices)
    return values


def _against(
    name: str, predictions: Predictions, decisions: Decisions, other: Recipe, data: Path, work: Path
) -> dict[str, Any]:
    """Paired differences to another trained recipe; each fold of either may hold other slices out."""
    reference = corrected_predictions(other, held_out(other, data, work), work)
    check_same_slices(predictions, reference, name, other.name)
    scores = cross_fitted_decisions(reference).probabilities
    return paired_differences(predictions, decisions.probabilities, reference, scores)


def _localization(
    recipe: Recipe, held: Held, work: Path, card_path: Path | None, wanted: Wanted
) -> dict[str, Any]:
    """Heat maps against lesions whose place is known: words on the lesions -> figures."""
    found: dict[str, Any] = {}
    if wanted.lesions is not None:
        source, pointings = open_prepared(wanted.lesions), []
        for fold in range(recipe.folds):
            network = slice_network(work, recipe, fold, held.material)
            raw = raw_checkpoint(recipe.name, recipe.network.architecture, recipe.preprocessing, network)
            lesions = lesions_of_fold(source, held.rows, held.patients, held.folds, fold, wanted.lesion_count)
            pointings += point_all(raw, lesions)
        found["lesions in real heads, by the network that held the head out"] = localization_figures(
            pointings
        )
    if card_path is not None and wanted.drawn_heads:
        pointings = point_all(load_checkpoint(card_path), drawn_lesions(wanted.drawn_heads))
        found["procedural heads, by the released network"] = localization_figures(pointings)
    return found


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
