"""The table of measurements says what was measured, in its unit, and nothing else."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from builders import make_volume

from ichviewer.core.errors import ExportError
from ichviewer.core.findings import NOTICE
from ichviewer.core.hashed_uid import hashed_uid
from ichviewer.core.hematoma_volume import weighed_by_area
from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measurement_editing import drawn
from ichviewer.core.measurement_values import measure
from ichviewer.core.measurements import Measurements
from ichviewer.core.plane import Plane, Slab, SlabKind
from ichviewer.core.volume import Volume
from ichviewer.export.measurements import COLUMNS, MeasurementReport, write_measurements

Kind = MeasurementKind
VOLUME = make_volume(pixel_spacing_mm=(1.0, 0.5))
CORONAL = Plane(
    (16.0, 16.0, 10.0), (1.0, 0.0, 0.0), (0.0, 0.0, -1.0), 0.5, (90, 90), Slab(SlabKind.MEAN, 10.0)
)


def report(volume: Volume, drawings: Sequence[Measurement]) -> MeasurementReport:
    collection = Measurements()
    for drawing in drawings:
        collection = collection.added(drawing)
    return MeasurementReport(
        volume.series, volume.frame, [(each, measure(each, volume)) for each in collection.items]
    )


def written(path: Path, volume: Volume, drawings: Sequence[Measurement]) -> list[dict[str, str]]:
    write_measurements(path, [report(volume, drawings)])
    return read(path)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def filled(row: dict[str, str], *columns: str) -> bool:
    return all(row[column] for column in columns)


def test_columns_come_in_the_published_order(tmp_path: Path) -> None:
    write_measurements(tmp_path / "m.csv", [])
    header = (tmp_path / "m.csv").read_bytes().decode().split("\r\n")
    assert tuple(header[0].split(",")) == COLUMNS
    assert header[1:] == [""]
    assert len(set(COLUMNS)) == len(COLUMNS) == 44


def test_one_row_per_measurement_with_its_place(tmp_path: Path) -> None:
    ruler = drawn(Kind.RULER, [(4, 6, 10), (7, 10, 10)], 2, name="clot")
    first, second = written(
        tmp_path / "m.csv", VOLUME, [ruler, drawn(Kind.ARROW, [(-3, 0, 0), (1, 1, 0)], 0)]
    )
    assert first["kind"] == "ruler"
    assert (first["number"], second["number"]) == ("1", "2")
    assert (first["name"], second["name"]) == ("clot", "")
    assert float(first["length_mm"]) == pytest.approx(5)
    assert first["slice_number"] == "3"
    assert first["sop_instance_uid"] == VOLUME.series.slices[2].sop_instance_uid
    assert float(first["position_mm"]) == pytest.approx(VOLUME.geometry.positions_mm[2])
    assert first["points_lps_mm"] == "(4.000 6.000 10.000) (7.000 10.000 10.000)"
    assert second["points_lps_mm"] == "(-3.000 0.000 0.000) (1.000 1.000 0.000)"
    assert first["drawn_on"] == "stored slice"
    assert {row["notice"] for row in (first, second)} == {NOTICE}
    assert second["length_mm"] == ""


def test_a_value_that_a_kind_does_not_have_is_empty_never_zero(tmp_path: Path) -> None:
    """Hazard: an area of 0 or a mean of 0 HU enters somebody's statistics."""
    numbers = COLUMNS[COLUMNS.index("length_mm") : COLUMNS.index("hu")]
    (row,) = written(tmp_path / "m.csv", VOLUME, [drawn(Kind.ANGLE, [(9, 0, 0), (0, 0, 0), (0, 9, 0)], 0)])
    assert {column for column in numbers if row[column]} == {"angle_degrees"}
    (empty,) = written(tmp_path / "m.csv", VOLUME, [drawn(Kind.ELLIPSE, [(4.1, 4.1, 0), (4.2, 4.2, 0)], 0)])
    assert {column for column in numbers if empty[column]} == {"area_mm2"}
    assert "no pixel center" in empty["notes"]


def test_statistics_stand_in_the_columns_of_their_unit(tmp_path: Path) -> None:
    """Hazard: stored numbers that are no HU are averaged with HU of other series."""
    box = drawn(Kind.RECTANGLE, [(12, 25, 10), (18, 35, 10)], 2)
    statistics = ("mean", "sd", "minimum", "maximum")
    (hu,) = written(tmp_path / "m.csv", VOLUME, [box])
    assert float(hu["mean_hu"]) == 35
    assert float(hu["sd_hu"]) == 0
    assert hu["pixel_count"] == str(13 * 11)
    assert (hu["padding_count"], hu["is_interpolated"], hu["hu"]) == ("0", "0", "claimed")
    assert not any(hu[f"{each}_not_hu"] for each in statistics)
    other = make_volume(pixel_spacing_mm=(1.0, 0.5), hu_claim="not claimed")
    (not_hu,) = written(tmp_path / "m.csv", other, [box])
    assert float(not_hu["mean_not_hu"]) == 35
    assert not any(not_hu[f"{each}_hu"] for each in statistics)
    assert not_hu["hu"] == "not claimed"


