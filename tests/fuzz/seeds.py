"""The sound files that are damaged: generated ones everywhere, real ones where they are."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from tests.dicom_files import make_slice, ramp

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SHARED_FOLDERS = ("dcm_qa_ct", "rsna_series", "cq500_ct0", "transfer_syntaxes")
LARGEST_FILE = 1_100_000
"""Larger ones would slow a run down and hold nothing that the others do not."""


@dataclass(frozen=True)
class Seed:
    """A sound file.

    Attributes:
        name: Unique; part of what a mutant depends on.
        path: Where it lies; None for a generated one.
        made: Its bytes if generated.
    """

    name: str
    path: Path | None
    made: bytes = b""

    @property
    def content(self) -> bytes:
        return self.made if self.path is None else self.path.read_bytes()

    @property
    def file_name(self) -> str:
        """The name under which the viewer is given the mutant; some names mean something to it."""
        return "DICOMDIR" if "DICOMDIR" in Path(self.name).name else "mutant"


def all_seeds() -> list[Seed]:
    """Generated files, those that come with pydicom, and the real ones, in fixed order."""
    return [*generated_seeds(), *_installed(), *_shared()]


def generated_seeds() -> list[Seed]:
    """Small files of every kind that the viewer reads, written with pydicom; the same on every run."""
    return [Seed(f"made/{name}", None, content) for name, content in _made()]


def _installed() -> Iterator[Seed]:
    site = Path(pydicom.__file__).resolve().parents[1]
    for folder in ("pydicom/data", "data_store/data"):
        yield from _below(site / folder, folder)


def _shared() -> Iterator[Seed]:
    for folder in SHARED_FOLDERS:
        yield from _below(SHARED_DATA / folder, folder)


def _below(folder: Path, prefix: str) -> Iterator[Seed]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in (".py", ".pyc") and 0 < path.stat().st_size <= LARGEST_FILE:
            yield Seed(f"{prefix}/{path.relative_to(folder)}", path)


def _made() -> Iterator[tuple[str, bytes]]:
    gray = {"pixels": ramp(24, 32)}
    yield "explicit", _bytes(make_slice(1, ConvolutionKernel="H31s", GantryDetectorTilt=-18.5, **gray))
    yield "no meta", _bytes(make_slice(1, **gray)).split(b"DICM", 1)[1]
    yield "implicit", _bytes(make_slice(1, syntax=ImplicitVRLittleEndian, **gray))
    yield "big endian", _bytes(make_slice(1, syntax=ExplicitVRBigEndian, **gray))
    yield "deflated", _bytes(make_slice(1, syntax=DeflatedExplicitVRLittleEndian, **gray))
    yield "monochrome1", _bytes(make_slice(1, PhotometricInterpretation="MONOCHROME1", **gray))
    yield "color", _bytes(make_slice(1, pixels=np.arange(24 * 32 * 3, dtype=np.uint8).reshape(24, 32, 3)))
    yield "modality lut", _bytes(_with_modality_lut(make_slice(1, pixels=ramp(24, 32).astype(np.uint16))))
    yield "twelve bits", _bytes(make_slice(1, pixels=ramp(24, 32).astype(np.uint16), bits_stored=12))
    for syntax in (RLELossless, JPEGLSLossless, JPEG2000Lossless):
        yield f"compressed {syntax}", _bytes(_compressed(make_slice(1, pixels=ramp(64, 64)), syntax))
    yield "multi-frame", _bytes(multi_frame(6))
    yield "multi-frame implicit", _bytes(multi_frame(6, ImplicitVRLittleEndian))
    yield "multi-frame RLE", _bytes(_compressed(multi_frame(4), RLELossless))
    yield "DICOMDIR", _bytes(directory(12))
    slices = {f"head/{number}.dcm": _bytes(make_slice(number, **gray)) for number in range(1, 10)}
    yield "stored.zip", _zip(slices, zipfile.ZIP_STORED)
    yield "deflated.zip", _zip(slices, zipfile.ZIP_DEFLATED)
    mixed = {"a": _bytes(_compressed(multi_frame(4), RLELossless)), "note.txt": b"none", "empty": b""}
    yield "mixed.zip", _zip(mixed, zipfile.ZIP_DEFLATED)


def _bytes(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _compressed(dataset: Dataset, syntax: str) -> Dataset:
    dataset.compress(syntax, generate_instance_uid=False)
    return dataset


def _zip(files: Mapping[str, bytes], method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def _item(**values: Any) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def _with_modality_lut(dataset: Dataset) -> Dataset:
    del dataset.RescaleSlope, dataset.RescaleIntercept
    table = _item(LUTDescriptor=[256, 0, 16], ModalityLUTType="HU", LUTData=list(range(256)))
    table["LUTDescriptor"].VR = table["LUTData"].VR = "US"
    dataset.ModalityLUTSequence = Sequence([table])
    return dataset


def multi_frame(frames: int, syntax: str = pydicom.uid.ExplicitVRLittleEndian) -> Dataset:
    """An Enhanced CT of *frames* small slices, 5 mm apart, described by functional groups."""
    dataset = make_slice(1, pixels=ramp(frames * 16, 16), syntax=syntax)
    dataset.Rows = 16
    dataset.NumberOfFrames = frames
    dataset.SOPClassUID = pydicom.uid.EnhancedCTImageStorage
    shared = _item(
        PlaneOrientationSequence=Sequence([_item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]),
        PixelMeasuresSequence=Sequence([_item(PixelSpacing=[0.5, 0.5], SliceThickness=5)]),
        PixelValueTransformationSequence=Sequence(
            [_item(RescaleSlope=1, RescaleIntercept=-1024, RescaleType="HU")]
        ),
    )
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(
        _item(
            PlanePositionSequence=Sequence([_item(ImagePositionPatient=[0, 0, 5 * number])]),
            FrameContentSequence=Sequence([_item(FrameAcquisitionDateTime=f"20240131100{number:03d}")]),
        )
        for number in range(frames)
    )
    return dataset


def directory(records: int) -> Dataset:
    """A DICOMDIR that names files, most of them not there."""
    dataset = make_slice(1)
    dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    kept = Dataset()
    kept.file_meta = dataset.file_meta
    kept.DirectoryRecordSequence = Sequence(
        _item(DirectoryRecordType="IMAGE", ReferencedFileID=["HEAD", f"IM{number:04d}"])
        for number in range(records)
    )
    return kept
