"""Files to series in order, and one verdict per file."""

from __future__ import annotations

import contextlib
import os
import sys
import tracemalloc
import warnings
import zipfile
from collections.abc import Iterator
from collections.abc import Sequence as Tasks
from pathlib import Path

import numpy as np
import pytest
from dicom_files import SERIES, make_slice, ramp, save, save_without_preamble, write_slice, write_stack
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from ichviewer.core.errors import UnreadableError
from ichviewer.core.file_errors import STILL_COPIED
from ichviewer.core.progress import Cancelled, CancelToken, Progress, ignore_progress
from ichviewer.core.series import TWO_PATIENTS_NOTE, FileVerdict, FolderContents, Series, Verdict
from ichviewer.dicom import deflated
from ichviewer.dicom.decode import Decoded, SliceDecoder
from ichviewer.dicom.decode_child import DecodeTask
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import best_series, scan


class RefusingDecoder(SliceDecoder):
    """Starts no child: the bytes of this test never reach a decoder."""

    def decode(self, tasks: Tasks[DecodeTask], cancel: CancelToken) -> Iterator[tuple[int, Decoded]]:
        yield from ((index, "not decoded") for index, _ in enumerate(tasks))


NO_DECODER = RefusingDecoder()


def scanned(*paths: Path) -> FolderContents:
    return scan(paths, ignore_progress, CancelToken())


def only_series(*paths: Path) -> Series:
    (series,) = scanned(*paths).series
    return series


def only_file(path: Path) -> FileVerdict:
    (verdict,) = scanned(path).files
    return verdict


def heights(series: Series) -> list[float]:
    return [header.image_position_mm[2] for header in series.slices if header.image_position_mm]


def test_slices_are_sorted_by_position_whatever_their_names_and_numbers_say(tmp_path: Path) -> None:
    """Hazard: slices in a false order show a bleed at the wrong height."""
    for number, height in enumerate((15.0, 0.0, 10.0, 5.0), start=1):
        write_slice(tmp_path / f"{number}", number, position=(0, 0, height), InstanceNumber=number)
    series = only_series(tmp_path)
    assert heights(series) == [0.0, 5.0, 10.0, 15.0]
    assert series.sorted_by == "position"


def test_without_positions_the_instance_number_sorts_and_it_is_said(tmp_path: Path) -> None:
    """Hazard: a guessed order passes for a measured one."""
    for number in (3, 1, 2):
        write_slice(tmp_path / f"{9 - number}", number, ImagePositionPatient=None)
    series = only_series(tmp_path)
    assert [header.instance_number for header in series.slices] == [1, 2, 3]
    assert series.sorted_by == "instance number"
    assert series.geometry is None
    assert not series.is_ai_candidate
    assert "no positions in the files: sorted by instance number" in series.notes


def test_every_file_has_one_verdict_with_its_reason(tmp_path: Path) -> None:
    """Hazard: a silently skipped file is a slice that nobody has read."""
    write_stack(tmp_path, 3)
    (tmp_path / "a_note.txt").write_text("no image")
    (tmp_path / "empty").touch()
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("x", "y")
    report = make_slice(
        9, Modality="SR", Rows=None, Columns=None, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.67"
    )
    del report.PixelData
    save(report, tmp_path / "sr")
    bare = make_slice(10)
    del bare.PixelData
    save(bare, tmp_path / "no_pixels")
    (tmp_path / "cut").write_bytes((tmp_path / "IM000").read_bytes()[:500])
    verdicts = {file.path: (file.verdict, file.reason) for file in scanned(tmp_path).files}
    assert len(verdicts) == 10
    assert verdicts["a_note.txt"] == (Verdict.SKIPPED, "not a DICOM file")
    assert verdicts["empty"] == (Verdict.SKIPPED, "empty file")
    assert verdicts["more.zip"] == (Verdict.SKIPPED, "a ZIP archive; its 1 file was looked at")
    assert verdicts["more.zip/x"] == (Verdict.SKIPPED, "not a DICOM file")
    assert verdicts["sr"] == (
        Verdict.SKIPPED,
        "a dose report (X-Ray Radiation Dose SR Storage, SR)",
    )
    assert verdicts["no_pixels"] == (Verdict.DAMAGED, f"no pixel data; {STILL_COPIED}")
    assert verdicts["cut"] == (Verdict.DAMAGED, f"the file ends within its header; {STILL_COPIED}")
    assert verdicts["IM000"] == (Verdict.LOADED, "")


