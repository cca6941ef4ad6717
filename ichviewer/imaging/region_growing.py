"""A hematoma from a point in it: all that hangs together between two values, inside the skull.

The one thing to get wrong: where blood meets bone, the edge of the bone itself has the values of blood, all
around the brain. So the region grows a little away from the bone and is brought back to it where it was
found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ichviewer.core.errors import IchViewerError
from ichviewer.core.grid_shapes import dilate, erode
from ichviewer.core.inside_skull import inside_skull
from ichviewer.core.plane import Triple
from ichviewer.core.progress import CancelToken
from ichviewer.core.region import Region
from ichviewer.core.stack_frame import StackFrame
from ichviewer.core.volume import Volume

BONE_MARGIN_MM = 2.0
"""Nearer to bone the region does not spread; it is only extended that far to the bone at the end."""

SMOOTHING_MM = 0.7
"""Standard deviation of the smoothing within a slice; the noise of thin slices would break every region
up."""


@dataclass(frozen=True)
class GrowthLimits:
    """What may belong to a region.

    Attributes:
        lower_hu: Least value, after smoothing.
        upper_hu: Highest value, after smoothing.
        radius_mm: Farthest distance from the seed.
    """

    lower_hu: float
    upper_hu: float
    radius_mm: float

    def __post_init__(self) -> None:
        if not self.lower_hu < self.upper_hu:
            raise IchViewerError(f"No value lies between {self.lower_hu:.0f} and {self.upper_hu:.0f} HU.")
        if not self.radius_mm > 0:
            raise IchViewerError(f"A radius is longer than 0 mm, not {self.radius_mm:g}.")


FRESH_BLOOD = GrowthLimits(50.0, 100.0, 60.0)
"""Clotted blood against brain; a place to start from."""


@dataclass(frozen=True)
class GrownRegion:
    """What grew.

    Attributes:
        region: Its pixels. reaches_limit: Whether it was cut off by the radius, the ends of the stack or an
        unreadable slice: then it
            may go on, or have run out into something else.
    """

    region: Region
    reaches_limit: bool


def grow_region(
    volume: Volume,
    frame: StackFrame,
    seed_mm: Triple,
    limits: GrowthLimits = FRESH_BLOOD,
    cancel: CancelToken | None = None,
) -> GrownRegion:
    """All pixels that hang together with a seed, between two values, inside the skull.

    Pixels hang together across their four sides within a slice and with the same pixel of the next slice.

    Args:
        volume: The stack.
        frame: Its frame.
        seed_mm: A point in the stack frame; the nearest slice and pixel are taken.
        limits: Values and distance.
        cancel: Looked at before each slice.

    Raises:
        IchViewerError: The seed lies outside the images, on a slice that could not be read, outside the
            skull, or its value is outside the limits.
        Cancelled: The token was cancelled.
    """
    seed = _seed_pixel(volume, frame, seed_mm)
    block = _readable_block(volume, frame, seed[0], limits.radius_mm)
    masks = []
    for index in range(block[0], block[1] + 1):
        if cancel is not None:
            cancel.raise_if_cancelled()
        masks.append(_candidates(volume, frame, index, seed_mm, limits))
    core, rim, at_radius = (np.stack(parts) for parts in zip(*masks, strict=True))
    local = (seed[0] - block[0], seed[1], seed[2])
    if not core[local]:
        _refuse_seed(volume, frame, seed, limits)
        core[local] = True
    grown = _connected(core, local)
    reaches_limit = bool((grown & at_radius).any() or grown[0].any() or grown[-1].any())
    final = {block[0] + k: _to_the_bone(grown[k], rim[k], frame) for k in range(len(grown)) if grown[k].any()}
    return GrownRegion(Region.of((volume.slice_count, *volume.shape), final), reaches_limit)


def _seed_pixel(volume: Volume, frame: StackFrame, seed_mm: Triple) -> tuple[int, int, int]:
    """Slice, row and column of the seed."""
    low, high = frame.slice_extents_mm[0, 0], frame.slice_extents_mm[-1, 1]
    index = frame.nearest_slice(seed_mm[2])
    row, column = (round(place) for place in frame.mm_to_pixel(index, seed_mm[0], seed_mm[1]))
    rows, columns = volume.shape
    if not low <= seed_mm[2] <= high or not 0 <= row < rows or not 0 <= column < columns:
        raise IchViewerError("The chosen point lies outside the images.")
    if not volume.is_readable[index]:
        raise IchViewerError(f"Slice {index + 1}, on which the chosen point lies, could not be read.")
    return index, row, column


def _readable_block(volume: Volume, frame: StackFrame, seed_slice: int, radius_mm: float) -> tuple[int, int]:
    """First and last slice around the seed that were read without a break and lie within the radius."""
    near = np.abs(frame.positions_mm - frame.positions_mm[seed_slice]) <= radius_mm
    usable = volume.is_readable & near
    first = last = seed_slice
    while first > 0 and usable[first - 1]:
        first -= 1
    while last + 1 < volume.slice_count and usable[last + 1]:
        last += 1
    return first, last


def _candidates(
    volume: Volume, frame: StackFrame, index: int, seed_mm: Triple, limits: GrowthLimits
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Of one slice: where the region may spread, what it may be extended to, and what lies at the radius."""
    hu = volume.measured_hu(index)
    inside = inside_skull(hu, frame.pixel_spacing_mm)
    smooth = _smoothed(hu, inside, frame.pixel_spacing_mm)
    rows, columns = (np.arange(count) for count in volume.shape)
    origin = frame.slice_origins_mm[index]
    y = origin[1] + rows * frame.pixel_spacing_mm[0] - seed_mm[1]
    x = origin[0] + columns * frame.pixel_spacing_mm[1] - seed_mm[0]
    distance = np.sqrt(y[:, None] ** 2 + x[None, :] ** 2 + (origin[2] - seed_mm[2]) ** 2)
    is_near = distance <= limits.radius_mm
    is_blood = inside & is_near & (smooth >= limits.lower_hu) & (smooth <= limits.upper_hu)
    away = inside
    for _ in range(_margin_steps(frame)):
        away = erode(away)
    at_radius = distance > limits.radius_mm - 2 * max(frame.pixel_spacing_mm)
    return is_blood & away, is_blood, at_radius


