"""Which slice is read next: always the one nearest to the slice that the reader looks at.

The order decides when a slice is there, never what it holds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass
class WantedSlice:
    """The slice in view: one thread sets it at any time, another one looks at it between two slices.

    Attributes:
        slice_index: 0 = lowest.
    """

    slice_index: int


def nearest_first(slices: Iterable[int], wanted: WantedSlice) -> Iterator[int]:
    """Each of *slices* once; every time the one nearest to *wanted* as it stands then, the lower of two.

    >>> list(nearest_first(range(5), WantedSlice(3)))
    [3, 2, 4, 1, 0]
    """
    left = sorted(slices)
    while left:
        here = wanted.slice_index
        at = bisect_left(left, here)
        if at == len(left) or (at and here - left[at - 1] <= left[at] - here):
            at -= 1
        yield left.pop(at)
