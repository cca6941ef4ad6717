"""The localizer with the cut lines: where slices of the open stack lie on the scout.

The lines are true intersections of two planes in patient coordinates (PS3.3 C.7.6.2). The one thing to get
wrong: positions of scout and slices can be compared only in one frame of reference; else no line is drawn,
and it is said why.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ichviewer.core.beside import shares_frame
from ichviewer.core.geometry import StackGeometry
from ichviewer.core.series import FolderContents, Series
from ichviewer.core.stack_frame import Vector
from ichviewer.core.volume import Volume

PARALLEL = 1e-3
"""Two planes whose normals' cross product is shorter have no line worth drawing (0.06 degrees)."""

Line = tuple[tuple[float, float], tuple[float, float]]
"""Two ends, (column, row) in pixels of the scout; 0.5 is the middle of the first pixel."""


@dataclass(frozen=True, eq=False)
class Localizer:
    """One scout image of the open study.

    Attributes:
        volume: The scout's stack; its middle slice is shown.
        refusal: Why no lines can be drawn on it, in words; empty where they can.
    """

    volume: Volume
    refusal: str = ""

    @property
    def slice_index(self) -> int:
        """The slice that is shown."""
        return self.volume.slice_count // 2


def localizer_series(contents: FolderContents | None, opened: Series) -> Series | None:
    """The scout of the study of the open series; None if there is none.

    One in the same frame of reference comes first, then a view from the side before one from the front.
    """
    scouts = [
        series
        for series in (() if contents is None else contents.series)
        if series.kind == "localizer"
        and series.key != opened.key
        and series.study_instance_uid == opened.study_instance_uid
        and series.patient.patient_id == opened.patient.patient_id
    ]
    order = ("sagittal", "coronal")
    return max(
        scouts,
        key=lambda series: (
            not why_no_lines(series, opened),
            -order.index(series.orientation) if series.orientation in order else -len(order),
        ),
        default=None,
    )


def why_no_lines(scout: Series, opened: Series) -> str:
    """Why slices of a series cannot be drawn on a scout; empty where they can."""
    if not scout.is_measured or not opened.is_measured:
        return "no cut lines: the files do not say where the images lie"
    if not scout.frame_of_reference_uid or not opened.frame_of_reference_uid:
        return "no cut lines: the frame of reference is missing"
    if not shares_frame(scout, opened):
        return "no cut lines: the localizer has another frame of reference"
    return ""


def cut_line_on(scout: Localizer, volume: Volume, slice_index: int) -> Line | None:
    """Where a slice cuts the scout, as far as both images reach.

    Returns:
        None where the planes are parallel, or the images do not meet.
    """
    here, there = scout.volume.geometry, volume.geometry
    along = np.cross(here.normal, there.normal)
    length = float(np.linalg.norm(along))
    if length < PARALLEL:
        return None
    along /= length
    corner = here.origins_mm[scout.slice_index]
    # The line's point nearest to the scout's corner: it lies in the scout, and towards the slice.
    towards = np.cross(along, here.normal)
    to_slice = float((there.origins_mm[slice_index] - corner) @ there.normal)
    point = corner + towards * (to_slice / float(towards @ there.normal))
    low, high = _within(here, scout.slice_index, scout.volume.shape, point, along)
    low_there, high_there = _within(there, slice_index, volume.shape, point, along)
    low, high = max(low, low_there), min(high, high_there)
    if low >= high:
        return None
    first, last = (_place(here, corner, point + along * end) for end in (low, high))
    return first, last


def slice_at(scout: Localizer, volume: Volume, column: float, row: float) -> int:
    """The slice whose plane lies nearest to a place of the scout, (column, row) as in ``Line``."""
    geometry = scout.volume.geometry
    between_rows, between_columns = geometry.pixel_spacing_mm
    point = (
        geometry.origins_mm[scout.slice_index]
        + geometry.row_direction * ((column - 0.5) * between_columns)
        + geometry.column_direction * ((row - 0.5) * between_rows)
    )
    return volume.frame.nearest_slice(float(volume.frame.from_patient_mm(point)[2]))


def _within(
    geometry: StackGeometry, slice_index: int, shape: tuple[int, int], point: Vector, along: Vector
) -> tuple[float, float]:
    """From where to where a line, *point* + t * *along*, lies within a slice's rectangle, mm."""
    low, high = -np.inf, np.inf
    from_corner = point - geometry.origins_mm[slice_index]
    sides = (
        (geometry.row_direction, geometry.pixel_spacing_mm[1], shape[1]),
        (geometry.column_direction, geometry.pixel_spacing_mm[0], shape[0]),
    )
    for direction, spacing, count in sides:
        start, speed = float(from_corner @ direction), float(along @ direction)
        edges = -spacing / 2, (count - 0.5) * spacing
        if abs(speed) < 1e-9:
            if not edges[0] <= start <= edges[1]:
                return 0.0, 0.0
            continue
        ends = sorted((edge - start) / speed for edge in edges)
        low, high = max(low, ends[0]), min(high, ends[1])
    return float(low), float(high)


def _place(geometry: StackGeometry, corner: Vector, point: Vector) -> tuple[float, float]:
    between_rows, between_columns = geometry.pixel_spacing_mm
    from_corner = point - corner
    column = float(from_corner @ geometry.row_direction) / between_columns + 0.5
    row = float(from_corner @ geometry.column_direction) / between_rows + 0.5
    return column, row
