"""Published label sets, read as they are, with their known defects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dicom_files import write_stack
from PIL import Image
from training_data import write_label_sets
from training_trees import (
    EPIDURAL,
    RSNA_SLICES,
    head,
    write_cq500,
    write_ct_ich,
    write_long_labels,
    write_nifti,
    write_rsna,
    zip_tree,
)

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.windowing import Window
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import scan
from ichviewer.export.table import COLUMNS as TABLE_COLUMNS
from training.derived.open_source import open_source
from training.sources.corrections import COLUMNS, Corrections
from training.sources.cq500 import Cq500
from training.sources.ct_ich_both_windows import joined
from training.sources.ct_ich_published import CtIchPublished
from training.sources.label_file import LabelFileError, require_classes
from training.sources.labeled_slice import LabelSet, Need, SliceImage, Source, Unreadable, missing_needs
from training.sources.neighbors import NOBODY, neighbor_indices
from training.sources.nifti_slices import read_nifti
from training.sources.picture_folder import PictureFolder
from training.sources.picture_sets import PictureSet
from training.sources.rsna_dicom import RsnaDicom
from training.sources.rsna_labels import read_long_labels


def rows_of(source: Source) -> LabelSet:
    return source.read_rows(ignore_progress)


def image_of(source: Source, name: str) -> SliceImage | Unreadable:
    row = next(row for row in rows_of(source).rows if row.name == name)
    return next(iter(source.read_images([row])))


def hu_of(source: Source, name: str) -> np.ndarray:
    image = image_of(source, name)
    assert isinstance(image, SliceImage), image
    return image.hu()


# RSNA 2019


def test_rsna_rows_stand_by_study_and_position(tmp_path: Path) -> None:
    rows = rows_of(RsnaDicom(write_rsna(tmp_path / "rsna"))).rows
    assert [row.name for row in rows] == ["ID_c", "ID_a", "ID_b", "ID_f", "ID_e", "ID_d"]
    assert [row.slice_number for row in rows] == [1, 2, 3, 1, 2, 1]
    assert rows[1].labels == EPIDURAL
    assert rows[0].study_labels == EPIDURAL
    assert rows[0].header["rescale_intercept"] == -1024
    assert not any("uid" in name or "patient" in name for name in rows[0].header)


def test_rsna_pixels_are_the_files_hounsfield_units(tmp_path: Path) -> None:
    source = RsnaDicom(write_rsna(tmp_path / "rsna"))
    np.testing.assert_array_equal(hu_of(source, "ID_c"), head(1))


def assert_as_the_viewer(source: RsnaDicom, images: Path) -> None:
    """Every slice has the HU, spacing and place that the viewer gives it."""
    series = max(scan([images], ignore_progress, CancelToken()).series, key=lambda found: len(found.slices))
    volume = read_volume(series, ignore_progress, CancelToken())
    rows = {row.name: row for row in rows_of(source).rows}
    for index, header in enumerate(series.slices):
        row = rows[Path(header.path).stem]
        image = next(iter(source.read_images([row])))
        assert isinstance(image, SliceImage)
        np.testing.assert_array_equal(image.hu(), volume.hu(index))
        assert image.spacing_mm == volume.geometry.pixel_spacing_mm
        assert (row.slice_number, row.position_mm) == (
            index + 1,
            pytest.approx(volume.geometry.positions_mm[index], abs=1e-6),
        )


@pytest.mark.parametrize("cosines", [(1, 0, 0, 0, 1, 0), (-1, 0, 0, 0, -1, 0), (0, 1, 0, 1, 0, 0)])
def test_rsna_slices_are_what_the_viewer_makes_of_them(tmp_path: Path, cosines: tuple[int, ...]) -> None:
    """Hazard: a network trained on heads that are turned otherwise than those that the viewer shows it."""
    folder = write_rsna(
        tmp_path / "rsna", RSNA_SLICES[:3], ImageOrientationPatient=list(cosines), PixelSpacing=[0.5, 0.4]
    )
    assert_as_the_viewer(RsnaDicom(folder), folder / "stage_2_train")


def test_rsna_is_read_from_a_zip_archive_alike(tmp_path: Path) -> None:
    folder = write_rsna(tmp_path / "rsna")
    archive = RsnaDicom(zip_tree(folder, tmp_path / "rsna.zip"), index=tmp_path / "index.jsonl")
    for _ in range(2):  # The second time from the index.
        assert [row.name for row in rows_of(archive).rows] == [
            r.name for r in rows_of(RsnaDicom(folder)).rows
        ]
        np.testing.assert_array_equal(hu_of(archive, "ID_b"), hu_of(RsnaDicom(folder), "ID_b"))


def test_neighbors_are_the_next_positions_of_the_series(tmp_path: Path) -> None:
    """Hazard: neighbors by file name would show the network slices of another head."""
    rows = rows_of(RsnaDicom(write_rsna(tmp_path / "rsna"))).rows[::-1]
    names = [row.name for row in rows]
    found = {
        name: tuple(names[i] if i != NOBODY else "" for i in pair)
        for name, pair in zip(names, neighbor_indices(rows), strict=True)
    }
    assert found == {
        **{"ID_c": ("", "ID_a"), "ID_a": ("ID_c", "ID_b"), "ID_b": ("ID_a", "")},
        **{"ID_f": ("", "ID_e"), "ID_e": ("ID_f", ""), "ID_d": ("", "")},
    }


def test_wrapped_values_are_unwrapped_and_flagged(tmp_path: Path) -> None:
    """Hazard: air at 3096 HU."""
    folder = write_rsna(tmp_path / "rsna", RSNA_SLICES[:1], RescaleIntercept=0, BitsStored=12, HighBit=11)
    path = folder / "stage_2_train" / "ID_c.dcm"
    content, meant = path.read_bytes(), head(1).clip(-1000)
    wrapped = (meant.astype(np.int32) % 4096).astype("<u2").tobytes()
    path.write_bytes(content[: -len(wrapped)] + wrapped)
    image = image_of(RsnaDicom(folder), "ID_c")
    assert isinstance(image, SliceImage)
    assert image.remarks == ("wrap",)
    np.testing.assert_array_equal(image.hu(), meant)


@pytest.mark.parametrize(
    "changes",
    [
        {"RescaleIntercept": -1024, "BitsStored": 12, "HighBit": 11},
        {"RescaleIntercept": 0, "BitsStored": 16, "HighBit": 15},
    ],
)
def test_bright_values_of_sound_files_stay(tmp_path: Path, changes: dict[str, int]) -> None:
    """Hazard: metal or bone of a sound file becomes air."""
    folder = write_rsna(tmp_path / "rsna", RSNA_SLICES[:1], **changes)
    path = folder / "stage_2_train" / "ID_c.dcm"
    content, stored = path.read_bytes(), np.full((32, 32), 4000, dtype="<u2").tobytes()
    path.write_bytes(content[: -len(stored)] + stored)
    image = image_of(RsnaDicom(folder), "ID_c")
    assert isinstance(image, SliceImage)
    assert (image.remarks, image.hu().min()) == ((), 4000 + changes["RescaleIntercept"])


def test_a_truncated_file_costs_its_slice_only(tmp_path: Path) -> None:
    folder = write_rsna(tmp_path / "rsna")
    path = folder / "stage_2_train" / "ID_a.dcm"
    path.write_bytes(path.read_bytes()[:-100])
    source = RsnaDicom(folder)
    assert len(rows_of(source).rows) == len(RSNA_SLICES)
    damaged = image_of(source, "ID_a")
    assert isinstance(damaged, Unreadable)
    assert "end after 1948 of 2048 bytes" in damaged.reason


def test_a_file_that_is_no_dicom_keeps_its_row_at_the_end(tmp_path: Path) -> None:
    folder = write_rsna(tmp_path / "rsna")
    (folder / "stage_2_train" / "ID_c.dcm").write_bytes(b"nothing")
    rows = rows_of(RsnaDicom(folder)).rows
    assert (rows[-1].name, rows[-1].study, rows[-1].slice_number) == ("ID_c", "", None)
    assert image_of(RsnaDicom(folder), "ID_c") == Unreadable("not a DICOM file")


def test_rows_that_say_the_same_twice_are_dropped_and_counted(tmp_path: Path) -> None:
    path = write_long_labels(tmp_path / "l.csv", {"ID_a": EPIDURAL}, ["ID_a_epidural,1", "ID_a_any,1"])
    labels = read_long_labels(path)
    assert (labels.labels, labels.repeated_rows) == ({"ID_a": EPIDURAL}, 2)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("ID_a_epidural,0", r"l\.csv, line 8: ID_a_epidural is 0, an earlier row says 1"),
        ("ID_b_any,0", r"l\.csv, line 8: ID_b has no row for epidural, intraparenchymal"),
        ("ID_a_epidurol,0", r"l\.csv, line 8: 'ID_a_epidurol,0' is not"),
        ("ID_a_any", r"l\.csv, line 8: 'ID_a_any' is not"),
    ],
)
def test_a_long_label_file_that_cannot_be_trusted_is_refused(
    tmp_path: Path, extra: str, message: str
) -> None:
    path = write_long_labels(tmp_path / "l.csv", {"ID_a": EPIDURAL}, [extra])
    with pytest.raises(LabelFileError, match=message):
        read_long_labels(path)


def test_any_must_be_the_maximum_in_the_long_file_too(tmp_path: Path) -> None:
    path = write_long_labels(tmp_path / "l.csv", {"ID_a": (0, 1, 0, 0, 0, 0)})
    with pytest.raises(LabelFileError, match="line 2: label 'any' of ID_a is 0 and is not the maximum"):
        read_long_labels(path)


def test_a_row_without_file_and_a_file_without_row_are_named(tmp_path: Path) -> None:
    folder = write_rsna(tmp_path / "rsna")
    (folder / "stage_2_train" / "ID_a.dcm").rename(folder / "stage_2_train" / "ID_x.dcm")
    with pytest.raises(LabelFileError) as caught:
        rows_of(RsnaDicom(folder))
    assert "has no row for ID_x, which is there" in str(caught.value)
    assert "line 8: there is no file for ID_a" in str(caught.value)


def test_a_partial_copy_is_read_when_it_is_said_to_be_one(tmp_path: Path) -> None:
    folder = write_rsna(tmp_path / "rsna")
    (folder / "stage_2_train" / "ID_a.dcm").unlink()
    label_set = rows_of(RsnaDicom(folder, is_partial=True))
    assert len(label_set.rows) == len(RSNA_SLICES) - 1
    assert "1 labeled slices have no file and were left out" in label_set.remarks


def test_headers_are_read_once(tmp_path: Path) -> None:
    folder, index = write_rsna(tmp_path / "rsna"), tmp_path / "index.jsonl"
    source = RsnaDicom(folder, index=index)
    before = rows_of(source).rows
    with index.open("ab") as file:
        file.write(b'{"name": "ID_z", "pat')  # as a kill leaves it
    for path in (folder / "stage_2_train").iterdir():
        path.write_bytes(b"")
    assert rows_of(source).rows == before
    with pytest.raises(ValueError, match="is the index of"):
        rows_of(RsnaDicom(tmp_path, folder / "stage_2_train.csv", index, is_partial=True))


# CT-ICH


def test_ct_ich_slices_carry_labels_masks_and_spacing(tmp_path: Path) -> None:
    source = CtIchPublished(write_ct_ich(tmp_path))
    rows = rows_of(source).rows
    assert [row.name for row in rows] == ["049_001", "049_002", "049_003", "050_001", "050_002", "050_003"]
    assert [row.labels for row in rows[1:3]] == [(0,) * 6, EPIDURAL]
    image = list(source.read_images(rows[:3]))[2]
    assert isinstance(image, SliceImage)
    assert image.spacing_mm == (0.5, 0.5)
    assert image.masks is not None
    assert set(np.unique(image.masks)) == {0, 0b11}
    assert (image.hu()[image.masks > 0] == 65).all()


def test_a_nifti_volume_is_turned_to_the_canonical_orientation(tmp_path: Path) -> None:
    values = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)
    plain = read_nifti(write_nifti(tmp_path / "a.nii", values))
    np.testing.assert_array_equal(plain.values, values)
    turned = read_nifti(write_nifti(tmp_path / "b.nii", values, (-1, 0, 0, 0, -1, 0, 0, 0, 1)))
    np.testing.assert_array_equal(turned.values, values[:, ::-1, ::-1])
    assert (np.diff(turned.positions_mm) > 0).all()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("49,3,0,0,0,1,0,0,0\n", "", "has no row for slice 3 of patient 049"),
        ("50,3,0,0", "50,4,0,0", r"line 7: 050\.nii has 3 slices"),
        ("49,3,0,0,0,1,0,0,0", "49,3,0,0,0,1,0,1,0", "line 4: No_Hemorrhage contradicts"),
        ("49,2,", "49,1,", "line 3: 049_001 stands twice, first in line 2"),
        ("49,2,0", "49,2,maybe", "line 3: Intraventricular is 'maybe'"),
    ],
)
def test_ct_ich_rows_are_held_against_the_scans(tmp_path: Path, old: str, new: str, message: str) -> None:
    labels = write_ct_ich(tmp_path) / "hemorrhage_diagnosis_raw_ct.csv"
    text = labels.read_text(encoding="utf-8")
    assert old in text
    labels.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(LabelFileError, match=message):
        rows_of(CtIchPublished(tmp_path))


def test_a_damaged_scan_costs_its_patient_only(tmp_path: Path) -> None:
    source = CtIchPublished(write_ct_ich(tmp_path))
    (tmp_path / "ct_scans" / "050.nii").write_bytes(b"no volume")
    rows = rows_of(source).rows
    assert all(isinstance(image, SliceImage) for image in source.read_images(rows[:3]))
    assert all(isinstance(image, Unreadable) for image in source.read_images(rows[3:]))


# CQ500


def test_a_study_has_the_label_of_two_readers_in_three(tmp_path: Path) -> None:
    votes = {
        3: ("ICH SDH", "ICH SDH", ""),
        11: ("", "ICH IPH", ""),
        12: ("ICH EDH", "ICH SAH", "ICH"),
    }
    source = Cq500(write_cq500(tmp_path, votes))
    label_set = rows_of(source)
    studies = {row.study: row for row in label_set.rows}
    assert studies["CQ500-CT-3"].study_labels == (1, 0, 0, 0, 0, 1)
    assert studies["CQ500-CT-11"].study_labels == (0,) * 6
    assert studies["CQ500-CT-12"].study_labels == (1, 0, 0, 0, 0, 0)
    assert "1 studies with blood on whose kind no two readers agreed" in label_set.remarks


def test_a_slice_of_a_bleeding_study_has_no_label_of_its_own(tmp_path: Path) -> None:
    """Hazard: healthy slices learned as blood because the study has some."""
    source = Cq500(write_cq500(tmp_path, {3: ("ICH SDH", "ICH SDH", ""), 11: ("", "", "")}))
    rows = {row.study: row for row in rows_of(source).rows}
    assert rows["CQ500-CT-3"].known == (False, True, True, True, True, False)
    assert rows["CQ500-CT-11"].known == (True,) * 6


def test_cq500_slices_come_from_the_series_that_the_viewer_opens(tmp_path: Path) -> None:
    source = Cq500(write_cq500(tmp_path, {3: ("", "", "")}), index=tmp_path / "index.jsonl")
    rows = rows_of(source).rows
    assert [row.position_mm for row in rows] == [5.0 * n for n in range(1, 13)]
    images = list(source.read_images(rows[4:6]))
    assert isinstance(images[1], SliceImage)
    np.testing.assert_array_equal(images[1].hu(), head(3005))
    assert rows_of(source).rows == rows  # from the index


def test_reads_without_study_are_named(tmp_path: Path) -> None:
    folder = write_cq500(tmp_path, {3: ("", "", "")})
    reads = folder / "reads.csv"
    text = reads.read_text(encoding="utf-8")
    reads.write_text(text + text.splitlines()[1].replace("CT-3", "CT-4") + "\n", encoding="utf-8")
    with pytest.raises(LabelFileError, match="line 3: there is no file for CQ500-CT-4"):
        rows_of(Cq500(folder))
    assert len(rows_of(Cq500(folder, is_partial=True)).rows) == 12


@pytest.mark.needs_shared_data
def test_a_real_cq500_study_is_read(shared_data: Path, tmp_path: Path) -> None:
    (tmp_path / "CQ500CT0 CQ500CT0").symlink_to(shared_data / "cq500_ct0")
    write_cq500(tmp_path / "fake", {0: ("", "", "")}, slices=1)
    (tmp_path / "fake" / "reads.csv").rename(tmp_path / "reads.csv")
    source = Cq500(tmp_path)
    rows = rows_of(source).rows
    assert len(rows) >= 20
    image = next(iter(source.read_images(rows[:1])))
    assert isinstance(image, SliceImage)
    assert image.hu().min() < -900


@pytest.mark.needs_shared_data
def test_a_real_rsna_series_is_read(shared_data: Path, tmp_path: Path) -> None:
    files = [path for path in (shared_data / "rsna_series").iterdir() if path.suffix == ".dcm"]
    write_long_labels(tmp_path / "labels.csv", {path.stem: (0,) * 6 for path in files})
    source = RsnaDicom(shared_data / "rsna_series", tmp_path / "labels.csv")
    rows = rows_of(source).rows
    assert_as_the_viewer(source, shared_data / "rsna_series")
    steps = np.diff([row.position_mm for row in rows])
    assert (len(rows), len({row.study for row in rows})) == (len(files), 1)
    assert (steps > 4).all()
    assert all(isinstance(image, SliceImage) for image in source.read_images(rows[:3]))


# CT-ICH pictures of both windows


def test_the_bone_picture_says_what_the_brain_picture_cut_off() -> None:
    brain = np.array([[0, 255, 128, 0, 255]], dtype=np.uint8)
    bone = np.array([[0, 255, 255, 255, 0]], dtype=np.uint8)
    hu = joined(brain, bone)
    np.testing.assert_allclose(hu, [[-900, 2300, 40.235, -20, 100]], atol=0.01)


def test_both_pictures_make_one_slice(tmp_path: Path) -> None:
    folder = write_label_sets(tmp_path, 2, 1) / "ct_ich_v1"
    (folder / "bone").mkdir()
    for path in (folder / "brain").iterdir():
        Image.fromarray(np.full((25, 25), 255, dtype=np.uint8)).save(folder / "bone" / path.name)
    source = open_source("ct_ich_v1_both", folder)
    name = rows_of(source).rows[0].name
    near, both = hu_of(open_source("ct_ich_v1", folder), name), hu_of(source, name)
    inside = (near > -19) & (near < 99)
    assert inside.any()
    assert np.abs(both - near)[inside].max() <= 0.126
    assert both[near > 99.9].min() > 2000
    (folder / "bone" / f"{name}.jpg").unlink()
    assert isinstance(image_of(source, name), Unreadable)


# The two picture sets


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("000,1,000_001.jpg", "000,one,000_001.jpg", r"labels\.csv, line 2: slice is 'one', not a number"),
        ("000,1,000_001.jpg", "000,1,000_009.jpg", "line 2: there is no file for 000_009"),
        ("000,1,000_001.jpg,0", "000,1,000_001.jpg,1", "line 2: label 'any' is 1 and is not the maximum"),
        ("000,1,000_001.jpg", "000,2,000_002.jpg", "line 3: 000_002 stands twice, first in line 2"),
        ("000,1,000_001.jpg,0,0,0,0,0,0,0\n", "", "has no row for 000_001, which is there"),
    ],
)
def test_a_label_file_of_a_picture_set_that_cannot_be_trusted_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    folder = write_label_sets(tmp_path, 2, 2) / "ct_ich_v1"
    labels = folder / "labels.csv"
    text = labels.read_text(encoding="utf-8")
    assert old in text
    labels.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(LabelFileError, match=message):
        rows_of(PictureSet("ct_ich_v1", folder))


# Plain pictures


def write_pictures(folder: Path, lines: list[str]) -> Path:
    folder.mkdir()
    for name in ("a.png", "b.png"):
        Image.fromarray(np.full((8, 8), 255, dtype=np.uint8)).save(folder / name)
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_a_label_without_a_column_is_unknown(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "p", ["file,any,subdural,patient", "b.png,0,0,P2", "a.png,1,,P1"])
    source = PictureFolder(folder, Window(40, 80))
    first, second = rows_of(source).rows
    assert (first.name, first.labels, first.known) == ("a.png", (1, 0, 0, 0, 0, 0), (True, *(False,) * 5))
    assert second.known == (True, False, False, False, False, True)
    np.testing.assert_allclose(hu_of(source, "a.png"), 80.0, rtol=1e-6)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["file,any", "a.png,1", "b.png,2"], r"labels\.csv, line 3: any is '2', neither 0 nor 1"),
        (["file,any", "a.png,1", "a.png,0", "b.png,0"], "line 3: a.png stands twice, first in line 2"),
        (["file,any,subdural", "a.png,0,1", "b.png,0,0"], "line 2: a subtype is 1 and 'any' is 0"),
        (
            [f"file,{','.join(SUBTYPES)}", "a.png,1,0,0,0,0,0", "b.png,0,0,0,0,0,0"],
            "line 2: 'any' is 1 and every subtype is 0",
        ),
        (
            ["file,any,subdual", "a.png,1,1", "b.png,0,0"],
            "column 'subdual' is not known; is it meant for 'subdural'",
        ),
        (
            ["file,any,Patient", "a.png,1,1", "b.png,0,0"],
            "column 'Patient' is not known; is it meant for 'patient'",
        ),
        (["file,any", "a.png,1"], "has no row for b.png"),
        (["file,blood", "a.png,1", "b.png,0"], "line 1: there is no label column"),
        (["picture,any", "a.png,1"], "line 1: no column file"),
        (["file,any", "a.png,1,1", "b.png,0"], "line 2: 3 cells, the header has 2"),
    ],
)
def test_a_label_file_of_pictures_that_cannot_be_trusted_is_refused(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    folder = write_pictures(tmp_path / "p", lines)
    with pytest.raises(LabelFileError, match=message):
        rows_of(PictureFolder(folder, Window(40, 80)))


def test_other_columns_of_pictures_are_nobodys_mistake(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "p", ["file,any,age,fracture", "a.png,1,70,0", "b.png,0,60,1"])
    assert [row.labels[0] for row in rows_of(PictureFolder(folder, Window(40, 80))).rows] == [1, 0]


def test_the_window_of_pictures_is_never_guessed(tmp_path: Path) -> None:
    """Hazard: grey values taken for Hounsfield units that they are not."""
    with pytest.raises(ValueError, match="must be said"):
        open_source("picture_folder", tmp_path)


# Corrections


def write_corrections(path: Path, decisions: list[dict[str, str]]) -> Path:
    lines = [",".join(TABLE_COLUMNS)]
    lines += [",".join(row.get(column, "") for column in TABLE_COLUMNS) for row in decisions]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_corrections_read_the_columns_that_the_viewer_writes() -> None:
    assert set(COLUMNS) <= set(TABLE_COLUMNS)


def test_decisions_become_labels_of_their_slices(tmp_path: Path) -> None:
    images = tmp_path / "images"
    write_stack(images, 10)
    uid = "1.2.826.0.1.400."
    table = write_corrections(
        tmp_path / "table.csv",
        [
            {"sop_instance_uid": f"{uid}3", "decision_subdural": "accepted", "reading": "before"},
            {"sop_instance_uid": f"{uid}4", "decision_any": "rejected", "reading": "after"},
            {"sop_instance_uid": f"{uid}5"},
            {"sop_instance_uid": f"{uid}6", "decision_epidural": "rejected", "reading": "after"},
        ],
    )
    source = Corrections(table, images)
    label_set = rows_of(source)
    found = [(row.slice_number, row.labels, row.known) for row in label_set.rows]
    assert found == [
        (3, (1, 0, 0, 0, 0, 1), (True, False, False, False, False, True)),
        (4, (0,) * 6, (True,) * 6),
        (6, (0,) * 6, (False, True, False, False, False, False)),
    ]
    assert "2 slices were read after the scores were shown" in label_set.remarks
    assert hu_of(source, f"{uid}3").ravel()[0] == 3 - 1024


def test_corrections_count_what_the_scores_did_not_lead_to(tmp_path: Path) -> None:
    write_stack(tmp_path / "images", 3)
    kept = {"decision_subdural": "accepted", "before_decision_subdural": "accepted"}
    moved = {"decision_subdural": "rejected", "before_decision_subdural": "accepted"}
    lines = [
        {"sop_instance_uid": f"1.2.826.0.1.400.{number}", "reading": "after", **cells}
        for number, cells in enumerate((kept, moved), start=1)
    ]
    remarks = rows_of(Corrections(write_corrections(tmp_path / "t.csv", lines), tmp_path / "images")).remarks
    assert "2 slices were read after the scores were shown" in remarks
    assert "1 of these had been decided alike before" in remarks


def test_contradictory_decisions_are_named(tmp_path: Path) -> None:
    write_stack(tmp_path / "images", 3)
    decisions = [
        {"sop_instance_uid": "1.2.826.0.1.400.1", "decision_any": "rejected"},
        {"sop_instance_uid": "1.2.826.0.1.400.1", "decision_any": "accepted"},
        {"sop_instance_uid": "1.2.3", "decision_any": "accepted"},
    ]
    table = write_corrections(tmp_path / "t.csv", decisions)
    with pytest.raises(LabelFileError) as caught:
        rows_of(Corrections(table, tmp_path / "images"))
    assert "line 3: contradicts line 2" in str(caught.value)
    assert "line 4: there is no image 1.2.3" in str(caught.value)


# What all share


def test_an_empty_class_is_named() -> None:
    known = [(True,) * 6] * 3
    labels = [EPIDURAL, (0,) * 6, (1, 0, 1, 1, 1, 0)]
    with pytest.raises(ValueError, match="fold 2 has an empty class: subdural is 0 in every row"):
        require_classes("fold 2", labels, known)
    require_classes("fold 2", labels, [(*(True,) * 5, False)] * 3)


def test_what_a_source_lacks_is_named_in_words(tmp_path: Path) -> None:
    source = open_source("rsna_png", tmp_path)
    assert missing_needs(source.name, source.offers, ["masks", "spacing"]) == [
        "rsna_png has no masks of the bleeds (masks).",
        "rsna_png has no pixel spacing in mm (spacing).",
    ]
    assert missing_needs("x", frozenset(Need), [need.value for need in Need]) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [("corrections", "--labels FILE"), ("generated_lesions", "--count N"), ("picture_folder", "--window")],
)
def test_what_a_source_cannot_do_without_is_asked_for(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        open_source(name, tmp_path)


def test_an_unknown_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="The source 'rsna' is not known; known are: ct_ich_v1"):
        open_source("rsna", tmp_path)
    with pytest.raises(ValueError, match="is not there"):
        open_source("cq500", tmp_path / "nowhere")
