"""Variation of framed slices in training, batch by batch.

Works on framed grey in [0, 1] before normalization. The one thing to get wrong: a level shift is
given in HU, so it is divided by the window's width.
"""

from __future__ import annotations

import io

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from training.first_recipe import Augmentation


def augment(
    framed: NDArray[np.float32],
    how: Augmentation,
    window_width_hu: float,
    size_px: int,
    generator: np.random.Generator,
) -> Tensor:
    """Vary a batch of framed slices.

    Args:
        framed: (n, channels, size, size), [0, 1].
        how: Limits of the variation.
        window_width_hu: HU that correspond to 1.
        size_px: Side of the result.
        generator: The only source of chance.

    Returns:
        (n, channels, size_px, size_px), [0, 1].
    """
    grids = functional.affine_grid(
        torch.from_numpy(_affine(len(framed), how, generator)),
        [len(framed), framed.shape[1], size_px, size_px],
        align_corners=False,
    )
    varied = functional.grid_sample(torch.from_numpy(framed), grids, align_corners=False)
    varied = _vary_grey(varied, how, window_width_hu, generator)
    blurred = torch.from_numpy(generator.random(len(framed)) < how.blur_share)
    if blurred.any():
        varied[blurred] = functional.avg_pool2d(varied[blurred], 3, 1, 1, count_include_pad=False)
    for index in np.flatnonzero(generator.random(len(framed)) < how.jpeg_share):
        varied[index] = _through_jpeg(varied[index], int(generator.integers(50, 95)))
    return varied


def _affine(count: int, how: Augmentation, generator: np.random.Generator) -> NDArray[np.float32]:
    """Rotation, scale, shift and left-right flip as (count, 2, 3) matrices from output to input."""
    angle = np.radians(generator.uniform(-how.rotation_degrees, how.rotation_degrees, count))
    scale = 1.0 / generator.uniform(*how.scale, count)
    flip = np.where(generator.random(count) < 0.5, -1.0, 1.0)
    shift = generator.uniform(-2 * how.shift, 2 * how.shift, (count, 2))
    rows = [
        [flip * scale * np.cos(angle), -flip * scale * np.sin(angle), shift[:, 0]],
        [scale * np.sin(angle), scale * np.cos(angle), shift[:, 1]],
    ]
    return np.ascontiguousarray(np.stack([np.stack(row, axis=1) for row in rows], axis=1), dtype=np.float32)


def _vary_grey(
    framed: Tensor, how: Augmentation, window_width_hu: float, generator: np.random.Generator
) -> Tensor:
    """Gain, level and noise. Black and white stay what they are, as they do where a window clips."""
    count = len(framed)
    gain = _column(generator.uniform(1 - how.gain, 1 + how.gain, count))
    level = _column(generator.uniform(-how.offset_hu, how.offset_hu, count) / window_width_hu)
    spread = _column(generator.uniform(0, how.noise_hu, count) / window_width_hu)
    noise = torch.from_numpy(generator.standard_normal(framed.shape, dtype=np.float32))
    varied = (framed - 0.5) * gain + 0.5 + level + spread * noise
    # Resampled white is white to a rounding error.
    clipped = (framed <= 1e-5) | (framed >= 1 - 1e-5)
    return torch.where(clipped, framed, varied).clamp(0, 1)


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