def _margin_steps(frame: StackFrame) -> int:
    return max(1, round(BONE_MARGIN_MM / max(frame.pixel_spacing_mm)))


def _smoothed(
    hu: NDArray[np.float32], inside: NDArray[np.bool_], spacing_mm: tuple[float, float]
) -> NDArray[np.float32]:
    """Gaussian mean of what lies inside the skull, so that the bone's values do not reach in."""
    parts = []
    for values in (np.where(inside, hu, np.float32(0)), inside.astype(np.float32)):
        image = SimpleITK.GetImageFromArray(values)
        image.SetSpacing((spacing_mm[1], spacing_mm[0]))
        parts.append(SimpleITK.GetArrayFromImage(SimpleITK.SmoothingRecursiveGaussian(image, SMOOTHING_MM)))
    return np.asarray(parts[0] / np.maximum(parts[1], 0.05), dtype=np.float32)


def _refuse_seed(volume: Volume, frame: StackFrame, seed: tuple[int, int, int], limits: GrowthLimits) -> None:
    """Say why the region may not begin at the seed; return where only the bone's margin speaks against it."""
    index, row, column = seed
    hu = volume.measured_hu(index)
    inside = inside_skull(hu, frame.pixel_spacing_mm)
    if not inside[row, column]:
        raise IchViewerError("The chosen point does not lie inside the skull.")
    value = float(_smoothed(hu, inside, frame.pixel_spacing_mm)[row, column])
    if not limits.lower_hu <= value <= limits.upper_hu:
        raise IchViewerError(
            f"The chosen point has {value:.0f} HU, which is not between {limits.lower_hu:.0f} and "
            f"{limits.upper_hu:.0f} HU."
        )


def _connected(allowed: NDArray[np.bool_], seed: tuple[int, int, int]) -> NDArray[np.bool_]:
    """What of (slices, rows, columns) hangs together with the seed."""
    image = SimpleITK.GetImageFromArray(allowed.astype(np.uint8))
    grown = SimpleITK.ConnectedThreshold(image, seedList=[seed[::-1]], lower=1, upper=1, replaceValue=1)
    return np.asarray(SimpleITK.GetArrayFromImage(grown)).astype(np.bool_)


def _to_the_bone(grown: NDArray[np.bool_], rim: NDArray[np.bool_], frame: StackFrame) -> NDArray[np.bool_]:
    """The grown pixels of a slice, brought back over the margin that was kept to the bone."""
    for _ in range(_margin_steps(frame)):
        grown = grown | (dilate(grown) & rim)
    return grown