def test_paths_are_relative_to_what_was_opened(tmp_path: Path) -> None:
    write_slice(tmp_path / "a" / "b" / "c.dcm")
    assert only_file(tmp_path).path == str(Path("a/b/c.dcm"))
    assert only_file(tmp_path / "a" / "b" / "c.dcm").path == "c.dcm"


def test_several_paths_make_one_series(tmp_path: Path) -> None:
    """Hazard: half a head, because its files were dropped in two handfuls."""
    files = [write_slice(tmp_path / f"{number}", number) for number in (1, 2, 3)]
    assert len(only_series(*files).slices) == 3


def test_a_link_in_a_circle_is_walked_once_and_one_that_leads_out_is_named(tmp_path: Path) -> None:
    """Hazard: a scan that never ends, or files of somebody else."""
    folder = tmp_path / "opened"
    write_slice(folder / "one")
    write_slice(tmp_path / "elsewhere" / "two", 2)
    (folder / "circle").symlink_to(folder, target_is_directory=True)
    (folder / "out").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    verdicts = {file.path: file for file in scanned(folder).files}
    assert set(verdicts) == {"one", "out"}
    assert verdicts["out"].reason == "a link that leads out of the opened folder"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_named_and_never_opened(tmp_path: Path) -> None:
    """Hazard: reading a pipe would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    assert only_file(tmp_path).reason == "not a regular file"


def test_a_file_without_preamble_is_read(tmp_path: Path) -> None:
    """Hazard: the slices of an old archive are missing."""
    save_without_preamble(make_slice(), tmp_path / "old")
    series = only_series(tmp_path)
    assert series.transfer_syntaxes == (str(ImplicitVRLittleEndian),)
    assert series.slices[0].stored_shape == (12, 16)


def test_random_bytes_are_not_taken_for_dicom(tmp_path: Path) -> None:
    """Hazard: a picture made of bytes that are none."""
    for number, content in enumerate(
        (b"\x08\x00", b"\x08\x00\x05\x00ZZ" + b"x" * 90, b"\xff" * 300, b"GIF89a" * 40)
    ):
        (tmp_path / f"{number}").write_bytes(content)
    assert {file.reason for file in scanned(tmp_path).files} == {"not a DICOM file"}


def test_missing_class_type_number_and_thickness_and_illegal_uids_do_no_harm(tmp_path: Path) -> None:
    """Hazard: a head that cannot be opened, or a value invented for want of one."""
    absent = ("SOPClassUID", "ImageType", "InstanceNumber", "SliceThickness")
    for number in (1, 2, 3):
        dataset = make_slice(number, **dict.fromkeys(absent))
        # Written behind pydicom's back, which would warn of such UIDs.
        for keyword in ("SeriesInstanceUID", "StudyInstanceUID"):
            setattr(dataset, keyword, "1.2.3.4.5.6.7")
        path = save(dataset, tmp_path / f"ID_{number}.dcm")
        path.write_bytes(path.read_bytes().replace(b"1.2.3.4.5.6.7", b"ID_abcdef_001"))
    series = only_series(tmp_path)
    assert series.series_instance_uid == "ID_abcdef_001"
    assert series.hu == "assumed"
    assert series.is_ai_candidate
    assert series.slices[0].thickness_mm is None


def test_the_same_instance_twice_is_dropped_and_counted(tmp_path: Path) -> None:
    """Hazard: a slice counted twice shifts all slices above it."""
    write_stack(tmp_path, 4)
    (tmp_path / "z_copy").write_bytes((tmp_path / "IM000").read_bytes())
    contents = scanned(tmp_path)
    (series,) = contents.series
    assert (len(series.slices), series.duplicates) == (4, 1)
    assert {file.path: file.verdict for file in contents.files}["z_copy"] is Verdict.SKIPPED


def test_a_sound_copy_is_kept_rather_than_a_damaged_one(tmp_path: Path) -> None:
    """Hazard: the damaged copy would hide a slice that is there."""
    write_stack(tmp_path, 3)
    content = (tmp_path / "IM000").read_bytes()
    (tmp_path / "AA_cut").write_bytes(content[:-100])
    (series,) = scanned(tmp_path).series
    assert all(header.pixels is not None and not header.pixels.fault for header in series.slices)


@pytest.mark.parametrize("keyword", ["PatientID", "StudyInstanceUID", "FrameOfReferenceUID"])
def test_a_stack_never_mixes_patients_studies_or_frames_of_reference(tmp_path: Path, keyword: str) -> None:
    """Hazard: a slice of another patient inside a stack."""
    write_stack(tmp_path, 3)
    write_slice(tmp_path / "other", 9, position=(0, 0, 7.5), **{keyword: "1.9.9"})
    contents = scanned(tmp_path)
    assert [len(series.slices) for series in contents.series if series.stack_number == 0] == [3]
    assert [len(series.slices) for series in contents.series if series.stack_number == 1] == [1]
    is_noted = all(TWO_PATIENTS_NOTE in series.notes for series in contents.series)
    assert is_noted == (keyword == "PatientID")


def test_a_slice_of_another_orientation_is_split_off(tmp_path: Path) -> None:
    """Hazard: a scout among the slices of a stack."""
    write_stack(tmp_path, 3)
    write_slice(tmp_path / "scout", 9, ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    series = scanned(tmp_path).series
    assert [(len(s.slices), s.orientation) for s in series] == [(3, "axial"), (1, "coronal")]
    assert len({s.key for s in series}) == 2


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer: not analyzed"),
        ({"ImageType": ["DERIVED", "SECONDARY", "REFORMATTED"]}, "derived image: not analyzed"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "screen capture or color image: not analyzed"),
        ({"pixels": np.zeros((12, 16, 3), np.uint8)}, "screen capture or color image: not analyzed"),
    ],
)
def test_what_is_no_original_is_listed_apart_and_no_candidate(
    tmp_path: Path, changes: dict[str, object], note: str
) -> None:
    """Hazard: the network reads a scout, a reformat or a dose report."""
    write_stack(tmp_path, 3)
    write_slice(tmp_path / "other", 9, position=(0, 0, 7.5), **changes)
    main, other = scanned(tmp_path).series
    assert (len(main.slices), main.is_ai_candidate) == (3, True)
    assert (len(other.slices), other.is_ai_candidate, other.hu) == (1, False, "not claimed")
    assert note in other.notes


def test_two_reconstructions_at_the_same_positions_are_split_by_kernel(tmp_path: Path) -> None:
    """Hazard: sharp and soft slices in turns look like changing tissue."""
    for number in range(1, 5):
        write_slice(tmp_path / f"s{number}", number, ConvolutionKernel="STANDARD")
        write_slice(
            tmp_path / f"b{number}", 10 + number, position=(0, 0, 5 * number), ConvolutionKernel="BONE"
        )
    series = scanned(tmp_path).series
    assert sorted((s.kernel, len(s.slices)) for s in series) == [("BONE", 4), ("STANDARD", 4)]


def test_two_passes_at_the_same_positions_are_split_by_content_time(tmp_path: Path) -> None:
    """Hazard: slices before and after contrast in turns."""
    for number in range(1, 5):
        write_slice(
            tmp_path / f"a{number}", number, ContentTime=f"1000{number:02d}", AcquisitionNumber=number
        )
        write_slice(
            tmp_path / f"b{number}",
            10 + number,
            position=(0, 0, 5 * number),
            ContentTime=f"1005{number:02d}",
            AcquisitionNumber=number,
        )
    series = scanned(tmp_path).series
    assert [len(s.slices) for s in series] == [4, 4]
    assert {Path(header.path).name[0] for header in series[0].slices} == {"a"}
    assert "the series holds 2 stacks at the same positions, split by content time" in series[0].notes


def test_acquisition_numbers_alone_split_nothing(tmp_path: Path) -> None:
    """Hazard: a series torn into single slices."""
    for number in range(1, 6):
        write_slice(tmp_path / f"{number}", number, AcquisitionNumber=number)
    assert len(only_series(tmp_path).slices) == 5


def test_slices_that_cannot_be_told_apart_are_kept_and_named(tmp_path: Path) -> None:
    """Hazard: a slice dropped because another lies at its place."""
    write_stack(tmp_path, 3)
    write_slice(tmp_path / "twin", 9, position=(0, 0, 5))
    series = only_series(tmp_path)
    assert len(series.slices) == 4
    assert "1 slice at the position of another one, not to be told apart" in series.notes


def test_a_missing_slice_is_a_gap_and_two_slices_too_near_an_overlap(tmp_path: Path) -> None:
    """Hazard: a missing slice that nobody is told of."""
    for number, height in enumerate((0, 5, 10, 20, 25, 26, 31), start=1):
        write_slice(tmp_path / f"{number}", number, position=(0, 0, height))
    series = only_series(tmp_path)
    assert [(gap.after_slice, gap.mm) for gap in series.gaps] == [(2, 10.0)]
    assert series.overlaps == 1


def test_tilt_comes_from_the_positions_and_not_from_the_tag(tmp_path: Path) -> None:
    """Hazard: the tag's sign is the vendor's; a reformat sheared by it is sheared the wrong way."""
    shift = 5 * np.tan(np.radians(-18.5))
    for number in range(1, 6):
        write_slice(
            tmp_path / f"{number}", number, position=(0, shift * number, 5 * number), GantryDetectorTilt=18.5
        )
    series = only_series(tmp_path)
    assert series.tilt_degrees == pytest.approx(-18.5)
    assert series.tilt_tag_degrees == 18.5


@pytest.mark.parametrize(("degrees", "name"), [(34.0, "axial"), (36.0, "oblique")])
def test_axial_ends_at_35_degrees(tmp_path: Path, degrees: float, name: str) -> None:
    """Hazard: a tilted head kept from the network, or a coronal series given to it."""
    sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    write_slice(tmp_path / "one", ImageOrientationPatient=[1, 0, 0, 0, cosine, sine])
    series = only_series(tmp_path)
    assert series.orientation == name
    assert series.is_ai_candidate == (name == "axial")


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({}, "claimed"),
        ({"RescaleType": "HU"}, "claimed"),
        ({"RescaleType": "US"}, "not claimed"),
        ({"SOPClassUID": None}, "assumed"),
        ({"ImageType": None}, "assumed"),
        ({"Modality": "MR", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4"}, "not claimed"),
        ({"ImageType": ["DERIVED", "PRIMARY", "AXIAL"]}, "not claimed"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL", "MAT_SPECIFIC"]}, "not claimed"),
        ({"RescaleIntercept": None}, "not claimed"),
        ({"RescaleSlope": None}, "not claimed"),
        ({"PhotometricInterpretation": "MONOCHROME1"}, "not claimed"),
    ],
)
def test_hounsfield_units_are_claimed_only_where_the_file_says_so(
    tmp_path: Path, changes: dict[str, object], claim: str
) -> None:
    """Hazard: a threshold in HU applied to values that are something else."""
    write_stack(tmp_path, 2, **changes)
    assert only_series(tmp_path).hu == claim


def test_declared_sizes_are_held_against_the_file(tmp_path: Path) -> None:
    """Hazard: a file of 2 kB that declares 8 GB of pixels takes the memory of the machine."""
    write_slice(tmp_path / "one", Rows=5000, Columns=5000)
    write_slice(tmp_path / "two", 2, Rows=65535, Columns=65535)
    contents = scanned(tmp_path)
    assert contents.series == ()
    assert [file.verdict for file in contents.files] == [Verdict.DAMAGED] * 2
    assert "the pixel data end after 384 of 50000000 bytes" in contents.files[0].reason
    assert "65535 x 65535" in contents.files[1].reason


def test_a_cut_slice_stays_in_its_place_in_the_series(tmp_path: Path) -> None:
    """Hazard: one damaged slice closes the gap that it leaves, and the slices above sink."""
    write_stack(tmp_path, 4)
    path = tmp_path / "IM000"
    path.write_bytes(path.read_bytes()[:-10])
    contents = scanned(tmp_path)
    (series,) = contents.series
    assert len(series.slices) == 4
    assert series.gaps == ()
    assert {file.path: file.verdict for file in contents.files}["IM000"] is Verdict.DAMAGED
    assert "1 of 4 slices are damaged" in series.notes


def nested(depth: int) -> bytes:
    """A private sequence in a sequence in a sequence ..., undefined lengths, explicit VR."""
    opening = b"\x09\x00\x10\x10SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    closing = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    return opening * depth + closing * depth


def with_extra_element(path: Path, element: bytes) -> None:
    """Puts bytes between groups 8 and 10 of a written file."""
    content = path.read_bytes()
    place = content.index(b"\x10\x00\x10\x00PN")
    path.write_bytes(content[:place] + element + content[place:])


def test_sequences_nested_a_hundred_thousand_deep_are_a_malformed_file(tmp_path: Path) -> None:
    """Hazard: a parser that recurses is brought down by one file."""
    with_extra_element(write_slice(tmp_path / "deep"), nested(100_000))
    verdict = only_file(tmp_path)
    assert verdict.verdict is Verdict.DAMAGED
    assert verdict.reason == "malformed file: its sequences are nested more than 100 deep"


def test_an_unclosed_sequence_is_a_damaged_file(tmp_path: Path) -> None:
    """Hazard: values of a sequence taken for those of the file."""
    with_extra_element(write_slice(tmp_path / "open"), nested(5)[: 5 * 20])
    assert only_file(tmp_path).verdict is Verdict.DAMAGED


def test_deep_functional_groups_are_a_malformed_file(tmp_path: Path) -> None:
    """Hazard: a parser that recurses is brought down by one file."""
    path = write_slice(tmp_path / "deep")
    content = path.read_bytes()
    place = content.index(b"\xe0\x7f\x10\x00OW")
    groups = nested(5000)
    groups = b"\x00\x52\x30\x92" + groups[4:]
    path.write_bytes(content[:place] + groups + content[place:])
    verdict = only_file(path)
    assert verdict.verdict is Verdict.DAMAGED
    assert verdict.reason.startswith("malformed file")


def test_a_long_header_is_read_to_its_end(tmp_path: Path) -> None:
    """Hazard: a long private header hides position and spacing."""
    private = b"\x09\x00\x10\x10OB\0\0" + (300_000).to_bytes(4, "little") + b"\0" * 300_000
    with_extra_element(write_slice(tmp_path / "long"), private)
    assert only_series(tmp_path).slices[0].pixel_spacing_mm == (0.5, 0.5)


def test_an_element_longer_than_the_file_is_damage(tmp_path: Path) -> None:
    """Hazard: memory taken for what the file does not hold."""
    private = b"\x09\x00\x10\x10OB\0\0" + (4_000_000_000).to_bytes(4, "little") + b"\0" * 64
    with_extra_element(write_slice(tmp_path / "liar"), private)
    assert only_file(tmp_path).reason == f"the file ends within its header; {STILL_COPIED}"


def test_the_inflated_size_of_a_deflated_file_has_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: one kilobyte of deflated zeros becomes gigabytes."""
    dataset = make_slice(pixels=np.zeros((512, 512), np.int16))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    save(dataset, tmp_path / "bomb")
    assert only_file(tmp_path).verdict is Verdict.LOADED
    monkeypatch.setattr(deflated, "LARGEST_INFLATED", 100_000)
    verdict = only_file(tmp_path)
    assert verdict.verdict is Verdict.DAMAGED
    assert "deflated data set grows beyond" in verdict.reason


