"""ZIP archives are read where they lie: the same study, one verdict per member, and no bomb goes off."""

from __future__ import annotations

import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from dicom_files import make_slice, ramp, save, write_slice, write_stack
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, JPEGLSLossless, RLELossless

from ichviewer.core.errors import UnreadableError
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.series import ArchiveMember, FolderContents, Verdict
from ichviewer.core.volume import Volume
from ichviewer.dicom import source, zip_archive
from ichviewer.dicom.decode import SliceDecoder
from ichviewer.dicom.find_files import Search, find_files
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import best_series, scan
from ichviewer.dicom.source import member_bytes

STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED


@pytest.fixture(scope="module")
def decoder() -> Iterator[SliceDecoder]:
    with SliceDecoder(child_count=1) as started:
        yield started


def zipped(folder: Path, method: int = DEFLATED) -> Path:
    """An archive of all files below *folder*, beside it."""
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", method) as opened:
        for path in sorted(folder.rglob("*")):
            opened.write(path, path.relative_to(folder))
    return archive


def scanned(*paths: Path) -> FolderContents:
    return scan(paths, ignore_progress, CancelToken())


def opened(path: Path, decoder: SliceDecoder | None = None) -> Volume:
    series = best_series(scanned(path))
    assert series is not None
    return read_volume(series, ignore_progress, CancelToken(), decoder)


def reasons(path: Path) -> dict[str, str]:
    return {file.path: f"{file.verdict}: {file.reason}" for file in scanned(path).files}


@pytest.mark.parametrize("method", [STORED, DEFLATED])
@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, RLELossless, JPEGLSLossless]
)
def test_an_archive_opens_as_the_folder_does(
    tmp_path: Path, method: int, syntax: str, decoder: SliceDecoder
) -> None:
    """Hazard: the same study read in another order or with other values when it comes as a ZIP."""
    is_native = syntax in (ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian)
    for number in range(1, 10):
        dataset = make_slice(number, syntax=syntax if is_native else ExplicitVRLittleEndian)
        if not is_native:
            dataset.compress(syntax, generate_instance_uid=False)
        save(dataset, tmp_path / "study" / "deep" / f"IM{number * 7 % 9}")
    folder, archive = opened(tmp_path / "study", decoder), opened(zipped(tmp_path / "study", method), decoder)
    assert np.array_equal(folder.stored_values, archive.stored_values)
    assert np.array_equal(folder.geometry.positions_mm, archive.geometry.positions_mm)
    assert archive.is_readable.all()


def test_the_frames_of_a_file_within_an_archive_are_read_one_by_one(tmp_path: Path) -> None:
    frames = np.stack([ramp(start=100 * number) for number in range(3)])
    dataset = make_slice(pixels=frames[0], NumberOfFrames=3, ImagePositionPatient=None)
    dataset.PixelData = frames.tobytes()
    save(dataset, tmp_path / "study" / "frames.dcm")
    assert np.array_equal(opened(zipped(tmp_path / "study")).stored_values, frames)


