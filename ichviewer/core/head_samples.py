"""A few slices of a stack, thinned out and measured from the middle of the head, for the input check.

A head is described by what is met in each direction from its middle. The one thing to get wrong: directions
turn in canonical orientation, where rows run to the back and columns to the left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.head import head_box
from ichviewer.core.volume import Volume

MOST_SAMPLES = 20
GRID_PX = 128
"""A slice is thinned out to about this many pixels along a side, so that a look costs about a millisecond."""

SMALLEST_PX = 8
"""Tissue smaller than this on the coarser grid is nobody's head."""

REACH_MM = 300
"""Nothing of a head is farther from its middle."""

DIRECTIONS = 36
"""Directions from the middle of the head, 10 degrees each."""

SKULL_HU = 300.0
BRAIN_HU = (-20.0, 130.0)

DARK_HU = (-300.0, -20.0)
"""Darker than any fluid in a head, brighter than the air of a sinus."""

RIM_MM = (4.0, 20.0)
"""The part of the brain next to the skull lies this far inside it."""


@dataclass(frozen=True, eq=False)
class HeadSample:
    """What one slice shows around the middle of its largest piece of tissue.

    Attributes:
        slice_index: Which slice.
        sides_mm: Height and width of the tissue; in millimetres only where the series is measured.
        is_cut_off: Whether the tissue reaches the edge of the image.
        brain_share: Share of its middle that is brain, blood or fluid by value, 0 to 1.
        has_skull: (DIRECTIONS,), whether bone is met in the outer half.
        skull_mm: (DIRECTIONS, 2), where bone was met last, (down, right) of the image's corner; the middle
            of the tissue where there is none.
        dark_share: Share of the brain next to the skull that is darker than fluid, 0 to 1.
    """

    slice_index: int
    sides_mm: tuple[float, float]
    is_cut_off: bool
    brain_share: float
    has_skull: NDArray[np.bool_]
    skull_mm: NDArray[np.float64]
    dark_share: float


def sampled_indices(volume: Volume, most: int) -> list[int]:
    """Evenly spread readable slices, at most *most*."""
    readable = np.flatnonzero(volume.is_readable)
    step = max(1, -(-len(readable) // most))
    return [int(index) for index in readable[step // 2 :: step]]


def sample_heads(volume: Volume) -> list[HeadSample]:
    """Samples of every slice looked at that shows tissue, lowest first."""
    samples = (_sample(volume, index) for index in sampled_indices(volume, MOST_SAMPLES))
    return [sample for sample in samples if sample is not None]


def thinned_hu(volume: Volume, slice_index: int) -> tuple[NDArray[np.float32], int]:
    """A slice on a coarser grid, HU; padding becomes air far below, so that it is no tissue.

    Returns:
        (rows, columns), each the mean of four pixels (which halves the noise), and the step in pixels.
    """
    step = max(1, max(volume.shape) // GRID_PX)
    rows, columns = (length - length % step for length in volume.shape)
    stored = volume.stored_values[slice_index, :rows, :columns]
    padding = volume.padding(slice_index)
    total = np.zeros((rows // step, columns // step), dtype=np.float32)
    is_padding = np.zeros(total.shape, dtype=np.bool_)
    for down in (0, step // 2):
        for right in (0, step // 2):
            part = stored[down::step, right::step]
            total += part
            if padding is not None:
                is_padding |= (part >= padding[0]) & (part <= padding[1])
    hu = total * np.float32(volume.slopes[slice_index] / 4) + np.float32(volume.intercepts[slice_index])
    hu[is_padding] = -3000
    return hu, step


def _sample(volume: Volume, slice_index: int) -> HeadSample | None:
    hu, step = thinned_hu(volume, slice_index)
    box = head_box(hu)
    top, bottom, left, right = (0, 0, 0, 0) if box is None else (int(edge) for edge in box)
    if min(bottom - top, right - left) < SMALLEST_PX:
        return None
    tall, wide = volume.geometry.pixel_spacing_mm[0] * step, volume.geometry.pixel_spacing_mm[1] * step
    inside = hu[top:bottom, left:right]
    down = (np.arange(bottom - top, dtype=np.float32) + 0.5 - (bottom - top) / 2)[:, None]
    across = (np.arange(right - left, dtype=np.float32) + 0.5 - (right - left) / 2)[None, :]
    # 0 in the middle of the box, 1 on an ellipse that touches its sides.
    radius = np.hypot(down * 2 / (bottom - top), across * 2 / (right - left))
    middle = inside[radius < 0.5]
    skull = _Skull(inside, radius > 0.5, down * tall, across * wide)
    corner = np.asarray(((top + bottom) / 2 * tall, (left + right) / 2 * wide))
    return HeadSample(
        slice_index=slice_index,
        sides_mm=((bottom - top) * tall, (right - left) * wide),
        is_cut_off=top == 0 or left == 0 or bottom >= hu.shape[0] or right >= hu.shape[1],
        brain_share=float(((middle > BRAIN_HU[0]) & (middle < BRAIN_HU[1])).mean()),
        has_skull=skull.is_met,
        skull_mm=corner + skull.outer_mm,
        dark_share=skull.dark_share(),
    )


class _Skull:
    """Bone in each direction from the middle of one slice, to the millimetre."""

    def __init__(
        self,
        hu: NDArray[np.float32],
        is_outer: NDArray[np.bool_],
        down_mm: NDArray[np.floating],
        across_mm: NDArray[np.floating],
    ) -> None:
        self._hu = hu
        self._distance_mm = np.hypot(down_mm, across_mm)
        turn = np.arctan2(down_mm, across_mm) / (2 * np.pi) + 0.5
        self._direction = np.minimum((turn * DIRECTIONS).astype(np.intp), DIRECTIONS - 1)
        bone = (hu > SKULL_HU) & is_outer
        far = np.minimum(self._distance_mm[bone], REACH_MM - 1).astype(np.intp)
        counts = np.bincount(self._direction[bone] * REACH_MM + far, minlength=DIRECTIONS * REACH_MM)
        is_bone = counts.reshape(DIRECTIONS, REACH_MM) > 0
        self.is_met: NDArray[np.bool_] = np.asarray(is_bone.any(axis=1))
        self._nearest_mm = np.where(self.is_met, is_bone.argmax(axis=1) + 0.5, np.inf)
        farthest = np.where(self.is_met, REACH_MM - 0.5 - is_bone[:, ::-1].argmax(axis=1), 0.0)
        angle = ((np.arange(DIRECTIONS) + 0.5) / DIRECTIONS - 0.5) * 2 * np.pi
        self.outer_mm = farthest[:, None] * np.stack((np.sin(angle), np.cos(angle)), axis=1)

    def dark_share(self) -> float:
        """Share of the brain next to the skull that is darker than fluid; 0 where no skull is met."""
        depth_mm = self._nearest_mm[self._direction] - self._distance_mm
        rim = self._hu[(depth_mm > RIM_MM[0]) & (depth_mm < RIM_MM[1])]
        return float(((rim > DARK_HU[0]) & (rim < DARK_HU[1])).mean()) if rim.size else 0.0