@pytest.mark.parametrize(
    ("charset", "name"),
    [("ISO_IR 192", "Müller^Jürgen"), ("ISO_IR 100", "Müller^Jürgen"), ("ISO_IR 144", "Люкceмбypг")],
)
def test_names_come_in_the_files_character_set(tmp_path: Path, charset: str, name: str) -> None:
    """Hazard: a patient taken for another one."""
    write_slice(tmp_path / "one", SpecificCharacterSet=charset, PatientName=name)
    assert only_series(tmp_path).patient.patient_name == name


@pytest.mark.parametrize("charset", [b"ISO-IR 100", b"nonsense  "])
def test_a_wrong_character_set_is_no_reason_to_fail(tmp_path: Path, charset: bytes) -> None:
    """Hazard: a misspelled character set hides the study."""
    path = write_slice(tmp_path / "one", SpecificCharacterSet="ISO_IR 100")
    path.write_bytes(path.read_bytes().replace(b"ISO_IR 100", charset))
    assert only_series(tmp_path).patient.patient_name == "Test^Head"


@pytest.mark.parametrize("keyword", ["RescaleSlope", "PixelSpacing", "ImagePositionPatient"])
def test_a_number_that_is_none_counts_as_absent_and_is_never_guessed(tmp_path: Path, keyword: str) -> None:
    """Hazard: a default put in the place of an unreadable medical value."""
    values = {"RescaleSlope": 7.25, "PixelSpacing": [7.25, 1], "ImagePositionPatient": [7.25, 0, 0]}
    path = write_slice(tmp_path / "one", **{keyword: values[keyword]})
    path.write_bytes(path.read_bytes().replace(b"7.25", b"x.yz"))
    header = only_series(tmp_path).slices[0]
    names = {
        "RescaleSlope": header.slope,
        "PixelSpacing": header.pixel_spacing_mm,
        "ImagePositionPatient": header.image_position_mm,
    }
    assert names[keyword] is None


