"""``training compare``: run what is not run yet, row by row, and write the table after every row."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ichviewer.atomic_file import write_atomically
from training.compare.ensemble import Ensemble, Found, ensemble_row
from training.compare.row import Row, Status, read_row, write_row
from training.compare.run import Terms, run_key, run_recipe
from training.compare.table import Measured, markdown, measure
from training.fit.phase_run import TrainingError
from training.judge.predictions import load_predictions
from training.recipe.tree import Recipe

LOG = logging.getLogger(__name__)


def compare(
    recipes: Sequence[Recipe],
    terms: Terms,
    folder: Path,
    reference: str,
    *,
    ensembles: Sequence[Ensemble] = (),
    run: bool = True,
) -> list[Measured]:
    """Rows of all recipes, as ``table.md`` and ``table.json`` in *folder*.

    A row that was run on the same terms is taken as it is; one that was refused or failed is tried again.

    Args:
        recipes: In the order of the table.
        terms: On what terms all are run.
        folder: Rows, scores and tables lie here.
        reference: Name of the recipe or mean that the others are compared with.
        ensembles: Rows that are means of others, below them.
        run: False writes the table of what is there; the others are *not run*.

    Raises:
        ValueError: The reference is not among the recipes and means, or two recipes have one name.
    """
    names = [recipe.name for recipe in recipes]
    if len(set(names)) < len(names):
        raise ValueError("Two recipes have the same name.")
    rows = [*names, *(ensemble.name for ensemble in ensembles)]
    if reference not in rows:
        raise ValueError(f"The reference {reference!r} is not among the recipes: {', '.join(rows)}.")
    folder.mkdir(parents=True, exist_ok=True)
    measured = write_tables(recipes, terms, folder, reference, ensembles)
    for recipe in recipes:
        if run and _current(recipe, terms, folder).status is not Status.RUN:
            write_row(folder, _run(recipe, terms, folder))
            measured = write_tables(recipes, terms, folder, reference, ensembles)
    return measured


def _run(recipe: Recipe, terms: Terms, folder: Path) -> Row:
    """Run a recipe; what it cannot do costs its own row only."""
    try:
        return run_recipe(recipe, terms, folder)
    except (ValueError, TrainingError, MemoryError) as error:
        LOG.warning("%s failed", recipe.name, exc_info=True)
        words = str(error) or type(error).__name__
        key = run_key(recipe, terms)
        return replace(_not_run(recipe), status=Status.FAILED, reason=words, key=key, commit=terms.commit)


def _current(recipe: Recipe, terms: Terms, folder: Path) -> Row:
    """The row that is there, if it was run on these terms; otherwise one that says it was not."""
    row = read_row(folder, recipe.name)
    if row is None:
        return _not_run(recipe)
    if row.key != run_key(recipe, terms):
        return replace(_not_run(recipe), reason="an older run had other terms")
    # What a recipe says of itself may be put better since; the key vouches that its choices are the same.
    reports = recipe.reports
    return replace(
        row,
        labels=recipe.labels,
        assumed=recipe.assumed,
        reports=reports.text,
        report_steps=reports.steps,
    )


def _not_run(recipe: Recipe) -> Row:
    return Row(recipe.name, Status.NOT_RUN, split=recipe.split, seed=recipe.seed, assumed=recipe.assumed)


def write_tables(
    recipes: Sequence[Recipe],
    terms: Terms,
    folder: Path,
    reference: str,
    ensembles: Sequence[Ensemble] = (),
) -> list[Measured]:
    """Write the tables of the rows that are there."""
    rows: list[Found] = []
    for recipe in recipes:
        row = _current(recipe, terms, folder)
        found = load_predictions(folder / row.predictions) if row.status is Status.RUN else None
        rows.append((row, found))
    rows += [ensemble_row(ensemble, rows) for ensemble in ensembles]
    measured = measure(rows, reference)
    values: dict[str, Any] = {
        "reference": reference,
        "sources": list(terms.sources),
        "steps": terms.steps,
        "folds": list(terms.folds),
        "fold_count": terms.fold_count,
        "size_px": terms.size_px,
        "batch_size": terms.batch_size,
        "rows": [each.to_dict() for each in measured],
    }
    text = json.dumps(values, indent=1, allow_nan=False) + "\n"
    write_atomically(folder / "table.json", text.encode())
    write_atomically(folder / "table.md", markdown(measured, reference, _heading(terms)).encode())
    return measured


def _heading(terms: Terms) -> str:
    folds = ", ".join(map(str, terms.folds))
    return (
        f"Slices of {', '.join(terms.sources)}; folds {folds} of {terms.fold_count} held out in turn, the "
        f"same for every row; {terms.steps:,} steps a fold, each recipe's phases scaled to it"
        f"{_reductions(terms)}."
    )


def _reductions(terms: Terms) -> str:
    """What was made smaller for all rows, in words."""
    words = []
    if terms.batch_size is not None:
        words.append(f"batches of {terms.batch_size}")
    if terms.size_px is not None:
        words.append(f"input of {terms.size_px} px at the most")
    return "".join(f"; {each}" for each in words)
