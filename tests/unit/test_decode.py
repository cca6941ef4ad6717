"""Compressed pixels: every syntax that can be decoded, and what a bad file costs."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import gdcm
import numpy as np
import pydicom
import pydicom.data
import pytest
from dicom_files import make_slice, ramp, save
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import (
    MPEG2MPML,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from ichviewer.core.progress import Cancelled, CancelToken, ignore_progress
from ichviewer.core.series import ArchiveMember, Series, StoredPixels
from ichviewer.dicom.decode import LARGEST_TASK_BYTES, TIME_LIMIT_S, Decoded, SliceDecoder
from ichviewer.dicom.decode_child import CPU_LIMIT_S, DecodeTask, decode_frame
from ichviewer.dicom.raw_header import read_raw_header
from ichviewer.dicom.read import read_volume, thumbnail
from ichviewer.dicom.read_slice import task as slice_task
from ichviewer.dicom.scan import scan
from ichviewer.dicom.stored_pixels import stored_pixels

needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")


@pytest.fixture(scope="module")
def decoder() -> Iterator[SliceDecoder]:
    with SliceDecoder(child_count=1) as decoder:
        decoder.start()
        yield decoder


def write_compressed(folder: Path, syntax: str, count: int = 3) -> Path:
    for number in range(1, count + 1):
        dataset = make_slice(number, pixels=ramp(32, 32, start=number - 500))
        dataset.compress(syntax, generate_instance_uid=False)
        save(dataset, folder / f"{number}")
    return folder


def task(path: Path, syntax: str = RLELossless, side: int = 32) -> DecodeTask:
    pixels = StoredPixels(syntax, 0, None, 1, 16, 16, 15, True, False, False, "MONOCHROME2", 1, False)
    return DecodeTask(str(path), pixels, (side, side), 0)


def next_task(series: Series) -> DecodeTask:
    header = series.slices[0]
    assert header.pixels is not None
    return slice_task(header, header.pixels)


def decoded(decoder: SliceDecoder, *tasks: DecodeTask) -> dict[int, Decoded]:
    return dict(decoder.decode(tasks, CancelToken()))


def good_task(folder: Path) -> DecodeTask:
    (series,) = scan([write_compressed(folder, RLELossless, 1)], ignore_progress, CancelToken()).series
    header = series.slices[0]
    assert header.pixels is not None
    return DecodeTask(header.path, header.pixels, header.stored_shape, 0)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_lossless_syntaxes_give_back_what_was_written(
    tmp_path: Path, syntax: str, decoder: SliceDecoder
) -> None:
    """Hazard: a decoder that changes values silently."""
    (series,) = scan([write_compressed(tmp_path, syntax)], ignore_progress, CancelToken()).series
    volume = read_volume(series, ignore_progress, CancelToken(), decoder)
    for index in range(3):
        np.testing.assert_array_equal(volume.stored_values[index], ramp(32, 32, start=index + 1 - 500))


def test_large_answers_and_a_table_of_values_do_not_wait_for_each_other(
    tmp_path: Path, decoder: SliceDecoder
) -> None:
    """Hazard: the window hangs for ever, because child and reader each wait until the other has read."""
    pixels = np.random.default_rng(1).integers(0, 4096, (1024, 1024)).astype(np.uint16)
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [0, 0, 16])
    item.add_new("LUTData", "OW", np.arange(65536, dtype="<u2")[::-1].tobytes())
    for number in range(1, 4):
        dataset = make_slice(number, pixels=pixels, ModalityLUTSequence=[item])
        dataset.compress(RLELossless, generate_instance_uid=False)
        save(dataset, tmp_path / f"{number}")
    (series,) = scan([tmp_path], ignore_progress, CancelToken()).series
    assert len(pickle.dumps(next_task(series))) < LARGEST_TASK_BYTES
    volume = read_volume(series, ignore_progress, CancelToken(), decoder)
    for index in range(3):
        np.testing.assert_array_equal(volume.stored_values[index], 65535 - pixels)


def test_a_task_that_could_fill_a_pipe_is_refused_in_words(tmp_path: Path, decoder: SliceDecoder) -> None:
    """Hazard: the window hangs for ever on a file whose header was written for that."""
    good = good_task(tmp_path)
    large = replace(good, pixels=replace(good.pixels, modality_lut=(0, bytes(1 << 17))))
    results = decoded(decoder, large, good, large)
    assert "too long (13" in str(results[0])
    assert isinstance(results[1], np.ndarray)
    assert results[2] == results[0]


def test_a_long_name_within_an_archive_is_none_of_the_decoders_business(tmp_path: Path) -> None:
    (series,) = scan([write_compressed(tmp_path, RLELossless, 1)], ignore_progress, CancelToken()).series
    header = series.slices[0]
    assert header.pixels is not None
    member = ArchiveMember("n" * 60000, 0, 1, 1, 0, False)
    given = slice_task(header, replace(header.pixels, member=member))
    assert len(pickle.dumps(given)) < LARGEST_TASK_BYTES


def test_without_a_decoder_one_is_started_and_ended(tmp_path: Path) -> None:
    (series,) = scan([write_compressed(tmp_path, RLELossless, 2)], ignore_progress, CancelToken()).series
    assert read_volume(series, ignore_progress, CancelToken()).is_readable.all()


def test_a_thumbnail_of_a_compressed_series_decodes_one_slice(tmp_path: Path, decoder: SliceDecoder) -> None:
    (series,) = scan([write_compressed(tmp_path, RLELossless, 2)], ignore_progress, CancelToken()).series
    assert thumbnail(series, 16, decoder=decoder).shape == (16, 16)


def test_a_broken_stream_costs_its_slice_and_the_message_names_the_syntax(
    tmp_path: Path, decoder: SliceDecoder
) -> None:
    """Hazard: one bad slice hides the study."""
    write_compressed(tmp_path, JPEGLSLossless)
    bad = make_slice(2, pixels=ramp(32, 32))
    bad.PixelData = encapsulate([b"\xff\xd8\xff\xf7 no codestream " * 8])
    bad["PixelData"].VR = "OB"
    bad.file_meta.TransferSyntaxUID = JPEGLSLossless
    save(bad, tmp_path / "2")
    (series,) = scan([tmp_path], ignore_progress, CancelToken()).series
    volume = read_volume(series, ignore_progress, CancelToken(), decoder)
    assert volume.is_readable.tolist() == [True, False, True]
    assert volume.unreadable_reasons[1].startswith("JPEG-LS Lossless Image Compression (1.2.840")


def test_a_syntax_that_nobody_decodes_is_named(tmp_path: Path, decoder: SliceDecoder) -> None:
    """Hazard: a series that is empty without a reason."""
    path = tmp_path / "film"
    path.write_bytes(b"\0" * 100)
    (result,) = decoded(decoder, task(path, MPEG2MPML)).values()
    assert isinstance(result, str)
    assert result.startswith("MPEG2 Main Profile / Main Level (1.2.840.10008.1.2.4.100) could not be decoded")


def test_more_pixels_declared_than_compressed_data_can_hold_are_refused_before_decoding(
    tmp_path: Path,
) -> None:
    """Hazard: a decompression bomb."""
    dataset = make_slice(pixels=ramp(32, 32), Rows=5000, Columns=5000)
    dataset.PixelData = encapsulate([b"tiny"])
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = JPEG2000Lossless
    save(dataset, tmp_path / "bomb")
    (verdict,) = scan([tmp_path], ignore_progress, CancelToken()).files
    assert "50000000 bytes of pixels are declared" in verdict.reason


def test_of_many_12_bit_jpeg_frames_only_the_one_asked_for_is_decoded(tmp_path: Path) -> None:
    """Hazard: a long study uses up its computing time, because every frame decodes the whole file."""
    source = Path(pydicom.data.__file__).parent / "test_files" / "JPEG-lossy.dcm"
    dataset = pydicom.dcmread(source)
    frame = get_frame(dataset.PixelData, 0, number_of_frames=1)
    broken = b"\xff\xd8 no codestream \xff\xd9"
    dataset.PixelData, dataset.NumberOfFrames = encapsulate([broken, frame, broken]), 3
    path = save(dataset, tmp_path / "film")
    raw = read_raw_header(path)
    pixels = stored_pixels(raw, 3)
    shape = dataset.Rows, dataset.Columns
    reader = gdcm.ImageReader()
    reader.SetFileName(str(source))
    assert reader.Read()
    content = reader.GetImage().GetBuffer().encode("utf-8", "surrogateescape")
    expected = np.frombuffer(content, np.uint16).reshape(shape)
    np.testing.assert_array_equal(decode_frame(DecodeTask(str(path), pixels, shape, 1)), expected)
    with pytest.raises(Exception, match=r"."):
        decode_frame(DecodeTask(str(path), pixels, shape, 0))


@pytest.mark.skipif(os.name != "posix", reason="memory limits need POSIX")
def test_memory_beyond_the_limit_costs_one_slice(tmp_path: Path) -> None:
    """Hazard: a bomb takes the memory of the whole machine."""
    good = good_task(tmp_path / "good")
    bomb = DecodeTask(good.path, good.pixels, (40000, 40000), 0)
    with SliceDecoder(child_count=1, memory_limit_bytes=1 << 30) as decoder:
        results = decoded(decoder, bomb, good)
    assert "could not be decoded: Unable to allocate" in str(results[0])
    assert isinstance(results[1], np.ndarray)


@needs_pipes
def test_a_slice_that_takes_too_long_is_given_up_and_the_next_is_decoded(tmp_path: Path) -> None:
    """Hazard: a decoder that loops for ever stops the application."""
    good = good_task(tmp_path / "good")
    os.mkfifo(tmp_path / "endless")
    with SliceDecoder(child_count=1, time_limit_s=0.3) as decoder:
        results = decoded(decoder, task(tmp_path / "endless"), good)
    assert results[0] == "RLE Lossless (1.2.840.10008.1.2.5) could not be decoded: it took longer than 0.3 s"
    assert isinstance(results[1], np.ndarray)


@pytest.mark.skipif(os.name != "posix", reason="signals need POSIX")
def test_a_crash_costs_one_slice_and_is_said(tmp_path: Path) -> None:
    """Hazard: a crafted file that crashes the decoder takes the viewer with it."""
    good = good_task(tmp_path / "good")
    with SliceDecoder(child_count=1) as decoder:
        decoder.start()
        (pid,) = decoder.child_pids()
        os.kill(pid, signal.SIGKILL)
        results = decoded(decoder, good, good)
    assert results[0] == (
        "RLE Lossless (1.2.840.10008.1.2.5) could not be decoded: the decoder crashed (signal 9)"
    )
    assert isinstance(results[1], np.ndarray)


class CancelsAtTheThirdLook(CancelToken):
    looks = 0

    def raise_if_cancelled(self) -> None:
        self.looks += 1
        if self.looks == 3:
            self.cancel()
        super().raise_if_cancelled()


def test_a_child_that_is_nearly_done_outlives_a_cancel(tmp_path: Path, decoder: SliceDecoder) -> None:
    """Hazard: each look at another series costs the time that a new child takes to start."""
    good = good_task(tmp_path)
    decoded(decoder, good)
    pids, cancel = decoder.child_pids(), CancelToken()
    results = decoder.decode([good] * 50, cancel)
    next(results)
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(results)
    assert decoder.child_pids() == pids
    assert isinstance(decoded(decoder, good)[0], np.ndarray)


def test_tasks_are_taken_only_when_a_child_is_free_for_them(tmp_path: Path, decoder: SliceDecoder) -> None:
    good, taken = good_task(tmp_path), []

    def tasks() -> Iterator[DecodeTask]:
        for number in range(20):
            taken.append(number)
            yield good

    results = decoder.decode(tasks(), CancelToken())
    next(results)
    assert len(taken) <= 4
    assert len(list(results)) == 19


@pytest.mark.skipif(not hasattr(signal, "SIGXCPU"), reason="this system does not limit computing time")
def test_a_child_that_gets_a_tenth_of_a_processor_uses_its_computing_time_up() -> None:
    """Hazard: sound slices are missing because the machine was busy when they were decoded."""
    assert TIME_LIMIT_S >= 10 * CPU_LIMIT_S


@needs_pipes
def test_decoding_can_be_cancelled_while_a_child_is_at_work(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "endless")
    with SliceDecoder(child_count=1) as decoder:
        with pytest.raises(Cancelled):
            list(decoder.decode([task(tmp_path / "endless")], CancelsAtTheThirdLook()))
        assert decoder.child_pids() == ()


def test_uncompressed_files_start_no_child(tmp_path: Path) -> None:
    save(make_slice(syntax=ExplicitVRLittleEndian), tmp_path / "one")
    (series,) = scan([tmp_path], ignore_progress, CancelToken()).series
    decoder = SliceDecoder()
    read_volume(series, ignore_progress, CancelToken(), decoder)
    assert decoder.child_pids() == ()


@pytest.mark.skipif(os.name != "posix", reason="signals need POSIX")
def test_closing_ends_the_children() -> None:
    decoder = SliceDecoder(child_count=1)
    decoder.start()
    (pid,) = decoder.child_pids()
    decoder.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.skipif(not hasattr(signal, "SIGXCPU"), reason="this system does not limit computing time")
def test_a_decoder_that_computes_without_end_is_ended_by_the_system() -> None:
    """Hazard: a crafted slice keeps a processor busy for ever; a busy machine costs no slice all the same."""
    lines = (
        "from ichviewer.dicom import decode_child",
        "decode_child.CPU_LIMIT_S = 1",
        "decode_child._limit_computing()",
        "while True: pass",
    )
    assert subprocess.run([sys.executable, "-c", "\n".join(lines)], check=False).returncode == -signal.SIGXCPU
