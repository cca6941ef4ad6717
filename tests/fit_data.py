"""Rows and recipes small enough to train in a test: bright spots stand for bleeds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ichviewer.core.windowing import Window
from training.fit.rows import TrainingRows, rows_of_arrays
from training.recipe.read import named_recipe
from training.recipe.tree import Network, Phase, Recipe, Schedule

SIDE = 32


def spots(
    count: int = 24, side: int = SIDE, channels: int = 1, seed: int = 0, slices_per_series: int = 1
) -> TrainingRows:
    """Grey noise; every other slice (or series) has a bright square, one of five places for five subtypes.

    Args:
        count: Slices.
        side: Of a slice.
        channels: Of a framed slice, all alike.
        seed: Of the noise.
        slices_per_series: How many slices are one series.
    """
    generator = np.random.default_rng(seed)
    images = 0.4 + 0.05 * generator.standard_normal((count, 1, side, side)).astype(np.float32)
    labels = np.zeros((count, 6), dtype=np.float32)
    masks = np.zeros((count, side, side), dtype=np.int64)
    third = side // 3
    for row in range(count):
        series = row // slices_per_series
        if series % 2:
            subtype = 1 + series // 2 % 5
            top, left = divmod(subtype - 1, 3)
            place = slice(top * third + 2, (top + 1) * third), slice(left * third + 2, (left + 1) * third)
            images[row, 0][place] = 0.9
            masks[row][place] = subtype
            labels[row, [0, subtype]] = 1
    series = np.arange(count, dtype=np.int64) // slices_per_series
    repeated = np.repeat(np.clip(images, 0, 1), channels, axis=1)
    return rows_of_arrays(repeated, labels, masks, groups=series, series=series)


def tiny_recipe(**choices: Any) -> Recipe:
    """A recipe of a few steps over ``spots``: the smallest network, nothing random but what is asked for."""
    shipped = named_recipe("ichviewer_mobilenet_v2")
    spec = replace(shipped.preprocessing, windows=(Window(35, 70),), size_px=SIDE, mean=(0.5,), std=(0.25,))
    phase = Phase(
        epochs=choices.pop("epochs", 2.0),
        size_px=(SIDE,),
        peak_rate=choices.pop("peak_rate", 0.02),
        schedule=choices.pop("schedule", Schedule("constant")),
        batch_norm=choices.pop("batch_norm", "with_its_part"),
    )
    recipe = replace(
        shipped,
        name="tiny",
        seed=3,
        preprocessing=spec,
        network=Network("alqnatri_cnn", "none", "own"),
        loss=replace(shipped.loss, label_weights=()),
        optimizer=replace(shipped.optimizer, weight_decay=0.0),
        sampling=replace(shipped.sampling, kind="shuffled"),
        augmentation=replace(tiny_augmentation(), flip_share=0.0),
        phases=(phase,),
        batch_size=8,
        average_decay=0.0,
        clip_norm=0.0,
    )
    return replace(recipe, **choices)


def tiny_augmentation(**choices: Any) -> Any:
    """No variation but what is asked for."""
    shipped = named_recipe("ichviewer_mobilenet_v2").augmentation
    still = {
        "flip_share": 0.0,
        "rotation_degrees": 0.0,
        "scale": (1.0, 1.0),
        "shift": 0.0,
        "gain": 0.0,
        "offset_hu": 0.0,
        "blur_share": 0.0,
        "noise_hu": 0.0,
        "jpeg_share": 0.0,
    }
    return replace(shipped, **{**still, **choices})
