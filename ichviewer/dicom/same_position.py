"""Slices of one place or of kernels in turns: told apart into stacks of their own, or named.

Two reconstructions, or two passes of the scanner, may share a series UID. The one thing to get wrong:
Acquisition Number alone would tear whole series apart (some scanners count it up with every slice), so
nothing but kernels that lie among each other is split where no position is shared.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import isfinite

from ichviewer.core.receipt import counted
from ichviewer.dicom.instance import Instance
from ichviewer.dicom.scan_starts import scan_starts

Placed = tuple[Instance, int]
"""A slice and the number of its place along the normal."""

Split = tuple[list[list[Placed]], tuple[str, ...], tuple[str, ...]]
"""Parts, the names of the attributes that told them apart, and what remains in doubt."""

Attribute = tuple[str, Callable[[Instance], str]]


def kernel_key(kernel: str) -> str:
    """Convolution Kernel for comparing: the same name twice, or in other letters, is the same kernel."""
    return "\\".join(dict.fromkeys(part.strip().upper() for part in kernel.split("\\")))


KERNEL: Attribute = ("convolution kernel", lambda instance: kernel_key(instance.kernel))

OF_A_STACK: tuple[Attribute, ...] = (
    KERNEL,
    ("stack ID", lambda instance: instance.stack_id),
    ("temporal position", lambda instance: instance.temporal_position),
)
"""The same for every slice of a stack: each value makes a stack of its own."""

CONTENT_TIME: Attribute = ("content time", lambda instance: instance.content_time)

OF_A_SLICE: tuple[Attribute, ...] = (
    CONTENT_TIME,
    ("acquisition number", lambda instance: instance.acquisition_number),
)
"""May change with every slice; yet where slices share a place, the earlier scan comes first."""

UNCERTAIN_SCANS = "some slices may belong to either of two scans: they make a stack of their own"
UNCERTAIN_TURNS = "slices at places that only one of the scans covers may belong to another of them"


def told_apart(
    ordered: Sequence[Instance], places: Sequence[int]
) -> tuple[list[list[Instance]], tuple[str, ...]]:
    """Split where slices share a place, and where those of two kernels lie among each other.

    By kernel first, by Acquisition Number last. A kernel that changes once on the way splits nothing.

    Args:
        ordered: Slices of one orientation, lowest first.
        places: Number of the place of each; slices at the same position share one.

    Returns:
        The stacks, largest first, each lowest slice first; and what had to be done, in words.
    """
    whole = list(zip(ordered, places, strict=True))
    in_turns = _has_kernels_in_turns(whole)
    by_kernel = _by_value(whole, KERNEL[1]) if in_turns else [whole]
    split = [_split(part, (*OF_A_STACK, *OF_A_SLICE)) for part in by_kernel]
    parts = [part for found, _, _ in split for part in found]
    names = dict.fromkeys([KERNEL[0]] * in_turns + [name for _, found, _ in split for name in found])
    parts.sort(key=len, reverse=True)
    notes = list(dict.fromkeys(doubt for _, _, doubts in split for doubt in doubts))
    if len(parts) > 1:
        by = " and ".join(names)
        where = "at the same positions" if _shared(whole) else "with slices in turns"
        notes.append(f"the series holds {len(parts)} stacks {where}, split by {by}")
    left = sum(_shared(part) for part in parts)
    if left:
        notes.append(f"{counted(left, 'slice')} at the position of another one, not to be told apart")
    return [[instance for instance, _ in part] for part in parts], tuple(notes)


def _has_kernels_in_turns(part: Sequence[Placed]) -> bool:
    """Whether a slice of one kernel lies between, or at, those of another; an absent kernel says nothing."""
    ends: dict[str, tuple[int, int]] = {}
    for instance, place in part:
        kernel = KERNEL[1](instance)
        if kernel:
            ends[kernel] = (ends.get(kernel, (place,))[0], place)
    return any(upper[0] <= lower[1] for lower, upper in pairwise(sorted(ends.values())))


def _shared(part: Sequence[Placed]) -> int:
    """How many slices lie at the place of another one."""
    return len(part) - len({place for _, place in part})


def _split(part: list[Placed], attributes: Sequence[Attribute]) -> Split:
    """Parts without shared places, as far as *attributes* can tell."""
    if not _shared(part) or not attributes:
        return [part], (), ()
    attribute, *others = attributes
    is_of_a_stack = attribute in OF_A_STACK
    parts, doubts = (_by_value(part, attribute[1]), ()) if is_of_a_stack else _by_time(part, attribute)
    if sum(_shared(each) for each in parts) == _shared(part):
        return _split(part, others)
    split = [_split(each, others) for each in parts]
    names = dict.fromkeys((attribute[0], *(name for _, names, _ in split for name in names)))
    all_doubts = (*doubts, *(doubt for _, _, doubts in split for doubt in doubts))
    return [each for found, _, _ in split for each in found], tuple(names), all_doubts


def _by_value(part: Sequence[Placed], value: Callable[[Instance], str]) -> list[list[Placed]]:
    groups: dict[str, list[Placed]] = defaultdict(list)
    for placed in part:
        groups[value(placed[0])].append(placed)
    return [group for _, group in sorted(groups.items())]


def _by_time(part: list[Placed], attribute: Attribute) -> tuple[list[list[Placed]], tuple[str, ...]]:
    """As many parts as slices share a place at most; the whole part where the attribute does not tell.

    By value where that is enough; else one scan after the other; else, where scans were reconstructed in
    turns, by rank at each place. What that leaves in doubt is said.
    """
    value = attribute[1]
    most = max(Counter(place for _, place in part).values())
    groups = _by_value(part, value)
    if any(_shared(group) for group in groups):
        return [part], ()
    if len(groups) <= most:
        return groups, ()
    in_time = sorted(part, key=lambda placed: _as_number(value(placed[0])))
    numbers = [_as_number(value(instance))[0] for instance, _ in in_time]
    times = [_seconds(number) for number in numbers] if attribute == CONTENT_TIME else numbers
    found = scan_starts([place for _, place in in_time], times, most)
    if found is None:
        parts = _by_rank(in_time, most)
        doubts = (UNCERTAIN_TURNS,) if len({len(each) for each in parts}) > 1 else ()
    else:
        starts, is_certain = found
        parts = [in_time[first:end] for first, end in pairwise([0, *starts, len(in_time)])]
        doubts = () if is_certain else (UNCERTAIN_SCANS,)
    return [sorted(each, key=lambda placed: placed[1]) for each in parts], doubts


def _seconds(number: float) -> float:
    """Seconds of a time HHMMSS or date and time YYYYMMDDHHMMSS."""
    if not isfinite(number):
        return number
    minutes, seconds = divmod(number, 100)
    hours, minutes = divmod(minutes, 100)
    days, hours = divmod(hours, 100)
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _by_rank(in_time: Sequence[Placed], most: int) -> list[list[Placed]]:
    parts: list[list[Placed]] = [[] for _ in range(most)]
    rank: Counter[int] = Counter()
    for placed in in_time:
        parts[rank[placed[1]]].append(placed)
        rank[placed[1]] += 1
    return parts


def _as_number(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return float("inf"), text
