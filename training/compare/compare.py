"""``training compare``: run what is not run yet, row by row, and write the table after every row."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ichviewer.atomic_file import write_atomically
from training.compare.row import Row, Status, read_row, write_row
from training.compare.run import Material, Terms, run_key, run_recipe
from training.compare.table import Measured, markdown, measure
from training.fit.phase_run import TrainingError
from training.judge.predictions import load_predictions
from training.recipe.tree import Recipe

LOG = logging.getLogger(__name__)


def compare(
    recipes: Sequence[Recipe],
    material: Material,
    terms: Terms,
    folder: Path,
    reference: str,
    *,
    run: bool = True,
) -> list[Measured]:
    """Rows of all recipes, as ``table.md`` and ``table.json`` in *folder*.

    A row that was run on the same terms is taken as it is; one that failed is tried again.

    Args:
        recipes: In the order of the table.
        material: What all are run on.
        terms: On what terms.
        folder: Rows, scores and tables lie here.
        reference: Name of the recipe that the others are compared with.
        run: False writes the table of what is there; the others are *not run*.

    Raises:
        ValueError: The reference is not among the recipes, or two have one name.
    """
    names = [recipe.name for recipe in recipes]
    if len(set(names)) < len(names):
        raise ValueError("Two recipes have the same name.")
    if reference not in names:
        raise ValueError(f"The reference {reference!r} is not among the recipes: {', '.join(names)}.")
    folder.mkdir(parents=True, exist_ok=True)
    measured = write_tables(recipes, material, terms, folder, reference)
    for recipe in recipes:
        if run and not _is_done(_current(recipe, material, terms, folder)):
            write_row(folder, _run(recipe, material, terms, folder))
            measured = write_tables(recipes, material, terms, folder, reference)
    return measured


def _is_done(row: Row) -> bool:
    return row.status is Status.RUN


def _run(recipe: Recipe, material: Material, terms: Terms, folder: Path) -> Row:
    """Run a recipe; what it cannot do costs its own row only."""
    try:
        return run_recipe(recipe, material, terms, folder)
    except (ValueError, TrainingError, MemoryError) as error:
        LOG.warning("%s failed", recipe.name, exc_info=True)
        key = run_key(recipe, material, terms)
        words = str(error) or type(error).__name__
        return Row(recipe.name, Status.FAILED, words, key, terms.commit, recipe.seed, assumed=recipe.assumed)


def _current(recipe: Recipe, material: Material, terms: Terms, folder: Path) -> Row:
    """The row that is there, if it was run on these terms; otherwise one that says it was not."""
    row = read_row(folder, recipe.name)
    if row is None:
        return Row(recipe.name, Status.NOT_RUN, seed=recipe.seed, assumed=recipe.assumed)
    if row.key != run_key(recipe, material, terms):
        return Row(recipe.name, Status.NOT_RUN, "an older run had other terms", seed=recipe.seed)
    return row


def write_tables(
    recipes: Sequence[Recipe], material: Material, terms: Terms, folder: Path, reference: str
) -> list[Measured]:
    """Write the tables of the rows that are there."""
    rows = []
    for recipe in recipes:
        row = _current(recipe, material, terms, folder)
        found = load_predictions(folder / row.predictions) if row.status is Status.RUN else None
        rows.append((row, found))
    measured = measure(rows, reference)
    values: dict[str, Any] = {
        "reference": reference,
        "steps": terms.steps,
        "folds": list(terms.folds),
        "split_sha256": material.split_sha256,
        "rows": [each.to_dict() for each in measured],
    }
    text = json.dumps(values, indent=1, allow_nan=False) + "\n"
    write_atomically(folder / "table.json", text.encode())
    write_atomically(folder / "table.md", markdown(measured, reference, _heading(material, terms)).encode())
    return measured


def _heading(material: Material, terms: Terms) -> str:
    sources = ", ".join(dict.fromkeys(row.source for row in material.rows))
    folds = ", ".join(map(str, terms.folds))
    return (
        f"{len(material.rows):,} slices of {sources}; folds {folds} held out in turn, the same for every "
        f"row (split {material.split_sha256[:12]}); {terms.steps:,} steps a fold, each recipe's phases "
        "scaled to it."
    )