def test_a_multi_frame_member_is_inflated_once_and_given_back_after_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: studies that were closed fill the memory, or each frame inflates the whole file anew."""
    frames = np.zeros((8, 256, 512), np.int16)
    dataset = make_slice(pixels=frames[0], NumberOfFrames=8, ImagePositionPatient=None)
    dataset.PixelData = frames.tobytes()
    save(dataset, tmp_path / "study" / "frames.dcm")
    archive, inflated = zipped(tmp_path / "study"), []

    def counted(path: Path, member: ArchiveMember) -> bytes:
        inflated.append(member.name)
        return member_bytes(path, member)

    monkeypatch.setattr(source, "member_bytes", counted)
    tracemalloc.start()
    try:
        assert opened(archive).is_readable.all()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert inflated == ["frames.dcm"]
    assert kept < frames.nbytes


def test_every_member_has_its_verdict_under_the_archives_name(tmp_path: Path) -> None:
    """Hazard: a slice that silently stays in the archive."""
    study = write_stack(tmp_path / "study", 2)
    (study / "readme.txt").write_text("not an image")
    (study / "empty").touch()
    inner = zipped(write_stack(tmp_path / "inner", 1))
    inner.rename(study / "inner.zip")
    assert reasons(zipped(study)) == {
        "study.zip": "skipped: a ZIP archive; its 5 files were looked at",
        "study.zip/IM000": "loaded: ",
        "study.zip/IM001": "loaded: ",
        "study.zip/empty": "skipped: empty file",
        "study.zip/inner.zip": "skipped: a ZIP archive; unpack it",
        "study.zip/readme.txt": "skipped: not a DICOM file",
    }


def test_an_archive_below_a_folder_is_read_if_its_name_says_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "disc").mkdir()
    zipped(write_stack(tmp_path / "study", 2)).rename(tmp_path / "disc" / "STUDY.ZIP")
    zipped(write_stack(tmp_path / "other", 2)).rename(tmp_path / "disc" / "letter.docx")
    found = reasons(tmp_path / "disc")
    assert found["STUDY.ZIP/IM000"] == "loaded: "
    assert found["letter.docx"] == "skipped: a ZIP archive; open it by itself, or name it .zip"
    assert "loaded: " in reasons(tmp_path / "disc" / "letter.docx").values()


def test_a_name_that_is_not_the_utf8_it_says_costs_no_file(tmp_path: Path) -> None:
    """Hazard: a whole study is refused for the letter of one name."""
    study = write_stack(tmp_path / "study", 3)
    (study / "IM001").rename(study / "IMé")
    (study / "IM002").rename(study / "IMü")
    archive = zipped(study)
    archive.write_bytes(archive.read_bytes().replace("IMé".encode(), b"IM\xff\xfe"))
    assert [file.verdict for file in scanned(archive).files] == [Verdict.SKIPPED] + 3 * [Verdict.LOADED]
    assert "study.zip/IMü" in reasons(archive)
    assert opened(archive).is_readable.all()


def test_an_archive_that_was_opened_with_its_folder_is_listed_once(tmp_path: Path) -> None:
    archive = zipped(write_stack(tmp_path / "disc" / "deep" / "study", 2))
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("../outside.dcm", "")
        file.writestr("/outside.dcm", "")
    archive.with_name("zlink").symlink_to(archive)
    folder = scanned(tmp_path / "disc").files
    assert len(folder) == 8
    assert scanned(tmp_path / "disc", archive, tmp_path / "disc" / "deep").files == folder


def test_an_archive_that_unpacks_itself_opens_as_others_do(tmp_path: Path) -> None:
    """Hazard: the study of another hospital is taken for a file without images."""
    archive = zipped(write_stack(tmp_path / "disc" / "study", 2))
    program = archive.rename(archive.with_suffix(".exe"))
    program.write_bytes(b"MZ" + bytes(70_000) + program.read_bytes())
    named = program.with_name("portal.zip")
    named.write_bytes(b"-- download --\r\n" + program.read_bytes())
    for path in (program, named):
        assert opened(path).is_readable.all()
        assert len(opened(path).series.slices) == 2
    found = reasons(tmp_path / "disc")
    assert found["study.exe"] == "skipped: a ZIP archive; open it by itself, or name it .zip"
    assert "portal.zip/IM000" in found


def test_a_dicom_file_is_no_archive_whatever_stands_at_its_end(tmp_path: Path) -> None:
    """Hazard: a slice that is left out for the archive in a private element at its end."""
    path = write_slice(tmp_path / "slice.dcm")
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("note", "text")
    assert reasons(path) == {"slice.dcm": "loaded: "}


@pytest.mark.parametrize(
    "name", ["../outside.dcm", "/etc/outside.dcm", "a/../../b.dcm", "..\\b.dcm", "C:\\b.dcm"]
)
def test_a_name_that_leads_out_of_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    """Hazard: an archive from outside that writes over, or reads, files of the reader's."""
    content = write_slice(tmp_path / "slice").read_bytes()
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, content)
    before = sorted(tmp_path.rglob("*"))
    assert "skipped: its name leads out of the archive" in reasons(archive).values()
    assert not scanned(archive).series
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_within_an_archive_is_not_followed(tmp_path: Path) -> None:
    archive = tmp_path / "study.zip"
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(link, "/etc/passwd")
    assert reasons(archive)["study.zip/link"] == "skipped: a link within the archive"


