"""A recipe on a source that lacks what it needs: what can be dropped is dropped, and said.

Without ``--degrade`` such a source is refused by name. The one thing to get wrong: without masks, or without
headers where only headers are learned from, nothing is left to train; that is never degraded.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from training.recipe.tree import Recipe

CANNOT_BE_DROPPED = frozenset({"header", "masks"})

WORDS = {
    "hu_beyond_brain_window": "windows beyond what the pictures hold show no more than they do",
    "spacing": "the frame follows the head, since pixels have no known size",
    "series_order": "slices without a known place are series of one, and their own neighbors",
    "header": "headers",
    "masks": "masks of the bleeds",
}


class NeedError(ValueError):
    """A source lacks what a recipe needs; the message names both."""


def degraded(recipe: Recipe, missing: Collection[str], is_allowed: bool) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe as it can be run, and what was lost, in words.

    Args:
        recipe: As it was written.
        missing: Those of its needs that a source does not offer.
        is_allowed: Whether anything may be dropped.

    Raises:
        NeedError: It is not allowed, or there is no doing without.
    """
    lacking = [need for need in recipe.needs if need in missing]
    hopeless = [need for need in lacking if need in CANNOT_BE_DROPPED]
    if hopeless or (lacking and not is_allowed):
        names = ", ".join(hopeless or lacking)
        way_out = "" if hopeless else "; --degrade runs it all the same and says what was lost"
        raise NeedError(f"The recipe {recipe.name} needs {names}, which a source does not offer{way_out}.")
    if "spacing" in lacking and recipe.preprocessing.frame == "millimeters":
        recipe = replace(recipe, preprocessing=replace(recipe.preprocessing, frame="head"))
    return recipe, tuple(WORDS[need] for need in lacking)


def without_pretraining(recipe: Recipe) -> Recipe:
    """The recipe from random weights."""
    return replace(recipe, network=replace(recipe.network, weights="none"))
