"""Between which ends each number of a recipe lies, and that what is assumed is there at all."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from training.recipe.tree import Recipe

Fault = tuple[str, str]
"""Key, and what is wrong with it."""

RANGES = {
    "seed": "[0, inf)",
    "reports.steps": "[0, inf)",
    "preprocessing.size_px": "[8, inf)",
    "preprocessing.head_margin": "[0, inf)",
    "preprocessing.smallest_frame": "(0, inf)",
    "preprocessing.std": "(0, inf)",
    "preprocessing.slab_mm": "(0, inf)",
    "preprocessing.thin_below_mm": "[0, inf)",
    "preprocessing.neighbours": "[0, inf)",
    "preprocessing.pixel_mm": "(0, inf)",
    "preprocessing.diffusion_steps": "[0, inf)",
    "preprocessing.diffusion_conductance": "(0, inf)",
    "network.dropout": "[0, 1)",
    "loss.label_weights": "[0, inf)",
    "loss.smoothing": "[0, 1)",
    "loss.positive_pixel_weight": "(0, inf)",
    "optimizer.weight_decay": "[0, inf)",
    "optimizer.momentum": "[0, 1)",
    "optimizer.betas": "[0, 1)",
    "sampling.positive_factor": "(0, inf)",
    "sampling.positive_share": "(0, 1)",
    "sampling.center_spread": "(0, inf)",
    "sampling.series_length": "[0, inf)",
    "sampling.patch_px": "[0, inf)",
    "augmentation.flip_share": "[0, 1]",
    "augmentation.rotation_degrees": "[0, 180]",
    "augmentation.scale": "(0, inf)",
    "augmentation.shift": "[0, 1)",
    "augmentation.crop_share": "(0, 1]",
    "augmentation.gain": "[0, 1)",
    "augmentation.offset_hu": "[0, inf)",
    "augmentation.blur_share": "[0, 1]",
    "augmentation.noise_hu": "[0, inf)",
    "augmentation.jpeg_share": "[0, 1]",
    "augmentation.neighbour_dropout": "[0, 1]",
    "augmentation.cutmix_alpha": "(0, inf)",
    "range_test.first_rate": "(0, inf)",
    "range_test.steps": "[2, inf)",
    "validation_share": "[0, 1)",
    "average_decay": "[0, 1)",
    "clip_norm": "[0, inf)",
    "threshold": "(0, 1)",
    "test_copies": "[0, inf)",
    "smoothing_mm": "[0, inf)",
}

PHASE_RANGES = {
    "epochs": "(0, inf)",
    "size_px": "[8, inf)",
    "schedule.warmup_share": "[0, 1]",
    "schedule.start_factor": "[0, inf)",
    "schedule.end_factor": "[0, inf)",
    "schedule.momentum": "[0, 1)",
    "schedule.factor": "(0, 1]",
    "schedule.patience_epochs": "[0, inf)",
    "schedule.every_epochs": "[0, inf)",
    "frozen_blocks": "[0, inf)",
    "rate_factors": "[0, inf)",
    "label_weights": "[0, inf)",
    "generated_slices": "[0, inf)",
    "generated_share": "[0, 1)",
}


def range_faults(recipe: Recipe) -> Iterator[Fault]:
    """Every number that lies outside, ends the wrong way round, and assumed keys that are none."""
    yield from _outside(recipe, RANGES, "")
    for index, phase in enumerate(recipe.phases):
        yield from _outside(phase, PHASE_RANGES, f"phases[{index}].")
    scale, test = recipe.augmentation.scale, recipe.range_test
    if scale[0] > scale[1]:
        yield "augmentation.scale", f"the smallest, {scale[0]:g}, comes before the largest, {scale[1]:g}."
    if test.first_rate >= test.last_rate:
        yield "range_test", f"it rises from first_rate {test.first_rate:g} to last_rate {test.last_rate:g}."
    for key in recipe.assumed:
        if not _is_there(recipe, key):
            yield "assumed", f"{key!r} is assumed and is no key of the recipe."


def _outside(root: Any, ranges: dict[str, str], above: str) -> Iterator[Fault]:
    for key, ends in ranges.items():
        value = root
        for name in key.split("."):
            value = getattr(value, name)
        for each in value if isinstance(value, tuple) else (value,):
            if not lies_in(each, ends):
                yield above + key, f"{each:g} does not lie in {ends}."
                break


def lies_in(value: float, ends: str) -> bool:
    """Whether a number lies in an interval as mathematics writes it; NaN lies in none.

    >>> [lies_in(1, ends) for ends in ("[0, 1]", "[0, 1)", "(0, inf)")]
    [True, False, True]
    """
    low, high = (float(end) for end in ends[1:-1].split(","))
    if not math.isfinite(value):
        return False
    above = value > low or (ends[0] == "[" and value == low)
    return above and (value < high or (ends[-1] == "]" and value == high))


def _is_there(root: Any, key: str) -> bool:
    """Whether a dotted key, places in lists in brackets, leads somewhere."""
    value = root
    for name in key.replace("[", ".").replace("]", "").split("."):
        if name.isdigit() and isinstance(value, tuple) and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict) and name in value:
            value = value[name]
        elif not isinstance(value, tuple | dict) and name in getattr(value, "__dataclass_fields__", {}):
            value = getattr(value, name)
        else:
            return False
    return True
