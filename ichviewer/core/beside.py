"""Stacks that are shown beside the open one, the prior and the bone kernel, and which of their slices.

The one thing to get wrong: positions in mm of two series mean the same place only where Frame of Reference
UID (0020,0052) is equal (PS3.3 C.7.4.1.1.1). All else is an alignment that somebody chose, and is said so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ichviewer.core.head import head_box
from ichviewer.core.head_bounds import head_bounds_mm
from ichviewer.core.series import Series
from ichviewer.core.stack_frame import LONE_SLICE_MM, StackFrame, Vector
from ichviewer.core.volume import Volume


class Alignment(StrEnum):
    """Why two slices are shown as the same place, in words."""

    FRAME = "same frame of reference"
    VERTEX = "by distance from the vertex"
    READER = "as linked by the reader"


MOST_TURNED_DEGREES = 1.0
"""Slices of two series that are turned farther against each other do not show the same place."""


@dataclass(frozen=True)
class Match:
    """The slice of a stack that lies nearest to a position.

    Attributes:
        slice_index: Counted from 0.
        off_mm: How far it lies from the position.
        is_near: Whether that is at most half the usual spacing.
    """

    slice_index: int
    off_mm: float
    is_near: bool


@dataclass(frozen=True, eq=False)
class PriorStack:
    """An earlier stack beside the open one; it never carries scores, heat or exports of the open one.

    Attributes:
        volume: Its pixels.
        receipt: Its geometry in words.
        differences: What speaks against one patient (``core.identity``); the view is framed in red.
        alignment: How positions are linked.
        offset_mm: Its z minus the open stack's at the same place; not used for ``FRAME``.
        slice_index: Its slice while scrolling is not linked.
        head_middle_mm: (x, y) of the middle of its head, in its own frame; None where no head is seen.
    """

    volume: Volume
    receipt: str
    differences: tuple[str, ...]
    alignment: Alignment
    offset_mm: float
    slice_index: int
    head_middle_mm: tuple[float, float] | None = None


@dataclass(frozen=True)
class PriorRefusal:
    """A series that was not shown as prior, until the reader insists.

    Attributes:
        series_key: ``Series.key``.
        differences: What speaks against one patient.
    """

    series_key: str
    differences: tuple[str, ...]


def shares_frame(series: Series, other: Series) -> bool:
    """Whether positions of two series mean the same places of one patient."""
    return (
        bool(series.frame_of_reference_uid)
        and series.frame_of_reference_uid == other.frame_of_reference_uid
        and series.patient.patient_id == other.patient.patient_id
        and series.has_positions
        and other.has_positions
    )


def lies_alike(series: Series, other: Series) -> bool:
    """Whether the slices of two series are parallel and turned alike.

    Middles of slices can coincide while the edges of the head are centimeters apart, as between a tilted and
    an upright acquisition: 1 degree moves an edge 100 mm from the middle by 1.7 mm.
    """
    if series.geometry is None or other.geometry is None:
        return False
    least = math.cos(math.radians(MOST_TURNED_DEGREES))
    pairs = (
        (series.geometry.normal, other.geometry.normal),
        (series.geometry.row_direction, other.geometry.row_direction),
    )
    return all(float(one @ two) >= least for one, two in pairs)


def match_at(frame: StackFrame, z_mm: float) -> Match:
    """The slice nearest to a position along the normal of a stack."""
    index = frame.nearest_slice(z_mm)
    spacing = float(np.median(np.diff(frame.positions_mm))) if frame.slice_count > 1 else LONE_SLICE_MM
    off = abs(float(frame.positions_mm[index]) - z_mm)
    return Match(index, off, off <= spacing / 2 + 1e-3)


def same_place(volume: Volume, slice_index: int, beside: Volume) -> Match:
    """The slice of *beside* at the place of a slice of *volume*; both have one frame of reference."""
    return match_at(
        beside.frame, float(beside.frame.from_patient_mm(slice_middle_mm(volume, slice_index))[2])
    )


def slice_middle_mm(volume: Volume, slice_index: int) -> Vector:
    """Middle of a slice in patient coordinates, LPS, (3,)."""
    rows, columns = volume.shape
    middle = volume.frame.pixel_to_mm(slice_index, (rows - 1) / 2, (columns - 1) / 2)
    return volume.frame.to_patient_mm(middle)


def picture_shift_mm(
    volume: Volume, slice_index: int, beside: Volume, beside_index: int
) -> tuple[float, float]:
    """How far the middle of a slice of *beside* lies from that of *volume*'s, (right, down), mm."""
    apart = slice_middle_mm(beside, beside_index) - slice_middle_mm(volume, slice_index)
    right, down, _ = volume.frame.direction_from_patient(apart)
    return float(right), float(down)


def vertex_mm(volume: Volume) -> float:
    """Height of the highest slice in which a head is seen; of the highest slice where none is; z, mm."""
    for index in reversed(range(volume.slice_count)):
        if volume.is_readable[index] and head_box(volume.measured_hu(index)) is not None:
            return float(volume.frame.positions_mm[index])
    return float(volume.frame.positions_mm[-1])


def prior_beside(current: Volume, prior: Volume, receipt: str, differences: tuple[str, ...]) -> PriorStack:
    """A prior linked with the open stack: by frame of reference, else by the distance from the vertex."""
    middle = prior.slice_count // 2
    if not differences and shares_frame(current.series, prior.series):
        return PriorStack(prior, receipt, differences, Alignment.FRAME, 0.0, middle)
    offset, head = vertex_mm(prior) - vertex_mm(current), _head_middle_mm(prior)
    return PriorStack(prior, receipt, differences, Alignment.VERTEX, offset, middle, head)


def _head_middle_mm(volume: Volume) -> tuple[float, float] | None:
    bounds = head_bounds_mm(volume, volume.slice_count // 2)
    if bounds is None:
        return None
    (left, front), (right, back) = bounds
    return (left + right) / 2, (front + back) / 2


def linked_match(current: Volume, slice_index: int, prior: PriorStack) -> Match:
    """The prior's slice at the place of a slice of the open stack."""
    if prior.alignment is Alignment.FRAME:
        return same_place(current, slice_index, prior.volume)
    return match_at(prior.volume.frame, float(current.frame.positions_mm[slice_index]) + prior.offset_mm)
