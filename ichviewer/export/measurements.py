"""Measurements as CSV: one row each, units in the names of columns.

The one thing to get wrong: a length in pixels never stands in a column of millimeters, and a value that is
not known is an empty cell, never 0.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ichviewer import __version__
from ichviewer.atomic_file import write_atomically
from ichviewer.core.errors import ExportError
from ichviewer.core.file_errors import why_not_written
from ichviewer.core.findings import NOTICE
from ichviewer.core.hashed_uid import hashed_uid
from ichviewer.core.measurement import Measurement
from ichviewer.core.measurement_values import MeasuredValues
from ichviewer.core.plane import SlabKind
from ichviewer.core.series import Series
from ichviewer.core.stack_frame import StackFrame
from ichviewer.export.csv_cell import csv_cell
from ichviewer.export.table import IDENTIFYING_COLUMNS

LENGTHS = ("length", "width", "height", "shift")

STATISTICS = ("mean", "sd", "minimum", "maximum")

COLUMNS: tuple[str, ...] = (
    *("study_instance_uid", "series_instance_uid", "stack_number", "sop_instance_uid", "frame_number"),
    *("slice_number", "position_mm", "drawn_on", "slab_kind", "slab_thickness_mm"),
    *("number", "kind", "name", "text", "points_lps_mm"),
    *(f"{length}_mm" for length in LENGTHS),
    *(f"{length}_px" for length in LENGTHS),
    *("shift_side", "angle_degrees", "area_mm2", "area_px2", "volume_ml"),
    *("is_interpolated", "pixel_count", "padding_count"),
    *(f"{statistic}_hu" for statistic in STATISTICS),
    *(f"{statistic}_not_hu" for statistic in STATISTICS),
    *("hu", "repair", "notes", "software_version", "notice"),
)


@dataclass(frozen=True, eq=False)
class MeasurementReport:
    """Everything that one stack contributes to the table.

    Attributes:
        series: The stack's headers.
        frame: Its millimeter frame.
        measured: Its measurements with their values, in the order of the table.
    """

    series: Series
    frame: StackFrame
    measured: Sequence[tuple[Measurement, MeasuredValues]]


def write_measurements(
    path: Path, reports: Sequence[MeasurementReport], identify: bool = False, hash_uids: bool = False
) -> None:
    """Write the measurements of one or more stacks as one CSV file, whole or not at all.

    Without any measurement the file holds the names of the columns alone. Names and texts are the reader's
    own words and are written as they are.

    Args:
        path: The file; replaced if it is there.
        reports: One per stack.
        identify: Add the patient's name and ID as last columns.
        hash_uids: Replace UIDs by a stable hash; whoever has the archive knows the patient by them.

    Raises:
        ExportError: The file cannot be written; an older one stays as it is.
    """
    columns = COLUMNS + (IDENTIFYING_COLUMNS if identify else ())
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for report in reports:
        for measurement, values in report.measured:
            row = _row(report, measurement, values, hash_uids)
            writer.writerow(csv_cell(row[column]) for column in columns)
    try:
        write_atomically(path, text.getvalue().encode("utf-8"))
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {why_not_written(error)}.") from error


def _row(
    report: MeasurementReport, measurement: Measurement, values: MeasuredValues, hash_uids: bool
) -> dict[str, object]:
    """Every column of one measurement, identifying ones included; the caller picks what goes out."""
    cells = {
        **_where(report, measurement),
        "number": measurement.identifier,
        "kind": measurement.kind.value,
        "name": measurement.name,
        "text": measurement.text,
        "points_lps_mm": _points(report, measurement),
        **_sizes(values),
        **_statistics(values),
        "hu": report.series.hu,
        "repair": report.series.repair,
        "notes": " ".join((values.refusal, *values.notes)).strip(),
        "software_version": __version__,
        "notice": NOTICE,
        "patient_name": report.series.patient.patient_name,
        "patient_id": report.series.patient.patient_id,
    }
    if hash_uids:
        cells |= {name: hashed_uid(str(cells[name] or "")) for name in cells if name.endswith("_uid")}
    return cells


def _where(report: MeasurementReport, measurement: Measurement) -> dict[str, object]:
    """The slice of a measurement on a stored one; that of a reformat has none."""
    series, plane = report.series, measurement.plane
    cells: dict[str, object] = {
        "study_instance_uid": series.study_instance_uid,
        "series_instance_uid": series.series_instance_uid,
        "stack_number": series.stack_number,
        **dict.fromkeys(("sop_instance_uid", "frame_number", "slice_number", "position_mm")),
        "drawn_on": "stored slice" if isinstance(plane, int) else "reformat",
        "slab_kind": None,
        "slab_thickness_mm": None,
    }
    if isinstance(plane, int):
        header, geometry = series.slices[plane], series.geometry
        return {
            **cells,
            "sop_instance_uid": header.sop_instance_uid,
            "frame_number": header.frame_number,
            "slice_number": plane + 1,
            "position_mm": None if geometry is None else float(geometry.positions_mm[plane]),
        }
    if plane.slab.kind is SlabKind.NONE:
        return cells
    return {**cells, "slab_kind": plane.slab.kind.value, "slab_thickness_mm": plane.slab.thickness_mm}


def _points(report: MeasurementReport, measurement: Measurement) -> str | None:
    """Points in patient coordinates, ``(x y z)`` each; none where nobody knows them."""
    if not report.series.is_measured:
        return None
    points = report.frame.to_patient_mm(np.asarray(measurement.points_mm))
    # In brackets: a minus sign at the start of a text would look like a formula.
    rounded = np.round(points, 3) + 0.0
    return " ".join(f"({x:.3f} {y:.3f} {z:.3f})" for x, y, z in rounded)


def _sizes(values: MeasuredValues) -> dict[str, object]:
    """Lengths and areas in the columns of their unit; the other unit's stay empty."""
    unit, other = ("mm", "px") if values.length_unit == "mm" else ("px", "mm")
    cells: dict[str, object] = {}
    for length in LENGTHS:
        cells |= {f"{length}_{unit}": getattr(values, length), f"{length}_{other}": None}
    return {
        **cells,
        f"area_{unit}2": values.area,
        f"area_{other}2": None,
        "shift_side": values.shift_side,
        "angle_degrees": values.angle_degrees,
        "volume_ml": values.volume_ml,
    }


def _statistics(values: MeasuredValues) -> dict[str, object]:
    """Statistics in the columns of their unit; all empty where no pixel was counted."""
    found = values.statistics
    unit, other = ("not_hu", "hu") if values.value_unit == "not HU" else ("hu", "not_hu")
    cells: dict[str, object] = {
        "is_interpolated": None if found is None else int(values.is_interpolated),
        "pixel_count": None if found is None else found.count,
        "padding_count": None if found is None else values.padding_count,
    }
    for statistic in STATISTICS:
        number = None if found is None else getattr(found, statistic)
        cells |= {f"{statistic}_{unit}": number, f"{statistic}_{other}": None}
    return cells