def test_a_dicomdir_that_is_opened_itself_stands_for_its_files(tmp_path: Path) -> None:
    """Hazard: a reference out of the folder would read whatever lies on the machine."""
    write_slice(tmp_path / "disc" / "DATA" / "ONE", 1)
    write_slice(tmp_path / "SECRET", 2)
    directory = Dataset()
    directory.DirectoryRecordSequence = Sequence()
    for parts in (["DATA", "ONE"], ["UP", "SECRET"], ["ABC", "ZERO"], ["DATA", "GONE"]):
        record = Dataset()
        record.DirectoryRecordType = "IMAGE"
        record.ReferencedFileID = parts
        directory.DirectoryRecordSequence.append(record)
    directory.file_meta = FileMetaDataset()
    directory.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    directory.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    directory.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path = save(directory, tmp_path / "disc" / "DICOMDIR")
    path.write_bytes(path.read_bytes().replace(b"UP\\", b"..\\").replace(b"ABC\\", b"A\0C\\"))
    contents = scanned(path)
    reasons = {file.path: file.reason for file in contents.files}
    assert [len(series.slices) for series in contents.series] == [1]
    assert reasons["../SECRET"] == "the DICOMDIR's reference leads out of its folder"
    assert reasons["A�C/ZERO"] == "the DICOMDIR's reference leads out of its folder"
    assert reasons["DATA/GONE"] == "cannot be opened: named by the DICOMDIR, but not there"
    in_folder = {file.path: file.reason for file in scanned(tmp_path / "disc").files}
    directory_itself = "a DICOM directory; the files themselves were read; 1 file that it names is not here"
    assert in_folder["DICOMDIR"] == directory_itself


