"""Hostile and broken files: each ends in an image or in a named verdict, and takes no more than it holds.

What ``make fuzz`` and ``make fuzz-coverage`` found is kept here in its smallest form.
"""

from __future__ import annotations

import inspect
import os
import struct
import sys
import tracemalloc
import zlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom_files import make_slice, ramp, save, write_slice, write_stack
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from ichviewer.core.errors import UnreadableError
from ichviewer.core.head import head_box
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.receipt import receipt
from ichviewer.core.series import FileVerdict, FolderContents, Series, Verdict
from ichviewer.dicom import build_series, decode, element_walk, stored_pixels
from ichviewer.dicom.decode import MOST_FAILURES, SliceDecoder
from ichviewer.dicom.read import read_volume, thumbnail
from ichviewer.dicom.scan import scan
from ichviewer.dicom.stored_pixels import MOST_LUT_ENTRIES

PATIENT_ID_HEAD = b"\x10\x00\x20\x00LO"
PIXELS_HEAD = b"\xe0\x7f\x10\x00OW"


def scanned(*paths: Path) -> FolderContents:
    return scan(paths, ignore_progress, CancelToken())


def only_series(*paths: Path) -> Series:
    (series,) = scanned(*paths).series
    return series


def only_file(path: Path) -> FileVerdict:
    (verdict,) = scanned(path).files
    return verdict


