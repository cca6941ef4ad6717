"""A tour of the places where bleeds are missed: what to look for there, how, and about where it is.

Levels are millimeters below the brain's vertex, along the slice normal, in an adult. They lie between those
read off two patients' heads (scanned at tilts of -11 and -18.5 degrees) and those of the procedural head, no
farther than 10 mm from any. The one thing to get wrong: a stop says **about here**; it is found by height
alone, and no anatomy is recognized.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.brain_extent import BrainExtent, NoExtent, brain_extent
from ichviewer.core.geometry import StackGeometry
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import BONE, BRAIN, SUBDURAL, Window

SURE_WITHIN_MM = 10.0
"""Levels of the heads that they were read off lie within this of the estimate."""

ADULT_CM2 = 150.0
"""The widest cut through the brain of an adult is at least this large; smaller heads are scaled down."""

WEI = "Wei et al., AJNR 2010;31:334"
STRUB = "Strub et al., AJNR 2007;28:1679"
AMRHEIN = "Amrhein et al., Emerg Radiol 2017;24:39"
BAHRAMI = "Bahrami and Yousem, RadioGraphics 2009;29:1981"


class Cut(StrEnum):
    """The plane in which a place is best seen."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"


@dataclass(frozen=True)
class BlindSpot:
    """A place where bleeds are missed.

    Attributes:
        name: In a list.
        look_for: One sentence.
        source: Who found bleeds missed there, or names it a blind spot.
        cut: Suggested plane.
        window: Suggested window.
        below_vertex_mm: (from, at, to), mm below an adult brain's vertex; the tour stops at the second.
        from_front: Where the tour stops from front (0) to back (1) of the brain.
    """

    name: str
    look_for: str
    source: str
    cut: Cut
    window: Window
    below_vertex_mm: tuple[float, float, float]
    from_front: float


BLIND_SPOTS: tuple[BlindSpot, ...] = (
    BlindSpot(
        "Vertex",
        "A thin extra-axial collection under the top of the skull, averaged with bone on axial slices.",
        WEI,
        Cut.CORONAL,
        SUBDURAL,
        (0, 6, 15),
        0.5,
    ),
    BlindSpot(
        "Sulci of the convexity",
        "One or two sulci brighter than their neighbors on the other side: subarachnoid blood.",
        BAHRAMI,
        Cut.AXIAL,
        BRAIN,
        (10, 28, 55),
        0.5,
    ),
    BlindSpot(
        "Convexity under the skull",
        "A thin crescent along the inner table that is as bright as bone in the brain window.",
        AMRHEIN,
        Cut.CORONAL,
        SUBDURAL,
        (10, 45, 90),
        0.35,
    ),
    BlindSpot(
        "Falx",
        "A falx that is thicker or brighter on one side or along one stretch: parafalcine subdural.",
        STRUB,
        Cut.CORONAL,
        SUBDURAL,
        (10, 40, 75),
        0.6,
    ),
    BlindSpot(
        "Tentorium",
        "A sheet that is thicker or brighter on one side: subdural blood on or under the tentorium.",
        WEI,
        Cut.CORONAL,
        SUBDURAL,
        (70, 84, 100),
        0.78,
    ),
    BlindSpot(
        "Interpeduncular and suprasellar cisterns",
        "A cistern that is not dark, even a drop of it: subarachnoid blood.",
        STRUB,
        Cut.AXIAL,
        BRAIN,
        (88, 94, 100),
        0.47,
    ),
    BlindSpot(
        "Floor of the anterior fossa",
        "A contusion or a thin collection on the orbital roofs, averaged with bone on axial slices.",
        WEI,
        Cut.CORONAL,
        SUBDURAL,
        (96, 102, 108),
        0.14,
    ),
    BlindSpot(
        "Temporal tips",
        "A contusion or an epidural collection in front of the temporal lobe, behind the sphenoid wing.",
        WEI,
        Cut.CORONAL,
        SUBDURAL,
        (100, 108, 116),
        0.26,
    ),
    BlindSpot(
        "Floor of the middle fossa",
        "A contusion or a thin collection under the temporal lobe, averaged with bone on axial slices.",
        WEI,
        Cut.CORONAL,
        SUBDURAL,
        (106, 113, 120),
        0.42,
    ),
    BlindSpot(
        "Floor of the posterior fossa",
        "Blood along the occipital bone or in the cerebellum, under streaks between the petrous bones.",
        BAHRAMI,
        Cut.SAGITTAL,
        SUBDURAL,
        (110, 122, 134),
        0.78,
    ),
    BlindSpot(
        "Foramen magnum",
        "Blood around the medulla, tonsils low in the foramen, a fracture of its rim.",
        BAHRAMI,
        Cut.SAGITTAL,
        BONE,
        (118, 128, 138),
        0.68,
    ),
)