def enhanced(order: tuple[int, ...], pixels: np.ndarray) -> Dataset:
    """An Enhanced CT whose frame *i* lies at 5 mm x order[i]."""
    dataset = make_slice(
        pixels=pixels[0],
        SOPClassUID="1.2.840.10008.5.1.4.1.1.2.1",
        NumberOfFrames=len(order),
        ImagePositionPatient=None,
        ImageOrientationPatient=None,
        PixelSpacing=None,
        SliceThickness=None,
        RescaleSlope=None,
        RescaleIntercept=None,
    )
    shared, orientation, measures, values = Dataset(), Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    measures.PixelSpacing, measures.SliceThickness = [0.5, 0.25], 5
    values.RescaleSlope, values.RescaleIntercept, values.RescaleType = 1, -1000, "HU"
    shared.PlaneOrientationSequence = Sequence([orientation])
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.PixelValueTransformationSequence = Sequence([values])
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    frames = []
    for place in order:
        frame, position = Dataset(), Dataset()
        position.ImagePositionPatient = [0, 0, 5 * place]
        frame.PlanePositionSequence = Sequence([position])
        frames.append(frame)
    own = Dataset()
    own.RescaleSlope, own.RescaleIntercept, own.RescaleType = 2, -900, "HU"
    frames[0].PixelValueTransformationSequence = Sequence([own])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(frames)
    dataset.PixelData = pixels.tobytes()
    return dataset