def item(**values: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def put_before(path: Path, head: bytes, element: bytes) -> Path:
    """Puts bytes before the element of a written file that begins with *head*."""
    content = path.read_bytes()
    place = content.index(head)
    path.write_bytes(content[:place] + element + content[place:])
    return path


def with_long_name(path: Path, name: bytes) -> Path:
    """Writes a file without VRs, in which a name of any length may stand."""
    save(make_slice(syntax=ImplicitVRLittleEndian), path)
    content = path.read_bytes()
    head = b"\x10\x00\x10\x00\x0a\0\0\0Test^Head "
    path.write_bytes(content.replace(head, head[:4] + struct.pack("<L", len(name)) + name))
    return path


def sequence(tag: bytes, content: bytes) -> bytes:
    """A sequence in explicit VR with the given content."""
    return tag + b"SQ\0\0" + struct.pack("<L", len(content)) + content


def items(count: int, content: bytes = b"") -> bytes:
    return (b"\xfe\xff\x00\xe0" + struct.pack("<L", len(content)) + content) * count


PER_FRAME = b"\x00\x52\x30\x92"
RECORDS = b"\x04\x00\x20\x12"


@pytest.mark.parametrize(
    "hostile",
    [b"\x1b[2J\x1b[31mNORMAL", "\N{RIGHT-TO-LEFT OVERRIDE}DAEH".encode(), b"two\r\nlines", b"nul\0l\x07bell"],
)
def test_text_that_steers_a_terminal_or_the_writing_direction_is_shown_marked(
    tmp_path: Path, hostile: bytes
) -> None:
    """Hazard: a name that rewrites the line it stands in shows another patient, or a finding that is none."""
    path = write_slice(
        tmp_path / "one", SpecificCharacterSet="ISO_IR 192", SeriesDescription="X" * len(hostile)
    )
    path.write_bytes(path.read_bytes().replace(b"X" * len(hostile), hostile))
    series = only_series(path)
    assert series.description.isprintable()
    assert "\N{REPLACEMENT CHARACTER}" in series.description
    assert receipt(series).isprintable()


def test_joiners_that_belong_to_a_name_stay(tmp_path: Path) -> None:
    name = "علی\N{ZERO WIDTH NON-JOINER}رضا"
    path = write_slice(tmp_path / "one", SpecificCharacterSet="ISO_IR 192", PatientName=name)
    assert only_series(path).patient.patient_name == name


def test_a_file_name_that_steers_a_terminal_is_shown_marked(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31m\nb").write_bytes(b"no image")
    assert only_file(tmp_path).path == "a�[31m�b"


def test_a_name_of_ten_megabytes_is_cut_and_says_so(tmp_path: Path) -> None:
    series = only_series(with_long_name(tmp_path / "one", b"A" * 10_000_000))
    assert series.patient.patient_name.startswith("AAAA")
    assert len(series.patient.patient_name) < 1100


def test_a_number_that_is_cut_is_no_number(tmp_path: Path) -> None:
    """Hazard: the beginning of a long number is another number."""
    path = write_slice(tmp_path / "one", SliceThickness="5.125")
    content = path.read_bytes()
    head = b"\x18\x00\x50\x00DS\x06\x005.125 "
    path.write_bytes(content.replace(head, head[:6] + struct.pack("<H", 4000) + b"5.125".ljust(4000, b"0")))
    assert only_series(path).slices[0].thickness_mm is None


@pytest.mark.parametrize("text", ["nan", "inf", "1e308", "-1e300", "1_0", "0x10", "1,5", "abc", "1e-320"])
def test_what_is_no_sensible_number_is_absent(tmp_path: Path, text: str) -> None:
    """Hazard: a size that nobody wrote, made of text that only a programming language takes for a number."""
    path = write_slice(tmp_path / "one", SliceThickness="1.234567", RescaleSlope="1.234567")
    path.write_bytes(path.read_bytes().replace(b"1.234567", text.encode().ljust(8)))
    (header,) = only_series(path).slices
    assert header.slope is None
    assert header.thickness_mm is None or text == "1e-320"


@pytest.mark.parametrize("spacing", [["0.5", "1e-320"], ["1e6", "0.5"], ["0", "0.5"], ["-1", "1"]])
def test_pixels_that_no_body_has_room_for_have_no_spacing(tmp_path: Path, spacing: list[str]) -> None:
    path = write_slice(tmp_path / "one", PixelSpacing=spacing)
    assert only_series(path).slices[0].pixel_spacing_mm is None
    assert thumbnail(only_series(path), 16).shape == (16, 16)


@pytest.mark.parametrize("empty", [b"\x09\0\x10\x10LO\0\0", b"\x09\0\x10\x10OB\0\0\0\0\0\0"])
def test_a_header_of_very_many_elements_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty: bytes
) -> None:
    """Hazard: a small file that keeps the viewer busy for minutes."""
    monkeypatch.setattr(element_walk, "MOST_ELEMENTS", 1000)
    path = put_before(write_slice(tmp_path / "one"), PATIENT_ID_HEAD, empty * 1001)
    assert only_file(path).reason == "malformed file: there are more than 1000 elements"


def test_very_many_frames_are_counted_before_they_are_made(tmp_path: Path) -> None:
    """Hazard: eight bytes in the file become a kilobyte in memory, a million times."""
    path = put_before(write_slice(tmp_path / "one"), PIXELS_HEAD, sequence(PER_FRAME, items(200_000)))
    tracemalloc.start()
    reason = only_file(path).reason
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reason == "malformed file: sequence 52009230 has more than 10000 items"
    assert peak < 30_000_000


def test_all_items_of_a_sequence_share_one_limit_on_elements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: a million elements, spread over items so that none has too many."""
    monkeypatch.setattr(element_walk, "MOST_ELEMENTS", 1000)
    frames = items(30, b"\x09\0\x10\x10LO\0\0" * 50)
    path = write_slice(tmp_path / "one", NumberOfFrames=30)
    assert "more than" in only_file(put_before(path, PIXELS_HEAD, sequence(PER_FRAME, frames))).reason


def test_something_else_in_a_sequence_is_a_malformed_file(tmp_path: Path) -> None:
    path = put_before(write_slice(tmp_path / "one"), PIXELS_HEAD, sequence(PER_FRAME, b"no item " * 4))
    assert only_file(path).reason.startswith(
        "malformed file: sequence 52009230 cannot be read (something else"
    )


def test_an_item_longer_than_its_sequence_is_a_malformed_file(tmp_path: Path) -> None:
    frames = b"\xfe\xff\x00\xe0\x00\x10\0\0"
    path = put_before(write_slice(tmp_path / "one"), PIXELS_HEAD, sequence(PER_FRAME, frames))
    assert only_file(path).reason.endswith("(an item is longer than its sequence)")


def multi_frame(frames: int, **changes: Any) -> Dataset:
    dataset = make_slice(1, pixels=ramp(4 * frames, 4), SOPClassUID=EnhancedCTImageStorage, **changes)
    dataset.Rows, dataset.NumberOfFrames = 4, frames
    dataset.PerFrameFunctionalGroupsSequence = Sequence(
        item(PlanePositionSequence=Sequence([item(ImagePositionPatient=[0, 0, 5 * number])]))
        for number in range(frames)
    )
    dataset.SharedFunctionalGroupsSequence = Sequence(
        [item(PlaneOrientationSequence=Sequence([item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]))]
    )
    return dataset


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
@pytest.mark.parametrize("is_undefined_length", [False, True])
def test_functional_groups_are_read_in_every_encoding(
    tmp_path: Path, syntax: str, is_undefined_length: bool
) -> None:
    dataset = multi_frame(3, syntax=syntax)
    for group in (dataset.PerFrameFunctionalGroupsSequence, dataset.SharedFunctionalGroupsSequence):
        group.is_undefined_length = is_undefined_length
        for one in group:
            one.is_undefined_length_sequence_item = is_undefined_length
    dataset["PerFrameFunctionalGroupsSequence"].is_undefined_length = is_undefined_length
    series = only_series(save(dataset, tmp_path / "one"))
    assert [header.image_position_mm for header in series.slices] == [(0, 0, 0), (0, 0, 5), (0, 0, 10)]


def test_functional_groups_of_unknown_vr_are_read_as_the_standard_says(tmp_path: Path) -> None:
    """UN of undefined length holds a sequence without VRs (PS3.5 section 6.2.2)."""
    position = b"\x20\0\x32\0\x06\0\0\x000\\0\\7 "
    place = b"\x20\0\x13\x91\xff\xff\xff\xff" + items(1, position) + b"\xfe\xff\xdd\xe0\0\0\0\0"
    groups = PER_FRAME + b"UN\0\0\xff\xff\xff\xff" + items(1, place) + b"\xfe\xff\xdd\xe0\0\0\0\0"
    path = put_before(write_slice(tmp_path / "one"), PIXELS_HEAD, groups)
    assert only_series(path).slices[0].image_position_mm == (0.0, 0.0, 7.0)


EVIL_ID = PATIENT_ID_HEAD + b"\x04\0EVIL"


@pytest.mark.parametrize("end", [PATIENT_ID_HEAD, PIXELS_HEAD])
@pytest.mark.parametrize(
    "element",
    [
        b"\x09\0\x01\x10ZZ\0\0" + struct.pack("<L", len(EVIL_ID)) + EVIL_ID,
        b"\x09\0\x01\x10ZZ" + struct.pack("<H", len(EVIL_ID)) + EVIL_ID,
    ],
)
def test_what_stands_in_an_element_of_unknown_vr_is_no_part_of_the_header(
    tmp_path: Path, element: bytes, end: bytes
) -> None:
    """Hazard: another patient's ID, taken from within a private element (PS3.5 section 7.1.2)."""
    path = put_before(write_slice(tmp_path / "one"), end, element)
    assert only_series(path).patient.patient_id == "P1"


def test_an_item_whose_length_looks_like_letters_is_an_item(tmp_path: Path) -> None:
    """0x4242 as a length reads "BB", which could pass for a VR."""
    filler = b"\x09\0\x10\x10OB\0\0" + struct.pack("<L", 0x4242 - 12 - 36) + b"\0" * (0x4242 - 12 - 36)
    position = b"\x20\0\x32\0DS\x06\x000\\0\\7 "
    place = sequence(b"\x20\0\x13\x91", items(1, position))
    frame = filler + place + b"\x28\0\x00\x00" * 0
    frame += b"" if len(frame) == 0x4242 else b"\x21\0\x10\x10LO\0\0"[: 0x4242 - len(frame)]
    groups = PER_FRAME + b"SQ\0\0\xff\xff\xff\xff" + items(1, frame) + b"\xfe\xff\xdd\xe0\0\0\0\0"
    path = put_before(write_slice(tmp_path / "one"), PIXELS_HEAD, groups)
    assert len(frame) == 0x4242
    assert only_series(path).slices[0].image_position_mm == (0.0, 0.0, 7.0)


def test_frames_share_one_table_of_values(tmp_path: Path) -> None:
    """Hazard: a table of values copied for each of ten thousand frames takes the memory of the machine."""
    table = item(LUTDescriptor=[4, 0, 16], ModalityLUTType="US", LUTData=[1, 2, 3, 4])
    table["LUTDescriptor"].VR = table["LUTData"].VR = "US"
    dataset = multi_frame(3, RescaleSlope=None, RescaleIntercept=None)
    dataset.ModalityLUTSequence = Sequence([table])
    series = only_series(save(dataset, tmp_path / "one"))
    tables = {id(header.pixels.modality_lut) for header in series.slices if header.pixels}
    assert len(tables) == 1


def test_a_table_of_more_values_than_there_can_be_is_a_malformed_file(tmp_path: Path) -> None:
    data = (
        b"\x28\0\x06\x30OW\0\0"
        + struct.pack("<L", 2 * MOST_LUT_ENTRIES + 2)
        + bytes(2 * MOST_LUT_ENTRIES + 2)
    )
    descriptor = b"\x28\0\x02\x30US\x06\0\0\0\0\0\x10\0"
    lut = sequence(b"\x28\0\x00\x30", items(1, descriptor + data))
    path = put_before(write_slice(tmp_path / "one", RescaleSlope=None), PIXELS_HEAD, lut)
    assert only_file(path).reason == "malformed file: its Modality LUT has more than 65536 entries"


def deflated_file(path: Path, body: bytes) -> Path:
    """A file in the deflated syntax whose data set is *body*."""
    save(make_slice(syntax=DeflatedExplicitVRLittleEndian), path)
    content = path.read_bytes()
    (length,) = struct.unpack_from("<L", content, 140)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    path.write_bytes(content[: 144 + length] + packer.compress(body) + packer.flush())
    return path


def test_a_deflated_bomb_is_refused_while_it_goes_off(tmp_path: Path) -> None:
    """Hazard: a few kilobytes that become as many megabytes of nothing."""
    zeros = b"\x08\0\x01\0OB\0\0" + struct.pack("<L", 80_000_000) + bytes(80_000_000)
    path = deflated_file(tmp_path / "bomb", zeros)
    del zeros
    tracemalloc.start()
    reason = only_file(path).reason
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reason == "malformed file: the deflated data set grows more than 200-fold, as in a bomb"
    assert peak < 200_000_000


def test_many_frames_in_a_large_deflated_data_set_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: the stream is inflated from its start for every frame; thousands of frames take hours."""
    monkeypatch.setattr(stored_pixels, "MOST_INFLATING", 50_000)
    dataset = make_slice(pixels=ramp(90, 1), syntax=DeflatedExplicitVRLittleEndian, NumberOfFrames=90)
    dataset.Rows = 1
    assert "90 frames in a deflated data set of" in only_file(save(dataset, tmp_path / "one")).reason


@pytest.mark.parametrize("frames", [1, 2])
def test_an_odd_number_of_bytes_in_big_endian_words_is_read(tmp_path: Path, frames: int) -> None:
    """Found by make fuzz: 3 x 3 pixels of one byte ended the reading of the whole series."""
    pixels = np.arange(9 * frames, dtype=np.uint8).reshape(3 * frames, 3)
    content = pixels.tobytes() + b"\0" * (pixels.size % 2)
    dataset = make_slice(
        pixels=ramp(2, 2).astype(np.uint8), syntax=ExplicitVRBigEndian, NumberOfFrames=frames
    )
    dataset.Rows = dataset.Columns = 3
    dataset.PixelData = np.frombuffer(content, "<u2").byteswap().tobytes()
    volume = read_volume(only_series(save(dataset, tmp_path / "one")), ignore_progress, CancelToken())
    np.testing.assert_array_equal(volume.stored_values.reshape(pixels.shape), pixels)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"SamplesPerPixel": 2}, "2 samples per pixel are not supported"),
        ({"PhotometricInterpretation": "YBR_FULL_422"}, "YBR_FULL_422 is declared; its pixels come in pairs"),
        ({"BitsStored": 65535, "PhotometricInterpretation": "MONOCHROME1"}, "65535 of 16 bits per pixel"),
        ({"HighBit": 20}, "High Bit 20 does not fit"),
        ({"Rows": 6000, "Columns": 6000}, "6000 x 6000 pixels are declared; no CT slice is that large"),
    ],
)
def test_layouts_that_cannot_be_are_named_before_a_pixel_is_read(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    assert only_file(write_slice(tmp_path / "one", **changes)).reason.startswith(reason)


def test_frames_beyond_memory_are_held_against_the_compressed_data(tmp_path: Path) -> None:
    """Hazard: a few kilobytes declare ten thousand frames of a megabyte each."""
    dataset = make_slice(pixels=ramp(32, 32))
    dataset.compress(RLELossless, generate_instance_uid=False)
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = 10_000, 512, 512
    assert "5242880000 bytes of pixels are declared" in only_file(save(dataset, tmp_path / "one")).reason


def test_an_illegal_uid_is_named_without_a_warning(tmp_path: Path) -> None:
    """Found by make fuzz: pydicom warned of it on standard error."""
    report = make_slice(Modality="SR", Rows=None, Columns=None, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.67")
    del report.PixelData
    path = save(report, tmp_path / "one")
    path.write_bytes(
        path.read_bytes().replace(b"1.2.840.10008.5.1.4.1.1.88.67", b"1.2.840.10008.5.%\xff4.1.1.88.67")
    )
    assert only_file(path).reason == "no image (1.2.840.10008.5.%�4.1.1.88.67, SR)"


def test_an_image_of_one_row_has_no_head() -> None:
    """Found by make fuzz: the sampled picture of such an image may be empty."""
    assert head_box(np.zeros((1, 0), dtype=np.float32)) is None


def directory(path: Path, records: bytes) -> Path:
    dataset = make_slice()
    dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    bare = Dataset()
    bare.file_meta = dataset.file_meta
    save(bare, path)
    path.write_bytes(path.read_bytes() + sequence(RECORDS, records))
    return path


@pytest.mark.parametrize("records", [b"no item " * 4, items(50_001)])
def test_a_malformed_dicomdir_says_so_instead_of_opening_nothing(tmp_path: Path, records: bytes) -> None:
    """Hazard: a disc whose images are not looked for, and nobody is told."""
    verdict = only_file(directory(tmp_path / "DICOMDIR", records))
    assert verdict.verdict is Verdict.DAMAGED
    assert verdict.reason.startswith("malformed file: sequence 00041220")


def test_a_file_that_is_named_many_times_is_listed_once(tmp_path: Path) -> None:
    record = b"\x04\0\x00\x15CS\x04\0GONE"
    assert len(scanned(directory(tmp_path / "DICOMDIR", items(400, record))).files) == 2


def test_folders_nested_deeper_than_the_interpreter_recurses_are_walked(tmp_path: Path) -> None:
    """Hazard: a walk that recurses ends the opening of everything else."""
    deepest = tmp_path.joinpath(*"d" * 150)
    deepest.mkdir(parents=True)
    (deepest / "note").write_text("no image")
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 100)
    try:
        verdict = only_file(tmp_path)
    finally:
        sys.setrecursionlimit(usual)
    assert verdict.reason == "not a DICOM file"


def test_a_series_of_very_many_orientations_lists_the_largest_stacks_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_series, "MOST_STACKS", 3)
    for number in range(1, 6):
        cosine, sine = round(np.cos(number / 9), 6), round(np.sin(number / 9), 6)
        write_slice(
            tmp_path / f"{number}", number, ImageOrientationPatient=[cosine, sine, 0, -sine, cosine, 0]
        )
    series = scanned(tmp_path).series
    assert len(series) == 3
    assert "only the 3 largest of them are listed" in series[0].notes


class DyingChild:
    """A child process that is gone whenever it is asked for an answer."""

    started = 0
    dies_at_start = True

    def __init__(self, memory_limit_bytes: int) -> None:
        type(self).started += 1
        self.pid, self.busy_since, self.is_ready = 0, 0.0, not self.dies_at_start
        self.pending: deque[int] = deque()
        reading, writing = os.pipe()
        os.close(writing)
        self.answers = reading

    def give(self, index: int, tasks: object) -> None:
        self.pending.append(index)

    def take(self, now: float) -> Iterator[tuple[int, str]]:
        raise EOFError

    def drop_answer(self) -> bool:
        return False

    def ending(self) -> str:
        return "signal 11"

    def stop(self) -> None:
        os.close(self.answers)


@pytest.fixture
def dying_child(monkeypatch: pytest.MonkeyPatch) -> type[DyingChild]:
    class Child(DyingChild):
        started = 0

    monkeypatch.setattr(decode, "_Child", Child)
    return Child


def write_compressed_frames(path: Path, frames: int) -> Path:
    dataset = multi_frame(frames)
    dataset.compress(RLELossless, generate_instance_uid=False)
    return save(dataset, path)


@pytest.mark.skipif(os.name != "posix", reason="the fake child is a POSIX pipe")
def test_a_decoder_that_dies_at_every_start_is_not_started_for_ever(
    tmp_path: Path, dying_child: type[DyingChild]
) -> None:
    """Hazard: the viewer starts processes without end instead of saying that nothing can be decoded."""
    series = only_series(write_compressed_frames(tmp_path / "one", 40))
    with SliceDecoder(child_count=1) as decoder, pytest.raises(UnreadableError, match="cannot be read"):
        read_volume(series, ignore_progress, CancelToken(), decoder)
    assert dying_child.started == MOST_FAILURES + 1


@pytest.mark.skipif(os.name != "posix", reason="the fake child is a POSIX pipe")
def test_frames_of_a_file_that_keeps_crashing_decoders_are_given_up(
    tmp_path: Path, dying_child: type[DyingChild]
) -> None:
    """Hazard: a crafted file of ten thousand frames takes hours, one crash at a time."""
    dying_child.dies_at_start = False
    series = only_series(write_compressed_frames(tmp_path / "one", 40))
    with SliceDecoder(child_count=1) as decoder, pytest.raises(UnreadableError):
        read_volume(series, ignore_progress, CancelToken(), decoder)
    assert dying_child.started == MOST_FAILURES + 1


@pytest.mark.skipif(os.name != "posix", reason="the fake child is a POSIX pipe")
def test_a_crash_while_a_thumbnail_is_drawn_is_said(tmp_path: Path, dying_child: type[DyingChild]) -> None:
    dying_child.dies_at_start = False
    write_stack(tmp_path, 1)
    series = only_series(write_compressed_frames(tmp_path / "frames", 2))
    with (
        SliceDecoder(child_count=1) as decoder,
        pytest.raises(UnreadableError, match=r"crashed \(signal 11\)"),
    ):
        thumbnail(series, 16, decoder=decoder)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_a_file_cut_anywhere_has_its_verdict(tmp_path: Path, syntax: str) -> None:
    """Hazard: a copy that was broken off looks like a whole slice, or ends the opening of all others."""
    path = save(multi_frame(3, syntax=syntax), tmp_path / "whole")
    content = path.read_bytes()
    for length in range(0, len(content) - 8, 7):
        path.write_bytes(content[:length])
        verdict = only_file(path)
        assert verdict.verdict is not Verdict.LOADED
        assert verdict.reason


def test_a_message_that_names_a_file_does_not_steer_the_terminal(
    tmp_path: Path, dying_child: type[DyingChild]
) -> None:
    series = only_series(write_compressed_frames(tmp_path / "a\x1b[31mb", 2))
    with (
        SliceDecoder(child_count=1) as decoder,
        pytest.raises(UnreadableError, match=r"a�\[31mb cannot be read"),
    ):
        read_volume(series, ignore_progress, CancelToken(), decoder)
