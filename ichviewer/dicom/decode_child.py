"""The child process that decodes compressed pixels: it alone runs decoders on bytes from outside.

It lives under a memory limit and can be killed at any time. The one thing to get wrong: it must
import nothing of the window; ``multiprocessing`` starts it with this module's function alone.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import JPEGTransferSyntaxes, RLELossless

from ichviewer.core.errors import UnreadableError
from ichviewer.core.series import StoredPixels
from ichviewer.dicom.fragments import ENDS_EARLY, fragments_end_early
from ichviewer.dicom.native import clear_unused_bits
from ichviewer.dicom.source import FrameSource, OpenPixels, open_for_pixels
from ichviewer.dicom.stored_pixels import syntax_name

try:
    import gdcm
except ImportError:  # What others decode must open all the same; the self-test names what does not.
    gdcm = None

try:
    import resource
except ImportError:  # Windows has no such limits; the declared sizes are checked there all the same.
    resource = None  # type: ignore[assignment]

REFUSED_JPEG = frozenset({*JPEGTransferSyntaxes, "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55"})
"""Syntaxes in which GDCM's own reader may know what pydicom's table refuses (12-bit JPEG, old processes)."""


CPU_LIMIT_S = 4
"""Computing time of one frame, s; the largest CT slices need one."""

KEPT_FOR_S = 1
"""Seconds that the bytes of an archive's multi-frame file are kept for its next frame."""

LOWER_PRIORITY = 5
"""The children yield to the window while a large series is decoded; on an idle machine this costs nothing."""


@dataclass(frozen=True)
class DecodeTask:
    """One frame to decode.

    Attributes:
        path: Absolute path of the file.
        pixels: Where and how the pixels lie in it.
        shape: Declared (rows, columns).
        frame_index: 0-based frame.
    """

    path: str
    pixels: StoredPixels
    shape: tuple[int, int]
    frame_index: int


