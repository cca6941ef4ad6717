"""The pixels within a drawn shape: stored ones of a slice, or interpolated ones of a reformat.

The one thing to get wrong: slope, intercept and padding belong to the slice; padding is compared with stored
values before rescale and is no measurement.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.plane import Plane, ReformatSource, triple
from ichviewer.core.region import Region
from ichviewer.core.roi import PixelCenters, inside_box, inside_ellipse, inside_outline
from ichviewer.core.stack_frame import Vector
from ichviewer.core.volume import Volume


@dataclass(frozen=True, eq=False)
class RegionPixels:
    """What lies within a shape.

    Attributes:
        values: (n,), rescaled values of the pixels that hold a measurement.
        padding_count: Pixels left out because they mean "no measurement".
        missing_count: Points of a reformat left out because there are no data.
        is_cut: Whether a part of the shape lies outside the image.
        step: Smallest difference of two stored values after rescale.
    """

    values: NDArray[np.float64]
    padding_count: int
    missing_count: int
    is_cut: bool
    step: float


def pixels_of_slice(measurement: Measurement, volume: Volume) -> RegionPixels:
    """Stored pixels whose centers lie within a shape on a slice; for a probe the pixel that it lies in.

    Args:
        measurement: A closed shape or a probe on a slice that was read.
        volume: The stack.
    """
    index = measurement.plane
    assert isinstance(index, int)
    inside, is_cut = _on_slice(measurement, volume, index)
    values, padding_count = _stored_values(volume, index, inside)
    return RegionPixels(values, padding_count, 0, is_cut, abs(float(volume.slopes[index])))


def pixels_of_region(region: Region, volume: Volume) -> RegionPixels:
    """Stored voxels of a grown region; those of slices without an image are counted as missing."""
    parts, padding_count, missing_count = [np.zeros(0)], 0, 0
    for index in region.slice_indices:
        inside = region.mask(index)
        if not volume.is_readable[index]:
            missing_count += int(inside.sum())
            continue
        values, padded = _stored_values(volume, index, inside)
        parts.append(values)
        padding_count += padded
    step = float(np.abs(volume.slopes[list(region.slice_indices)]).max())
    return RegionPixels(np.concatenate(parts), padding_count, missing_count, False, step)


def pixels_of_reformat(measurement: Measurement, volume: Volume, source: ReformatSource) -> RegionPixels:
    """Interpolated values within a shape on a reformat, as far apart as the pixels of the slices.

    Args:
        measurement: A closed shape or a probe on a reformat.
        volume: The stack, for the distance of its pixels.
        source: Its reformats.
    """
    plane = sampling_plane(measurement, min(volume.geometry.pixel_spacing_mm))
    values = np.asarray(source.hu(plane), dtype=np.float64)
    # From the middle outwards: the plane was laid around the shape.
    rows, columns = plane.shape
    middle = np.array([np.asarray(plane.center_mm) @ measurement.right, plane.center_mm @ measurement.down])
    centers = PixelCenters(
        middle[0] + (np.arange(columns) - (columns - 1) / 2) * plane.spacing_mm,
        middle[1] + (np.arange(rows) - (rows - 1) / 2) * plane.spacing_mm,
    )
    is_probe = measurement.kind is MeasurementKind.PROBE
    taken = values[np.ones(plane.shape, np.bool_) if is_probe else _inside(measurement, centers)]
    has_data = np.isfinite(taken)
    return RegionPixels(taken[has_data], 0, int((~has_data).sum()), False, 1.0)


def sampling_plane(measurement: Measurement, spacing_mm: float) -> Plane:
    """The plane on which a shape of a reformat is measured: around the shape, never as large as a view is.

    Args:
        measurement: On a reformat.
        spacing_mm: Between points.

    Returns:
        A plane with the directions and the slab of the reformat; of one point for a probe.
    """
    assert isinstance(measurement.plane, Plane)
    flat = measurement.in_plane()
    low, high = flat.min(axis=0), flat.max(axis=0)
    (center,) = measurement.placed(((low + high) / 2)[None])
    columns, rows = (max(1, math.ceil(side / spacing_mm - 1e-6)) for side in (high - low).tolist())
    return replace(
        measurement.plane, center_mm=triple(np.asarray(center)), spacing_mm=spacing_mm, shape=(rows, columns)
    )


def _stored_values(
    volume: Volume, slice_index: int, inside: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], int]:
    """Rescaled values of some pixels of a slice, and how many of them are padding and left out."""
    stored = volume.stored_values[slice_index][inside]
    padding = volume.padding(slice_index)
    is_padding = np.zeros(stored.shape, dtype=np.bool_)
    if padding is not None:
        is_padding = (stored >= padding[0]) & (stored <= padding[1])
    slope, intercept = float(volume.slopes[slice_index]), float(volume.intercepts[slice_index])
    return stored[~is_padding].astype(np.float64) * slope + intercept, int(is_padding.sum())


def _on_slice(measurement: Measurement, volume: Volume, slice_index: int) -> tuple[NDArray[np.bool_], bool]:
    """Pixels of a slice within a shape, (rows, columns), and whether the shape is cut by the image's edge."""
    between_rows, between_columns = volume.geometry.pixel_spacing_mm
    origin = volume.frame.slice_origins_mm[slice_index]
    rows, columns = volume.shape
    centers = PixelCenters(
        origin[0] + np.arange(columns) * between_columns, origin[1] + np.arange(rows) * between_rows
    )
    flat = measurement.in_plane()
    half = np.array([between_columns, between_rows]) / 2
    low = np.array([centers.u_mm[0], centers.v_mm[0]]) - half
    high = np.array([centers.u_mm[-1], centers.v_mm[-1]]) + half
    is_cut = bool((flat < low - 1e-6).any() or (flat > high + 1e-6).any())
    if measurement.kind is not MeasurementKind.PROBE:
        return _inside(measurement, centers), is_cut
    inside = np.zeros(volume.shape, dtype=np.bool_)
    if not is_cut:
        inside[_nearest(centers.v_mm, flat[0, 1]), _nearest(centers.u_mm, flat[0, 0])] = True
    return inside, is_cut


def _nearest(centers_mm: Vector, at_mm: float) -> int:
    return int(np.argmin(np.abs(centers_mm - at_mm)))


def _inside(measurement: Measurement, centers: PixelCenters) -> NDArray[np.bool_]:
    flat = measurement.in_plane()
    if measurement.kind is MeasurementKind.ELLIPSE:
        return inside_ellipse(flat, centers)
    if measurement.kind is MeasurementKind.RECTANGLE:
        return inside_box(flat, centers)
    return inside_outline(flat, centers)
