"""Labels of whole studies, for recipes that teach every slice what its study shows.

The one thing to get wrong: a slice of a bleeding study may show no blood. So slices are judged by their own
labels, whatever they learned from; what was said of a study judges its study score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES
from training.fit.rows import TrainingRows
from training.judge.predictions import NOT_SAID
from training.recipe.tree import Recipe
from training.sources import LabeledSlice


def refuse_labels_of_studies(
    recipe: Recipe, rows: Sequence[LabeledSlice], is_allowed: bool
) -> tuple[str, ...]:
    """What is lost where a source labels studies only and the recipe learns from labels of slices.

    Args:
        recipe: What it learns from.
        rows: Of all its sources.
        is_allowed: Whether anything may be dropped.

    Returns:
        What is lost, in words; empty where nothing is.

    Raises:
        ValueError: There is such a source, and nothing may be dropped; names source and recipe.
    """
    lost = []
    for source in dict.fromkeys(row.source for row in rows):
        if recipe.label_level == "study" or not _labels_studies_only(source, rows):
            continue
        words = f"{source} says which studies bleed, not which slices; {recipe.name} learns from slices"
        if not is_allowed:
            raise ValueError(
                f'{words}, so it would see no bleed there. label_level = "study" in the recipe teaches every '
                "slice its study's labels; --degrade learns from the slices of its bleed-free studies alone."
            )
        lost.append(f"{words}: those of bleed-free studies alone")
    return tuple(lost)


def _labels_studies_only(source: str, rows: Sequence[LabeledSlice]) -> bool:
    """Whether a source has studies that bleed and no slice that is known to."""
    own = [row for row in rows if row.source == source]
    of_studies = any(row.study_labels is not None and max(row.study_labels) for row in own)
    return of_studies and not any(max(row.labels) for row in own)


def with_study_labels(rows: TrainingRows, slices: Sequence[LabeledSlice]) -> TrainingRows:
    """Rows of which each has its study's labels in the place of its own.

    Args:
        rows: All of them.
        slices: The same, as their sources give them.
    """
    labels, known = study_labels(slices)
    return replace(rows, labels=labels.astype(np.float32), known=known)


def study_labels(slices: Sequence[LabeledSlice]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Labels of each slice's study, (slices, 6), and which of them are known.

    Where a source labels studies, what it says: blood of which the kind is not named may be of any kind, so
    its subtypes are unknown. Elsewhere a study has what any of its slices has, and lacks what all of them are
    known to lack. A slice without study is one of its own.
    """
    labels = np.zeros((len(slices), len(SUBTYPES)), dtype=np.bool_)
    known = np.zeros_like(labels)
    studies: dict[tuple[str, ...], list[int]] = {}
    for index, row in enumerate(slices):
        key = (row.source, row.patient, row.study) if row.study else (row.source, "", "", row.name)
        studies.setdefault(key, []).append(index)
    for members in studies.values():
        labels[members], known[members] = _labels_of_study([slices[index] for index in members])
    return labels, known


def said_of_studies(slices: Sequence[LabeledSlice]) -> NDArray[np.int8]:
    """What readers said of each slice's study, (slices, 6): 1, 0, or NOT_SAID."""
    said = np.full((len(slices), len(SUBTYPES)), NOT_SAID, dtype=np.int8)
    for index, row in enumerate(slices):
        if row.study_labels is not None:
            labels, known = _labels_of_study([row])
            said[index, known] = labels[known]
    return said


def _labels_of_study(members: Sequence[LabeledSlice]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    said = members[0].study_labels
    if said is not None:
        six = np.asarray(said, dtype=np.bool_)
        is_unnamed = bool(six[0]) and not six[1:].any()
        return six, np.asarray([True, *[not is_unnamed] * (len(six) - 1)])
    own = np.asarray([row.labels for row in members], dtype=np.bool_)
    given = np.asarray([row.known for row in members], dtype=np.bool_)
    six = np.asarray((own & given).any(axis=0))
    return six, np.asarray(six | given.all(axis=0))
