"""From the header of one file to its slices: one for a plain image, one per frame for a multi-frame one.

The one thing to get wrong: an absent value stays absent. Slope, intercept, spacing and position
are never given a default.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from pydicom import config
from pydicom.uid import UID

from ichviewer.core.file_errors import STILL_COPIED
from ichviewer.core.series import SliceHeader, StoredPixels
from ichviewer.dicom import tags
from ichviewer.dicom.hounsfield import hu_claim
from ichviewer.dicom.raw_header import DamagedError, RawHeader
from ichviewer.dicom.stored_pixels import modality_lut_type, stored_pixels
from ichviewer.dicom.voi import for_volume, header_windows

SMALLEST_MM, LARGEST_MM = 1e-3, 1e3
"""Between these lies the distance of two pixels."""

SMALLEST_SLOPE = 1e-6

MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"

OTHER_BITS = (1, 32, 64)
"""Bits Allocated (0028,0100) of sound images that are no CT slices: segmentations, doses, deep colors."""


class SkippedError(Exception):
    """The file is sound DICOM and holds no image; the text says what it holds."""


class DirectoryError(SkippedError):
    """The file is a DICOMDIR, or another directory of a disc."""


@dataclass(frozen=True, eq=False)
class Instance:
    """One slice with all that decides which stack it belongs to.

    Attributes:
        header: What the viewer keeps of it.
        raw: The file's header without its sequences, for what is the same over the whole stack.
        kind: ``original``, ``localizer``, ``derived`` or ``capture``.
        hu: ``claimed``, ``assumed`` or ``not claimed``.
        kernel: Convolution Kernel.
        content_time: Content Time, or the frame's acquisition time; empty where absent.
        acquisition_number: Empty where absent.
        slice_location: Slice Location, only for files without position.
        stack_id: Stack ID (0020,9056) of a frame; empty where absent.
        temporal_position: Temporal Position Index (0020,9128) of a frame; empty where absent.
    """

    header: SliceHeader
    raw: RawHeader
    kind: str
    hu: str
    kernel: str
    content_time: str
    acquisition_number: str
    slice_location: float | None
    stack_id: str = ""
    temporal_position: str = ""


def check_is_image(raw: RawHeader) -> None:
    """Whether the file holds an image.

    Raises:
        SkippedError: It holds something else, or a kind of image that no CT slice is.
        DamagedError: It says that it is an image but ends early or lacks pixels.
    """
    storage_class = raw.ascii(tags.SOP_CLASS_UID) or raw.ascii(tags.MEDIA_STORAGE_SOP_CLASS_UID)
    if storage_class == MEDIA_DIRECTORY:
        raise DirectoryError("a DICOM directory; the files themselves were read")
    if raw.ends_early:
        raise DamagedError(f"the file ends within its header; {STILL_COPIED}")
    if raw.pixels is None and raw.word(tags.ROWS) is None:
        _refuse_without_pixels(raw, storage_class)
    if raw.pixels is None:
        raise DamagedError(f"no pixel data; {STILL_COPIED}")
    if raw.pixels.tag != 0x7FE00010:
        raise SkippedError("floating-point pixels; no head CT is stored so")
    if not raw.word(tags.ROWS) or not raw.word(tags.COLUMNS):
        raise DamagedError("Rows or Columns are absent")
    bits = raw.word(tags.BITS_ALLOCATED)
    if bits in OTHER_BITS:
        stored = raw.word(tags.BITS_STORED) or bits
        raise SkippedError(f"{stored} of {bits} bits per pixel are not supported")
    if raw.ascii(tags.PHOTOMETRIC_INTERPRETATION).startswith("PALETTE"):
        raise SkippedError("colors from a palette are not supported")


def _refuse_without_pixels(raw: RawHeader, storage_class: str) -> NoReturn:
    """Say what a file is that has neither pixels nor Rows: something else, or an image that is cut short."""
    if not raw.has(tags.SOP_INSTANCE_UID) and not storage_class:
        raise SkippedError("not a DICOM image")
    name = UID(storage_class, config.IGNORE).name if storage_class else "no SOP class"
    if "Image Storage" in name:
        raise DamagedError(f"no pixel data; {STILL_COPIED}")
    modality = raw.ascii(tags.MODALITY)
    what = "a dose report" if "Dose" in name else "no image"
    raise SkippedError(f"{what} ({name}{', ' + modality if modality else ''})")


def image_kind(raw: RawHeader) -> str:
    """Sort of image: ``original``, ``localizer``, ``derived`` or ``capture`` (screen captures, color)."""
    image_type = tuple(value.upper() for value in raw.ascii_values(tags.IMAGE_TYPE))
    storage_class = raw.ascii(tags.SOP_CLASS_UID)
    if storage_class.startswith("1.2.840.10008.5.1.4.1.1.7") or (raw.word(tags.SAMPLES_PER_PIXEL) or 1) != 1:
        return "capture"
    return kind_of_type(image_type)


def kind_of_type(image_type: tuple[str, ...]) -> str:
    """``original``, ``localizer`` or ``derived`` from Image Type (0008,0008) or Frame Type (0008,9007).

    >>> kind_of_type(("ORIGINAL", "PRIMARY", "LOCALIZER")), kind_of_type(())
    ('localizer', 'original')
    """
    if "LOCALIZER" in image_type[2:]:
        return "localizer"
    return "derived" if image_type[:1] == ("DERIVED",) else "original"


def plain_instance(path: Path, raw: RawHeader) -> Instance:
    """The slice of a single-frame file.

    Raises:
        DamagedError: A value that is there cannot be understood.
    """
    kind = image_kind(raw)
    pixels = stored_pixels(raw, frame_count=1)
    slope, intercept = rescale(raw, pixels)
    spacing = raw.decimals(tags.PIXEL_SPACING)
    header = SliceHeader(
        path=str(path),
        sop_instance_uid=raw.ascii(tags.SOP_INSTANCE_UID),
        frame_number=None,
        instance_number=raw.integer(tags.INSTANCE_NUMBER),
        image_position_mm=position(raw.decimals(tags.IMAGE_POSITION)),
        image_orientation=orientation(raw.decimals(tags.IMAGE_ORIENTATION)),
        stored_shape=(raw.word(tags.ROWS) or 0, raw.word(tags.COLUMNS) or 0),
        pixel_spacing_mm=pixel_spacing(spacing),
        thickness_mm=positive(raw.decimal(tags.SLICE_THICKNESS)),
        slope=slope,
        intercept=intercept,
        pixels=pixels,
        file_windows=for_volume(header_windows(raw), slope, intercept, pixels),
    )
    return Instance(
        header=header,
        raw=raw.without_sequences(),
        kind=kind,
        hu=claim(raw, kind, header.slope, intercept, raw.ascii(tags.RESCALE_TYPE), pixels),
        kernel=raw.text(tags.CONVOLUTION_KERNEL),
        content_time=raw.ascii(tags.CONTENT_TIME),
        acquisition_number=raw.ascii(tags.ACQUISITION_NUMBER),
        slice_location=raw.decimal(tags.SLICE_LOCATION),
    )


def usable_slope(number: float | None) -> float | None:
    """Rescale Slope, None where it is 0 or so small that all values would be the same."""
    return number if number is not None and abs(number) >= SMALLEST_SLOPE else None


def rescale(raw: RawHeader, pixels: StoredPixels) -> tuple[float | None, float | None]:
    """Rescale Slope and Intercept, None where absent, or where a Modality LUT stands in their place.

    The standard forbids both at once (PS3.3 C.11.1); where a file has both, the table counts.
    """
    if pixels.modality_lut is not None:
        return None, None
    return usable_slope(raw.decimal(tags.RESCALE_SLOPE)), raw.decimal(tags.RESCALE_INTERCEPT)


def claim(
    raw: RawHeader,
    kind: str,
    slope: float | None,
    intercept: float | None,
    rescale_type: str,
    pixels: StoredPixels,
    frame_type: tuple[str, ...] = (),
) -> str:
    """The claim of ``hu_claim`` from a file's header; a Modality LUT's own type counts where there is one."""
    if pixels.modality_lut is not None:
        rescale_type = modality_lut_type(raw)
    return hu_claim(
        modality=raw.ascii(tags.MODALITY),
        sop_class_uid=raw.ascii(tags.SOP_CLASS_UID),
        image_type=frame_type or raw.ascii_values(tags.IMAGE_TYPE),
        kind=kind,
        rescale_type=rescale_type,
        is_rescaled=(slope is not None and intercept is not None) or pixels.modality_lut is not None,
        photometric=raw.ascii(tags.PHOTOMETRIC_INTERPRETATION),
    )


def position(numbers: tuple[float, ...]) -> tuple[float, float, float] | None:
    """Image Position (Patient), None unless it has three numbers."""
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None


def orientation(numbers: tuple[float, ...]) -> tuple[float, float, float, float, float, float] | None:
    """Image Orientation (Patient), None unless it is two perpendicular unit vectors."""
    if len(numbers) != 6:
        return None
    row, column = numbers[:3], numbers[3:]
    lengths = sum(x * x for x in row), sum(x * x for x in column)
    if (
        max(abs(length - 1) for length in lengths) > 0.02
        or abs(sum(a * b for a, b in zip(row, column, strict=True))) > 0.01
    ):
        return None
    return (row[0], row[1], row[2], column[0], column[1], column[2])


def pixel_spacing(numbers: tuple[float, ...]) -> tuple[float, float] | None:
    """Pixel Spacing, None unless it has two numbers that can be distances in a body."""
    is_sensible = len(numbers) == 2 and min(numbers) >= SMALLEST_MM and max(numbers) <= LARGEST_MM
    return (numbers[0], numbers[1]) if is_sensible else None


def positive(number: float | None) -> float | None:
    """The number if it is above 0, else None."""
    return number if number is not None and number > 0 else None
