"""Parts of a stack in which slices are evenly spaced and evenly shifted, each with its affine map.

Within a run, one affine map leads from a point of the stack frame to its place in the lattice of voxels
(column, row, slice). The one thing to get wrong: files round positions, so "evenly" has a tolerance; without
it a series of 5.00 and 5.01 mm would fall into as many runs as it has slices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ichviewer.core.geometry import SAME_POSITION_MM
from ichviewer.core.stack_frame import StackFrame, Vector

EVEN_WITHIN_MM = 0.011
"""No slice of a run lies farther from its place in an even row; positions in files end after two digits."""


@dataclass(frozen=True, eq=False)
class EvenRun:
    """Slices that lie evenly, and the part of the stack that is interpolated between them.

    Attributes:
        low_mm: z at which the part begins.
        high_mm: z at which it ends.
        to_lattice: (3, 3), from the stack frame to (column, row, slice counted from the block's first).
        lattice_origin: (3,), to be added.
    """

    low_mm: float
    high_mm: float
    to_lattice: Vector
    lattice_origin: Vector


def even_runs(frame: StackFrame, first: int, last: int) -> list[EvenRun]:
    """The even runs of a block of readable slices, from the lowest upwards, without a hole between them.

    The outermost slices are drawn as far outwards as ``StackFrame.slice_extents_mm`` says.

    Args:
        frame: Of the stack.
        first: Index of the block's first slice, number 0 of its lattice.
        last: Index of the block's last slice.
    """
    z = frame.positions_mm
    low, high = float(frame.slice_extents_mm[first, 0]), float(frame.slice_extents_mm[last, 1])
    spans = [span for span in _even_spans(frame, first, last) if z[span[1]] - z[span[0]] > SAME_POSITION_MM]
    if not spans:
        return [_run(frame, first, (first, first), (low, high))]
    starts = [float(z[span[0]]) for span in spans]
    ends = [*starts[1:], float(z[spans[-1][1]])]
    runs = []
    # An even lattice reaches half a step beyond its ends; where more is due, the outermost slice is shown
    # there.
    if starts[0] - low <= _step_mm(frame, spans[0]) / 2 + 1e-6:
        starts[0] = low
    else:
        runs.append(_run(frame, first, (first, first), (low, starts[0])))
    top = ends[-1]
    reaches = high - top <= _step_mm(frame, spans[-1]) / 2 + 1e-6
    ends[-1] = high if reaches else top
    runs += [_run(frame, first, *part) for part in zip(spans, zip(starts, ends, strict=True), strict=True)]
    if not reaches:
        runs.append(_run(frame, first, (last, last), (top, high)))
    return runs


def _step_mm(frame: StackFrame, span: tuple[int, int]) -> float:
    """Between slices of a run."""
    start, end = span
    return float(frame.positions_mm[end] - frame.positions_mm[start]) / (end - start)


def _even_spans(frame: StackFrame, first: int, last: int) -> list[tuple[int, int]]:
    """First and last slice of each run; neighbors share a slice."""
    spans = []
    start = first
    while start < last:
        end = start + 1
        while end < last and _is_even(frame.slice_origins_mm[start : end + 2]):
            end += 1
        spans.append((start, end))
        start = end
    return spans


def _is_even(origins_mm: Vector) -> bool:
    """Whether slices stand evenly on the line from the first to the last."""
    share = np.linspace(0.0, 1.0, len(origins_mm))[:, None]
    even = origins_mm[0] + share * (origins_mm[-1] - origins_mm[0])
    return bool(np.abs(origins_mm - even).max() <= EVEN_WITHIN_MM)


def _run(frame: StackFrame, block_first: int, span: tuple[int, int], part_mm: tuple[float, float]) -> EvenRun:
    """The affine map of one run; of a single slice it is the same all along z."""
    start, end = span
    origin = frame.slice_origins_mm[start]
    between_rows, between_columns = frame.pixel_spacing_mm
    matrix = np.diag([1 / between_columns, 1 / between_rows, 0.0])
    if end > start:
        along = frame.slice_origins_mm[end] - origin
        matrix[2, 2] = (end - start) / along[2]
        matrix[0, 2] = -along[0] / along[2] / between_columns
        matrix[1, 2] = -along[1] / along[2] / between_rows
    lattice_origin = np.array([0.0, 0.0, start - block_first]) - matrix @ origin
    return EvenRun(float(part_mm[0]), float(part_mm[1]), matrix, lattice_origin)
