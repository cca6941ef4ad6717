"""Slices that may show one head: pairs of thumbnails that are almost the same, found without comparing all.

Thumbnails are unit vectors, so a correlation of *c* is a distance of sqrt(2 - 2 c), and projections never
make distances longer. Slices are put into cells of that size along their three main directions; only
neighboring cells are compared, first in a few more directions, then in full. No pair is missed, and nothing
of the size of all pairs is held.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

DUPLICATE_CORRELATION = 0.97
"""Framed slices whose 32 x 32 thumbnails correlate at least so may show one head."""

CELL_DIRECTIONS, SIEVE_DIRECTIONS = 3, 24
SAMPLE = 400
TILE = 2_048
SLACK = 1e-4
"""Rounding of float32 must not lose a pair."""

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


def thumbnails(framed: NDArray[np.float32], side: int = 32) -> NDArray[np.float32]:
    """Standardized thumbnails of the first channel.

    Args:
        framed: (slices, channels, size, size); *size* is at least *side*.
        side: Of a thumbnail.

    Returns:
        (slices, side * side), zero mean and unit length; zeros for a flat picture.
    """
    count, _, size, _ = framed.shape
    cell = size // side
    used = framed[:, 0, : cell * side, : cell * side]
    small = np.asarray(used).reshape(count, side, cell, side, cell).mean(axis=(2, 4)).reshape(count, -1)
    small = small - small.mean(axis=1, keepdims=True)
    length = np.linalg.norm(small, axis=1, keepdims=True)
    return np.asarray(np.where(length > 1e-6, small / np.maximum(length, 1e-6), 0), dtype=np.float32)


def near_duplicate_pairs(
    small: NDArray[np.float32], wanted: NDArray[np.bool_], correlation: float = DUPLICATE_CORRELATION
) -> Iterator[Pairs]:
    """All pairs of which at least one is wanted, piece by piece.

    Args:
        small: (slices, d), from ``thumbnails``.
        wanted: (slices,).
        correlation: At least so alike.

    Yields:
        Indices of wanted slices and of others; two wanted slices come once, the lower index first.
    """
    if len(small) < 2 or not wanted.any():
        return
    sieve = _projected(small)
    reach = float(np.sqrt(max(0.0, 2 - 2 * correlation))) + SLACK
    # A flat picture is like no other.
    usable = np.flatnonzero(np.abs(small).max(axis=1) > 0)
    cells = _cells(sieve, usable, reach)
    for key, members in cells.items():
        from_here = members[wanted[members]]
        if not len(from_here):
            continue
        near = [tuple(np.add(key, step)) for step in product((-1, 0, 1), repeat=len(key))]
        others = np.concatenate([cells[cell] for cell in near if cell in cells])
        for a in _tiles(from_here):
            for b in _tiles(others):
                yield _compared(small, sieve, _Tile(a, b), wanted, correlation, reach)


def _projected(small: NDArray[np.float32]) -> NDArray[np.float32]:
    """Coordinates along the main directions of a sample, (slices, SIEVE_DIRECTIONS)."""
    generator = np.random.default_rng(0)
    sample = small[np.sort(generator.permutation(len(small))[:SAMPLE])]
    _, _, directions = np.linalg.svd(sample - sample.mean(axis=0), full_matrices=False)
    return np.asarray(small @ directions[:SIEVE_DIRECTIONS].T, dtype=np.float32)


def _cells(
    sieve: NDArray[np.float32], usable: NDArray[np.int64], reach: float
) -> dict[tuple[int, ...], NDArray[np.int64]]:
    """Slices by cell; slices within *reach* of each other are in the same or in neighboring cells."""
    if not len(usable):
        return {}
    numbers = np.floor(sieve[usable, :CELL_DIRECTIONS] / reach).astype(np.int64)
    keys, cell_of = np.unique(numbers, axis=0, return_inverse=True)
    order = np.argsort(cell_of.ravel(), kind="stable")
    bounds = np.searchsorted(cell_of.ravel()[order], np.arange(1, len(keys)))
    members = np.split(usable[order], bounds)
    return {tuple(int(n) for n in key): group for key, group in zip(keys, members, strict=True)}


def _tiles(indices: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    yield from (indices[first : first + TILE] for first in range(0, len(indices), TILE))


@dataclass(frozen=True, eq=False)
class _Tile:
    """Two groups of slices that are compared with each other."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]


def _compared(
    small: NDArray[np.float32],
    sieve: NDArray[np.float32],
    tile: _Tile,
    wanted: NDArray[np.bool_],
    correlation: float,
    reach: float,
) -> Pairs:
    first, second = sieve[tile.a], sieve[tile.b]
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)[None, :]
    rows, columns = np.nonzero(squares - 2 * first @ second.T <= reach**2 + SLACK)
    a, b = tile.a[rows], tile.b[columns]
    is_pair = (a < b) | ((a > b) & ~wanted[b])
    a, b = a[is_pair], b[is_pair]
    alike = np.concatenate(
        [
            np.einsum("ij,ij->i", small[a[start : start + TILE]], small[b[start : start + TILE]])
            for start in range(0, len(a), TILE)
        ]
        or [np.zeros(0, dtype=np.float32)]
    )
    found = alike >= correlation
    return a[found], b[found]
