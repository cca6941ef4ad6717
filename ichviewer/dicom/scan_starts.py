"""Where, in slices in order of time, one scan ends and the next begins.

The one thing to get wrong: a scan must be over before it comes back to a place, but it may be over long
before that. Where neither the places nor the times show when, nothing is sewn on to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

LONGEST_STEP = 2.0
"""Times the next longest step, and the usual one: a step of places or time that divides two scans."""


def scan_starts(places: Sequence[int], seconds: Sequence[float], count: int) -> tuple[list[int], bool] | None:
    """Indices at which a new scan begins, the first one left out.

    Args:
        places: Number of the place of each slice along the normal, in order of time.
        seconds: Time of each, ascending; infinite where unknown.
        count: Scans to be found, none of which has a place twice.

    Returns:
        The starts, and whether they are certain. Where they are not, every start that may be one is given:
        the slices between are of the one scan or of the other. None where the scans do not follow each
        other.

    >>> scan_starts([0, 1, 2, 3, 6, 5, 4, 3, 2], range(9), 2)
    ([4], True)
    >>> scan_starts([0, 1, 2, 3, 4, 3, 2], range(7), 2)
    ([4, 5], False)
    """
    latest = _starts(places)
    if len(latest) + 1 != count:
        return None
    earliest = sorted(len(places) - start for start in _starts(places[::-1]))
    bounds = list(zip(earliest, latest, strict=True))
    axes = _steps(places), _steps(seconds)
    chosen = [_divide(axes, *bound) for bound in bounds]
    certain = [start for start in chosen if start is not None]
    pieces = list(pairwise([0, *certain, len(places)]))
    if len(certain) == len(bounds) and all(a < b and _is_once(places[a:b]) for a, b in pieces):
        return certain, True
    return sorted({*earliest, *latest}), False


def _starts(places: Sequence[int]) -> list[int]:
    """Starts as late as can be: where a place comes again."""
    starts: list[int] = []
    seen: set[int] = set()
    for index, place in enumerate(places):
        if place in seen:
            starts.append(index)
            seen = set()
        seen.add(place)
    return starts


def _steps(axis: Sequence[float]) -> tuple[NDArray[np.float64], float]:
    """How far each slice is from the one before, and the usual step; 0 where unknown."""
    with np.errstate(invalid="ignore", over="ignore"):
        steps = np.abs(np.diff(np.asarray(axis, np.float64)))
    steps[~np.isfinite(steps)] = 0
    return steps, float(np.median(steps))


def _divide(axes: Sequence[tuple[NDArray[np.float64], float]], first: int, last: int) -> int | None:
    """The start from *first* to *last* that the places or the times show; None if none, or not the same."""
    if first == last:
        return first
    shown = [_longest_step(steps[first - 1 : last], usual, first) for steps, usual in axes]
    found = {start for start in shown if start is not None}
    return found.pop() if len(found) == 1 else None


def _longest_step(steps: NDArray[np.float64], usual: float, first: int) -> int | None:
    """The start at a step far longer than the others; None if there is none."""
    longest = int(steps.argmax())
    others = max(float(np.delete(steps, longest).max()), usual)
    return first + longest if steps[longest] > 0 and steps[longest] >= LONGEST_STEP * others else None


def _is_once(places: Sequence[int]) -> bool:
    return len(set(places)) == len(places)
