"""The first recipe, in the present loop, makes the batches, losses and weights of the code that it was made
with.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import first_training as first
import numpy as np
import pytest
import torch
from stub_checkpoint import STUB_SPEC
from torch import nn
from torch.nn import functional
from training_data import small_recipe

from training.fit import chance
from training.fit.batches import Batches
from training.fit.distributed import Processes
from training.fit.loop import LOG, STATE, fit, starting_network
from training.fit.phases import plan
from training.fit.place import Place
from training.fit.rows import TrainingRows, rows_of_arrays
from training.fit.run_log import read_log
from training.recipe.read import named_recipe
from training.recipe.tree import Augmentation, Recipe

STEPS = 4


@pytest.fixture
def recipe() -> Recipe:
    """The released recipe on the stub, with everything on but what is drawn in another way now."""
    released = named_recipe("ichviewer_mobilenet_v2")
    still = replace(released.augmentation, blur_share=0.0, noise_hu=0.0, jpeg_share=0.0)
    phase = replace(released.phases[0], size_px=(32, 64), generated_slices=4, generated_share=0.25)
    small = small_recipe(batch_size=8, augmentation=still, sampling=released.sampling)
    return replace(small, phases=(replace(phase, epochs=2.0, frozen_blocks=1),), average_decay=0.98)


def some_rows(count: int, seed: int) -> TrainingRows:
    generator = np.random.default_rng(seed)
    images = generator.uniform(0, 1, (count, 1, 64, 64)).astype(np.float32)
    labels = (generator.random((count, 6)) < 0.4).astype(np.float32)
    labels[:, 0] = labels[:, 1:].max(axis=1)
    return rows_of_arrays(images, labels)


def test_losses_and_averaged_weights_are_those_of_the_first_code(recipe: Recipe, tmp_path: Path) -> None:
    """Hazard: a recipe on a card that no longer makes the network that the card belongs to."""
    rows, made = some_rows(16, 1), some_rows(4, 2)
    network = starting_network(recipe, rows).module
    average, losses = copy.deepcopy(network), []
    phase, how = recipe.phases[0], recipe.augmentation
    nn.ModuleList(list(network.features.children())[: phase.frozen_blocks]).requires_grad_(False)
    optimizer = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], weight_decay=0.02)
    label_weights = torch.tensor([2.0, 1, 1, 1, 1, 1])
    mean, std = (torch.tensor(v)[None, :, None, None] for v in (STUB_SPEC.mean, STUB_SPEC.std))
    arrays = (rows.frames.images, rows.labels, rows.indices, (made.frames.images, made.labels))
    for step in range(STEPS):
        generator = chance.generator(recipe.seed, chance.STEP, 0, step)
        for group in optimizer.param_groups:
            group["lr"] = first.learning_rate(step, STEPS, phase.peak_rate, phase.schedule.warmup_share)
        framed, labels = first.draw_batch(*arrays, 8, phase.generated_share, 2.0, generator)
        size = 32 if step < STEPS // 2 else 64
        limits = (how.rotation_degrees, how.scale, how.shift, how.gain, how.offset_hu)
        varied = first.augment(framed, *limits, 70.0, size, generator)
        batch = ((varied[:, [0, 0, 0]] - mean) / std).contiguous(memory_format=torch.channels_last)
        network.train()
        loss = functional.binary_cross_entropy_with_logits(network(batch), labels, label_weights).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        first.follow(average, network, min(0.98, (1 + step) / (10 + step)))
        losses.append(float(loss.detach()))

    place = Place(tmp_path, torch.device("cpu"))
    fitted = fit(recipe, rows, place, generated=lambda count: made, budget=STEPS)
    assert read_log(tmp_path / LOG)[-1]["loss"] == pytest.approx(losses[-1], rel=1e-5)
    for name, value in average.state_dict().items():
        torch.testing.assert_close(fitted.network.state_dict()[name], value, rtol=1e-5, atol=1e-6)
    assert not torch.equal(average.classifier.weight, starting_network(recipe, rows).module.classifier.weight)


def test_frozen_blocks_keep_their_weights(recipe: Recipe, tmp_path: Path) -> None:
    rows = some_rows(16, 1)
    before = starting_network(recipe, rows).module.state_dict()
    fitted = fit(recipe, rows, Place(tmp_path, torch.device("cpu")), budget=2).network.state_dict()
    assert torch.equal(fitted["features.0.weight"], before["features.0.weight"])
    assert not torch.equal(fitted["classifier.weight"], before["classifier.weight"])


def test_a_batch_holds_the_slices_it_may_and_its_share_of_generated_ones(recipe: Recipe) -> None:
    """Hazard: a slice of the held-out fold in a training batch."""
    rows = some_rows(32, 1).only(np.arange(0, 32, 2))
    made = rows_of_arrays(np.full((2, 1, 64, 64), 0.5, np.float32), np.zeros((2, 6), np.float32))
    still = replace(recipe, augmentation=Augmentation(), phases=(replace(recipe.phases[0], size_px=(64,)),))
    batches = Batches(rows, still, plan(still.phases, 2)[0], 0, Processes(), made)
    batch = batches[0]
    assert batch.units.tolist()[-2:] == [-1, -1]
    assert batch.images[-2:].abs().max() < 1e-6
    for image, unit in zip(batch.images[:-2], batch.units[:-2], strict=True):
        expected = (rows.frames.framed(int(rows.indices[unit])) - 0.5) / 0.25
        np.testing.assert_allclose(image[0], expected[0], atol=1e-4)


def test_a_state_of_another_run_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    """Hazard: weights of one recipe under the name of another."""
    rows, place = some_rows(16, 1), Place(tmp_path, torch.device("cpu"))
    fit(recipe, rows, place, budget=2)
    with pytest.raises(ValueError, match="was left by a run of another recipe"):
        fit(replace(recipe, seed=9), rows, place, budget=2)
    (tmp_path / STATE).write_bytes(b"half a file")
    with pytest.raises(ValueError, match="is damaged"):
        fit(recipe, rows, place, budget=2)
