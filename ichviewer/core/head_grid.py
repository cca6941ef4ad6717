"""A coarse, regular picture of the head in the stack frame, for what asks about its shape as a whole.

The one thing to get wrong: it is on an upright grid of the frame, no longer on the slices; tilt and uneven
spacing are already taken out.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.head import head_mask
from ichviewer.core.progress import CancelToken
from ichviewer.core.stack_frame import StackFrame, Vector
from ichviewer.core.volume import Volume

CELL_MM = 3.0
"""Side of a cell."""

SHOWN_HU = (-100.0, 150.0)
"""Values are limited to these: air and bone stand out, and brain and fluid still differ."""


@dataclass(frozen=True, eq=False)
class HeadGrid:
    """The head on a regular grid.

    Attributes:
        hu: (z, y, x), float32, limited to ``SHOWN_HU``; air outside the head.
        in_head: (z, y, x), skull and scalp included; False at heights without data.
        is_known: (z, y, x), where slices were read and their image reaches.
        corner_mm: (3,), x, y, z in the stack frame of the first cell's center.
    """

    hu: NDArray[np.float32]
    in_head: NDArray[np.bool_]
    is_known: NDArray[np.bool_]
    corner_mm: Vector


def head_grid(volume: Volume, frame: StackFrame, cancel: CancelToken | None = None) -> HeadGrid:
    """The head of a stack on cells of ``CELL_MM``.

    Slices closer together than a cell are passed over, so that a long stack takes no longer than its head is
    high. Between slices values are interpolated, but not across an unreadable one.

    Args:
        volume: The stack, at least two slices of it readable.
        frame: Its frame.
        cancel: Looked at before each slice.

    Raises:
        Cancelled: The token was cancelled.
    """
    low, high = frame.bounds_mm
    x, y = (np.arange(low[axis] + CELL_MM / 2, high[axis], CELL_MM) for axis in (0, 1))
    chosen = _apart(frame.positions_mm, volume.is_readable)
    pictures, heads, known = [], [], []
    for index in chosen:
        if cancel is not None:
            cancel.raise_if_cancelled()
        picture, head, is_known = _upright(volume, frame, index, x, y)
        pictures.append(picture)
        heads.append(head)
        known.append(is_known)
    positions = frame.positions_mm[chosen]
    z = np.arange(positions[0], positions[-1] + 1e-6, CELL_MM)
    upper = np.clip(np.searchsorted(positions, z, side="right"), 1, len(positions) - 1)
    share = ((z - positions[upper - 1]) / (positions[upper] - positions[upper - 1])).astype(np.float32)
    is_sound = _no_hole_between(volume.is_readable, chosen)[upper - 1]
    stack, head_stack, known_stack = np.stack(pictures), np.stack(heads), np.stack(known)
    weight = share[:, None, None]
    is_known = (known_stack[upper - 1] & known_stack[upper]) & is_sound[:, None, None]
    in_head = np.where(weight < 0.5, head_stack[upper - 1], head_stack[upper]) & is_known
    hu = (1 - weight) * stack[upper - 1] + weight * stack[upper]
    return HeadGrid(hu, in_head, is_known, np.array([x[0], y[0], z[0]]))


def _apart(positions_mm: Vector, is_readable: NDArray[np.bool_]) -> list[int]:
    """Readable slices at least a cell apart, lowest first."""
    chosen: list[int] = []
    for index in np.flatnonzero(is_readable):
        if not chosen or positions_mm[index] - positions_mm[chosen[-1]] > CELL_MM - 0.1:
            chosen.append(int(index))
    return chosen


def _no_hole_between(is_readable: NDArray[np.bool_], chosen: list[int]) -> NDArray[np.bool_]:
    """For each pair of chosen neighbors, whether every slice between them was read."""
    pairs = itertools.pairwise(chosen)
    return np.array([bool(is_readable[first : last + 1].all()) for first, last in pairs], dtype=np.bool_)


def _upright(
    volume: Volume, frame: StackFrame, index: int, x_mm: Vector, y_mm: Vector
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
    """One slice on the grid's columns and rows: values, head, and where its image reaches."""
    hu = np.clip(volume.measured_hu(index), *SHOWN_HU)
    cells = tuple(max(1, round(CELL_MM / spacing)) for spacing in frame.pixel_spacing_mm)
    rows, columns = (length // cell * cell for length, cell in zip(hu.shape, cells, strict=True))
    coarse = hu[:rows, :columns].reshape(rows // cells[0], cells[0], -1).mean(axis=1)
    coarse = coarse.reshape(len(coarse), columns // cells[1], cells[1]).mean(axis=2)
    head = head_mask(coarse)
    coarse[~head] = SHOWN_HU[0]
    row_origin, column_origin = ((cell - 1) / 2 for cell in cells)
    origin = frame.pixel_to_mm(index, row_origin, column_origin)
    by_row, row_known = _blend(y_mm - origin[1], frame.pixel_spacing_mm[0] * cells[0], coarse.shape[0])
    by_column, column_known = _blend(x_mm - origin[0], frame.pixel_spacing_mm[1] * cells[1], coarse.shape[1])
    is_head = by_row @ head.astype(np.float32) @ by_column.T > 0.5
    return by_row @ coarse @ by_column.T, is_head, row_known[:, None] & column_known[None, :]


def _blend(
    from_first_mm: Vector, step_mm: float, count: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Weights, (places, count), of linear interpolation at places along a line, and which lie on the line."""
    place = from_first_mm / step_mm
    weights = np.clip(1 - np.abs(np.clip(place, 0, count - 1)[:, None] - np.arange(count)), 0, None)
    return weights.astype(np.float32), (place >= -0.5) & (place <= count - 0.5)
