"""Hounsfield units and geometry as CT Image files: the demo study, and variants of it for tests.

The one thing to get wrong: the volume comes in canonical orientation; ``SeriesOptions.in_plane`` says
how the **stored** pixels shall become canonical, so its inverse is applied here.
"""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from ichviewer import __version__
from ichviewer.core.errors import ExportError
from ichviewer.core.file_errors import why_not_written
from ichviewer.core.geometry import AS_STORED, InPlane, StackGeometry, tilt_degrees
from ichviewer.core.progress import CancelToken, Progress, ReportProgress, ignore_progress

UID_NAMESPACE = uuid.UUID("6f1f3a43-5d0c-4f5e-9a51-0c6a3c1f7b10")
"""All UIDs are UUIDs of version 5 in this namespace, written under 2.25 (PS3.5 B.2)."""

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class SeriesOptions:
    """How a volume is written.

    Attributes:
        uid_text: Decides every UID; the same text gives the same UIDs.
        patient_name: (0010,0010).
        patient_id: (0010,0020).
        patient_age: (0010,1010), such as 060Y; left out where empty.
        study_description: (0008,1030).
        series_description: (0008,103E).
        series_number: (0020,0011).
        thickness_mm: (0018,0050).
        in_plane: Steps that a reader has to take from stored to canonical pixels.
        slope: Rescale Slope; one value, or one per written file.
        intercept: Rescale Intercept; one value, or one per written file.
        is_signed: 16 bits signed instead of 12 bits unsigned.
        slice_order: Slices to write, in this order; leave one out for a gap, name one twice for a
            duplicate (with its own SOP Instance UID). None writes all.
        has_tilt_tag: Whether Gantry/Detector Tilt is written.
        comment: (0020,4000), empty for none.
    """

    uid_text: str = "series"
    patient_name: str = "Demo^Synthetic"
    patient_id: str = "DEMO"
    patient_age: str = ""
    study_description: str = "Synthetic head CT"
    series_description: str = "Synthetic head, not a patient"
    series_number: int = 2
    thickness_mm: float = 5.0
    in_plane: InPlane = AS_STORED
    slope: float | tuple[float, ...] = 1.0
    intercept: float | tuple[float, ...] = -1024.0
    is_signed: bool = False
    slice_order: tuple[int, ...] | None = None
    has_tilt_tag: bool = True
    comment: str = "Computed drawing of a head; no person was scanned."


def derived_uid(text: str) -> str:
    """A legal UID that depends on nothing but *text*, under 2.25 (PS3.5 B.2).

    >>> derived_uid("a") == derived_uid("a"), len(derived_uid("a")) <= 64
    (True, True)
    """
    return f"2.25.{uuid.uuid5(UID_NAMESPACE, text).int}"


def study_uid(options: SeriesOptions) -> str:
    """Study Instance UID that these options give."""
    return derived_uid(f"{options.uid_text}/study")


def series_uid(options: SeriesOptions) -> str:
    """Series Instance UID that these options give."""
    return derived_uid(f"{options.uid_text}/series {options.series_number}")


def instance_uid(options: SeriesOptions, position: int) -> str:
    """SOP Instance UID of the file at this place of the written order, 0-based."""
    return derived_uid(f"{options.uid_text}/series {options.series_number}/instance {position}")


def to_stored(canonical: NDArray[np.generic], in_plane: InPlane) -> NDArray[np.generic]:
    """The stored slice that *in_plane* makes canonical again."""
    pixels = canonical[:, ::-1] if in_plane.flip_columns else canonical
    if in_plane.flip_rows:
        pixels = pixels[::-1]
    return pixels.T if in_plane.transpose else pixels


def stored_plane(
    geometry: StackGeometry, slice_index: int, canonical_shape: tuple[int, int], in_plane: InPlane
) -> tuple[Vector, Vector, tuple[float, float]]:
    """Image Position, Image Orientation and Pixel Spacing of a stored slice.

    Returns:
        Position (3,), orientation (6,), and (between rows, between columns) as stored.
    """
    row = canonical_shape[0] - 1 if in_plane.flip_rows else 0
    column = canonical_shape[1] - 1 if in_plane.flip_columns else 0
    position = geometry.point_mm(slice_index, row, column)
    along_columns = -geometry.row_direction if in_plane.flip_columns else geometry.row_direction
    along_rows = -geometry.column_direction if in_plane.flip_rows else geometry.column_direction
    between_rows, between_columns = geometry.pixel_spacing_mm
    if in_plane.transpose:
        return position, np.concatenate([along_rows, along_columns]), (between_columns, between_rows)
    return position, np.concatenate([along_columns, along_rows]), (between_rows, between_columns)


def write_dicom_series(
    folder: Path,
    volume_hu: NDArray[np.integer] | NDArray[np.floating],
    geometry: StackGeometry,
    options: SeriesOptions = SeriesOptions(),
    report: ReportProgress = ignore_progress,
    cancel: CancelToken | None = None,
) -> tuple[Path, ...]:
    """Write one CT Image file per slice, ``IM0001.dcm`` and so on, explicit little endian.

    Args:
        folder: Made if it is not there.
        volume_hu: (slices, rows, columns), Hounsfield units, canonical orientation.
        geometry: Of that volume.
        options: How to write it. With slope 1 and a whole intercept, whole HU are kept exactly; else they are
            rounded to the nearest stored value.
        report: Told after each file.
        cancel: Looked at before each file.

    Returns:
        The files, in the order written.

    Raises:
        ExportError: A file is there already, or the folder cannot be written.
        ValueError: HU that the chosen bits cannot hold.
    """
    order = tuple(range(len(volume_hu))) if options.slice_order is None else options.slice_order
    paths = []
    for position, slice_index in enumerate(order):
        if cancel is not None:
            cancel.raise_if_cancelled()
        path = folder / f"IM{position + 1:04d}.dcm"
        dataset = slice_dataset(volume_hu[slice_index], geometry, slice_index, position, options)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Written in memory first: pydicom turns an error of the disk into a traceback in words.
            content = io.BytesIO()
            dataset.save_as(content, enforce_file_format=True)
            with path.open("xb") as file:
                file.write(content.getbuffer())
        except OSError as error:
            raise ExportError(f"{path} cannot be written: {why_not_written(error)}.") from error
        paths.append(path)
        report(Progress(position + 1, len(order), f"Writing {path.name}"))
    return tuple(paths)


