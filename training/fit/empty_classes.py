"""Classes of which a training part shows nothing: no step can teach them, so they are found before the first.

The one thing to get wrong: a label that nobody gave is not a label that says no.
"""

from __future__ import annotations

from ichviewer.core.findings import SUBTYPES
from training.fit.losses import target_known, target_values
from training.fit.rows import TrainingRows
from training.recipe.tree import BLEEDING_ONLY, Recipe

NO_BLEED = "no bleed"


def output_names(recipe: Recipe) -> list[str]:
    """What each output of a recipe's network stands for."""
    names = [str(label) for label in SUBTYPES]
    if recipe.labels in ("five", "five_heads"):
        return names[1:]
    if recipe.labels == "single_label":
        return [NO_BLEED, *names[1:]]
    if recipe.labels == "binary":
        return [NO_BLEED, names[0]] if recipe.loss.kind == "cross_entropy" else names[:1]
    return names


def empty_classes(rows: TrainingRows, recipe: Recipe) -> tuple[str, ...]:
    """Names of the classes that no row of a training part shows.

    Args:
        rows: ``indices`` are the training part, as the recipe chose it.
        recipe: What is learned.

    Returns:
        Labels that are never positive; ``no bleed`` where every row bleeds, unless the recipe wants no other.
    """
    labels, known = rows.labels[rows.indices], rows.known[rows.indices]
    shown = (target_values(labels, recipe) > 0) & (target_known(known, recipe) > 0)
    empty = [name for name, column in zip(output_names(recipe), shown.T, strict=True) if not column.any()]
    healthy = known[:, 0] & (labels[:, 0] == 0)
    if recipe.rows not in BLEEDING_ONLY and not healthy.any() and NO_BLEED not in empty:
        empty.append(NO_BLEED)
    return tuple(empty)