def test_frames_of_an_enhanced_file_are_slices_in_order_of_position(tmp_path: Path) -> None:
    """Hazard: frames in the order of the file put a bleed at the wrong height."""
    pixels = np.stack([ramp(start=1000 * number) for number in range(3)])
    save(enhanced((2, 0, 1), pixels), tmp_path / "multi")
    series = only_series(tmp_path)
    assert heights(series) == [0.0, 5.0, 10.0]
    assert [header.frame_number for header in series.slices] == [2, 3, 1]
    assert [header.slope for header in series.slices] == [1.0, 1.0, 2.0]
    assert series.slices[0].pixel_spacing_mm == (0.5, 0.25)
    assert (series.hu, series.is_ai_candidate) == ("claimed", True)


def test_the_sequences_of_a_file_are_let_go_once_its_slices_are_known(tmp_path: Path) -> None:
    """Hazard: files of long empty sequences fill the memory of the machine on which a patient is read."""
    frame = Dataset()
    frame.add_new(0x00091001, "OB", bytes(6 << 20))
    for number in range(12):
        save(make_slice(number, PerFrameFunctionalGroupsSequence=Sequence([frame])), tmp_path / f"{number}")
    tracemalloc.start()
    try:
        assert len(only_series(tmp_path).slices) == 12
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * (6 << 20)


