"""Label sets of generated pictures, laid out as the real ones, and a recipe small enough for tests."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from stub_checkpoint import STUB_SPEC

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.preprocessing import PreprocessingSpec, frame_slice
from training.fit.channels import distinct_channels
from training.recipe.read import named_recipe
from training.recipe.tree import Recipe
from training.sources import UNKNOWN_SPACING_MM, LabeledSlice, read_hu

SIDE = 64


def picture(generator: np.random.Generator, bleeds: bool) -> NDArray[np.uint8]:
    """Grey of a round head with some texture, bright on one side if it bleeds.

    No head looks like another one, or near-duplicates would tie all healthy heads into one group.
    """
    row, column = np.mgrid[0:SIDE, 0:SIDE] - SIDE / 2 + 0.5
    radius = np.hypot(row / 28, column / 24) * generator.uniform(0.9, 1.1)
    grey = np.where(radius < 1, 255, 0).astype(np.float64)
    inside = radius < 0.85
    lobes = np.kron(generator.uniform(80, 140, (4, 4)), np.ones((SIDE // 4, SIDE // 4)))
    grey[inside] = lobes[inside] + 15 * generator.standard_normal(inside.sum())
    if bleeds:
        center = generator.uniform(-8, 8, 2)
        grey[np.hypot(row - center[0], column - center[1]) < 11] = 215
    return np.clip(grey, 0, 255).astype(np.uint8)


def write_label_sets(folder: Path, patients: int = 8, slices: int = 4) -> Path:
    """Two label sets below *folder*; every other patient bleeds, on every slice and with every label."""
    generator = np.random.default_rng(7)
    ct_ich, rsna = folder / "ct_ich_v1", folder / "rsna_png"
    (ct_ich / "brain").mkdir(parents=True)
    (rsna / "images").mkdir(parents=True)
    names = ",".join(SUBTYPES)
    ct_ich_lines, rsna_lines = [f"patient,slice,file,{names},fracture"], [f"id,patient,{names}"]
    for patient in range(patients):
        bleeds = patient % 2
        labels = ",".join([str(bleeds)] * 6)
        for number in range(1, slices + 1):
            name = f"{patient:03d}_{number:03d}.jpg"
            Image.fromarray(picture(generator, bool(bleeds))).save(ct_ich / "brain" / name, quality=95)
            ct_ich_lines.append(f"{patient:03d},{number},{name},{labels},0")
            name = f"ID_{patient}{number}"
            Image.fromarray(picture(generator, bool(bleeds))).save(
                rsna / "images" / f"{name}.webp", lossless=True
            )
            rsna_lines.append(f"{name},{'' if number == 1 else f'P{patient}'},{labels}")
    (ct_ich / "labels.csv").write_text("\n".join(ct_ich_lines) + "\n", encoding="utf-8")
    (rsna / "labels.csv").write_text("\n".join(rsna_lines) + "\n", encoding="utf-8")
    return folder


def framed_pictures(rows: Sequence[LabeledSlice], spec: PreprocessingSpec) -> NDArray[np.float32]:
    """Pictures through the viewer's own door, (slices, distinct channels, size, size)."""
    framed = [frame_slice(read_hu(row), UNKNOWN_SPACING_MM, spec)[0] for row in rows]
    return np.stack(framed)[:, distinct_channels(spec)]


def small_recipe(epochs: int = 2, generated_share: float = 0.12, **choices: Any) -> Recipe:
    """The released recipe with the stub network, from random weights, for a few steps."""
    recipe = named_recipe("ichviewer_mobilenet_v2")
    phase = replace(
        recipe.phases[0],
        epochs=float(epochs),
        size_px=(64,),
        peak_rate=0.02,
        frozen_blocks=0,
        generated_slices=4,
        generated_share=generated_share,
    )
    recipe = replace(
        recipe,
        name="small",
        folds=2,
        batch_size=8,
        phases=(phase,),
        network=replace(recipe.network, architecture="stub", weights="none", dropout=0.0),
        preprocessing=STUB_SPEC,
        sampling=replace(recipe.sampling, positive_factor=1.0),
        augmentation=replace(
            recipe.augmentation, rotation_degrees=5.0, offset_hu=1.0, gain=0.02, noise_hu=1.0
        ),
    )
    return replace(recipe, **choices)


def train_options(data: Path, work: Path, **choices: Any) -> Namespace:
    """What the command line would tell ``training.runs.train``."""
    usual = {
        "data": data,
        "work": work,
        "degrade": False,
        "device": "cpu",
        "threads": 1,
        "fold": "all",
        "steps": None,
        "workers": 0,
        "state_every": 100,
        "tensorboard": None,
        "frame_each_time": False,
    }
    return Namespace(**{**usual, **choices})
