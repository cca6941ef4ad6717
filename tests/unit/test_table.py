"""The exported table says what was found, and nothing that was not."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from builders import make_card, make_findings, make_volume

from ichviewer.core.errors import ExportError
from ichviewer.core.findings import (
    SUBTYPES,
    Decision,
    Review,
    SliceFinding,
    SliceStatus,
    StudyFindings,
    Subtype,
    study_scores,
)
from ichviewer.core.first_look import FirstLook, Seal
from ichviewer.core.series import PatientText
from ichviewer.export.table import COLUMNS, Report, write_table


def report(**changes: object) -> Report:
    volume, card = make_volume(3), make_card()
    values = {
        "series": volume.series,
        "findings": make_findings(volume, card),
        "review": Review(),
        "card": card,
        "input_check": "green",
        "receipt": "sorted by position; 3 slices",
    }
    return Report(**{**values, **changes})


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def with_slice(findings: StudyFindings, finding: SliceFinding) -> StudyFindings:
    return findings.with_slice(finding, findings.series_key, findings.checkpoint_sha256)


def test_columns_come_in_the_published_order(tmp_path: Path) -> None:
    write_table(tmp_path / "f.csv", [report()])
    header = (tmp_path / "f.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert tuple(header) == COLUMNS
    assert header[:7] == [
        *("study_instance_uid", "series_instance_uid", "sop_instance_uid", "frame_number"),
        *("instance_number", "slice_index", "position_mm"),
    ]
    assert header[11:18] == ["status", *(f"p_{s}" for s in SUBTYPES)]
    assert header[-5:] == ["checkpoint", "checkpoint_sha256", "smoothing_mm", "software_version", "notice"]
    assert len(header) == 93


def test_key_images_are_marked_and_others_are_empty(tmp_path: Path) -> None:
    write_table(tmp_path / "f.csv", [report(key_images=frozenset({1}))])
    assert [row["key_image"] for row in read(tmp_path / "f.csv")] == ["", "yes", ""]


def test_one_row_per_slice_with_score_flag_and_threshold(tmp_path: Path) -> None:
    one = report()
    write_table(tmp_path / "f.csv", [one])
    rows = read(tmp_path / "f.csv")
    assert [row["slice_index"] for row in rows] == ["0", "1", "2"]
    for row, finding in zip(rows, one.findings.slices, strict=True):
        for subtype, threshold in zip(SUBTYPES, one.card.slice_thresholds, strict=True):
            score = finding.probability(subtype)
            assert float(row[f"p_{subtype}"]) == pytest.approx(score, abs=1e-6)
            assert row[f"flag_{subtype}"] == str(int(score >= threshold))
        assert row["notice"] == "research use only"


def test_every_row_carries_the_scores_of_the_study(tmp_path: Path) -> None:
    """Hazard: a study that the window flags reads as negative in the table."""
    one = report()
    write_table(tmp_path / "f.csv", [one])
    positions = one.series.geometry.positions_mm.tolist()
    scores = study_scores(one.findings, positions, one.card.slice_thresholds, one.card.study_thresholds)
    assert len(scores) == len(SUBTYPES)
    for row in read(tmp_path / "f.csv"):
        for score in scores:
            assert float(row[f"study_p_{score.subtype}"]) == pytest.approx(score.score, abs=1e-6)
            assert row[f"study_flag_{score.subtype}"] == str(int(score.is_flagged))
            assert float(row[f"study_threshold_{score.subtype}"]) == pytest.approx(score.threshold, abs=1e-6)


def test_without_positions_there_is_no_study_score(tmp_path: Path) -> None:
    one = report()
    write_table(tmp_path / "f.csv", [replace(one, series=replace(one.series, geometry=None))])
    assert {row["study_p_any"] for row in read(tmp_path / "f.csv")} == {""}


def test_every_row_says_over_what_distance_scores_are_means(tmp_path: Path) -> None:
    """Hazard: scores of two kinds are compared as if they were one."""
    one = report()
    smooth = replace(one, card=replace(one.card, smoothing_mm=10.0))
    headers = tuple(replace(header, image_position_mm=None) for header in one.series.slices)
    unplaced = replace(smooth, series=replace(one.series, slices=headers))
    for given, cell in ((one, "0"), (smooth, "10"), (unplaced, "0")):
        write_table(tmp_path / "f.csv", [given])
        assert [row["smoothing_mm"] for row in read(tmp_path / "f.csv")] == [cell] * 3


@pytest.mark.parametrize("status", [SliceStatus.FAILED, SliceStatus.UNREADABLE])
def test_an_absent_score_is_an_empty_cell(tmp_path: Path, status: SliceStatus) -> None:
    """Hazard: a slice that was never scored reads as 'no bleeding' when its cell says 0."""
    one = report()
    findings = with_slice(one.findings, SliceFinding(1, status, reason="damaged"))
    write_table(tmp_path / "f.csv", [replace(one, findings=findings)])
    row = read(tmp_path / "f.csv")[1]
    assert row["status"] == status.value
    assert [row[f"p_{s}"] + row[f"flag_{s}"] for s in SUBTYPES] == [""] * 6
    assert row["peak_subtype"] == row["peak_x_mm"] == ""


def test_an_incomplete_analysis_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    """Hazard: half an analysis, exported, looks like a whole one with few findings."""
    path = tmp_path / "f.csv"
    path.write_text("old")
    one = report()
    findings = with_slice(one.findings, SliceFinding(2, SliceStatus.PENDING))
    with pytest.raises(ExportError, match="1 of 3 slices"):
        write_table(path, [replace(one, findings=findings)])
    assert path.read_text() == "old"


def test_names_go_out_only_where_asked_for(tmp_path: Path) -> None:
    one = report(series=make_volume(3, patient=PatientText("Doe^Jane", "ID-0042")).series)
    write_table(tmp_path / "anonymous.csv", [one])
    write_table(tmp_path / "identified.csv", [one], identify=True)
    assert "Doe" not in (tmp_path / "anonymous.csv").read_text()
    assert "ID-0042" not in (tmp_path / "anonymous.csv").read_text()
    row = read(tmp_path / "identified.csv")[0]
    assert (row["patient_name"], row["patient_id"]) == ("Doe^Jane", "ID-0042")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_text_that_a_spreadsheet_would_run_is_neutralized(tmp_path: Path, text: str) -> None:
    one = report(review=Review().with_comment(0, text))
    write_table(tmp_path / "f.csv", [one])
    assert read(tmp_path / "f.csv")[0]["reader_comment"] == "'" + text


def test_negative_numbers_stay_numbers(tmp_path: Path) -> None:
    series = make_volume(3).series
    slices = tuple(replace(s, image_position_mm=(-12.5, -3.0, -100.25)) for s in series.slices)
    write_table(tmp_path / "f.csv", [report(series=replace(series, slices=slices))])
    assert float(read(tmp_path / "f.csv")[0]["ipp_z_mm"]) == -100.25


def test_the_readers_decisions_are_in_the_table(tmp_path: Path) -> None:
    review = Review(reading="before").with_decision(1, Subtype.SUBDURAL, Decision.REJECTED)
    write_table(tmp_path / "f.csv", [report(review=review.with_comment(1, "falx, not blood"))])
    rows = read(tmp_path / "f.csv")
    assert rows[1]["decision_subdural"] == "rejected"
    assert rows[1]["reader_comment"] == "falx, not blood"
    assert rows[0]["decision_subdural"] == ""
    assert {row["reading"] for row in rows} == {"before"}


def test_where_nobody_decided_there_is_no_reading(tmp_path: Path) -> None:
    """Hazard: scores that nobody looked at are counted as a reading."""
    write_table(tmp_path / "f.csv", [report()])
    assert {row["reading"] for row in read(tmp_path / "f.csv")} == {""}


def test_both_readings_of_a_first_look_are_in_the_table(tmp_path: Path) -> None:
    """Hazard: a reading that was led by the scores passes for the reader's own."""
    before = Review(reading="before").with_decision(1, Subtype.SUBDURAL, Decision.ACCEPTED)
    before = before.with_comment(1, "thin").with_study_decision(Subtype.ANY, Decision.ACCEPTED)
    after = replace(before, reading="after").with_decision(1, Subtype.SUBDURAL, Decision.REJECTED)
    after = after.with_study_decision(Subtype.ANY, Decision.REJECTED).with_comment(1, "falx")
    look = FirstLook(Seal.OPENED_BY_COVERAGE, before, share_seen=0.97)
    write_table(tmp_path / "f.csv", [report(review=after, first_look=look)])
    row = read(tmp_path / "f.csv")[1]
    assert (row["first_look"], row["first_look_share_seen"]) == ("opened by coverage", "0.97")
    assert (row["before_decision_subdural"], row["decision_subdural"]) == ("accepted", "rejected")
    assert (row["before_study_decision_any"], row["study_decision_any"]) == ("accepted", "rejected")
    assert (row["before_comment"], row["reader_comment"], row["reading"]) == ("thin", "falx", "after")


