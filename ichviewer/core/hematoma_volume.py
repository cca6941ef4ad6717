"""Volume of a hematoma by ABC/2, with true slice positions.

A is the longest diameter on the slice with the largest area, B the longest perpendicular to it there, C the
height. Kothari et al., Stroke 1996;27:1304-1305, count slices for C: 1 where the area is more than 75 % of
the largest, a half from 25 to 75 %, none below 25 %. The one thing to get wrong: they multiply by the nominal
thickness; here each slice counts for the part of the stack that is nearest to it, so uneven spacing, overlaps
and thick slices of another kind in one stack do not change the volume.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ichviewer.core.stack_frame import StackFrame

FULL_SHARE, HALF_SHARE = 0.75, 0.25
WEIGHTS = (0.0, 0.5, 1.0)


@dataclass(frozen=True)
class HematomaSlice:
    """How much one slice counts for the height.

    Attributes:
        slice_index: Counted from 0.
        weight: 0, 0.5 or 1.
        area_mm2: Area of the hematoma from which the weight follows; None where the reader judged by eye, as
            in the paper.
    """

    slice_index: int
    weight: float
    area_mm2: float | None = None

    def __post_init__(self) -> None:
        if self.weight not in WEIGHTS:
            raise ValueError(f"A slice counts 0, 0.5 or 1, not {self.weight}.")


def slice_weight(area: float, largest_area: float) -> float:
    """How much a slice counts (Kothari et al. 1996).

    >>> slice_weight(76, 100), slice_weight(75, 100), slice_weight(25, 100), slice_weight(24, 100)
    (1.0, 0.5, 0.5, 0.0)
    """
    if area > FULL_SHARE * largest_area:
        return 1.0
    return 0.5 if area >= HALF_SHARE * largest_area and area > 0 else 0.0


def weighed_by_area(areas_mm2: Mapping[int, float]) -> tuple[HematomaSlice, ...]:
    """Slices with their weights, lowest first, from the area of the hematoma on each.

    Args:
        areas_mm2: Area by slice index; slices that are not named show none.
    """
    largest = max(areas_mm2.values(), default=0.0)
    return tuple(
        HematomaSlice(index, slice_weight(area, largest), area)
        for index, area in sorted(areas_mm2.items())
        if area > 0
    )


def weighed_by_eye(
    slices: Iterable[HematomaSlice], slice_index: int, weight: float | None
) -> tuple[HematomaSlice, ...]:
    """The slices with the reader's judgment of one of them; None takes that slice out."""
    others = {each.slice_index: each for each in slices if each.slice_index != slice_index}
    if weight is not None:
        others[slice_index] = HematomaSlice(slice_index, weight)
    return tuple(others[index] for index in sorted(others))


def largest_slice(slices: Iterable[HematomaSlice]) -> int | None:
    """Slice with the largest area; None where no area is known."""
    known = [(each.area_mm2, -each.slice_index) for each in slices if each.area_mm2 is not None]
    return -max(known)[1] if known else None


def height_mm(slices: Iterable[HematomaSlice], frame: StackFrame) -> float:
    """C: the extents of the slices along the normal, each by its weight, mm.

    With even spacing this is the number of slices that count times their distance.

    Raises:
        ValueError: The stack has one slice only, whose extent nobody knows, or a slice is not in the stack.
    """
    if frame.slice_count < 2:
        raise ValueError("The height cannot be known from a stack of one slice.")
    extents = frame.slice_extents_mm[:, 1] - frame.slice_extents_mm[:, 0]
    height = 0.0
    for each in slices:
        if not 0 <= each.slice_index < frame.slice_count:
            raise ValueError(f"The stack has no slice {each.slice_index + 1}.")
        height += each.weight * float(extents[each.slice_index])
    return height


def abc2_ml(a_mm: float, b_mm: float, c_mm: float) -> float:
    """Volume of a hematoma, A x B x C / 2, milliliters.

    It is near that of an ellipsoid with these diameters, pi / 6 ABC.

    >>> abc2_ml(40, 30, 20)
    12.0
    """
    return a_mm * b_mm * c_mm / 2 / 1000