def test_lengths_in_pixels_stand_in_columns_of_their_own_without_points(tmp_path: Path) -> None:
    """Hazard: pixels are read as millimeters."""
    volume = make_volume(pixel_spacing_mm=(1.0, 1.0))
    unmeasured = replace(volume, series=replace(volume.series, geometry=None))
    drawings = [
        drawn(Kind.RULER, [(4, 6, 10), (7, 10, 10)], 2),
        drawn(Kind.RECTANGLE, [(4, 6, 10), (7, 10, 10)], 2),
    ]
    for row in written(tmp_path / "m.csv", unmeasured, drawings):
        assert not any(row[column] for column in COLUMNS if column.endswith(("_mm", "_mm2")))
    ruler, box = read(tmp_path / "m.csv")
    assert float(ruler["length_px"]) == pytest.approx(5)
    assert float(box["area_px2"]) == pytest.approx(12)


def test_a_hematoma_has_all_three_diameters_and_its_volume(tmp_path: Path) -> None:
    two = drawn(Kind.HEMATOMA, [(2, 20, 10), (28, 20, 10), (15, 12, 10), (15, 30, 10)], 2)
    weighed = replace(two, hematoma_slices=weighed_by_area({1: 80.0, 2: 100.0, 3: 30.0}))
    (row,) = written(tmp_path / "m.csv", VOLUME, [weighed])
    sizes = [float(row[column]) for column in ("length_mm", "width_mm", "height_mm", "volume_ml")]
    assert sizes == pytest.approx([26, 18, 12.5, 26 * 18 * 12.5 / 2000])


def test_a_reformat_has_no_slice_but_its_slab(tmp_path: Path) -> None:
    (row,) = written(tmp_path / "m.csv", VOLUME, [drawn(Kind.RULER, [(4, 16, 10), (7, 16, 14)], CORONAL)])
    assert row["drawn_on"] == "reformat"
    assert (row["slice_number"], row["sop_instance_uid"], row["position_mm"]) == ("", "", "")
    assert (row["slab_kind"], row["slab_thickness_mm"]) == ("mean", "10")
    assert float(row["length_mm"]) == pytest.approx(5)


def test_a_refusal_is_written_in_words(tmp_path: Path) -> None:
    damaged = make_volume(unreadable={2: "cut off"})
    (row,) = written(tmp_path / "m.csv", damaged, [drawn(Kind.RULER, [(4, 6, 10), (7, 10, 10)], 2)])
    assert row["notes"] == "Slice 3 could not be read: cut off"
    assert not row["length_mm"]


def test_words_of_the_reader_cannot_become_a_formula(tmp_path: Path) -> None:
    """Hazard: a spreadsheet runs what stands in a cell."""
    text = drawn(Kind.TEXT, [(1, 1, 0)], 0, name="@x", text='=HYPERLINK("http://x")')
    (row,) = written(tmp_path / "m.csv", VOLUME, [text])
    assert row["text"] == '\'=HYPERLINK("http://x")'
    assert row["name"] == "'@x"


def test_the_patient_is_named_only_where_asked_for(tmp_path: Path) -> None:
    """Hazard: a table that is passed on names the patient."""
    path, one = tmp_path / "m.csv", report(VOLUME, [drawn(Kind.PROBE, [(16, 32, 10)], 2)])
    write_measurements(path, [one])
    assert "Doe" not in path.read_text(encoding="utf-8")
    assert "ID-0042" not in path.read_text(encoding="utf-8")
    write_measurements(path, [one], identify=True)
    (row,) = read(path)
    assert (row["patient_name"], row["patient_id"]) == ("Doe^Jane", "ID-0042")


def test_uids_can_be_hashed_and_stay_apart(tmp_path: Path) -> None:
    path, one = tmp_path / "m.csv", report(VOLUME, [drawn(Kind.PROBE, [(16, 32, 10)], 2)])
    write_measurements(path, [one], hash_uids=True)
    (row,) = read(path)
    assert row["series_instance_uid"] == hashed_uid(VOLUME.series.series_instance_uid)
    assert row["study_instance_uid"] == hashed_uid(VOLUME.series.study_instance_uid)
    assert row["sop_instance_uid"] == hashed_uid(VOLUME.series.slices[2].sop_instance_uid)
    on_reformat = report(VOLUME, [drawn(Kind.PROBE, [(16, 16, 10)], CORONAL)])
    write_measurements(path, [on_reformat], hash_uids=True)
    assert read(path)[0]["sop_instance_uid"] == ""


def test_several_stacks_share_a_table(tmp_path: Path) -> None:
    other = make_volume(series_uid="1.2.9")
    other = replace(other, series=replace(other.series, stack_number=1, repair="values unwrapped"))
    probe = drawn(Kind.PROBE, [(10, 10, 10)], 2)
    write_measurements(tmp_path / "m.csv", [report(VOLUME, [probe]), report(other, [probe])])
    rows = read(tmp_path / "m.csv")
    assert [row["series_instance_uid"] for row in rows] == ["1.2.3", "1.2.9"]
    assert [row["stack_number"] for row in rows] == ["0", "1"]
    assert [row["repair"] for row in rows] == ["", "values unwrapped"]
    assert all(filled(row, "mean_hu", "pixel_count") for row in rows)


def test_a_table_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ExportError, match="cannot be written"):
        write_measurements(tmp_path / "folder", [])