@dataclass(frozen=True)
class Stop:
    """A place of the tour in one stack.

    Attributes:
        spot: Which.
        slice_index: The slice nearest to the level.
        first: Lowest slice that may show the place.
        last: Highest slice that may show the place.
        x_mm: Middle of the brain, along x of the stack's frame (from the first pixel of the lowest slice).
        y_mm: Along y of the stack's frame.
        text: Where it is, with how sure that is.
    """

    spot: BlindSpot
    slice_index: int
    first: int
    last: int
    x_mm: float
    y_mm: float
    text: str


@dataclass(frozen=True)
class LeftOut:
    """A place that this stack does not hold.

    Attributes:
        spot: Which.
        reason: A sentence.
    """

    spot: BlindSpot
    reason: str


def blind_spot_tour(volume: Volume) -> tuple[Stop | LeftOut, ...] | NoExtent:
    """The tour through a stack, from the vertex down, or why there is none.

    Takes some tenths of a second: work for a thread of its own.

    Args:
        volume: Read to the end.
    """
    extent = brain_extent(volume)
    if isinstance(extent, NoExtent):
        return extent
    readable = np.flatnonzero(volume.is_readable)
    return tuple(_stop(spot, extent, volume.geometry, readable) for spot in BLIND_SPOTS)


def size_scale(widest_cm2: float) -> float:
    """How much smaller than an adult's a head is, along a line; 1 for every adult.

    >>> size_scale(183.0), round(size_scale(120.0), 2)
    (1.0, 0.89)
    """
    return float(min(1.0, np.sqrt(widest_cm2 / ADULT_CM2)))


def _stop(
    spot: BlindSpot, extent: BrainExtent, geometry: StackGeometry, readable: NDArray[np.intp]
) -> Stop | LeftOut:
    scale = size_scale(extent.widest_cm2)
    high, at, low = (extent.vertex_mm - scale * depth for depth in spot.below_vertex_mm)
    positions = geometry.positions_mm
    lowest, highest = float(positions[readable[0]]), float(positions[readable[-1]])
    half_gap = 0.5 * float(np.median(np.diff(positions))) if len(positions) > 1 else 0.0
    if at < lowest - half_gap or at > highest + half_gap:
        beyond = lowest - at if at < lowest else at - highest
        side = "above" if at < lowest else "below"
        return LeftOut(spot, f"Not in this stack: it ends about {beyond:.0f} mm {side} this level.")
    nearest = int(readable[int(np.argmin(np.abs(positions[readable] - at)))])
    within = readable[(positions[readable] >= low) & (positions[readable] <= high)]
    first, last = (int(within[0]), int(within[-1])) if len(within) else (nearest, nearest)
    x_mm, y_mm = _in_frame(spot, extent, geometry)
    text = (
        f"About here: slice {nearest + 1}, {extent.vertex_mm - at:.0f} mm below the vertex, give or take"
        f" {SURE_WITHIN_MM:.0f} mm; found by height alone."
    )
    return Stop(spot, nearest, min(first, nearest), max(last, nearest), x_mm, y_mm, text)


def _in_frame(spot: BlindSpot, extent: BrainExtent, geometry: StackGeometry) -> tuple[float, float]:
    """Place in x and y of the stack's frame, from the brain's box on its widest slice."""
    top, bottom, left, right = extent.box_px
    row, column = top + spot.from_front * (bottom - top), (left + right) / 2
    offset = geometry.point_mm(extent.widest_slice, row, column) - geometry.origins_mm[0]
    return float(offset @ geometry.row_direction), float(offset @ geometry.column_direction)
