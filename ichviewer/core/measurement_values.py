"""What a measurement comes to: lengths, angles, areas, statistics of pixels, volumes.

On a stored slice the stored pixels are read, each with slope and intercept of its slice; on a reformat values
are interpolated, and said to be. The one thing to get wrong: what is not known has no number. Where the files
do not say how large a pixel is, lengths are in pixels; where they claim no Hounsfield units, values are not
HU.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ichviewer.core.geometry import direction_letters
from ichviewer.core.hematoma_volume import abc2_ml, height_mm, largest_slice
from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.plane import ReformatSource
from ichviewer.core.region import Region, volume_ml
from ichviewer.core.roi import box_area, crosses_itself, ellipse_area, outline_area
from ichviewer.core.roi_pixels import RegionPixels, pixels_of_reformat, pixels_of_region, pixels_of_slice
from ichviewer.core.roi_statistics import RoiStatistics, roi_statistics
from ichviewer.core.stack_frame import Vector
from ichviewer.core.volume import Volume

VALUE_UNITS = {"claimed": "HU", "assumed": "HU (assumed)", "not claimed": "not HU"}
"""Name of the values of a stack, by ``Series.hu``."""

SIDES = {"L": "left", "R": "right", "P": "back", "A": "front", "H": "head", "F": "feet"}

NO_LENGTH_MM = 1e-6


@dataclass(frozen=True, eq=False)
class MeasuredValues:
    """The numbers of one measurement; None for whatever its kind has not, or nobody can know.

    Attributes:
        length: Of a ruler; of the longer of two axes (A of a hematoma).
        width: Of the shorter of two axes (B).
        height: C of a hematoma.
        angle_degrees: 0 to 180, at the vertex.
        area: Of the shape, not of its pixels.
        shift: Distance of the displaced structure from the line of the falx, perpendicular, 0 or more.
        shift_side: Where to: ``left`` or ``right`` (the patient's), or another direction if the line is not
            one of the midline; empty where it did not move or the files do not say which side is which.
        volume_ml: Of a hematoma or a grown region.
        statistics: Of the pixels within the shape; of the one pixel of a probe.
        length_unit: ``mm``, or ``px`` where the size of a pixel is not known. Areas are in its square.
        value_unit: Of the statistics: ``HU``, ``HU (assumed)`` or ``not HU``.
        is_interpolated: Whether the statistics are of interpolated values.
        padding_count: Pixels within the shape that mean "no measurement" and were left out.
        refusal: Why there are no values, a sentence; empty where there are.
        notes: What the reader must know beside the numbers, in sentences.
    """

    length: float | None = None
    width: float | None = None
    height: float | None = None
    angle_degrees: float | None = None
    area: float | None = None
    shift: float | None = None
    shift_side: str = ""
    volume_ml: float | None = None
    statistics: RoiStatistics | None = None
    length_unit: str = "mm"
    value_unit: str = "HU"
    is_interpolated: bool = False
    padding_count: int = 0
    refusal: str = ""
    notes: tuple[str, ...] = ()


def measure(measurement: Measurement, volume: Volume, source: ReformatSource | None = None) -> MeasuredValues:
    """The values of a measurement.

    Args:
        measurement: What was drawn on this stack.
        volume: The stack.
        source: Its reformats; None while they are not prepared. Asked only for what was drawn on one, and for
            a plane of its own, so that values do not depend on how large a view was.

    Returns:
        The values, or why there are none.
    """
    is_measured = volume.series.is_measured
    empty = MeasuredValues(
        length_unit="mm" if is_measured else "px",
        value_unit=VALUE_UNITS[volume.series.hu],
        is_interpolated=not isinstance(measurement.plane, int),
    )
    refusal = _refusal(measurement, volume)
    if refusal:
        return replace(empty, refusal=refusal)
    flat = _in_unit(measurement, volume)
    kind = measurement.kind
    if kind is MeasurementKind.RULER:
        return replace(empty, length=_length(flat))
    if kind is MeasurementKind.ANGLE:
        return _angle(empty, flat)
    if kind is MeasurementKind.MIDLINE_SHIFT:
        return _shift(empty, measurement, volume, flat)
    if kind.has_two_axes:
        lengths = sorted((_length(flat[:2]), _length(flat[2:])))
        both = replace(empty, length=lengths[1], width=lengths[0])
        return _hematoma(both, measurement, volume) if kind is MeasurementKind.HEMATOMA else both
    if kind.is_closed_shape or kind is MeasurementKind.PROBE:
        return _region(empty, measurement, volume, source, flat)
    if kind is MeasurementKind.REGION:
        return _grown(empty, measurement.region, volume)
    return empty


def _refusal(measurement: Measurement, volume: Volume) -> str:
    """Why nothing can be said of a measurement; empty where something can."""
    index = measurement.plane
    if not isinstance(index, int):
        if volume.series.is_measured:
            return ""
        return "The files do not say how large a pixel is, so nothing can be measured across slices."
    if not 0 <= index < volume.slice_count:
        return f"The stack has no slice {index + 1}."
    if index in volume.awaited_slices:
        return f"Slice {index + 1} has not been read yet."
    if not volume.is_readable[index]:
        reason = volume.unreadable_reasons.get(index, "")
        return f"Slice {index + 1} could not be read" + (f": {reason}" if reason else ".")
    return ""


def _in_unit(measurement: Measurement, volume: Volume) -> Vector:
    """The points in their plane, (points, 2), mm; in pixels where the size of a pixel is not known."""
    flat = measurement.in_plane()
    if volume.series.is_measured:
        return flat
    between_rows, between_columns = volume.geometry.pixel_spacing_mm
    return np.asarray(flat / np.array([between_columns, between_rows]))


def _length(ends: Vector) -> float:
    return float(np.linalg.norm(ends[1] - ends[0]))


def _angle(empty: MeasuredValues, flat: Vector) -> MeasuredValues:
    first, second = flat[0] - flat[1], flat[2] - flat[1]
    if min(np.linalg.norm(first), np.linalg.norm(second)) < NO_LENGTH_MM:
        return replace(empty, refusal="A side of the angle has no length.")
    # By both sine and cosine: the arc cosine alone is blind near 0 and 180 degrees.
    turn = abs(float(first[0] * second[1] - first[1] * second[0]))
    degrees = math.degrees(math.atan2(turn, float(first @ second)))
    if empty.length_unit == "px":
        notes = ("The files do not say how large a pixel is; for the angle it was taken as square.",)
        return replace(empty, angle_degrees=degrees, notes=notes)
    return replace(empty, angle_degrees=degrees)


def _shift(empty: MeasuredValues, measurement: Measurement, volume: Volume, flat: Vector) -> MeasuredValues:
    along = flat[1] - flat[0]
    if np.linalg.norm(along) < NO_LENGTH_MM:
        return replace(empty, refusal="The line of the falx has no length.")
    along = along / np.linalg.norm(along)
    moved = flat[2] - flat[0]
    away = moved - float(moved @ along) * along
    shift = float(np.linalg.norm(away))
    if shift < NO_LENGTH_MM:
        return replace(empty, shift=0.0)
    if not volume.series.has_directions:
        notes = ("The files do not say which side is which.",)
        return replace(empty, shift=shift, notes=notes)
    direction = volume.frame.direction_to_patient(
        (away[0] * measurement.right + away[1] * measurement.down) / shift
    )
    side = SIDES[direction_letters(direction.tolist())[0]]
    off_midline = () if side in ("left", "right") else ("The line does not run along the midline.",)
    return replace(empty, shift=shift, shift_side=side, notes=off_midline)


def _hematoma(both: MeasuredValues, measurement: Measurement, volume: Volume) -> MeasuredValues:
    if not isinstance(measurement.plane, int):
        return replace(both, notes=("ABC/2 is measured on a stored slice; there is no volume.",))
    if not volume.series.is_measured:
        return replace(both, notes=("The files do not say how far slices lie apart; there is no volume.",))
    slices = measurement.hematoma_slices
    if not any(each.weight for each in slices):
        return replace(both, notes=("Say which slices show the hematoma, for its height and volume.",))
    if volume.slice_count < 2:
        return replace(both, notes=("The height cannot be known from a stack of one slice.",))
    height = height_mm(slices, volume.frame)
    notes: list[str] = []
    largest = largest_slice(slices)
    if largest is not None and largest != measurement.plane:
        notes.append(
            f"A and B are on slice {measurement.plane + 1}, but the largest area on slice {largest + 1}."
        )
    counted = [each.slice_index for each in slices if each.weight]
    if any(min(counted) <= gap.after_slice < max(counted) for gap in volume.series.gaps):
        notes.append("A slice may be missing within the hematoma; its neighbors stand for it.")
    milliliters = abc2_ml(both.length or 0.0, both.width or 0.0, height)
    return replace(both, height=height, volume_ml=milliliters, notes=tuple(notes))


def _grown(empty: MeasuredValues, region: Region | None, volume: Volume) -> MeasuredValues:
    """Volume of a grown region and statistics of its stored voxels."""
    if region is None or region.is_empty:
        return replace(empty, notes=("The region has no voxels.",))
    if region.shape != volume.stored_values.shape:
        return replace(empty, refusal="The region belongs to another stack.")
    pixels = pixels_of_region(region, volume)
    notes = _pixel_notes(pixels)
    milliliters = None
    if not volume.series.is_measured:
        notes.append("The files do not say how large a voxel is; there is no volume.")
    elif volume.slice_count < 2:
        notes.append("The volume cannot be known from a stack of one slice.")
    else:
        milliliters = volume_ml(region, volume.frame)
        first, last = region.slice_indices[0], region.slice_indices[-1]
        if any(first <= gap.after_slice < last for gap in volume.series.gaps):
            notes.append("A slice may be missing within the region; its neighbors stand for it.")
    return replace(
        empty,
        volume_ml=milliliters,
        statistics=roi_statistics(pixels.values, pixels.step),
        padding_count=pixels.padding_count,
        notes=tuple(notes),
    )


def _region(
    empty: MeasuredValues,
    measurement: Measurement,
    volume: Volume,
    source: ReformatSource | None,
    flat: Vector,
) -> MeasuredValues:
    """Area and statistics of a closed shape; the value under a probe."""
    notes: list[str] = []
    area = None
    if measurement.kind is MeasurementKind.ELLIPSE:
        area = ellipse_area(flat)
    elif measurement.kind is MeasurementKind.RECTANGLE:
        area = box_area(flat)
    elif measurement.kind is MeasurementKind.FREEHAND:
        area = outline_area(flat)
        if crosses_itself(flat):
            notes.append("The outline crosses itself; what it goes around twice does not count.")
    if isinstance(measurement.plane, int):
        pixels = pixels_of_slice(measurement, volume)
    elif source is None:
        return replace(empty, area=area, notes=(*notes, "Values follow once the reformats are prepared."))
    else:
        pixels = pixels_of_reformat(measurement, volume, source)
        if any(volume.paddings):
            notes.append("Pixels without a measurement (padding) count as air in reformats.")
    return replace(
        empty,
        area=area,
        statistics=roi_statistics(pixels.values, pixels.step),
        padding_count=pixels.padding_count,
        notes=(*notes, *_pixel_notes(pixels)),
    )


def _pixel_notes(pixels: RegionPixels) -> list[str]:
    """What the reader must know of pixels that are not in the statistics."""
    notes = []
    if pixels.padding_count:
        notes.append(f"{pixels.padding_count} pixels without a measurement (padding) were left out.")
    if pixels.missing_count:
        notes.append(f"{pixels.missing_count} points without data were left out.")
    if pixels.is_cut:
        notes.append("A part lies outside the image.")
    if not pixels.values.size:
        notes.append("There are no values: no pixel center with a measurement lies inside.")
    return notes