def test_more_frames_than_are_described_are_damage(tmp_path: Path) -> None:
    """Hazard: a frame given the position of another."""
    dataset = enhanced((0, 1), np.stack([ramp(), ramp()]))
    dataset.NumberOfFrames = 3
    save(dataset, tmp_path / "multi")
    assert only_file(tmp_path).reason == "3 frames are declared, 2 are described"


@pytest.fixture(scope="module")
def sound_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    pixels = np.stack([ramp(start=1000 * number) for number in range(3)])
    return save(enhanced((2, 0, 1), pixels), tmp_path_factory.mktemp("sound") / "one").read_bytes()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 2200), st.integers(0, 255)), min_size=1, max_size=8))
def test_whatever_bytes_are_wrong_the_file_has_its_verdict_and_nothing_else_happens(
    tmp_path: Path, sound_file: bytes, changes: list[tuple[int, int]]
) -> None:
    """Hazard: one damaged file ends the scan, and with it the sight of all others."""
    content = bytearray(sound_file)
    for place, value in changes:
        content[place % len(content)] = value
    (tmp_path / "one").write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        contents = scanned(tmp_path)
        assert len(contents.files) == 1
        for series in contents.series:
            with contextlib.suppress(UnreadableError):
                read_volume(series, ignore_progress, CancelToken(), NO_DECODER)


