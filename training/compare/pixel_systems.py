"""Systems that learn from masks, among those that learn from labels.

No real bleed here has a mask, so they learn from generated lesions and are judged as slice classifiers, on
the same real slices as all others. The one thing to get wrong: a lesion whose *host* is held out is never
learned.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from training.derived.generated_lesions import inherited
from training.fit.frames import mapped_frames, prepared_frames
from training.fit.rows import TrainingRows
from training.recipe.tree import Recipe
from training.runs.material import GENERATED, Material, learning_rows, prepared_sources

LOST = "masks of real bleeds: trained on generated ones"


def needs_masks(recipe: Recipe) -> bool:
    """Whether a recipe learns from masks."""
    return "masks" in recipe.needs


def without_masks(recipe: Recipe) -> Recipe:
    """The recipe as its network is judged: slices need no masks."""
    return replace(recipe, needs=tuple(need for need in recipe.needs if need != "masks"))


def generated_material(
    recipe: Recipe, judged: Material, data: Path, work: Path
) -> tuple[Material, TrainingRows]:
    """Generated lesions in the folds of the slices that they were put into, framed.

    Args:
        recipe: Says how to frame.
        judged: Real slices, the hosts among them, with folds.
        data: Folder of the label sets.
        work: Prepared sources and frames.

    Raises:
        ValueError: A host is not among the real slices.
    """
    sources = prepared_sources((GENERATED,), data, work)
    rows = tuple(row for source in sources for row in source.rows)
    groups, folds = (inherited(rows, judged.rows, values) for values in (judged.groups, judged.folds))
    material = Material(sources, rows, groups, folds)
    frames = mapped_frames(prepared_frames(sources, recipe.preprocessing), work)
    return material, learning_rows(material, frames)