def test_reading_leaves_nothing_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hazard: patient data left behind in a temporary folder."""
    archive = zipped(write_stack(tmp_path / "study", 4))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    before = sorted(tmp_path.rglob("*"))
    opened(archive)
    assert sorted(tmp_path.rglob("*")) == before


def rewritten(archive: Path, change: Callable[[bytearray, int], None]) -> Path:
    """The archive after *change* was made to its directory; the entry begins at the given byte."""
    content = bytearray(archive.read_bytes())
    change(content, content.index(b"PK\x01\x02"))
    archive.write_bytes(content)
    return archive


def set_word(offset: int, form: str, value: int) -> Callable[[bytearray, int], None]:
    def change(content: bytearray, entry: int) -> None:
        struct.pack_into(form, content, entry + offset, value)

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (set_word(8, "<H", 1), "encrypted; unpack"),
        (set_word(10, "<H", 12), "compressed by ZIP method 12"),
        (set_word(24, "<L", 600 << 20), "over 256 MiB"),
        (set_word(24, "<L", 100 << 20), "refused: it would grow more than 200-fold"),
        (set_word(20, "<L", 1 << 30), "damaged: the archive ends within it"),
        (set_word(42, "<L", 5), "damaged: it is not where the archive's directory says"),
        (set_word(42, "<L", 0xFFFFFFF0), "damaged: it is not where the archive's directory says"),
    ],
)
def test_what_the_directory_promises_is_held_against_the_archive(
    tmp_path: Path, change: Callable[[bytearray, int], None], reason: str
) -> None:
    """Hazard: an archive that fills the memory of the machine on which a patient is being read."""
    write_slice(tmp_path / "study" / "slice")
    found = reasons(rewritten(zipped(tmp_path / "study"), change))
    assert reason in found["study.zip/slice"]


def test_two_sizes_that_differ_without_compression_are_damage(tmp_path: Path) -> None:
    write_slice(tmp_path / "study" / "slice")
    archive = rewritten(zipped(tmp_path / "study", STORED), set_word(24, "<L", 7))
    assert "two sizes" in reasons(archive)["study.zip/slice"]


def test_members_that_share_bytes_are_read_once(tmp_path: Path) -> None:
    """Hazard: a bomb of overlapping members."""
    write_slice(tmp_path / "study" / "a", 1)
    write_slice(tmp_path / "study" / "b", 2)

    def onto_the_first(content: bytearray, first: int) -> None:
        second = content.index(b"PK\x01\x02", first + 4)
        content[second + 42 : second + 46] = content[first + 42 : first + 46]

    found = reasons(rewritten(zipped(tmp_path / "study"), onto_the_first))
    assert sorted(text.split(",")[0] for name, text in found.items() if name != "study.zip") == [
        "damaged: refused: it lies on the bytes of another file",
        "loaded: ",
    ]


@pytest.mark.parametrize(
    ("limit", "value", "reason"),
    [
        ("MOST_MEMBERS", 2, "it holds 3 files; the limit is 2"),
        ("LARGEST_DIRECTORY", 100, "its directory is larger than"),
        ("LARGEST_TOTAL", 1000, "its files are"),
    ],
)
def test_an_archive_beyond_a_limit_is_refused_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, reason: str
) -> None:
    archive = zipped(write_stack(tmp_path / "study", 3))
    monkeypatch.setattr(zip_archive, limit, value)
    (verdict,) = scanned(archive).files
    assert verdict.verdict is Verdict.DAMAGED
    assert reason in verdict.reason


def test_a_member_gives_no_more_than_it_declares(tmp_path: Path) -> None:
    """Hazard: a member that declares a slice and inflates to gigabytes."""
    archive = tmp_path / "bomb.zip"
    slice_bytes = write_slice(tmp_path / "slice").read_bytes()
    with zipfile.ZipFile(archive, "w", DEFLATED) as file:
        file.writestr("slice", slice_bytes + bytes(200 << 20))
    rewritten(archive, set_word(24, "<L", len(slice_bytes)))
    tracemalloc.start()
    try:
        contents = scanned(archive)
        with pytest.raises(UnreadableError, match="check sum within the archive is wrong"):
            read_volume(contents.series[0], ignore_progress, CancelToken())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 << 20


def test_members_that_grow_little_each_may_not_grow_together(tmp_path: Path) -> None:
    """Hazard: a hundred small bombs in one archive fill the memory as one large one does."""
    archive = tmp_path / "bombs.zip"
    with zipfile.ZipFile(archive, "w", DEFLATED) as file:
        for number in range(3):
            file.writestr(f"{number}", bytes(30 << 20))
    (verdict,) = scanned(archive).files
    assert verdict.verdict is Verdict.DAMAGED
    assert "its files would grow more than 200-fold, as in a ZIP bomb" in verdict.reason


@pytest.mark.parametrize("keep", [0.3, 0.7, 0.99])
def test_an_archive_that_ends_early_is_damaged_in_words(tmp_path: Path, keep: float) -> None:
    """Hazard: a half-copied archive taken for a whole study."""
    archive = zipped(write_stack(tmp_path / "study", 5))
    content = archive.read_bytes()
    archive.write_bytes(content[: int(keep * len(content))])
    (verdict,) = scanned(archive).files
    assert verdict.verdict is Verdict.DAMAGED
    assert "perhaps not copied whole" in verdict.reason


@pytest.mark.parametrize("method", [STORED, DEFLATED])
def test_a_damaged_member_costs_its_slice(tmp_path: Path, method: int) -> None:
    """Hazard: a slice shown with pixels that are not those of the scanner."""
    pixels = np.random.default_rng(3).integers(0, 2000, (64, 64), dtype=np.int16)
    archive = zipped(write_stack(tmp_path / "study", 3, pixels=pixels), method)
    with zipfile.ZipFile(archive) as opened_archive:
        second = opened_archive.infolist()[1]
    content = bytearray(archive.read_bytes())
    content[second.header_offset + second.compress_size - 300] ^= 0x40
    archive.write_bytes(content)
    volume = opened(archive)
    assert int(volume.is_readable.sum()) == 2
    (reason,) = volume.unreadable_reasons.values()
    assert "within the archive" in reason


def test_a_member_whose_data_end_early_says_so(tmp_path: Path) -> None:
    write_slice(tmp_path / "study" / "slice")
    archive = zipped(tmp_path / "study")
    (_, found) = zip_archive.archived_files(
        next(find_files([archive], Search(ignore_progress, CancelToken())))
    )
    assert found.member is not None
    content = archive.read_bytes()
    archive.write_bytes(content[: found.member.offset + found.member.compressed_bytes // 2])
    with pytest.raises(UnreadableError, match="ends after"):
        member_bytes(archive, found.member)
