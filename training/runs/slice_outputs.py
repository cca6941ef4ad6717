"""What a trained network says of whole slices: at once or from patches, of the slice or of varied copies.

Here a slice's score by a pixel system is defined: the log odds of its highest pixel, after bleeds
of less than ``SMALLEST_BLEED_PX`` pixels were taken out; of a system with a patch branch, the log odds of its
highest patch. ``training.networks.heads.six_logits`` takes these maxima. A study's score is made of its
slices' as for every other system (``training.judge.study_level``), not the report's highest patch of all. The
one thing to get wrong: a map made of a varied copy lies as the copy does, and must be moved back before it is
averaged.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional

from ichviewer.core.preprocessing import normalize
from training.fit import chance
from training.fit.augment import draw_variation, vary
from training.fit.batches import still_batch
from training.fit.channels import repeated
from training.fit.rows import TrainingRows
from training.networks.heads import Outputs, PatchOutputs
from training.networks.patch_fcn import score_by_patches
from training.recipe.tree import Recipe

SMALLEST_BLEED_PX = 10
"""Bleeds of fewer pixels of the input are noise. Assumed: the report of ``majumdar_unet`` says that there is
a post-processing and not which; at 256 px over 240 mm these are 9 mm2."""

TOUCHING = np.ones((3, 3), dtype=np.int64)
"""Pixels that touch at a corner are of one bleed."""


def slice_outputs(
    module: nn.Module,
    recipe: Recipe,
    rows: TrainingRows,
    units: Sequence[NDArray[np.int64]],
    device: torch.device,
) -> Outputs:
    """Outputs of units (slices, or series), as ``six_logits`` reads them.

    Args:
        module: In evaluation mode, on the device.
        recipe: Of the network.
        rows: Where the units stand.
        units: Row numbers of each.
        device: Where to run.
    """
    if recipe.test_copies:
        outputs: Outputs = torch.cat(
            [_mean_over_copies(module, recipe, rows, int(u[0]), device) for u in units]
        )
    else:
        batch = still_batch(rows, recipe, list(units), recipe.preprocessing.size_px)
        outputs = one_pass(module, recipe, batch.images.to(device))
    if recipe.loss.kind == "pixel_cross_entropy" and isinstance(outputs, Tensor):
        return without_small_bleeds(outputs, recipe.threshold)
    return outputs


def one_pass(module: nn.Module, recipe: Recipe, images: Tensor) -> Outputs:
    """Outputs of normalized images, from overlapping patches where the network learned from patches."""
    if recipe.sampling.patch_px:
        return score_by_patches(module, images, recipe.sampling.patch_px)
    outputs: Outputs = module(images)
    return outputs


def _mean_over_copies(
    module: nn.Module, recipe: Recipe, rows: TrainingRows, row: int, device: torch.device
) -> Tensor:
    """Mean outputs of a row's copies, (1, ...), varied as in training; the same copies whenever it is asked.

    Of pixels the mean probabilities, as logits; of anything else the mean logits.
    """
    spec, count = recipe.preprocessing, recipe.test_copies
    draw = chance.generator(recipe.seed, chance.COPIES, row)
    variation = draw_variation(count, recipe.augmentation, draw)
    framed = np.repeat(rows.frames.framed(row)[None], count, axis=0)
    grey = vary(framed, variation, spec.windows[0].width, spec.size_px, 2 * spec.neighbours + 1).numpy()
    images = np.stack([normalize(copy, spec) for copy in repeated(grey, spec)])
    outputs = one_pass(module, recipe, torch.from_numpy(images).to(device))
    if isinstance(outputs, PatchOutputs):
        raise ValueError(f"{recipe.name}: test_copies are for networks without a patch branch.")
    if recipe.labels != "pixels":
        return outputs.mean(dim=0, keepdim=True)
    return mean_moved_back(outputs, variation.matrices)


def mean_moved_back(pixels: Tensor, matrices: NDArray[np.float32]) -> Tensor:
    """Mean of the maps of varied copies, each moved back to where the slice lies.

    Args:
        pixels: (copies, classes, h, w), logits; class 0 is *none*.
        matrices: (copies, 2, 3), from copy to slice, as ``Variation`` has them.

    Returns:
        (1, classes, h, w), log probabilities; *none* where no copy shows the place.
    """
    whole = np.concatenate([matrices, np.tile([[[0.0, 0.0, 1.0]]], (len(matrices), 1, 1))], axis=1)
    back = torch.from_numpy(np.linalg.inv(whole)[:, :2].astype(np.float32)).to(pixels.device)
    grids = functional.affine_grid(back, list(pixels.shape), align_corners=False)
    # A channel of ones tells how much of a copy lies at a place.
    maps = torch.cat([functional.softmax(pixels.float(), dim=1), torch.ones_like(pixels[:, :1])], dim=1)
    total = functional.grid_sample(maps, grids, align_corners=False).sum(dim=0, keepdim=True)
    shown = total[:, -1:]
    mean = total[:, :-1] / shown.clamp(min=1e-6)
    none = torch.zeros_like(mean)
    none[:, 0] = 1.0
    return torch.where(shown > 0.5, mean, none).clamp(min=1e-9).log()


def without_small_bleeds(pixels: Tensor, threshold: float, smallest_px: int = SMALLEST_BLEED_PX) -> Tensor:
    """Maps in which small bleeds say what the slice's surest healthy pixel says.

    Args:
        pixels: (n, classes, h, w), logits; class 0 is *none*.
        threshold: Probability of any bleed from which on a pixel belongs to one.
        smallest_px: Bleeds of fewer pixels go.

    Returns:
        (n, classes, h, w), log probabilities.
    """
    log_p = functional.log_softmax(pixels, dim=1)
    says_bleed = (-torch.expm1(log_p[:, 0]) >= threshold).cpu().numpy()
    cleaned = log_p.clone()
    for number, bleeds in enumerate(says_bleed):
        found, _ = ndimage.label(bleeds, structure=TOUCHING)
        small = np.bincount(found.ravel()) < smallest_px
        small[0] = False
        removed = torch.from_numpy(small[found]).to(log_p.device)
        flat = log_p[number].flatten(1)
        surest = flat[:, flat[0].argmax()]
        cleaned[number] = torch.where(removed, surest[:, None, None], log_p[number])
    return cleaned
