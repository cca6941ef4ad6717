"""What the skull surrounds in one axial slice: brain, blood and fluid, up to the bone.

Sutures, fractures and foramina are closed on the way, so that nothing runs out through them to the scalp. The
one thing to get wrong: low in the skull, where bone does not close around the brain, nothing may be found;
that is "not known", not "no brain".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.grid_shapes import dilate, largest_piece, spread

SKULL_HU = 160.0
"""Skull lies above, clotted blood and most small calcifications below."""

CELL_MM = 1.0
"""About the side of a cell of the grid on which openings are closed."""

CLOSING_CELLS = 3
"""Openings in the bone narrower than twice this many cells are closed."""

SOFT_HU = (-20.0, 100.0)
"""The middle value of what is taken for brain; air cells, fat and sinuses lie outside."""

SMALLEST_SHARE = 0.1
"""Pieces smaller than this share of the largest one are left out."""

LEAST_AREA_MM2 = 400.0
"""Less is no part of the brain, but a cell of the skull."""

PIECES = 4
"""No slice has more parts of the brain that bone keeps apart."""


def inside_skull(hu: NDArray[np.floating], pixel_spacing_mm: tuple[float, float]) -> NDArray[np.bool_]:
    """Mask of what bone surrounds, the bone itself not included.

    Args:
        hu: (rows, columns), Hounsfield units; NaN counts as air.
        pixel_spacing_mm: (between rows, between columns).

    Returns:
        (rows, columns); all False where no closed skull is seen.
    """
    cells = tuple(max(1, round(CELL_MM / spacing)) for spacing in pixel_spacing_mm)
    is_bone = np.nan_to_num(hu, nan=-1000.0) > SKULL_HU
    wall = _shrunk(is_bone, cells)
    closed = wall
    for _ in range(CLOSING_CELLS):
        closed = dilate(closed)
    border = np.ones_like(closed)
    border[1:-1, 1:-1] = False
    # Open at the image's edge is open to the outside.
    rest = ~closed & ~spread(border, ~closed)
    coarse_hu = hu[:: cells[0], :: cells[1]]
    cell_mm2 = cells[0] * pixel_spacing_mm[0] * cells[1] * pixel_spacing_mm[1]
    inside = _soft_pieces(rest, coarse_hu, LEAST_AREA_MM2 / cell_mm2)
    # Back to the bone, but not through it.
    for _ in range(CLOSING_CELLS + 1):
        inside = dilate(inside) & ~wall
    fine = np.repeat(np.repeat(inside, cells[0], axis=0), cells[1], axis=1)[: hu.shape[0], : hu.shape[1]]
    return np.asarray(fine & ~is_bone)


def _shrunk(is_bone: NDArray[np.bool_], cells: tuple[int, ...]) -> NDArray[np.bool_]:
    """Cells of which at least half are bone."""
    rows, columns = (-(-length // cell) for length, cell in zip(is_bone.shape, cells, strict=True))
    padded = np.zeros((rows * cells[0], columns * cells[1]), dtype=np.uint8)
    padded[: is_bone.shape[0], : is_bone.shape[1]] = is_bone
    by_row = padded.reshape(rows, cells[0], -1).sum(axis=1, dtype=np.uint16)
    share = by_row.reshape(rows, columns, cells[1]).sum(axis=2) / (cells[0] * cells[1])
    return np.asarray(share >= 0.5)


def _soft_pieces(rest: NDArray[np.bool_], hu: NDArray[np.floating], least_cells: float) -> NDArray[np.bool_]:
    """The largest connected pieces whose middle value is that of brain, blood or fluid."""
    found = np.zeros_like(rest)
    left = rest
    least = least_cells
    for _ in range(PIECES):
        piece = largest_piece(left)
        if piece.sum() < least:
            break
        if SOFT_HU[0] <= float(np.median(hu[piece])) <= SOFT_HU[1]:
            found |= piece
            least = max(least, SMALLEST_SHARE * float(piece.sum()))
        left = left & ~piece
    return found
