"""A measurement in words, for lists, labels and the clipboard.

The one thing to get wrong: a number without its unit, or a pixel passed off as a millimeter.
"""

from __future__ import annotations

from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measurement_values import MeasuredValues


def value_texts(measurement: Measurement, values: MeasuredValues) -> tuple[str, ...]:
    """The values one by one, each with its unit, most important first; empty where there are none.

    An arrow and a text have what they say.
    """
    if measurement.kind in (MeasurementKind.ARROW, MeasurementKind.TEXT):
        return (measurement.text,) if measurement.text else ()
    unit = values.length_unit
    parts: list[str] = []
    if values.volume_ml is not None:
        parts.append(f"{values.volume_ml:.1f} mL")
    if values.length is not None and values.width is not None:
        axes = [values.length, values.width] + ([] if values.height is None else [values.height])
        parts.append(" × ".join(f"{axis:.1f}" for axis in axes) + f" {unit}")
    elif values.length is not None:
        parts.append(f"{values.length:.1f} {unit}")
    if values.angle_degrees is not None:
        parts.append(f"{values.angle_degrees:.1f}°")
    if values.shift is not None:
        where = f" to the {values.shift_side}" if values.shift_side else ""
        parts.append(f"{values.shift:.1f} {unit}{where}")
    if values.area is not None:
        parts.append(f"{values.area:.1f} {unit}²")
    return (*parts, *_statistics_texts(measurement, values))


def measurement_sentence(measurement: Measurement, values: MeasuredValues) -> str:
    """What was measured and where: ``Ruler 1: 12.3 mm, slice 17``.

    Where there are no values it says why.
    """
    title = measurement.title[:1].upper() + measurement.title[1:]
    parts = list(value_texts(measurement, values))
    if values.refusal:
        parts.append(values.refusal.rstrip("."))
    elif not parts and values.notes:
        parts.append(values.notes[0].rstrip("."))
    if values.is_interpolated and values.statistics is not None:
        parts.append("interpolated")
    parts.append(place_text(measurement))
    return f"{title}: {', '.join(parts)}"


def place_text(measurement: Measurement) -> str:
    """Where it was drawn; slices are counted from 1."""
    return f"slice {measurement.plane + 1}" if isinstance(measurement.plane, int) else "reformat"


def _statistics_texts(measurement: Measurement, values: MeasuredValues) -> list[str]:
    found = values.statistics
    if found is None:
        expects_pixels = measurement.kind.is_closed_shape or measurement.kind is MeasurementKind.PROBE
        return ["no values"] if expects_pixels and not values.refusal else []
    unit = f" {values.value_unit}" if values.value_unit != "not HU" else " (not HU)"
    if measurement.kind is MeasurementKind.PROBE:
        return [f"{found.mean:.0f}{unit}"]
    pixels = "1 pixel" if found.count == 1 else f"{found.count} pixels"
    return [
        f"mean {found.mean:.1f}{unit}",
        f"SD {found.sd:.1f}",
        f"min {found.minimum:.0f}",
        f"max {found.maximum:.0f}",
        f"{pixels}" if not values.is_interpolated else f"{found.count} points",
    ]
