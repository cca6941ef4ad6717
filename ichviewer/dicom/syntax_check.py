"""Which transfer syntaxes decode on this machine: a small picture in each, read as any file is read.

The compressed pictures were made once, by other programs than those that decode here
(``resources/syntax_samples.json``, ``packaging/make_syntax_samples.py``). The one thing to get wrong: a
decoder that answers is not yet one that is right, so every pixel is compared.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from ichviewer.core.errors import UnreadableError
from ichviewer.core.progress import CancelToken, Progress, ReportProgress, ignore_progress
from ichviewer.dicom.decode import SliceDecoder
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import scan
from ichviewer.resources import resource_path

ROWS, COLUMNS = 24, 32
LOWEST_SIGNED = -1024
"""Of the signed picture: air, as scanners that store signed values write it."""

NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
SAMPLES = "syntax_samples.json"


@dataclass(frozen=True)
class SyntaxResult:
    """What became of the picture in one transfer syntax.

    Attributes:
        transfer_syntax: UID.
        name: Its name in the standard.
        bits_stored: Of the picture.
        allowed_difference: What the picture's loss explains, stored values; 0 for lossless.
        largest_difference: What was found; None if it could not be read.
        problem: Why it does not decode; empty if it does.
    """

    transfer_syntax: str
    name: str
    bits_stored: int
    allowed_difference: int
    largest_difference: int | None
    problem: str


@dataclass(frozen=True)
class _Sample:
    """One picture; *codestream* is None where the pixels are written as they are."""

    transfer_syntax: UID
    bits_stored: int
    is_signed: bool
    allowed_difference: int
    codestream: bytes | None


def known_pixels(bits_stored: int, is_signed: bool) -> NDArray[np.generic]:
    """The picture that every sample holds: an oblique ramp over 8 or 12 bits.

    Args:
        bits_stored: 8, 12, or 16 (a ramp over 12 bits all the same).
        is_signed: Begin at LOWEST_SIGNED.

    Returns:
        (ROWS, COLUMNS), little endian.
    """
    row, column = np.mgrid[0:ROWS, 0:COLUMNS]
    highest = 255 if bits_stored == 8 else 4095
    ramp = highest * (2 * row + column) // (2 * (ROWS - 1) + COLUMNS - 1)
    if is_signed:
        return np.asarray(ramp + LOWEST_SIGNED).astype("<i2")
    return np.asarray(ramp).astype("u1" if bits_stored == 8 else "<u2")


def check_syntaxes(
    folder: Path, decoder: SliceDecoder, report: ReportProgress, cancel: CancelToken
) -> tuple[SyntaxResult, ...]:
    """Write, read and compare a picture in every transfer syntax that the viewer claims to read.

    Args:
        folder: An empty one, for files of some hundred bytes; the caller removes it.
        decoder: Decodes what is compressed, in child processes as always.
        report: Told before each syntax.
        cancel: Looked at before each syntax.

    Raises:
        IchViewerError: The samples are missing from this installation.
        OSError: *folder* cannot be written.
        Cancelled: *cancel* was set.
    """
    samples = tuple(_samples())
    results = []
    for number, sample in enumerate(samples):
        cancel.raise_if_cancelled()
        report(Progress(number, len(samples), "decoding every transfer syntax"))
        path = folder / f"{number:02d}.dcm"
        _write(path, sample)
        found = _read(path, decoder, cancel)
        results.append(_compared(sample, found))
    return tuple(results)


def _samples() -> Iterator[_Sample]:
    for syntax in NATIVE:
        yield _Sample(syntax, 16, True, 0, None)
    for entry in json.loads(resource_path(SAMPLES).read_text(encoding="utf-8")):
        yield _Sample(
            UID(entry["transfer_syntax"]),
            entry["bits_stored"],
            entry["is_signed"],
            entry["allowed_difference"],
            base64.b64decode(entry["codestream"]),
        )


def _write(path: Path, sample: _Sample) -> None:
    pixels = known_pixels(sample.bits_stored, sample.is_signed)
    dataset = Dataset()
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = "2.25.1"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "2.25.2", "2.25.3"
    dataset.Modality = "CT"
    dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [1, 1]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = 8 * pixels.itemsize
    dataset.BitsStored = sample.bits_stored
    dataset.HighBit = sample.bits_stored - 1
    dataset.PixelRepresentation = int(sample.is_signed)
    if sample.codestream is None:
        is_big_endian = sample.transfer_syntax == ExplicitVRBigEndian
        dataset.PixelData = (pixels.byteswap() if is_big_endian else pixels).tobytes()
        dataset["PixelData"].VR = "OW"
    else:
        dataset.PixelData = encapsulate([sample.codestream])
        dataset["PixelData"].VR = "OB"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = sample.transfer_syntax
    dataset.save_as(path, enforce_file_format=True)


def _read(path: Path, decoder: SliceDecoder, cancel: CancelToken) -> NDArray[np.integer] | str:
    """The pixels as the viewer would show them, or why there are none."""
    contents = scan((path,), ignore_progress, cancel)
    if not contents.series:
        return contents.files[0].reason
    try:
        volume = read_volume(contents.series[0], ignore_progress, cancel, decoder)
    except UnreadableError as error:
        return str(error).removeprefix(f"{path} cannot be read: ")
    return np.asarray(volume.stored_values[0])


def _compared(sample: _Sample, found: NDArray[np.integer] | str) -> SyntaxResult:
    difference, problem = None, ""
    if isinstance(found, str):
        problem = found
    else:
        wanted = known_pixels(sample.bits_stored, sample.is_signed).astype(np.int32)
        difference = int(np.abs(found.astype(np.int32) - wanted).max())
        if difference > sample.allowed_difference:
            problem = (
                f"its pixels come out wrong by up to {difference} (allowed: {sample.allowed_difference})"
            )
    uid = sample.transfer_syntax
    return SyntaxResult(
        str(uid), uid.name, sample.bits_stored, sample.allowed_difference, difference, problem
    )
