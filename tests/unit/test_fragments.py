"""Compressed pixels that are not all there are not shown, however willing the decoder is."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dicom_files import make_slice, ramp, save
from pydicom.uid import JPEGLSLossless

from ichviewer.core.errors import UnreadableError
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.series import Verdict
from ichviewer.dicom import fragments
from ichviewer.dicom.decode import SliceDecoder
from ichviewer.dicom.fragments import ENDS_EARLY, fragments_end_early
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import scan

HEADER = b"before the pixels"
OFFSETS = b"\xfe\xff\x00\xe0\x00\x00\x00\x00"
CLOSED = b"\xfe\xff\x00\xe0\x06\x00\x00\x00pix\xff\xd9\x00"
OPEN = b"\xfe\xff\x00\xe0\x04\x00\x00\x00pixe"
DELIMITER = b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"


def is_cut(content: bytes) -> bool:
    return fragments_end_early(io.BytesIO(HEADER + content), len(HEADER))


def test_whole_fragments_are_whole() -> None:
    assert not is_cut(OFFSETS + OPEN + CLOSED + DELIMITER)
    assert not is_cut(OFFSETS + CLOSED + DELIMITER + b"what follows the pixels")


def test_a_forgotten_delimiter_is_no_fault_where_the_image_is_closed() -> None:
    assert not is_cut(OFFSETS + CLOSED)
    assert not is_cut(OFFSETS + CLOSED + DELIMITER[:5])


@pytest.mark.parametrize("content", [OFFSETS + CLOSED[:-4], OFFSETS + OPEN, OFFSETS, b"", OFFSETS + OPEN[:6]])
def test_a_cut_within_or_between_fragments_is_seen(content: bytes) -> None:
    assert is_cut(content)


class CountedFile(io.BytesIO):
    """Bytes, and how often they were read; at most 100 of them at a time, as from a network disk."""

    readings = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.readings += 1
        return super().read(min(100, size) if size is not None and size >= 0 else 100)


def test_many_small_fragments_are_read_in_blocks() -> None:
    """Hazard: the window stands still over a file of a million pieces of nothing."""
    file = CountedFile(HEADER + OFFSETS * 1000 + CLOSED + DELIMITER)
    assert not fragments_end_early(file, len(HEADER))
    assert file.readings < 150


def test_more_fragments_than_any_file_needs_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: the window stands still over a file of a million pieces of nothing."""
    monkeypatch.setattr(fragments, "MOST_FRAGMENTS", 50)
    path = compressed_file(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-8] + OFFSETS * 49 + whole[-8:])
    (file,) = scan((tmp_path,), ignore_progress, CancelToken()).files
    assert file.verdict is Verdict.DAMAGED
    assert file.reason == "malformed file: its compressed pixels are in more than 50 pieces"
    path.write_bytes(whole[:-8] + OFFSETS * 48 + whole[-8:])
    (file,) = scan((tmp_path,), ignore_progress, CancelToken()).files
    assert file.verdict is Verdict.LOADED


@pytest.fixture(scope="module")
def decoder() -> Iterator[SliceDecoder]:
    with SliceDecoder(child_count=1) as decoder:
        yield decoder


def compressed_file(folder: Path) -> Path:
    dataset = make_slice(pixels=ramp(64, 64))
    dataset.compress(JPEGLSLossless, generate_instance_uid=False)
    return save(dataset, folder / "slice")


def test_a_half_copied_compressed_file_is_damaged_and_says_what_may_be_the_reason(tmp_path: Path) -> None:
    """Hazard: a JPEG-LS file that is still being copied decodes with every fifth pixel wrong."""
    path = compressed_file(tmp_path)
    path.write_bytes(path.read_bytes()[:-40])
    (file,) = scan((tmp_path,), ignore_progress, CancelToken()).files
    assert (file.verdict, file.reason) == (Verdict.DAMAGED, ENDS_EARLY)
    assert "still being copied" in ENDS_EARLY


def test_a_file_cut_after_it_was_listed_is_refused_by_the_decoder_too(
    tmp_path: Path, decoder: SliceDecoder
) -> None:
    """Hazard: half a slice looks like a slice with air below."""
    path = compressed_file(tmp_path)
    (series,) = scan((tmp_path,), ignore_progress, CancelToken()).series
    path.write_bytes(path.read_bytes()[:-40])
    header = series.slices[0]
    assert header.pixels is not None
    unknown = replace(header, pixels=replace(header.pixels, modified_ns=None, file_bytes=None))
    with pytest.raises(UnreadableError, match="end early"):
        read_volume(replace(series, slices=(unknown,)), ignore_progress, CancelToken(), decoder)


@pytest.mark.needs_shared_data
@pytest.mark.parametrize("ending", ["lossless.57", "lossless.70", "ls.80", "ls.81", "baseline.51"])
def test_real_fragmented_files_cut_at_the_end_are_refused(
    shared_data: Path, tmp_path: Path, ending: str
) -> None:
    """Hazard: decoders gave these back with 19 to 23 percent of the pixels wrong and without an error."""
    whole = (shared_data / "transfer_syntaxes" / f"CT0012.fragmented_no_bot_jpeg_{ending}.dcm").read_bytes()
    for cut in (20, 1000, len(whole) // 2):
        (tmp_path / "cut").write_bytes(whole[:-cut])
        (file,) = scan((tmp_path,), ignore_progress, CancelToken()).files
        assert file.reason == ENDS_EARLY, cut
