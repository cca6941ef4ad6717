"""Stacks of any slice positions and gantry tilt, and shapes in patient coordinates put into them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from builders import make_volume
from numpy.typing import NDArray

from ichviewer.core.geometry import StackGeometry, find_gaps
from ichviewer.core.volume import Volume

Shape = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From points, (..., 3), LPS mm, to HU, (...)."""

UNEVEN_MM = tuple(np.cumsum([0.0, *[2.0] * 9, 1.1, 3.3, 3.3, 1.1, *[3.0] * 12, 0.7, 2.4, 2.4]).tolist())
"""Positions with several runs and lone gaps; 29 slices over 71 mm."""


def stack_geometry(
    positions_mm: Sequence[float],
    tilt_degrees: float = 0.0,
    pixel_spacing_mm: tuple[float, float] = (0.8, 0.8),
    origin_mm: Sequence[float] = (-40.0, -40.0, 10.0),
) -> StackGeometry:
    """A stack as a tilted gantry makes it: slices lean, the table moves along the patient's z.

    Args:
        positions_mm: Of the slices along their normal.
        tilt_degrees: As ``geometry.tilt_degrees`` gives it.
        pixel_spacing_mm: (between rows, between columns).
        origin_mm: Of the first slice, LPS.
    """
    tilt = math.radians(tilt_degrees)
    column_direction = np.array([0.0, math.cos(tilt), math.sin(tilt)])
    table = np.asarray(positions_mm) / math.cos(tilt)
    origins = np.asarray(origin_mm) + table[:, None] * np.array([0.0, 0.0, 1.0])
    return StackGeometry(origins, np.array([1.0, 0.0, 0.0]), column_direction, pixel_spacing_mm)


def with_geometry(volume: Volume, geometry: StackGeometry) -> Volume:
    """The same pixels at other places."""
    gaps = find_gaps(geometry.positions_mm.tolist(), [None] * geometry.slice_count)
    return replace(volume, geometry=geometry, series=replace(volume.series, geometry=geometry, gaps=gaps))


def shaped_volume(geometry: StackGeometry, shape: tuple[int, int], hu: Shape, **more: object) -> Volume:
    """A stack whose every pixel has the value of *hu* at its center.

    Args:
        geometry: Where the pixels lie.
        shape: (rows, columns).
        hu: The shape.
        more: Handed to ``make_volume``.
    """
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float64)
    between_rows, between_columns = geometry.pixel_spacing_mm
    in_plane = (
        geometry.row_direction * (between_columns * columns)[..., None]
        + geometry.column_direction * (between_rows * rows)[..., None]
    )
    pixels = np.stack([np.rint(hu(origin + in_plane)) for origin in geometry.origins_mm]).astype(np.int16)
    volume = make_volume(hu=pixels, pixel_spacing_mm=geometry.pixel_spacing_mm, **more)  # type: ignore[arg-type]
    return with_geometry(volume, geometry)


def ball(center_mm: Sequence[float], radius_mm: float, hu: float = 1000.0, edge_mm: float = 6.0) -> Shape:
    """A ball in air of 0 HU, its edge *edge_mm* wide, half its value at the radius."""

    def value(points: NDArray[np.float64]) -> NDArray[np.float64]:
        distance = np.linalg.norm(points - np.asarray(center_mm), axis=-1)
        return np.asarray(hu * np.clip(0.5 - (distance - radius_mm) / edge_mm, 0, 1))

    return value
