"""One DICOM file as a slice to learn from: header facts for tables, pixels read by the viewer's own code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.errors import UnreadableError
from ichviewer.core.geometry import AS_STORED, canonical_directions, canonical_in_plane
from ichviewer.core.series import ArchiveMember, SliceHeader
from ichviewer.core.volume import Volume
from ichviewer.dicom import tags
from ichviewer.dicom.instance import Instance, SkippedError, check_is_image, plain_instance
from ichviewer.dicom.native import read_native, stored_gray
from ichviewer.dicom.raw_header import DamagedError, NotDicomError, RawHeader, read_raw_header
from ichviewer.dicom.stored_pixels import NATIVE_SYNTAXES, syntax_name
from training.sources.labeled_slice import SliceImage, Unreadable, image_from_hu
from training.sources.wrap import repair_wrap

NUMBERS = {
    "window_center": tags.WINDOW_CENTER,
    "window_width": tags.WINDOW_WIDTH,
    "rescale_intercept": tags.RESCALE_INTERCEPT,
    "rescale_slope": tags.RESCALE_SLOPE,
    "slice_thickness_mm": tags.SLICE_THICKNESS,
    "gantry_tilt_tag_degrees": tags.GANTRY_TILT,
}
WORDS = {
    "rows": tags.ROWS,
    "columns": tags.COLUMNS,
    "bits_allocated": tags.BITS_ALLOCATED,
    "bits_stored": tags.BITS_STORED,
    "high_bit": tags.HIGH_BIT,
    "pixel_representation": tags.PIXEL_REPRESENTATION,
    "samples_per_pixel": tags.SAMPLES_PER_PIXEL,
}


def read_instance(path: Path, member: ArchiveMember | None) -> Instance:
    """The slice of a single-frame file, from its header.

    Raises:
        UnreadableError: It is not what it should be; says why.
    """
    try:
        raw = read_raw_header(path, member)
        check_is_image(raw)
        return plain_instance(path, raw)
    except NotDicomError as error:
        raise UnreadableError("not a DICOM file") from error
    except (DamagedError, SkippedError) as error:
        raise UnreadableError(str(error)) from error
    except OSError as error:
        raise UnreadableError(f"cannot be opened ({error.strerror})") from error


def facts(raw: RawHeader, header: SliceHeader) -> dict[str, float | str]:
    """Header as a table's row: numbers by name; no UID, no text that names anybody, no absent value."""
    found: dict[str, float | None] = {name: raw.decimal(tag) for name, tag in NUMBERS.items()}
    found |= {name: raw.word(tag) for name, tag in WORDS.items()}
    for axis, value in zip("xyz", header.image_position_mm or (), strict=False):
        found[f"position_{axis}_mm"] = value
    for number, value in enumerate(header.image_orientation or ()):
        found[f"orientation_{number}"] = value
    for name, value in zip(("rows", "columns"), header.pixel_spacing_mm or (), strict=False):
        found[f"spacing_between_{name}_mm"] = value
    return {name: value for name, value in found.items() if value is not None}


def position_along_normal(header: SliceHeader) -> float | None:
    """Position of a slice along its canonical normal, mm, growing towards the head; None where not known."""
    if header.image_position_mm is None or header.image_orientation is None:
        return None
    in_plane = canonical_in_plane(header.image_orientation)
    row, column = canonical_directions(header.image_orientation, in_plane)
    return float(np.cross(row, column) @ np.asarray(header.image_position_mm))


def header_entry(path: Path, member: ArchiveMember | None) -> dict[str, Any]:
    """What is kept of a file's header, as plain values; ``fault`` where it cannot be read."""
    try:
        instance = read_instance(path, member)
    except UnreadableError as error:
        return {"fault": str(error)}
    raw, header = instance.raw, instance.header
    return {
        "patient": raw.ascii(tags.PATIENT_ID),
        "study": raw.ascii(tags.STUDY_INSTANCE_UID),
        "series": raw.ascii(tags.SERIES_INSTANCE_UID),
        "position_mm": position_along_normal(header),
        "facts": facts(raw, header),
    }


def read_image(path: Path, member: ArchiveMember | None) -> SliceImage | Unreadable:
    """Pixels of an uncompressed single-frame file, canonical; a 12-bit wrap is repaired and flagged."""
    try:
        header = read_instance(path, member).header
        pixels = header.pixels
        if pixels is None or pixels.fault:
            return Unreadable(pixels.fault if pixels else "no pixel data")
        if header.slope is None or header.intercept is None:
            return Unreadable("no Rescale Slope or Intercept: its values are no Hounsfield units")
        if pixels.transfer_syntax not in NATIVE_SYNTAXES:
            return Unreadable(f"compressed by {syntax_name(pixels.transfer_syntax)}; no published file is")
        stored = stored_gray(read_native(str(path), pixels, header.stored_shape), pixels)
    except UnreadableError as error:
        return Unreadable(str(error))
    except OSError as error:
        return Unreadable(f"cannot be opened ({error.strerror})")
    stored, was_wrapped = repair_wrap(stored, pixels, header.intercept)
    in_plane = AS_STORED if header.image_orientation is None else canonical_in_plane(header.image_orientation)
    spacing = header.pixel_spacing_mm
    if spacing is not None and in_plane.transpose:
        spacing = spacing[1], spacing[0]
    remarks = ("wrap",) if was_wrapped else ()
    return _image(
        np.ascontiguousarray(in_plane.to_canonical(stored)), header.slope, header.intercept, spacing, remarks
    )


def image_of_volume(volume: Volume, index: int, remarks: tuple[str, ...] = ()) -> SliceImage | Unreadable:
    """A slice of a volume that the viewer read; *remarks* say what was mended in it."""
    if not volume.is_readable[index]:
        return Unreadable(volume.unreadable_reasons[index])
    spacing = volume.geometry.pixel_spacing_mm if volume.series.is_measured else None
    slope, intercept = float(volume.slopes[index]), float(volume.intercepts[index])
    return _image(volume.stored_values[index], slope, intercept, spacing, remarks)


def _image(
    stored: NDArray[np.generic],
    slope: float,
    intercept: float,
    spacing_mm: tuple[float, float] | None,
    remarks: tuple[str, ...],
) -> SliceImage:
    """An image of 16-bit values; unsigned ones that do not fit become whole HU."""
    if stored.dtype != np.int16 and stored.size and int(stored.max()) > np.iinfo(np.int16).max:
        hu = stored.astype(np.float64) * slope + intercept
        return image_from_hu(hu, spacing_mm, None, remarks)
    return SliceImage(stored.astype(np.int16), slope, intercept, spacing_mm, None, remarks)
