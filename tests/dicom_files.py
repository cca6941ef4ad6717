"""Small DICOM files for tests, written with pydicom: one slice, a stack, and the ways in which they go wrong.

Imported as ``from dicom_files import write_slice``; pytest puts this folder on the path with ``conftest.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

STUDY, SERIES, FRAME = "1.2.826.0.1.100", "1.2.826.0.1.200", "1.2.826.0.1.300"
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
IMPLEMENTATION = "1.2.826.0.1.999"


def ramp(rows: int = 12, columns: int = 16, start: int = 0) -> NDArray[np.int16]:
    """Pixels of which no two are alike, (rows, columns)."""
    return (start + np.arange(rows * columns, dtype=np.int16)).reshape(rows, columns)


def make_slice(
    number: int = 1,
    *,
    position: Sequence[float] | None = None,
    pixels: NDArray[np.generic] | None = None,
    syntax: str = ExplicitVRLittleEndian,
    bits_stored: int | None = None,
    **changes: Any,
) -> Dataset:
    """A CT slice as a data set.

    Args:
        number: Instance Number; also gives the SOP Instance UID, and the position where there is none.
        position: Image Position (Patient); ``(0, 0, 5 * number)`` by default.
        pixels: Stored values, (rows, columns) or (rows, columns, 3) of 8 or 16 bits.
        syntax: Transfer Syntax UID of an uncompressed file.
        bits_stored: Bits Stored; all by default.
        changes: Attributes by keyword; None removes one.
    """
    pixels = ramp(start=number) if pixels is None else pixels
    bits = pixels.dtype.itemsize * 8
    dataset = Dataset()
    values: dict[str, Any] = {
        "SOPClassUID": CTImageStorage,
        "SOPInstanceUID": f"1.2.826.0.1.400.{number}",
        "StudyInstanceUID": STUDY,
        "SeriesInstanceUID": SERIES,
        "FrameOfReferenceUID": FRAME,
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "Modality": "CT",
        "PatientID": "P1",
        "PatientName": "Test^Head",
        "InstanceNumber": number,
        "ImagePositionPatient": list((0.0, 0.0, 5.0 * number) if position is None else position),
        "ImageOrientationPatient": list(AXIAL),
        "PixelSpacing": [0.5, 0.5],
        "SliceThickness": 5.0,
        "RescaleSlope": 1,
        "RescaleIntercept": -1024,
        "SamplesPerPixel": 1 if pixels.ndim == 2 else 3,
        "PhotometricInterpretation": "MONOCHROME2" if pixels.ndim == 2 else "RGB",
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "BitsAllocated": bits,
        "BitsStored": bits_stored or bits,
        "HighBit": (bits_stored or bits) - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
    }
    if pixels.ndim == 3:
        values["PlanarConfiguration"] = 0
    for keyword, value in {**values, **changes}.items():
        if value is not None:
            setattr(dataset, keyword, value)
    stored = pixels.astype(pixels.dtype.newbyteorder(">")) if syntax == ExplicitVRBigEndian else pixels
    content = stored.tobytes() + b"\0" * (stored.nbytes % 2)
    if bits == 8 and syntax == ExplicitVRBigEndian:
        # OW holds words: two pixels of 8 bits change places in big endian (PS3.5 section 8.1.2).
        content = np.frombuffer(content, "<u2").byteswap().tobytes()
    dataset.PixelData = content
    dataset["PixelData"].VR = "OW"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.400.{number}"
    dataset.file_meta.ImplementationClassUID = IMPLEMENTATION
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def save(dataset: Dataset, path: Path) -> Path:
    """Write a data set as a DICOM file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def save_without_preamble(dataset: Dataset, path: Path) -> Path:
    """Write the bare data set, implicit VR, as some old archives do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    bare = Dataset({element.tag: element for element in dataset})
    with path.open("wb") as file:
        bare.save_as(file, implicit_vr=True, little_endian=True)
    return path


def write_slice(path: Path, number: int = 1, **arguments: Any) -> Path:
    """``make_slice`` written to *path*."""
    return save(make_slice(number, **arguments), path)


def write_stack(folder: Path, count: int = 10, **arguments: Any) -> Path:
    """*count* slices 5 mm apart; the names sort in another order than the positions."""
    for number in range(1, count + 1):
        write_slice(folder / f"IM{(number * 7) % count:03d}", number, **arguments)
    return folder
