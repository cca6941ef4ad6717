"""What networks learn from and are judged on: prepared sources, their rows, and the frozen split.

The one thing to get wrong: rows are numbered over all sources of a recipe in the recipe's order, here, in the
split and in the frames alike.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.preprocessing import PreprocessingSpec
from ichviewer.core.windowing import Window
from training.derived.generated_lesions import GeneratedLesions
from training.derived.open_source import NAMES, open_source
from training.fit.frames import prepared_frames
from training.fit.rows import Frames, TrainingRows
from training.prepare.bar import Bar
from training.prepare.layout import COMPLETE
from training.prepare.prepared import PreparedSource, open_prepared
from training.prepare.write import prepare
from training.recipe.tree import Recipe
from training.sources.labeled_slice import LabeledSlice, Source
from training.sources.picture_sets import PICTURE_WINDOWS
from training.split import (
    SplitKind,
    folds_of,
    groups_from_thumbnails,
    read_split,
    slice_random_folds,
    thumbnails,
    write_split,
)

LOG = logging.getLogger(__name__)

GENERATED = "generated_lesions"
GENERATED_COUNT = 2000
GENERATED_SEED = 1
HOSTS = "ct_ich_v1"

SPLIT_SEED = 20251
"""Of the folds by patient, whatever the recipe's seed: networks of several seeds share their folds."""

GROUPING = PreprocessingSpec((Window(35, 70),), 128, 0.03, 0.6, (0.0,), (1.0,))
"""How slices are framed to find near-duplicates: the same for every recipe, so that all have the same
groups.
"""


@dataclass(frozen=True, eq=False)
class Material:
    """Rows of a recipe's sources with groups and folds.

    Attributes:
        sources: Prepared.
        rows: Of all of them.
        groups: (rows,), patient or group of near-duplicates.
        folds: (rows,).
    """

    sources: tuple[PreparedSource, ...]
    rows: tuple[LabeledSlice, ...]
    groups: NDArray[np.int64]
    folds: NDArray[np.int64]


def prepared_sources(names: Sequence[str], data: Path, work: Path) -> tuple[PreparedSource, ...]:
    """Sources by name, from ``work/prepared``; the picture sets of *data* are prepared where they are not
    yet.

    Raises:
        ValueError: A source is neither prepared nor a picture set.
    """
    return tuple(_prepared(name, data, work) for name in names)


def _prepared(name: str, data: Path, work: Path) -> PreparedSource:
    folder = work / "prepared" / name
    if not (folder / COMPLETE).exists():
        source: Source
        if name in PICTURE_WINDOWS:
            source = open_source(name, data / name)
        elif name == GENERATED:
            _prepared(HOSTS, data, work)
            source = GeneratedLesions(work / "prepared" / HOSTS, GENERATED_COUNT, GENERATED_SEED)
        elif name not in NAMES:
            raise ValueError(
                f"There is no source {name!r}, nor is {folder} prepared; sources are {', '.join(NAMES)}."
            )
        else:
            raise ValueError(
                f"{name} is not prepared: `python -m training prepare --source {name} --to {folder}`."
            )
        folder.mkdir(parents=True, exist_ok=True)
        with Bar("slices") as bar:
            prepare(source, folder, None, 0, bar.show, allow_empty_class=True)
    return open_prepared(folder)


def open_material(recipe: Recipe, sources: tuple[PreparedSource, ...], split: Path) -> Material:
    """Rows, groups and folds; the split is made and frozen if it is not there yet.

    Args:
        recipe: Kind and number of folds.
        sources: Of the recipe, prepared.
        split: File of the split.

    Raises:
        ValueError: The split is of other slices or of another kind.
    """
    rows = tuple(row for source in sources for row in source.rows)
    as_reported = recipe.split == "as_reported"
    if not split.exists():
        groups = _groups(sources, rows)
        if as_reported:
            folds = slice_random_folds(len(rows), recipe.folds, recipe.seed)
        else:
            folds = folds_of(rows, groups, recipe.folds, SPLIT_SEED)
        write_split(split, rows, groups, folds, SplitKind(recipe.split))
        LOG.info("%s is frozen: %d slices, %d groups", split, len(rows), len(np.unique(groups)))
    groups, folds = read_split(split, rows, as_reported, recipe.folds)
    return Material(sources, rows, groups, folds)


def _groups(sources: tuple[PreparedSource, ...], rows: tuple[LabeledSlice, ...]) -> NDArray[np.int64]:
    """Patients, and near-duplicates among slices without one; a generated slice has its host's patient."""
    if all(row.patient for row in rows):
        # Nothing to find: looking at every slice of a large set takes hours.
        return groups_from_thumbnails(rows, np.zeros((len(rows), 1), dtype=np.float32))
    frames = prepared_frames(sources, GROUPING)
    small = np.concatenate([thumbnails(frames.framed(index)[None]) for index in range(len(rows))])
    return groups_from_thumbnails(rows, small)


def learning_rows(material: Material, frames: Frames) -> TrainingRows:
    """All rows as a network learns from them; a slice without known place is a series of its own."""
    rows = material.rows
    numbers: dict[tuple[str, ...], int] = {}
    series, places = np.arange(len(rows), dtype=np.int64) + len(rows), np.zeros(len(rows))
    for index, row in enumerate(rows):
        place = row.position_mm if row.position_mm is not None else row.slice_number
        if place is not None and any(row.unit):
            series[index] = numbers.setdefault((row.source, *row.unit), len(numbers))
            places[index] = place
    return TrainingRows(
        frames,
        np.asarray([row.labels for row in rows], dtype=np.float32).reshape(-1, len(SUBTYPES)),
        np.asarray([row.known for row in rows], dtype=np.bool_).reshape(-1, len(SUBTYPES)),
        material.groups,
        series,
        places,
        np.arange(len(rows), dtype=np.int64),
    )
