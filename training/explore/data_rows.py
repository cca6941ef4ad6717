"""``training data NAME``: rows of the table of systems that train no network.

``khandelwal_clean`` prepares the cleaned slices of a cache and draws their figures; its folder is a source
like any other. ``khandelwal_metadata_forest`` writes what the forest of header columns finds.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from ichviewer.atomic_file import write_atomically
from training.derived.khandelwal_clean import NAME as CLEAN
from training.derived.khandelwal_clean import KhandelwalClean
from training.explore.forest import NAME as FOREST
from training.explore.forest import metadata_forest, require_headers
from training.explore.measure import measure
from training.explore.page import explore_page
from training.prepare.bar import Bar
from training.prepare.prepared import open_prepared
from training.prepare.write import prepare

LOG = logging.getLogger(__name__)

FIGURES, RESULT = "figures.html", "forest.json"

REPORTED_ACCURACY = 0.50
"""What the report says of its forest, on data that are not here: chance."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("name", choices=tuple(_ROWS), help="row of the table")
    parser.add_argument("--cache", type=Path, required=True, help="folder of `training prepare`")
    parser.add_argument("--to", type=Path, required=True, help="folder of what is made")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn by lot, and of the trees")


def main(options: argparse.Namespace) -> None:
    """Make one row."""
    _ROWS[options.name](options.cache, options.to, options.seed)


def clean(cache: Path, folder: Path, seed: int) -> None:
    """Prepare the cleaned slices of a cache in *folder*, and one page of the source before and after.

    Raises:
        ValueError: The cache has no bleeding slice with enough brain, or none without a bleed.
    """
    with Bar("slices") as bar:
        # Balanced bleeding is what the step is for; a subtype that the source lacks is no fault of it.
        prepare(KhandelwalClean(cache, seed), folder, None, 0, bar.show, allow_empty_class=True)
        sources = [measure(open_prepared(place), bar.show) for place in (cache, folder)]
    write_atomically(folder / FIGURES, explore_page(sources, seed).encode())
    LOG.info("%s is written", folder / FIGURES)


def forest(cache: Path, folder: Path, seed: int) -> None:
    """Write what the forest finds in a cache, with the report's figure beside it.

    Raises:
        NeedError: The source has no headers.
        ValueError: It has too few slices to learn from.
    """
    source = open_prepared(cache)
    require_headers([(source.name, source.offers)])
    found = metadata_forest(source.rows, seed)
    if isinstance(found, str):
        raise ValueError(f"{FOREST}: {cache}: {found}")
    values = {"row": FOREST, "source": source.name, "sha256": source.sha256, "seed": seed, **asdict(found)}
    values["reported_accuracy"] = REPORTED_ACCURACY
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / RESULT, (json.dumps(values, indent=1, allow_nan=False) + "\n").encode())
    LOG.info("%s: accuracy %s, AUC %s by patient; %s", FOREST, found.accuracy, found.auc, folder / RESULT)


_ROWS: dict[str, Callable[[Path, Path, int], None]] = {CLEAN: clean, FOREST: forest}
