"""Where the brain begins at the top of a stack, and how wide it is: what levels in a head are measured from.

The one thing to get wrong: the top of a stack is not the top of the brain; where the brain goes on above the
last slice, there is no vertex to measure from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ichviewer.core.head import brain_mask
from ichviewer.core.volume import Volume

GRID_PX = 128
"""A slice is thinned out to about this many pixels along a side before it is looked at."""

STEP_MM = 2.5
"""Slices closer than this are not all looked at."""

LEAST_CM2 = 10.0
"""A slice with less closed-in brain may be a hole in bone, or a bulge of spongy bone."""

MOST_AT_TOP_CM2 = 60.0
"""If the topmost slice has more, 15 mm or more of brain lie above it."""

CAP_CM2_PER_MM = 4.1
"""The brain's top is nearly a sphere of 65 mm radius, whose cuts grow by 2 pi 65 mm² a millimeter."""


@dataclass(frozen=True)
class BrainExtent:
    """The part of a head that levels are measured from.

    Attributes:
        vertex_mm: Position of the brain's top along the normal, as ``StackGeometry.positions_mm``.
        widest_cm2: Largest closed-in cut through the brain among the slices.
        widest_slice: Where that is.
        box_px: Upright box around the brain there, edges in pixels (top, bottom, left, right).
    """

    vertex_mm: float
    widest_cm2: float
    widest_slice: int
    box_px: tuple[float, float, float, float]


@dataclass(frozen=True)
class NoExtent:
    """Why no level can be measured.

    Attributes:
        reason: A sentence.
    """

    reason: str


def brain_extent(volume: Volume) -> BrainExtent | NoExtent:
    """Extent of the brain in a stack, or why it is not known.

    Args:
        volume: Read to the end; slices that could not be read are passed over.
    """
    series = volume.series
    if not (series.is_measured and series.has_positions and series.orientation == "axial"):
        return NoExtent("Levels are measured in axial stacks whose files say where their slices lie.")
    areas = {index: _brain_cm2(volume, index) for index in _looked_at(volume)}
    inside = [index for index, (area, _) in areas.items() if area >= LEAST_CM2]
    if not inside:
        return NoExtent("No brain closed in by bone was found in this stack.")
    top, highest = max(inside), max(areas)
    area = areas[top][0]
    if area > MOST_AT_TOP_CM2:
        where = (
            "ends below the top of the brain" if top == highest else "shows no closed skull near the vertex"
        )
        return NoExtent(f"This stack {where}, from which levels are measured.")
    widest = max(areas, key=lambda index: areas[index][0])
    vertex_mm = float(volume.geometry.positions_mm[top]) + area / CAP_CM2_PER_MM
    return BrainExtent(vertex_mm, areas[widest][0], widest, areas[widest][1])


def _looked_at(volume: Volume) -> list[int]:
    """Readable slices, lowest first, no closer than STEP_MM."""
    chosen: list[int] = []
    positions = volume.geometry.positions_mm
    for index in range(volume.slice_count):
        is_apart = not chosen or positions[index] - positions[chosen[-1]] >= STEP_MM - 1e-6
        if volume.is_readable[index] and is_apart:
            chosen.append(index)
    return chosen


def _brain_cm2(volume: Volume, slice_index: int) -> tuple[float, tuple[float, float, float, float]]:
    """Area of the brain that bone closes in, and the box around it in pixels of the slice."""
    step = max(1, max(volume.shape) // GRID_PX)
    mask = brain_mask(volume.measured_hu(slice_index)[::step, ::step])
    if not mask.any():
        return 0.0, (0.0, 0.0, 0.0, 0.0)
    tall, wide = volume.geometry.pixel_spacing_mm
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    edges = (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1)
    top, bottom, left, right = (float(edge * step) for edge in edges)
    return float(mask.sum()) * step**2 * tall * wide / 100, (top, bottom, left, right)
