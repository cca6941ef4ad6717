"""``training evaluate``: figures of a trained recipe, out of fold, as JSON and as one page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ichviewer.atomic_file import write_atomically
from ichviewer.inference.card_file import read_card
from training.first_recipe import Recipe
from training.folds import split_path
from training.judge.decisions import cross_fitted_decisions, decisions_of_card
from training.judge.judgement import judge
from training.judge.predictions import Predictions
from training.out_of_fold import out_of_fold, predictions_of
from training.sources import read_sources
from training.split import read_split


def main(
    recipe: Recipe,
    data: Path,
    work: Path,
    card_path: Path | None,
    out: Path,
    prevalences: tuple[float, ...] = (),
) -> dict[str, Any]:
    """Figures of a recipe, out of fold; written as JSON.

    Args:
        recipe: Trained before.
        data: Folder of the label sets.
        work: Of the training.
        card_path: The released card, for its calibration and thresholds; None fits both on the other folds.
        out: JSON file.
        prevalences: Prevalences at which predictive values are wanted too.
    """
    predictions = recipe_predictions(recipe, data, work)
    values: dict[str, Any] = {"measured_on": "out of fold, by the fold networks"}
    if card_path is None:
        decisions = cross_fitted_decisions(predictions)
        values = {"checkpoint": recipe.name, **values}
    else:
        card = read_card(card_path)
        decisions = decisions_of_card(predictions, card)
        values = {"checkpoint": card.name, "weights_sha256": card.weights_sha256, **values}
    values |= judge(predictions, decisions, prevalences)
    write_atomically(out, (json.dumps(values, indent=1) + "\n").encode())
    return values


def recipe_predictions(recipe: Recipe, data: Path, work: Path) -> Predictions:
    """Out-of-fold logits of a trained recipe beside labels, patients and places."""
    rows = read_sources(data, recipe.sources)
    patients, folds = read_split(split_path(work, recipe), rows)
    return predictions_of(rows, out_of_fold(recipe, data, work).logits, patients, folds)