def slice_dataset(
    hu: NDArray[np.integer] | NDArray[np.floating],
    geometry: StackGeometry,
    slice_index: int,
    position: int,
    options: SeriesOptions,
) -> Dataset:
    """One slice as a CT Image (PS3.3 A.3), with file meta information.

    Args:
        hu: (rows, columns), canonical orientation.
        geometry: Of the stack.
        slice_index: Of this slice in *geometry*.
        position: Place in the written order, 0-based; gives Instance Number and SOP Instance UID.
        options: How to write it.
    """
    dataset = Dataset()
    _add_patient_and_study(dataset, options)
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = instance_uid(options, position)
    dataset.InstanceNumber = position + 1
    _add_acquisition(dataset, geometry, options)
    image_position, orientation, spacing = stored_plane(geometry, slice_index, hu.shape, options.in_plane)
    dataset.ImagePositionPatient = [round(float(value), 6) + 0.0 for value in image_position]
    dataset.ImageOrientationPatient = [round(float(value), 9) + 0.0 for value in orientation]
    dataset.PixelSpacing = [round(float(value), 9) for value in spacing]
    dataset.SliceLocation = round(float(geometry.positions_mm[slice_index]), 6)
    _add_pixels(dataset, to_stored(hu, options.in_plane), position, options)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(derived_uid("implementation"))
    meta.ImplementationVersionName = f"ICHVIEWER {__version__}"[:16]
    dataset.file_meta = meta
    return dataset


def _add_patient_and_study(dataset: Dataset, options: SeriesOptions) -> None:
    """Patient, General Study, Patient Study, General Series, Frame of Reference (PS3.3 C.7.1 to C.7.4)."""
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = options.patient_name
    dataset.PatientID = options.patient_id
    dataset.PatientBirthDate = ""
    dataset.PatientSex = ""
    if options.patient_age:
        dataset.PatientAge = options.patient_age
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "Synthetic data, no patient"
    dataset.StudyInstanceUID = study_uid(options)
    dataset.StudyDate = "20260101"
    dataset.StudyTime = "120000"
    dataset.ReferringPhysicianName = ""
    dataset.StudyID = "1"
    dataset.AccessionNumber = ""
    dataset.StudyDescription = options.study_description
    dataset.SeriesInstanceUID = series_uid(options)
    dataset.SeriesNumber = options.series_number
    dataset.SeriesDescription = options.series_description
    dataset.Modality = "CT"
    dataset.BodyPartExamined = "HEAD"
    dataset.PatientPosition = "HFS"
    dataset.FrameOfReferenceUID = derived_uid(f"{options.uid_text}/frame of reference")
    dataset.PositionReferenceIndicator = "OM"


def _add_acquisition(dataset: Dataset, geometry: StackGeometry, options: SeriesOptions) -> None:
    """General Equipment, General Image and CT Image (PS3.3 C.7.5.1, C.7.6.1, C.8.2.1)."""
    dataset.Manufacturer = "ichviewer"
    dataset.ManufacturerModelName = "Procedural head"
    dataset.SoftwareVersions = __version__
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.AcquisitionNumber = 1
    dataset.ContentDate = "20260101"
    dataset.ContentTime = "120000"
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"
    if options.comment:
        dataset.ImageComments = options.comment
    dataset.KVP = 120
    dataset.SliceThickness = options.thickness_mm
    dataset.ConvolutionKernel = "SOFT"
    if options.has_tilt_tag:
        dataset.GantryDetectorTilt = round(tilt_degrees(geometry), 4)
    dataset.WindowCenter = [40, 600]
    dataset.WindowWidth = [80, 2800]
    dataset.WindowCenterWidthExplanation = ["BRAIN", "BONE"]


def _add_pixels(
    dataset: Dataset, stored_hu: NDArray[np.generic], position: int, options: SeriesOptions
) -> None:
    """Image Pixel and the rescale of CT Image (PS3.3 C.7.6.3, C.8.2.1.1.6)."""
    slope, intercept = (
        value[position] if isinstance(value, tuple) else value for value in (options.slope, options.intercept)
    )
    values = np.rint((stored_hu.astype(np.float64) - intercept) / slope)
    bits = 16 if options.is_signed else 12
    lowest, highest = (-(2**15), 2**15 - 1) if options.is_signed else (0, 2**12 - 1)
    if values.min() < lowest or values.max() > highest:
        raise ValueError(
            f"HU from {stored_hu.min()} to {stored_hu.max()} do not fit {bits} bits with slope {slope} "
            f"and intercept {intercept}."
        )
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored_hu.shape
    dataset.BitsAllocated = 16
    dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(options.is_signed)
    dataset.RescaleIntercept = intercept
    dataset.RescaleSlope = slope
    dataset.RescaleType = "HU"
    dataset.PixelData = values.astype("<i2" if options.is_signed else "<u2").tobytes()
