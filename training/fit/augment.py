"""Variation of framed slices in training.

Works on framed grey in [0, 1] before normalization. What varies is drawn for a whole batch at once, so that
several processes that each make a part of it agree. The one thing to get wrong: a level shift is given in HU,
so it is divided by the window's width.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from training.recipe.tree import Augmentation


@dataclass(frozen=True, eq=False)
class Variation:
    """How each slice of a batch is varied.

    Attributes:
        matrices: (n, 2, 3), from output to input, in units of half the frame.
        gain: (n,), contrast.
        level_hu: (n,), shift.
        noise_hu: (n,), standard deviation.
        is_blurred: (n,).
        jpeg_quality: (n,), 0 where there is no JPEG.
        is_alone: (n,), whether neighbours are replaced by the slice itself.
        seeds: (n,), of each slice's noise.
    """

    matrices: NDArray[np.float32]
    gain: NDArray[np.float64]
    level_hu: NDArray[np.float64]
    noise_hu: NDArray[np.float64]
    is_blurred: NDArray[np.bool_]
    jpeg_quality: NDArray[np.int64]
    is_alone: NDArray[np.bool_]
    seeds: NDArray[np.int64]

    def part(self, members: NDArray[np.integer]) -> Variation:
        """That of some slices of the batch, in their order."""
        return Variation(**{field.name: getattr(self, field.name)[members] for field in fields(self)})


def draw_variation(count: int, how: Augmentation, generator: np.random.Generator) -> Variation:
    """Draw the variation of *count* slices."""
    matrices = _affine(count, how, generator)
    gain = generator.uniform(1 - how.gain, 1 + how.gain, count)
    level = generator.uniform(-how.offset_hu, how.offset_hu, count)
    spread = generator.uniform(0, how.noise_hu, count)
    is_blurred = generator.random(count) < how.blur_share
    has_jpeg = generator.random(count) < how.jpeg_share
    quality = np.zeros(count, dtype=np.int64)
    for index in np.flatnonzero(has_jpeg):
        quality[index] = generator.integers(50, 95)
    is_alone = generator.random(count) < how.neighbour_dropout
    seeds = generator.integers(2**62, size=count)
    return Variation(matrices, gain, level, spread, is_blurred, quality, is_alone, seeds)


def _affine(count: int, how: Augmentation, generator: np.random.Generator) -> NDArray[np.float32]:
    """Rotation, scale, shift, left-right flip and cut as (count, 2, 3) matrices from output to input."""
    angle = np.radians(generator.uniform(-how.rotation_degrees, how.rotation_degrees, count))
    scale = how.crop_share / generator.uniform(*how.scale, count)
    flip = np.where(generator.random(count) < how.flip_share, -1.0, 1.0)
    shift = generator.uniform(-2 * how.shift, 2 * how.shift, (count, 2))
    if how.crop_share < 1:
        shift = shift + generator.uniform(-(1 - how.crop_share), 1 - how.crop_share, (count, 2))
    rows = [
        [flip * scale * np.cos(angle), -flip * scale * np.sin(angle), shift[:, 0]],
        [scale * np.sin(angle), scale * np.cos(angle), shift[:, 1]],
    ]
    return np.ascontiguousarray(np.stack([np.stack(row, axis=1) for row in rows], axis=1), dtype=np.float32)


def vary(
    framed: NDArray[np.float32], variation: Variation, window_width_hu: float, size_px: int, copies: int
) -> Tensor:
    """Vary a batch of framed slices.

    Args:
        framed: (n, channels, size, size), [0, 1].
        variation: Of these n.
        window_width_hu: HU that correspond to 1.
        size_px: Side of the result.
        copies: Slices that the channels hold, with neighbours; the middle one is the slice itself.

    Returns:
        (n, channels, size_px, size_px), [0, 1].
    """
    alone = np.flatnonzero(variation.is_alone) if copies > 1 else ()
    if len(alone):
        framed = framed.copy()
        each = framed.shape[1] // copies
        middle = framed[alone, copies // 2 * each : (copies // 2 + 1) * each]
        framed[alone] = np.tile(middle, (1, copies, 1, 1))
    varied = _moved(torch.from_numpy(framed), variation.matrices, size_px)
    varied = _vary_grey(varied, variation, window_width_hu)
    blurred = torch.from_numpy(variation.is_blurred)
    if blurred.any():
        varied[blurred] = functional.avg_pool2d(varied[blurred], 3, 1, 1, count_include_pad=False)
    for index in np.flatnonzero(variation.jpeg_quality):
        varied[index] = _through_jpeg(varied[index], int(variation.jpeg_quality[index]))
    return varied


def vary_classes(classes: NDArray[np.int64], variation: Variation, size_px: int) -> NDArray[np.int64]:
    """Masks, (n, size, size), moved as their slices are; nearest neighbour."""
    as_float = torch.from_numpy(classes.astype(np.float32))[:, None]
    moved = _moved(as_float, variation.matrices, size_px, "nearest")
    return np.asarray(moved[:, 0].numpy(), dtype=np.int64)


def resized(framed: NDArray[np.float32], size_px: int) -> NDArray[np.float32]:
    """Slices as they are, (n, channels, size_px, size_px), by the same sampling as varied ones."""
    if framed.shape[-1] == size_px:
        return framed
    still = np.tile(np.eye(2, 3, dtype=np.float32), (len(framed), 1, 1))
    return np.asarray(_moved(torch.from_numpy(framed), still, size_px).numpy())


def _moved(images: Tensor, matrices: NDArray[np.float32], size_px: int, mode: str = "bilinear") -> Tensor:
    """Images, (n, channels, rows, columns), seen through matrices from output to input.

    What ``affine_grid`` gives, whose product of small matrices takes three times as long as the sampling: a
    row's part and a column's part, added.
    """
    centers = torch.arange(1 - size_px, size_px, 2) / size_px
    by = torch.from_numpy(matrices)[..., None]
    across = by[:, :, 0] * centers
    down = by[:, :, 1] * centers + by[:, :, 2]
    grids = (across[:, :, None, :] + down[:, :, :, None]).permute(0, 2, 3, 1)
    return functional.grid_sample(images, grids, mode=mode, align_corners=False)


def _vary_grey(framed: Tensor, variation: Variation, window_width_hu: float) -> Tensor:
    """Gain, level and noise. Black and white stay what they are, as they do where a window clips."""
    gain, level = _column(variation.gain), _column(variation.level_hu / window_width_hu)
    varied = (framed - 0.5).mul_(gain).add_(level + 0.5)
    if variation.noise_hu.any():
        noise = torch.from_numpy(_noise(variation.seeds, tuple(framed.shape)))
        varied += noise.mul_(_column(variation.noise_hu / window_width_hu))
    # Resampled white is white to a rounding error.
    clipped = (framed <= 1e-5) | (framed >= 1 - 1e-5)
    return torch.where(clipped, framed, varied).clamp_(0, 1)


def _noise(seeds: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Standard normal, of each slice from its own seed."""
    noise = np.empty(shape, dtype=np.float32)
    for seed, part in zip(seeds, noise, strict=True):
        np.random.default_rng(seed).standard_normal(dtype=np.float32, out=part)
    return noise


def _column(values: NDArray[np.floating]) -> Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float32))[:, None, None, None]


def _through_jpeg(framed: Tensor, quality: int) -> Tensor:
    """(channels, size, size) through 8 bits and JPEG, channel by channel."""
    channels = []
    for channel in framed.numpy():
        buffer = io.BytesIO()
        Image.fromarray(np.rint(channel * 255).astype(np.uint8)).save(buffer, "JPEG", quality=quality)
        channels.append(np.asarray(Image.open(buffer), dtype=np.float32) / 255)
    return torch.from_numpy(np.stack(channels))
