"""Where the head is in one axial slice, from Hounsfield units alone.

Used twice: to frame the network's input, and to keep heat maps off the air around the head. A
coarse grid decides (largest connected piece of tissue), so that tables and head holders, thin
and apart, fall away. The threshold is above 0 HU, so a brain-window picture gives the same head
as full-range data.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.grid_shapes import dilate, erode, fill_holes, largest_piece, spread

GRID_CELLS = 64
"""The coarse grid has at most this many cells along a side."""

TISSUE_HU = 10.0
"""Brain, muscle, skin and bone lie above, fat and air below; so do they in every windowed picture."""

SCALP_HU = -200.0
"""Fat of the scalp lies above, air below."""


def coarse_head(hu: NDArray[np.floating]) -> tuple[NDArray[np.bool_], int]:
    """Head on a coarse grid, holes filled.

    Args:
        hu: (rows, columns), Hounsfield units.

    Returns:
        Mask of grid cells, and the side of a cell in pixels; all False where there is no tissue.
    """
    piece, cell = _coarse_piece(hu)
    return fill_holes(piece), cell


def _coarse_piece(hu: NDArray[np.floating]) -> tuple[NDArray[np.bool_], int]:
    """The largest piece of tissue on the coarse grid, holes and all, and the side of a cell in pixels."""
    cell = max(1, -(-max(hu.shape) // GRID_CELLS))
    rows, columns = (-(-length // cell) for length in hu.shape)
    tissue = np.zeros((rows * cell, columns * cell), dtype=np.uint8)
    tissue[: hu.shape[0], : hu.shape[1]] = hu > TISSUE_HU
    by_row = tissue.reshape(rows, cell, columns * cell).sum(axis=1, dtype=np.uint32)
    share = by_row.reshape(rows, columns, cell).sum(axis=2) / cell**2
    return largest_piece(share > 0.5), cell


def head_box(hu: NDArray[np.floating]) -> tuple[float, float, float, float] | None:
    """Smallest upright box around the head, edges in pixels (top, bottom, left, right); None without one."""
    # Holes lie inside the box, so they need not be filled.
    mask, cell = _coarse_piece(hu)
    if not mask.any():
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        float(rows[0] * cell),
        float(min((rows[-1] + 1) * cell, hu.shape[0])),
        float(columns[0] * cell),
        float(min((columns[-1] + 1) * cell, hu.shape[1])),
    )


def head_mask(hu: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Head, skull and scalp of one slice, (rows, columns); air cells inside the head belong to it.

    Args:
        hu: (rows, columns), Hounsfield units.

    Returns:
        True inside the head; all False where there is none.
    """
    coarse, cell = coarse_head(hu)
    inner = _upsample(erode(coarse), cell, hu.shape)
    outer = _upsample(dilate(dilate(coarse)), cell, hu.shape)
    return np.asarray(inner | (outer & (hu > SCALP_HU)))


BONE_HU = 65.0
"""Skull lies above in every picture that holds 70 HU; brain and most blood's edge below."""


def brain_mask(hu: NDArray[np.floating]) -> NDArray[np.bool_]:
    """What the skull surrounds, (rows, columns), coarse; all False where no closed skull is found.

    The largest piece of the head that bright bone cuts off from the outside. Skull and face are left out, and
    so is blood in the cells right beside the bone: this is a training choice of one published system, not for
    reports.

    Args:
        hu: (rows, columns), Hounsfield units.
    """
    head, cell = coarse_head(hu)
    rows, columns = head.shape
    bright = np.zeros((rows * cell, columns * cell), dtype=np.uint8)
    bright[: hu.shape[0], : hu.shape[1]] = hu > BONE_HU
    bone = bright.reshape(rows, cell, columns, cell).mean(axis=(1, 3)) > 0.5
    outside = np.ones_like(head)
    outside[1:-1, 1:-1] = False
    inside = head & ~bone & ~spread(outside | ~head, ~bone)
    return _upsample(largest_piece(inside), cell, hu.shape)


def _upsample(mask: NDArray[np.bool_], cell: int, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    return np.repeat(np.repeat(mask, cell, axis=0), cell, axis=1)[: shape[0], : shape[1]]
