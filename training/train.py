"""Train a recipe: pictures, frozen split, one network per fold and one on everything."""

from __future__ import annotations

import logging
from pathlib import Path

from training.cache import framed_slices
from training.folds import fit_all, split_path
from training.generated import generated_slices
from training.first_recipe import Recipe
from training.sources import check_windows, read_sources
from training.split import check_split, folds_of, groups_of, write_split

LOG = logging.getLogger(__name__)


def main(recipe: Recipe, data: Path, work: Path, processes: int) -> None:
    """Train everything that a release needs.

    Args:
        recipe: What to do.
        data: Folder of the label sets.
        work: Where caches, the split and raw weights are kept.
        processes: Networks fitted side by side, one thread each.
    """
    check_windows(recipe.sources, recipe.preprocessing)
    rows = read_sources(data, recipe.sources)
    framed = framed_slices(rows, recipe.preprocessing, work)
    # Before the processes start, or each would make its own.
    for cycle in recipe.optimization.cycles:
        generated_slices(cycle.generated_slices, recipe.preprocessing, work)
    LOG.info("%d slices are framed", len(rows))

    if not split_path(work, recipe).exists():
        groups = groups_of(rows, framed)
        folds = folds_of(rows, groups, recipe.folds, recipe.seed)
        check_split(rows, groups, folds)
        write_split(split_path(work, recipe), rows, groups, folds)
    fit_all(recipe, data, work, processes)