def test_scanning_stops_between_files_and_reports_how_far_it_is(tmp_path: Path) -> None:
    write_stack(tmp_path, 40)
    cancel, told = CancelToken(), []

    def report(progress: Progress) -> None:
        told.append(progress.done)
        if progress.done >= 16:
            cancel.cancel()

    with pytest.raises(Cancelled):
        scan([tmp_path], report, cancel)
    assert told == [0, 16]


def test_looking_for_files_can_be_stopped_and_tells_how_many_it_found(tmp_path: Path) -> None:
    """Hazard: a whole disk was dropped by mistake, and the right folder waits until all of it was found."""
    for number in range(200):
        (tmp_path / f"{number}").touch()
    cancel, told = CancelToken(), []

    def report(progress: Progress) -> None:
        told.append(progress.text)
        cancel.cancel()

    with pytest.raises(Cancelled):
        scan([tmp_path], report, cancel)
    assert told == ["Looking for files: 64"]


@pytest.mark.parametrize("name", ["", "DICOMDIR"])
def test_nothing_is_looked_for_once_it_was_canceled(tmp_path: Path, name: str) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        scan([write_slice(tmp_path / "DICOMDIR").parent / name], ignore_progress, cancel)


def test_the_head_opens_before_scouts_bone_kernels_thin_slices_and_other_body_parts(tmp_path: Path) -> None:
    kinds = {
        "bone": {"SeriesDescription": "HEAD 5mm bone", "ConvolutionKernel": "H70h"},
        "contrast": {"SeriesDescription": "HEAD 5mm KM", "ContrastBolusAgent": "Iomeron"},
        "scout": {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]},
        "chest": {"SeriesDescription": "CHEST 5mm"},
        # Last, so that the order of the UIDs does not choose it.
        "head": {"SeriesDescription": "HEAD 5mm", "ConvolutionKernel": "H31s"},
    }
    for index, (name, changes) in enumerate(kinds.items()):
        count = 2 if name == "scout" else 12
        write_stack(tmp_path / name, count, SeriesInstanceUID=f"1.2.3.{index}", **changes)
    for number in range(100):
        write_slice(
            tmp_path / "thin" / f"{number}",
            number + 1,
            position=(0, 0, 0.6 * number),
            SeriesInstanceUID="1.2.3.99",
            SeriesDescription="HEAD thin",
        )
    best = best_series(scanned(tmp_path))
    assert best is not None
    assert best.description == "HEAD 5mm"


def test_nothing_to_open_is_none(tmp_path: Path) -> None:
    assert best_series(scanned(tmp_path)) is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no such permission")
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    """Hazard: a silently skipped file is a slice that nobody has read."""
    path = write_slice(tmp_path / "closed")
    path.chmod(0)
    assert only_file(tmp_path).reason == "cannot be read: Permission denied"


def test_a_study_s_localizers_and_captures_are_counted_as_hidden_in_its_stacks_alone(tmp_path: Path) -> None:
    """Hazard: images kept out of the stack, and nobody told; or another patient's counted as this one's."""
    write_stack(tmp_path, 3)
    localizer = {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}
    write_slice(tmp_path / "scout1", 9, SeriesInstanceUID="1.2.9", **localizer)
    write_slice(tmp_path / "scout2", 10, SeriesInstanceUID="1.2.9", **localizer)
    write_slice(tmp_path / "screen", 11, SeriesInstanceUID="1.2.10", SOPClassUID="1.2.840.10008.5.1.4.1.1.7")
    write_slice(
        tmp_path / "elsewhere", 12, StudyInstanceUID="1.2.11", SeriesInstanceUID="1.2.12", **localizer
    )
    hidden = {series.series_instance_uid: series.hidden for series in scanned(tmp_path).series}
    assert hidden.pop(SERIES) == (("localizer", 2), ("screen capture", 1))
    assert set(hidden.values()) == {()}
