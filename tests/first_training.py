"""The training steps that made the first released checkpoint, kept as they were, to hold the present ones
against.

Only two things differ from the code of that time: the choices are arguments, and chance is handed in, a
generator per step, since it is drawn per step now. Noise is left out: it is drawn per slice now.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional


def learning_rate(step: int, steps: int, peak: float, warmup_share: float) -> float:
    warmup = max(1, round(steps * warmup_share))
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def draw_batch(
    framed: NDArray[np.float32],
    labels: NDArray[np.float32],
    indices: NDArray[np.int64],
    made: tuple[NDArray[np.float32], NDArray[np.float32]],
    batch_size: int,
    generated_share: float,
    oversampling: float,
    generator: np.random.Generator,
) -> tuple[NDArray[np.float32], Tensor]:
    generated = round(batch_size * generated_share)
    weights = np.where(labels[indices, 0] > 0, oversampling, 1.0)
    real = generator.choice(indices, batch_size - generated, replace=False, p=weights / weights.sum())
    others = generator.integers(max(1, len(made[0])), size=generated)
    slices = [framed[index] for index in real] + [made[0][index] for index in others]
    truths = [labels[index] for index in real] + [made[1][index] for index in others]
    return np.stack(slices), torch.from_numpy(np.stack(truths))


def augment(
    framed: NDArray[np.float32],
    rotation: float,
    scale: tuple[float, float],
    shift: float,
    gain: float,
    offset_hu: float,
    width_hu: float,
    size_px: int,
    generator: np.random.Generator,
) -> Tensor:
    count = len(framed)
    angle = np.radians(generator.uniform(-rotation, rotation, count))
    zoom = 1.0 / generator.uniform(*scale, count)
    flip = np.where(generator.random(count) < 0.5, -1.0, 1.0)
    shifts = generator.uniform(-2 * shift, 2 * shift, (count, 2))
    rows = [
        [flip * zoom * np.cos(angle), -flip * zoom * np.sin(angle), shifts[:, 0]],
        [zoom * np.sin(angle), zoom * np.cos(angle), shifts[:, 1]],
    ]
    affine = np.ascontiguousarray(np.stack([np.stack(row, axis=1) for row in rows], axis=1), dtype=np.float32)
    grids = functional.affine_grid(
        torch.from_numpy(affine), [count, framed.shape[1], size_px, size_px], align_corners=False
    )
    varied = functional.grid_sample(torch.from_numpy(framed), grids, align_corners=False)
    by = torch.from_numpy(generator.uniform(1 - gain, 1 + gain, count).astype(np.float32))
    level = torch.from_numpy((generator.uniform(-offset_hu, offset_hu, count) / width_hu).astype(np.float32))
    changed = (varied - 0.5) * by[:, None, None, None] + 0.5 + level[:, None, None, None]
    clipped = (varied <= 1e-5) | (varied >= 1 - 1e-5)
    return torch.where(clipped, varied, changed).clamp(0, 1)


def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    with torch.no_grad():
        current = network.state_dict()
        for name, value in average.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(current[name], 1 - decay)
            else:
                value.copy_(current[name])
