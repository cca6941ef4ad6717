"""One slice of a series, for a thumbnail or a quick look, without reading the stack."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.errors import UnreadableError
from ichviewer.core.file_errors import why_not_read
from ichviewer.core.progress import CancelToken
from ichviewer.core.series import Series, SliceHeader, StoredPixels
from ichviewer.dicom.decode import SliceDecoder
from ichviewer.dicom.decode_child import DecodeTask
from ichviewer.dicom.file_text import shown
from ichviewer.dicom.native import read_native, stored_gray
from ichviewer.dicom.stored_pixels import NATIVE_SYNTAXES


def read_slice(
    series: Series, slice_index: int, cancel: CancelToken, decoder: SliceDecoder | None = None
) -> NDArray[np.generic]:
    """Stored values of one slice, (rows, columns), canonical orientation.

    Raises:
        UnreadableError: It cannot be read.
        Cancelled: *cancel* was set.
    """
    header = series.slices[slice_index]
    pixels = pixels_of(header)
    try:
        if pixels.fault:
            raise UnreadableError(pixels.fault)
        if pixels.transfer_syntax in NATIVE_SYNTAXES:
            values = read_native(header.path, pixels, header.stored_shape)
        else:
            values = _decode_one(header, pixels, cancel, decoder)
    except OSError as error:
        raise UnreadableError(
            f"{shown(header.shown_path)} cannot be opened: {why_not_read(error)}."
        ) from error
    except UnreadableError as error:
        raise UnreadableError(f"{shown(header.shown_path)} cannot be read: {error}.") from error
    return series.in_plane.to_canonical(stored_gray(values, pixels))


def _decode_one(
    header: SliceHeader, pixels: StoredPixels, cancel: CancelToken, decoder: SliceDecoder | None
) -> NDArray[np.integer]:
    with ExitStack() as stack:
        decoder = decoder or stack.enter_context(SliceDecoder(child_count=1))
        ((_, result),) = decoder.decode([task(header, pixels)], cancel)
    if isinstance(result, str):
        raise UnreadableError(result)
    return result


def task(header: SliceHeader, pixels: StoredPixels) -> DecodeTask:
    """What a decoder needs to know of a slice; small, because it goes through a pipe.

    The Modality LUT comes after decoding, and a name within an archive may be long; both stay here.
    """
    member = pixels.member and replace(pixels.member, name="")
    needed = replace(pixels, modality_lut=None, member=member)
    return DecodeTask(header.path, needed, header.stored_shape, (header.frame_number or 1) - 1)


def pixels_of(header: SliceHeader) -> StoredPixels:
    """Where the pixels of a scanned slice lie."""
    if header.pixels is None:
        raise UnreadableError(f"{shown(header.shown_path)} was not read from a file.")
    return header.pixels
