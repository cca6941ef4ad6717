"""How far data may grow before they are a bomb: ZIP members, deflated data sets, compressed pixels."""

from __future__ import annotations

HIGHEST_RATIO = 200
"""Times that large data may grow. Head CT grows two- to fourfold, an empty slice a thousandfold."""

SMALL_BYTES = 1 << 26
"""Up to this size data may grow as they like."""


def grows_like_a_bomb(inflated_bytes: int, compressed_bytes: int) -> bool:
    """Whether so much can only be meant to fill the memory.

    >>> grows_like_a_bomb(1 << 20, 1 << 10), grows_like_a_bomb(1 << 28, 1 << 18)
    (False, True)
    """
    return inflated_bytes > max(SMALL_BYTES, HIGHEST_RATIO * compressed_bytes)