def test_what_is_exported_under_the_seal_is_a_reading_from_before(tmp_path: Path) -> None:
    review = Review().with_decision(1, Subtype.SUBDURAL, Decision.ACCEPTED)
    write_table(tmp_path / "f.csv", [report(review=review, first_look=FirstLook.sealed())])
    row = read(tmp_path / "f.csv")[1]
    assert (row["first_look"], row["reading"]) == ("sealed", "before")
    assert row["before_decision_subdural"] == row["decision_subdural"] == "accepted"


def test_without_first_look_nothing_is_said_of_a_reading_before(tmp_path: Path) -> None:
    review = Review().with_decision(1, Subtype.SUBDURAL, Decision.ACCEPTED)
    write_table(tmp_path / "f.csv", [report(review=review)])
    row = read(tmp_path / "f.csv")[1]
    assert row["first_look"] == "off"
    assert {row[column] for column in COLUMNS if column.startswith("before_")} == {""}


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="cannot be written"):
        write_table(tmp_path / "absent" / "f.csv", [report()])


def test_several_series_go_into_one_table(tmp_path: Path) -> None:
    write_table(tmp_path / "f.csv", [report(), report(series=make_volume(3, series_uid="1.2.4").series)])
    assert [row["series_instance_uid"] for row in read(tmp_path / "f.csv")] == ["1.2.3"] * 3 + ["1.2.4"] * 3
