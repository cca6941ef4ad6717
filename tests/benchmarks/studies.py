"""Studies that the benchmarks open: noise in a head's shape, written by plain pydicom."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, JPEGLosslessSV1, generate_uid

SIDE = 512

REAL_HEAD = Path(__file__).resolve().parents[3] / "shared" / "data" / "cq500_ct0"
"""A real head CT; studies that are made of it can only be written where it is."""
SPACING_MM = 0.47


def uncompressed_study(folder: Path, slices: int, spacing_mm: float = 5.0) -> Path:
    """Write one axial head-like CT series of 512 x 512 slices.

    Args:
        folder: Made if it is not there.
        slices: Number of files.
        spacing_mm: Between slices.

    Returns:
        *folder*.
    """
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    head = _head() + random.integers(-4, 5, (SIDE, SIDE), dtype=np.int16)
    study, series, frame = (generate_uid(entropy_srcs=[name]) for name in ("study", "series", "frame"))
    for index in range(slices):
        dataset = _header(index, study, series, frame)
        dataset.ImagePositionPatient = [-120.0, -120.0, spacing_mm * index]
        dataset.SliceThickness = spacing_mm
        dataset.PixelData = np.roll(head, index, axis=0).tobytes()
        dataset.save_as(folder / f"IM{index:04d}", enforce_file_format=True)
    return folder


def compressed_study(folder: Path, slices: int, spacing_mm: float = 0.6) -> Path:
    """Write a series of real slices in JPEG Lossless, each stored as it was compressed by its scanner.

    The slices of REAL_HEAD follow each other again and again, with UIDs and positions of their own.

    Args:
        folder: Made if it is not there.
        slices: Number of files.
        spacing_mm: Between slices.

    Returns:
        *folder*.
    """
    folder.mkdir(parents=True, exist_ok=True)
    every = [pydicom.dcmread(path) for path in sorted(REAL_HEAD.iterdir())]
    real = [dataset for dataset in every if dataset.file_meta.TransferSyntaxUID == JPEGLosslessSV1]
    series = generate_uid(entropy_srcs=["compressed"])
    for index in range(slices):
        dataset = real[index % len(real)]
        uid = generate_uid(entropy_srcs=[series, str(index)])
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = uid
        dataset.SeriesInstanceUID, dataset.InstanceNumber = series, index + 1
        x, y, _ = dataset.ImagePositionPatient
        dataset.ImagePositionPatient = [x, y, spacing_mm * index]
        dataset.SliceThickness = spacing_mm
        dataset.save_as(folder / f"IM{index:04d}", enforce_file_format=True)
    return folder


def _head() -> np.ndarray:
    row, column = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    radius = np.hypot((row - 256) / 210, (column - 256) / 170)
    return np.select([radius < 0.9, radius < 0.97, radius < 1], [35, 1000, 50], -1000).astype(np.int16)


def _header(index: int, study: str, series: str, frame: str) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = CTImageStorage
    uid = generate_uid(entropy_srcs=[series, str(index)])
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = uid
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = study, series, frame
    dataset.Modality, dataset.PatientID, dataset.PatientName = "CT", "BENCH", "Bench^Synthetic"
    dataset.PatientAge, dataset.SeriesDescription, dataset.ConvolutionKernel = "050Y", "HEAD", "H30s"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.InstanceNumber = index + 1
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [SPACING_MM, SPACING_MM]
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, 0, "HU"
    dataset.Rows = dataset.Columns = SIDE
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
    return dataset