def serve(tasks: Connection, answers: Connection, memory_limit_bytes: int) -> None:
    """Say ("ready",), then answer tasks until the other side closes.

    An answer is ("ok", dtype, shape) and the bytes, or ("error", why).
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(LOWER_PRIORITY)
    # The decoders of some libraries print to stderr what they also report; the answer says it better.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    _limit_memory(memory_limit_bytes)
    answers.send(("ready",))
    source = FrameSource()
    while True:
        try:
            if not tasks.poll(KEPT_FOR_S):
                source.forget()
            task = tasks.recv()
        except (EOFError, BrokenPipeError):
            return
        _limit_computing()
        try:
            pixels = decode_frame(task, source.open)
        except Exception as error:  # noqa: BLE001  whatever a decoder raises belongs to this one slice
            answers.send(("error", _one_line(error, task)))
            continue
        answers.send(("ok", pixels.dtype.str, pixels.shape))
        answers.send_bytes(np.ascontiguousarray(pixels).data.cast("B"))


def _limit_memory(limit_bytes: int) -> None:
    if resource is not None:
        # RLIMIT_DATA counts what is really taken; RLIMIT_AS would count address space that threads reserve.
        _, highest = resource.getrlimit(resource.RLIMIT_DATA)
        limit_bytes = limit_bytes if highest == resource.RLIM_INFINITY else min(limit_bytes, highest)
        resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_computing() -> None:
    """Give the next frame CPU_LIMIT_S of computing; the system ends this process when they are used up.

    A loop without end is cut short so, and a busy machine is no reason to give up a slice.
    """
    if resource is not None:
        _, highest = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + CPU_LIMIT_S, highest))


def _one_line(error: Exception, task: DecodeTask) -> str:
    text = " ".join(str(error).split())[:200] or type(error).__name__
    return f"{syntax_name(task.pixels.transfer_syntax)} could not be decoded: {text}"


def decode_frame(task: DecodeTask, open_pixels: OpenPixels = open_for_pixels) -> NDArray[np.integer]:
    """Decode one frame.

    Returns:
        (rows, columns) or (rows, columns, 3); color is RGB.

    Raises:
        NotImplementedError: No decoder knows the transfer syntax.
        UnreadableError: The file ends early, or is damaged within its archive.
        Exception: Whatever the decoders raise.
    """
    try:
        return _by_pydicom(task, open_pixels)
    except UnreadableError:
        # Cut short, or damaged within its archive: GDCM would fill up what is missing.
        raise
    except Exception:
        if task.pixels.transfer_syntax not in REFUSED_JPEG:
            raise
        return _by_gdcm(task, open_pixels)


@contextlib.contextmanager
def _compressed_pixels(task: DecodeTask, open_pixels: OpenPixels) -> Iterator[BinaryIO]:
    """The file, at its first fragment.

    Raises:
        UnreadableError: It ends early, or is damaged within its archive.
    """
    pixels = task.pixels
    with open_pixels(Path(task.path), pixels) as file:
        if pixels.length is None and fragments_end_early(file, pixels.offset):
            raise UnreadableError(ENDS_EARLY)
        file.seek(pixels.offset)
        yield file


def _by_pydicom(task: DecodeTask, open_pixels: OpenPixels) -> NDArray[np.integer]:
    pixels = task.pixels
    decoder = get_decoder(pixels.transfer_syntax)
    is_words = pixels.transfer_syntax == RLELossless
    options: dict[str, Any] = {
        "rows": task.shape[0],
        "columns": task.shape[1],
        "number_of_frames": pixels.frame_count,
        "samples_per_pixel": pixels.samples,
        "photometric_interpretation": pixels.photometric,
        "bits_allocated": pixels.bits_allocated,
        # RLE packs whole words, in which High Bit counts; other codes hold the stored bits alone.
        "bits_stored": pixels.bits_allocated if is_words else pixels.bits_stored,
        "pixel_representation": int(pixels.is_signed),
        "planar_configuration": int(pixels.is_planar),
        "pixel_keyword": "PixelData",
    }
    with _compressed_pixels(task, open_pixels) as file:
        array, _ = decoder.as_array(file, index=task.frame_index, **options)
    if not is_words:
        return np.asarray(array)
    words = np.array(array)
    clear_unused_bits(words, pixels)
    return words


def _by_gdcm(task: DecodeTask, open_pixels: OpenPixels) -> NDArray[np.integer]:
    """One frame, handed to GDCM in memory: its own reader would decode all frames of a file for each."""
    if gdcm is None:
        raise ValueError("GDCM is not installed")
    pixels, samples = task.pixels, task.pixels.samples
    with _compressed_pixels(task, open_pixels) as file:
        code = get_frame(file, task.frame_index, number_of_frames=pixels.frame_count)
    image = _gdcm_image(task, code)
    kinds = {
        gdcm.PixelFormat.UINT8: np.uint8,
        gdcm.PixelFormat.INT8: np.int8,
        gdcm.PixelFormat.UINT12: np.uint16,
        gdcm.PixelFormat.INT12: np.int16,
        gdcm.PixelFormat.UINT16: np.uint16,
        gdcm.PixelFormat.INT16: np.int16,
    }
    # GDCM hands out char* as text; its own encoding brings the bytes back.
    content = image.GetBuffer().encode("utf-8", "surrogateescape")
    kind = kinds.get(image.GetPixelFormat().GetScalarType())
    if kind is None:
        raise ValueError("GDCM gives neither 8 nor 16 bits")
    decoded: NDArray[np.integer] = np.frombuffer(content, dtype=kind)
    return decoded.reshape(task.shape if samples == 1 else (*task.shape, samples))


def _gdcm_image(task: DecodeTask, code: bytes) -> Any:
    """GDCM's image of one frame.

    Args:
        task: What its header said.
        code: Its compressed bytes.
    """
    pixels = task.pixels
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(code)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((task.shape[1], task.shape[0], 1))
    photometric = gdcm.PhotometricInterpretation.GetPIType(pixels.photometric)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(photometric))
    image.SetPlanarConfiguration(int(pixels.is_planar))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(pixels.transfer_syntax)))
    image.SetPixelFormat(
        gdcm.PixelFormat(
            pixels.samples, pixels.bits_allocated, pixels.bits_stored, pixels.high_bit, int(pixels.is_signed)
        )
    )
    image.SetDataElement(element)
    return image
