"""A recipe at what a small machine affords: smaller input, smaller batches, a shorter range test.

Every change is said in words, for the row. The one thing to get wrong: sides that belong together (phases,
patches, millimeters a pixel) shrink by one factor, or another system would be measured.
"""

from __future__ import annotations

from dataclasses import replace

from training.recipe.tree import Phase, Recipe

SMALLEST_PX = 16
"""A side below this leaves nothing behind five halvings."""

RANGE_TEST_SHARE = 0.1
"""Of the budget that each range test takes beside it."""


def at_budget(
    recipe: Recipe, steps: int, size_px: int | None, batch_size: int | None
) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe as it is run, and what that takes from it, in words.

    Args:
        recipe: As it was written.
        steps: Of a fold.
        size_px: Longest side of the input; None, or a larger one than the recipe's, leaves it.
        batch_size: Slices in a batch; None leaves the recipe's. A batch of series is left too.
    """
    lost = []
    own_px, own_batch = recipe.preprocessing.size_px, recipe.batch_size
    if size_px is not None and size_px < own_px:
        recipe = _shrunk(recipe, size_px)
        lost.append(f"input of {size_px} px in place of {own_px}")
    if batch_size is not None and batch_size != own_batch and recipe.sampling.unit == "slice":
        recipe = replace(recipe, batch_size=batch_size)
        lost.append(f"batches of {batch_size} in place of {own_batch}")
    tested = round(steps * RANGE_TEST_SHARE)
    if tested < recipe.range_test.steps:
        shorter = replace(recipe.range_test, steps=max(10, tested))
        if any(phase.peak_rate == "range_test" for phase in recipe.phases):
            lost.append(f"range tests of {shorter.steps} steps in place of {recipe.range_test.steps}")
        recipe = replace(recipe, range_test=shorter)
    return recipe, tuple(lost)


def _shrunk(recipe: Recipe, size_px: int) -> Recipe:
    factor = size_px / recipe.preprocessing.size_px
    spec = replace(recipe.preprocessing, size_px=size_px, pixel_mm=recipe.preprocessing.pixel_mm / factor)
    sampling = replace(recipe.sampling, patch_px=round(recipe.sampling.patch_px * factor))
    phases = tuple(_shrunk_phase(phase, factor) for phase in recipe.phases)
    return replace(recipe, preprocessing=spec, sampling=sampling, phases=phases)


def _shrunk_phase(phase: Phase, factor: float) -> Phase:
    return replace(phase, size_px=tuple(max(SMALLEST_PX, round(side * factor)) for side in phase.size_px))
