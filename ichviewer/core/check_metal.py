"""Metal at the height of the brain: material denser than any bone.

What it can see: clips, coils, staples and valves that fill about 3 mm in a slice. What it cannot see: thin
plates and wires that a thick slice averages with their surroundings to the density of bone, and the streaks
themselves. Slices below the brain are left out: teeth are as dense, and streaks of fillings stay there.
"""

from __future__ import annotations

import math

import numpy as np

from ichviewer.core.receipt import counted
from ichviewer.core.volume import Volume

METAL_HU = 2500.0
"""The skull and the petrous bone of sound heads stay below 2200; many scanners end at 3071."""

LEAST_AREA_MM2 = 8.0
"""Less than this on a slice is noise or a speck (a disc of 3 mm has 7 mm²)."""

ROWS = 128
"""About so many rows of each slice are looked at, over their whole width."""


def metal_doubts(volume: Volume, lowest_slice: int) -> list[str]:
    """On how many slices there is metal, and where most.

    Args:
        volume: A measured stack.
        lowest_slice: The lowest slice that shows brain.
    """
    areas = np.asarray([_area_mm2(volume, index) for index in range(lowest_slice, volume.slice_count)])
    found = int((areas >= LEAST_AREA_MM2).sum())
    if not found:
        return []
    worst = lowest_slice + int(np.argmax(areas)) + 1
    return [f"metal (over {METAL_HU:g} HU in {counted(found, 'slice')}, most in slice {worst})"]


def _area_mm2(volume: Volume, slice_index: int) -> float:
    slope = float(volume.slopes[slice_index])
    if not volume.is_readable[slice_index] or slope <= 0:
        return 0.0
    least = (METAL_HU - float(volume.intercepts[slice_index])) / slope
    if not math.isfinite(least):
        return 0.0
    step = max(1, volume.shape[0] // ROWS)
    stored = volume.stored_values[slice_index, ::step]
    # Compared as integers of the array's own kind, which is several times as fast.
    lowest, highest = int(np.iinfo(stored.dtype).min), int(np.iinfo(stored.dtype).max)
    limit = max(math.ceil(least), lowest)
    if limit > highest:
        return 0.0
    dense = stored >= stored.dtype.type(limit)
    padding = volume.padding(slice_index)
    if padding is not None and padding[1] >= limit:
        dense &= (stored < padding[0]) | (stored > padding[1])
    tall, wide = volume.geometry.pixel_spacing_mm
    return float(np.count_nonzero(dense)) * step * tall * wide
