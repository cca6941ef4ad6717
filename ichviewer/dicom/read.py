"""A series to a volume: all pixels into one preallocated array, in canonical orientation.

The one thing to get wrong: a slice that cannot be read costs that slice, with its reason; the
rest of the series is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.errors import UnreadableError
from ichviewer.core.geometry import AS_STORED, StackGeometry, canonical_directions
from ichviewer.core.progress import CancelToken, Progress, ReportProgress
from ichviewer.core.series import Series, SliceHeader, StoredPixels
from ichviewer.core.volume import Volume
from ichviewer.dicom.decode import SliceDecoder
from ichviewer.dicom.native import fits_in_place, read_in_place, read_native, stored_gray
from ichviewer.dicom.read_slice import pixels_of, read_slice, task
from ichviewer.dicom.stored_pixels import NATIVE_SYNTAXES, volume_padding
from ichviewer.dicom.thumbnail import thumbnail

__all__ = ["read_slice", "read_volume", "thumbnail"]

LARGEST_VOLUME_BYTES = 8 << 30
"""No stack of slices takes more memory than this."""

REPORT_EVERY = 8


def read_volume(
    series: Series, progress: ReportProgress, cancel: CancelToken, decoder: SliceDecoder | None = None
) -> Volume:
    """Read all pixels of a series.

    Args:
        series: From ``scan``.
        progress: Told now and then how many slices were read.
        cancel: Looked at before every slice.
        decoder: Children started ahead, for compressed pixels; without it some are started and ended here.

    Returns:
        The volume. Slope and intercept that a file lacks are 1 and 0; ``series.hu`` is then
        ``not claimed``. Where the series has no geometry, the volume's holds the directions and positions
        that the files do say, and 1 mm for the rest, for the screen alone: nothing can be measured on it.

    Raises:
        UnreadableError: No slice can be read, or the stack is too large for memory.
        Cancelled: *cancel* was set.
    """
    headers = series.slices
    stored = _allocate(series)
    reasons: dict[int, str] = {}
    for done, (index, reason) in enumerate(_fill(series, stored, cancel, decoder), start=1):
        if reason:
            reasons[index] = reason
        if done % REPORT_EVERY == 0 or done == len(headers):
            progress(Progress(done, len(headers), "Reading slices"))
    if len(reasons) == len(headers):
        raise UnreadableError(f"{headers[0].shown_path} cannot be read: {reasons[0]}.")
    return Volume(
        series=series,
        stored_values=stored,
        slopes=np.asarray([1.0 if h.slope is None else h.slope for h in headers]),
        intercepts=np.asarray([0.0 if h.intercept is None else h.intercept for h in headers]),
        geometry=series.geometry or _unmeasured_geometry(series),
        is_readable=np.asarray([index not in reasons for index in range(len(headers))]),
        unreadable_reasons=dict(sorted(reasons.items())),
        paddings=_paddings(headers),
    )


def _allocate(series: Series) -> NDArray[np.int16] | NDArray[np.uint16]:
    """Room for the stack; the declared sizes were held against the files when they were scanned."""
    rows, columns = series.slices[0].stored_shape
    shape = (columns, rows) if series.in_plane.transpose else (rows, columns)
    needed = 2 * len(series.slices) * rows * columns
    if needed > LARGEST_VOLUME_BYTES:
        raise UnreadableError(
            f"Series {series.description or series.key} needs {needed >> 20} MiB of memory; "
            f"the limit is {LARGEST_VOLUME_BYTES >> 20} MiB."
        )
    whole = (len(series.slices), *shape)
    return np.zeros(whole, dtype=np.uint16) if _is_unsigned(series) else np.zeros(whole, dtype=np.int16)


def _is_unsigned(series: Series) -> bool:
    """Whether values above 32767 can occur and none below 0."""
    layouts = [pixels_of(header) for header in series.slices]
    is_wide = any((p.bits_stored == 16 and not p.is_signed) or p.modality_lut is not None for p in layouts)
    has_negative = any(p.is_signed and p.modality_lut is None for p in layouts)
    return is_wide and not has_negative


def _fill(
    series: Series, stored: NDArray[np.integer], cancel: CancelToken, decoder: SliceDecoder | None
) -> Iterator[tuple[int, str]]:
    """Read every slice into *stored*; yields its index, and why it could not be read (empty if it was)."""
    compressed = []
    for index, header in enumerate(series.slices):
        cancel.raise_if_cancelled()
        pixels = pixels_of(header)
        if pixels.fault:
            yield index, pixels.fault
        elif pixels.transfer_syntax in NATIVE_SYNTAXES:
            yield index, _read_one(series, header, pixels, stored[index])
        else:
            compressed.append(index)
    if not compressed:
        return
    with ExitStack() as stack:
        decoder = decoder or stack.enter_context(SliceDecoder())
        tasks = [task(series.slices[index], pixels_of(series.slices[index])) for index in compressed]
        for number, result in decoder.decode(tasks, cancel):
            index = compressed[number]
            if isinstance(result, str):
                yield index, result
            else:
                yield index, _store(series, series.slices[index], result, stored[index])


def _read_one(series: Series, header: SliceHeader, pixels: StoredPixels, target: NDArray[np.integer]) -> str:
    """Read one uncompressed slice into *target*; why not, if it fails."""
    try:
        is_direct = series.in_plane == AS_STORED and pixels.photometric != "MONOCHROME1"
        is_same_kind = pixels.bits_stored < 16 or pixels.is_signed == (target.dtype == np.int16)
        if is_direct and is_same_kind and fits_in_place(pixels):
            read_in_place(header.path, pixels, target)
            return ""
        return _store(series, header, read_native(header.path, pixels, header.stored_shape), target)
    except OSError as error:
        return f"cannot be opened: {error.strerror}"
    except UnreadableError as error:
        return str(error)


def _store(
    series: Series, header: SliceHeader, values: NDArray[np.integer], target: NDArray[np.integer]
) -> str:
    """Put decoded pixels into their place in the volume; why not, if they do not fit."""
    if values.shape[:2] != header.stored_shape:
        return f"{values.shape[1]} x {values.shape[0]} pixels were decoded instead of the declared ones"
    gray = stored_gray(values, pixels_of(header))
    lowest, highest = (0, 65535) if target.dtype == np.uint16 else (-32768, 32767)
    if gray.size and (int(gray.min()) < lowest or int(gray.max()) > highest):
        return "its values do not fit into 16 bits together with the other slices'"
    target[...] = series.in_plane.to_canonical(gray)
    return ""


def _unmeasured_geometry(series: Series) -> StackGeometry:
    """What the files say, and 1 mm for the rest, which is good for the screen alone.

    Directions are true where ``series.has_directions``, positions along the normal where
    ``series.has_positions``; nothing else is.
    """
    headers = series.slices
    row, column = np.asarray((1.0, 0, 0)), np.asarray((0, 1.0, 0))
    cosines = headers[0].image_orientation
    if series.has_directions and cosines is not None:
        row, column = canonical_directions(cosines, series.in_plane)
    origins = np.arange(len(headers), dtype=np.float64)[:, None] * np.cross(row, column)
    if series.has_positions:
        # The corner within the slice cannot be known without spacing; the position along the normal is.
        origins = np.asarray([header.image_position_mm for header in headers], dtype=np.float64)
    return StackGeometry(origins, row, column, (1.0, 1.0))


def _paddings(headers: tuple[SliceHeader, ...]) -> tuple[tuple[int, int] | None, ...]:
    """Range of stored values that mean "no measurement", per slice; empty where no slice has any."""
    found = tuple(None if header.pixels is None else volume_padding(header.pixels) for header in headers)
    return found if any(found) else ()
