"""Findings as CSV: one row per slice, with the scores of the study in each.

The one thing to get wrong: an absent score is an empty cell, never 0. Text cells that a
spreadsheet would run as a formula are neutralised; numbers never are.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ichviewer import __version__
from ichviewer.atomic_file import write_atomically
from ichviewer.core.errors import ExportError
from ichviewer.core.file_errors import why_not_written
from ichviewer.core.findings import (
    NOTICE,
    SUBTYPES,
    Review,
    SliceFinding,
    SliceStatus,
    StudyFindings,
    study_scores,
)
from ichviewer.core.first_look import BEFORE, NO_FIRST_LOOK, FirstLook, both_readings
from ichviewer.core.model_card import ModelCard
from ichviewer.core.score_smoothing import applied_smoothing_mm
from ichviewer.core.series import Series
from ichviewer.export.csv_cell import csv_cell

COLUMNS: tuple[str, ...] = (
    *("study_instance_uid", "series_instance_uid", "sop_instance_uid", "frame_number", "instance_number"),
    *("slice_index", "position_mm", "ipp_x_mm", "ipp_y_mm", "ipp_z_mm", "thickness_mm", "status"),
    *(f"p_{subtype}" for subtype in SUBTYPES),
    *(f"flag_{subtype}" for subtype in SUBTYPES),
    *(f"threshold_{subtype}" for subtype in SUBTYPES),
    *(f"study_p_{subtype}" for subtype in SUBTYPES),
    *(f"study_flag_{subtype}" for subtype in SUBTYPES),
    *(f"study_threshold_{subtype}" for subtype in SUBTYPES),
    *(
        "peak_subtype",
        "peak_row",
        "peak_column",
        "peak_x_mm",
        "peak_y_mm",
        "peak_z_mm",
        "peak_side",
        "peak_cell_mm",
    ),
    *(f"decision_{subtype}" for subtype in SUBTYPES),
    *("reader_comment", "key_image", "reading", "input_check", "receipt"),
    *(f"study_decision_{subtype}" for subtype in SUBTYPES),
    *("first_look", "first_look_share_seen"),
    *(f"before_decision_{subtype}" for subtype in SUBTYPES),
    *(f"before_study_decision_{subtype}" for subtype in SUBTYPES),
    "before_comment",
    *("checkpoint", "checkpoint_sha256", "smoothing_mm", "software_version", "notice"),
)

IDENTIFYING_COLUMNS: tuple[str, ...] = ("patient_name", "patient_id")


@dataclass(frozen=True, eq=False)
class Report:
    """Everything that one series contributes to the table.

    Attributes:
        series: The stack's headers and geometry; pixels are not held, so many series fit in memory.
        findings: Complete findings for it.
        review: The reader's decisions as they stand.
        card: The checkpoint's card.
        input_check: Level and reasons, in words.
        receipt: Geometry in words.
        first_look: Whether the result was sealed, and the reading from before it was shown.
        key_images: Slices that the reader marked, counted from 0.
    """

    series: Series
    findings: StudyFindings
    review: Review
    card: ModelCard
    input_check: str
    receipt: str
    first_look: FirstLook = NO_FIRST_LOOK
    key_images: frozenset[int] = frozenset()


def write_table(path: Path, reports: Sequence[Report], identify: bool = False) -> None:
    """Write the findings of one or more series as one CSV file, whole or not at all.

    Args:
        path: The file; replaced if it is there.
        reports: One per series.
        identify: Add the patient's name and ID as last columns.

    Raises:
        ExportError: An analysis is not complete, or the file cannot be written; an older file stays as it is.
    """
    for report in reports:
        _require_complete(report.findings)
    columns = COLUMNS + (IDENTIFYING_COLUMNS if identify else ())
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for report in reports:
        of_study = _study(report)
        for finding in report.findings.slices:
            row = {**_row(report, finding), **of_study}
            writer.writerow(csv_cell(row[column]) for column in columns)
    try:
        write_atomically(path, text.getvalue().encode("utf-8"))
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {why_not_written(error)}.") from error


def _require_complete(findings: StudyFindings) -> None:
    pending = findings.count(SliceStatus.PENDING)
    if pending:
        raise ExportError(
            f"{pending} of {len(findings.slices)} slices are not analyzed yet; analyze them, then export."
        )


def _row(report: Report, finding: SliceFinding) -> dict[str, object]:
    """Every column of one slice, identifying ones included; the caller picks what goes out."""
    return {
        **_where(report.series, finding.slice_index),
        "status": finding.status.value,
        **_scores(report.card, finding),
        **_peak(finding),
        **_reading(report, finding.slice_index),
        **_first_look(report, finding.slice_index),
        "input_check": report.input_check,
        "receipt": report.receipt,
        "checkpoint": report.card.name,
        "checkpoint_sha256": report.card.weights_sha256,
        "smoothing_mm": applied_smoothing_mm(report.series, report.card.smoothing_mm),
        "software_version": __version__,
        "notice": NOTICE,
    }


def _where(series: Series, slice_index: int) -> dict[str, object]:
    header = series.slices[slice_index]
    x, y, z = header.image_position_mm if header.image_position_mm is not None else (None, None, None)
    return {
        "study_instance_uid": series.study_instance_uid,
        "series_instance_uid": series.series_instance_uid,
        "sop_instance_uid": header.sop_instance_uid,
        "frame_number": header.frame_number,
        "instance_number": header.instance_number,
        "slice_index": slice_index,
        "position_mm": None if series.geometry is None else float(series.geometry.positions_mm[slice_index]),
        "ipp_x_mm": x,
        "ipp_y_mm": y,
        "ipp_z_mm": z,
        "thickness_mm": header.thickness_mm,
        "patient_name": series.patient.patient_name,
        "patient_id": series.patient.patient_id,
    }


def _scores(card: ModelCard, finding: SliceFinding) -> dict[str, object]:
    cells: dict[str, object] = {}
    for subtype, threshold in zip(SUBTYPES, card.slice_thresholds, strict=True):
        probability = finding.probability(subtype)
        cells[f"p_{subtype}"] = None if probability is None else round(probability, 6)
        cells[f"flag_{subtype}"] = None if probability is None else int(probability >= threshold)
        cells[f"threshold_{subtype}"] = round(threshold, 6)
    return cells


def _study(report: Report) -> dict[str, object]:
    """Scores of the whole study, the same in each of its rows; empty where slices have no positions."""
    cells: dict[str, object] = {}
    for subtype, threshold in zip(SUBTYPES, report.card.study_thresholds, strict=True):
        cells |= {f"study_p_{subtype}": None, f"study_flag_{subtype}": None}
        cells[f"study_threshold_{subtype}"] = round(threshold, 6)
    geometry = report.series.geometry
    if geometry is None or not report.series.has_positions:
        return cells
    positions_mm = [float(position) for position in geometry.positions_mm]
    card = report.card
    for score in study_scores(report.findings, positions_mm, card.slice_thresholds, card.study_thresholds):
        cells[f"study_p_{score.subtype}"] = round(score.score, 6)
        cells[f"study_flag_{score.subtype}"] = int(score.is_flagged)
    return cells


def _peak(finding: SliceFinding) -> dict[str, object]:
    peak = finding.peak
    if peak is None:
        return {column: None for column in COLUMNS if column.startswith("peak_")}
    return {
        "peak_subtype": peak.subtype.value,
        "peak_row": peak.row,
        "peak_column": peak.column,
        "peak_x_mm": peak.point_mm[0],
        "peak_y_mm": peak.point_mm[1],
        "peak_z_mm": peak.point_mm[2],
        "peak_side": peak.side,
        "peak_cell_mm": peak.cell_mm,
    }


def _reading(report: Report, slice_index: int) -> dict[str, object]:
    """The reader's last word, whether the result was shown or not; ``reading`` says which."""
    cells = _decisions(report.review, slice_index, prefix="")
    cells["reader_comment"] = report.review.comment(slice_index)
    cells["key_image"] = "yes" if slice_index in report.key_images else None
    # Where nobody read, there is no reading.
    reading = BEFORE if report.first_look.is_sealed else report.review.reading
    cells["reading"] = None if report.review.is_empty else reading
    return cells


def _first_look(report: Report, slice_index: int) -> dict[str, object]:
    """What the reader had decided before the result was shown; empty without first look."""
    before, _ = both_readings(report.first_look, report.review)
    return {
        "first_look": report.first_look.seal.value,
        "first_look_share_seen": report.first_look.share_seen,
        **_decisions(before, slice_index, prefix="before_"),
        "before_comment": before.comment(slice_index),
    }


def _decisions(review: Review, slice_index: int, prefix: str) -> dict[str, object]:
    cells: dict[str, object] = {}
    for subtype in SUBTYPES:
        of_slice, of_study = review.decision(slice_index, subtype), review.study_decision(subtype)
        cells[f"{prefix}decision_{subtype}"] = None if of_slice is None else of_slice.value
        cells[f"{prefix}study_decision_{subtype}"] = None if of_study is None else of_study.value
    return cells
