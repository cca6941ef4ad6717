"""Every recipe learns: 20 steps on generated slices bring its loss below that of the best constant score.

Kept fast by a smaller input (SIDE, where the architecture allows), batches of BATCH slices, random starting
weights, and a fixed rate where the recipe would look for one; everything else is the recipe's. The large
networks run with ``make test-recipes``, which sets ALL_RECIPES; `make test` runs one of each kind.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ichviewer.core.phantom import phantom_slice
from ichviewer.core.phantom_spec import random_spec
from ichviewer.core.preprocessing import frame_slice
from training.fit.batches import Batches
from training.fit.channels import distinct_channels
from training.fit.distributed import Processes
from training.fit.frames import framed_classes
from training.fit.loop import LOG, fit
from training.fit.losses import Targets, class_weights, row_losses, target_values
from training.fit.phases import plan
from training.fit.place import Place
from training.fit.rows import TrainingRows, chosen_indices, rows_of_arrays
from training.fit.run_log import read_log
from training.fit.units import make_sampler
from training.networks.heads import PatchOutputs
from training.recipe.read import named_recipe, recipe_names
from training.recipe.tree import Recipe

SIDE, BATCH, STEPS = 64, 8, 20

SERIES_LENGTH = 2

RATE = 3e-3
"""Where the recipe finds its rate by a range test."""

SMALL = {
    "alqnatri_cnn",
    "castro_cnn4",
    "ciardelli_resnet18",
    "ichviewer_mobilenet_v2",
    "majumdar_unet",
    "remedios_mil",
    "ye_cnn_rnn",
}
"""One of each kind, together about half a minute."""

HEADS, SLICES_PER_HEAD = (513, 514, 525, 526), 2
"""Seeds of the heads, every other bleeding; those two have four subtypes between them."""


@dataclass(frozen=True, eq=False)
class Generated:
    """Slices of the procedural head, several of each, every other head bleeding."""

    hu: NDArray[np.float32]
    labels: NDArray[np.float32]
    classes: NDArray[np.int64]
    heads: NDArray[np.int64]


@pytest.fixture(scope="session")
def generated() -> Generated:
    made, heads = [], []
    for head, seed in enumerate(HEADS):
        spec = replace(random_spec(seed, bleeding=bool(head % 2)), rows=160, columns=160)
        height = spec.bleeds[0].center_mm[2] if spec.bleeds else 40.0
        middle = round((height - spec.lowest_mm) / spec.slice_spacing_mm)
        for offset in range(SLICES_PER_HEAD):
            index = min(max(middle + offset - 1, 0), spec.slice_count - 1)
            made.append(phantom_slice(spec, index))
            heads.append(head)
    classes = np.stack([np.where(m.masks.any(axis=0), m.masks.argmax(axis=0) + 1, 0) for m in made])
    return Generated(
        np.stack([m.hu for m in made]).astype(np.float32),
        np.stack([m.labels for m in made]).astype(np.float32),
        classes.astype(np.int64),
        np.asarray(heads, dtype=np.int64),
    )


def shrunk(recipe: Recipe) -> Recipe:
    """The recipe at test size."""
    factor = SIDE / recipe.preprocessing.size_px
    spec = replace(recipe.preprocessing, size_px=SIDE, pixel_mm=recipe.preprocessing.pixel_mm / factor)
    phases = tuple(
        replace(
            phase,
            size_px=tuple(max(32, round(size * factor / 16) * 16) for size in phase.size_px),
            peak_rate=RATE if phase.peak_rate == "range_test" else phase.peak_rate,
            generated_share=0.0,
        )
        for phase in recipe.phases
    )
    length = min(recipe.sampling.series_length, SERIES_LENGTH)
    sampling = replace(
        recipe.sampling, series_length=length, patch_px=round(recipe.sampling.patch_px * factor)
    )
    return replace(
        recipe,
        preprocessing=spec,
        phases=phases,
        sampling=sampling,
        network=replace(recipe.network, weights="none"),
        batch_size=BATCH if recipe.sampling.unit == "slice" else len(HEADS),
        validation_share=0.0,
        keeps="last",
        average_decay=0.0,
        rows="bleeding" if recipe.rows == "bleeding" else "all",
    )


def framed_rows(recipe: Recipe, generated: Generated) -> TrainingRows:
    """Generated slices as the recipe's input; neighbours are slices of the same head."""
    spec, images, masks = recipe.preprocessing, [], []
    for row, head in enumerate(generated.heads):
        members = np.flatnonzero(generated.heads == head)
        around = [
            generated.hu[min(max(row + o, members[0]), members[-1])]
            for o in range(-spec.neighbours, spec.neighbours + 1)
        ]
        framed, framing = frame_slice(np.stack(around), (1.0, 1.0), spec)
        images.append(framed[distinct_channels(spec)])
        masks.append(framed_classes(generated.classes[row], framing, SIDE))
    rows = rows_of_arrays(
        np.stack(images),
        generated.labels,
        np.stack(masks) if recipe.labels == "pixels" else None,
        groups=generated.heads,
        series=generated.heads,
    )
    return rows.only(chosen_indices(rows, recipe))


def best_constant_loss(recipe: Recipe, rows: TrainingRows, number: int) -> float:
    """Loss of the best score that does not look at the slice, found by descent, in the recipe's own loss.

    Over all batches of a phase, since sampling and patches shift what a constant should say.
    """
    planned = plan(recipe.phases, make_sampler(rows, recipe).steps_per_epoch, STEPS)[number]
    batches = Batches(rows, recipe, planned, number, Processes())
    parts = [batches[step].targets for step in range(planned.steps)]
    phase, classes = planned.phase, [part.classes for part in parts if part.classes is not None]
    targets = Targets(
        torch.cat([part.values for part in parts]),
        torch.cat([part.known for part in parts]),
        torch.cat(classes) if classes else None,
    )
    weights = class_weights(target_values(rows.labels[rows.indices], recipe), recipe)
    outputs = targets.values.shape[-1]
    scores = torch.zeros(6 * 3 if recipe.loss.kind == "patch_fcn" else outputs, requires_grad=True)

    def constant() -> Any:
        count = len(targets.values)
        if targets.classes is None:
            return scores.expand(targets.values.shape)
        pixels = scores[:6, None, None].expand(count, 6, *targets.classes.shape[1:])
        return (
            PatchOutputs(pixels, scores[6:].reshape(6, 2).expand(count, 6, 2)) if len(scores) > 6 else pixels
        )

    optimizer = torch.optim.Adam([scores], lr=0.1)
    for _ in range(200):
        loss = row_losses(constant(), targets, recipe, phase, weights).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return float(loss.detach())


@pytest.mark.parametrize("name", recipe_names())
def test_twenty_steps_beat_the_best_constant_score(name: str, generated: Generated, tmp_path: Path) -> None:
    if name not in SMALL and not os.environ.get("ALL_RECIPES"):
        pytest.skip("a large network: `make test-recipes` runs it")
    recipe = shrunk(named_recipe(name))
    rows = framed_rows(recipe, generated)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        fit(recipe, rows, Place(tmp_path, torch.device("cpu")), budget=STEPS)
    finally:
        torch.set_num_threads(threads)
    # Of three phases with other parts each, the first one has most steps: body and pixel branch.
    number = 0 if recipe.loss.kind == "patch_fcn" else len(recipe.phases) - 1
    last = [line["loss"] for line in read_log(tmp_path / LOG) if line["phase"] == number][-1]
    assert last < best_constant_loss(recipe, rows, number)
