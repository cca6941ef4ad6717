"""A stack while its pixels are read: one preallocated array that fills up, and what is there of it so far.

The one thing to get wrong: a slice that cannot be read costs that slice, with its reason; the
rest of the stack is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.errors import UnreadableError
from ichviewer.core.file_errors import why_not_read
from ichviewer.core.geometry import AS_STORED, StackGeometry, canonical_directions
from ichviewer.core.progress import CancelToken
from ichviewer.core.reading_order import WantedSlice, nearest_first
from ichviewer.core.series import Series, SliceHeader
from ichviewer.core.volume import Volume
from ichviewer.dicom.decode import SliceDecoder
from ichviewer.dicom.decode_child import DecodeTask
from ichviewer.dicom.file_text import shown
from ichviewer.dicom.native import fits_in_place, read_in_place, read_native, stored_gray
from ichviewer.dicom.read_slice import pixels_of, task
from ichviewer.dicom.source import FrameSource, OpenPixels
from ichviewer.dicom.stored_pixels import NATIVE_SYNTAXES, volume_padding
from ichviewer.free_memory import free_memory_bytes

LARGEST_VOLUME_BYTES = 8 << 30
"""No stack of slices takes more memory than this, on any machine."""

RESERVE_BYTES = 256 << 20
"""Memory of the machine that no stack may take: what the window needs beside it."""


class StackReading:
    """Reads one stack, once; to be used from one thread.

    What ``volume`` gives never changes afterwards as far as it can be seen: slices that come later are
    written where that volume says that nothing is yet.
    """

    def __init__(self, series: Series) -> None:
        """Take the memory; no file is opened.

        Raises:
            UnreadableError: There is not enough memory.
        """
        headers = series.slices
        self._series = series
        self._stored = _allocate(series)
        self._is_readable = np.zeros(len(headers), dtype=np.bool_)
        self._reasons: dict[int, str] = {}
        self._nothing_read = Volume(
            series=series,
            stored_values=self._stored.view(),
            slopes=np.asarray([1.0 if h.slope is None else h.slope for h in headers]),
            intercepts=np.asarray([0.0 if h.intercept is None else h.intercept for h in headers]),
            geometry=series.geometry or _unmeasured_geometry(series),
            is_readable=self._is_readable.copy(),
            unreadable_reasons={},
            paddings=_paddings(headers),
            awaited_slices=frozenset(range(len(headers))),
        )

    @property
    def has_image(self) -> bool:
        """Whether any slice was read."""
        return bool(self._is_readable.any())

    def is_settled(self, slice_index: int) -> bool:
        """Whether a slice was read, or found to be unreadable."""
        return bool(self._is_readable[slice_index]) or slice_index in self._reasons

    def volume(self) -> Volume:
        """The stack as far as it is read now."""
        awaited = (
            index for index in np.flatnonzero(~self._is_readable).tolist() if index not in self._reasons
        )
        return replace(
            self._nothing_read,
            is_readable=self._is_readable.copy(),
            unreadable_reasons=dict(sorted(self._reasons.items())),
            awaited_slices=frozenset(awaited),
        )

    def read(
        self, wanted: WantedSlice, cancel: CancelToken, decoder: SliceDecoder | None = None
    ) -> Iterator[int]:
        """Read every slice, the one nearest to *wanted* first; what is compressed comes last.

        Args:
            wanted: May change at any time.
            cancel: Looked at before every slice.
            decoder: Children started ahead; without it some are started and ended here if need be.

        Yields:
            Index of each slice, once it is there or found to be unreadable.

        Raises:
            UnreadableError: No slice can be read.
            Cancelled: *cancel* was set.
        """
        native: list[int] = []
        compressed: list[int] = []
        for index, header in enumerate(self._series.slices):
            pixels = pixels_of(header)
            if pixels.fault:
                self._settle(index, pixels.fault)
                yield index
            else:
                (native if pixels.transfer_syntax in NATIVE_SYNTAXES else compressed).append(index)
        source = FrameSource()
        for index in nearest_first(native, wanted):
            cancel.raise_if_cancelled()
            header, target = self._series.slices[index], self._stored[index]
            self._settle(index, _read_one(self._series, header, target, source.open))
            yield index
        if compressed:
            yield from self._decode(nearest_first(compressed, wanted), cancel, decoder)
        if not self.has_image:
            first = shown(self._series.slices[0].shown_path)
            raise UnreadableError(f"{first} cannot be read: {self._reasons[0]}.")

    def _decode(
        self, order: Iterator[int], cancel: CancelToken, decoder: SliceDecoder | None
    ) -> Iterator[int]:
        taken: list[int] = []

        def tasks() -> Iterator[DecodeTask]:
            for index in order:
                taken.append(index)
                yield task(self._series.slices[index], pixels_of(self._series.slices[index]))

        with ExitStack() as stack:
            decoder = decoder or stack.enter_context(SliceDecoder())
            for number, result in decoder.decode(tasks(), cancel):
                index = taken[number]
                if isinstance(result, str):
                    self._settle(index, result)
                else:
                    header, target = self._series.slices[index], self._stored[index]
                    self._settle(index, _store(self._series, header, result, target))
                yield index

    def _settle(self, slice_index: int, reason: str) -> None:
        """A slice was read, or could not be for a reason."""
        if reason:
            self._reasons[slice_index] = reason
        else:
            self._is_readable[slice_index] = True


def _allocate(series: Series) -> NDArray[np.int16] | NDArray[np.uint16]:
    """Room for the stack; the declared sizes were held against the files when they were scanned."""
    rows, columns = series.slices[0].stored_shape
    shape = (columns, rows) if series.in_plane.transpose else (rows, columns)
    needed = 2 * len(series.slices) * rows * columns
    name, free = f"Series {series.description or series.key}", free_memory_bytes()
    if needed > LARGEST_VOLUME_BYTES:
        raise UnreadableError(
            f"{name} needs {needed >> 20} MiB of memory; the limit is {LARGEST_VOLUME_BYTES >> 20} MiB."
        )
    if free is not None and needed > free - RESERVE_BYTES:
        raise UnreadableError(
            f"{name} needs {needed >> 20} MiB of memory; {max(free - RESERVE_BYTES, 0) >> 20} MiB of this "
            "machine's are free for it."
        )
    whole = (len(series.slices), *shape)
    return np.zeros(whole, dtype=np.uint16) if _is_unsigned(series) else np.zeros(whole, dtype=np.int16)


def _is_unsigned(series: Series) -> bool:
    """Whether values above 32767 can occur and none below 0."""
    layouts = [pixels_of(header) for header in series.slices]
    is_wide = any((p.bits_stored == 16 and not p.is_signed) or p.modality_lut is not None for p in layouts)
    has_negative = any(p.is_signed and p.modality_lut is None for p in layouts)
    return is_wide and not has_negative


def _read_one(
    series: Series, header: SliceHeader, target: NDArray[np.integer], open_pixels: OpenPixels
) -> str:
    """Read one uncompressed slice into *target*; why not, if it fails."""
    pixels = pixels_of(header)
    try:
        is_direct = series.in_plane == AS_STORED and pixels.photometric != "MONOCHROME1"
        is_same_kind = pixels.bits_stored < 16 or pixels.is_signed == (target.dtype == np.int16)
        if is_direct and is_same_kind and fits_in_place(pixels):
            read_in_place(header.path, pixels, target, open_pixels)
            return ""
        values = read_native(header.path, pixels, header.stored_shape, open_pixels)
        return _store(series, header, values, target)
    except OSError as error:
        return f"cannot be opened: {why_not_read(error)}"
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
