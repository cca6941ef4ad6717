"""Uncompressed pixels, read straight to where they are wanted, and the steps that follow for all pixels.

The one thing to get wrong: bits above Bits Stored may hold anything (PS3.5 section 8.1.1) and are
cleared, or filled with the sign.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import DeflatedExplicitVRLittleEndian

from ichviewer.core.errors import UnreadableError
from ichviewer.core.file_errors import STILL_COPIED
from ichviewer.core.series import StoredPixels
from ichviewer.dicom.raw_header import inflated_pixels
from ichviewer.dicom.source import OpenPixels, open_for_pixels, read_fully
from ichviewer.dicom.stored_pixels import (
    frame_bytes,
    inversion_sum,
    is_padding_whole_words,
    stored_range,
)

LUMA = (0.299, 0.587, 0.114)
"""Share of red, green and blue in the brightness of a color image (ITU-R BT.601)."""


def fits_in_place(pixels: StoredPixels) -> bool:
    """Whether the bytes in the file are the stored values, fit to be read into the volume itself."""
    is_foreign = pixels.is_big_endian or sys.byteorder == "big"
    is_plain = pixels.bits_allocated == 16 and pixels.samples == 1 and pixels.modality_lut is None
    return is_plain and not is_foreign and pixels.transfer_syntax != DeflatedExplicitVRLittleEndian


def read_in_place(
    path: str, pixels: StoredPixels, target: NDArray[np.integer], open_pixels: OpenPixels = open_for_pixels
) -> None:
    """Read one frame of 16-bit pixels into *target*, (rows, columns), contiguous.

    Raises:
        UnreadableError: The file ends early, or is damaged within its archive.
        OSError: The file cannot be read.
    """
    view = target.data.cast("B")
    with open_pixels(Path(path), pixels) as file:
        file.seek(pixels.offset)
        done = 0
        while done < len(view):
            count = file.readinto(view[done:])  # type: ignore[attr-defined]
            if not count:
                raise UnreadableError(f"the pixel data end after {done} of {len(view)} bytes; {STILL_COPIED}")
            done += count
    clear_unused_bits(target, pixels)


def read_native(
    path: str, pixels: StoredPixels, shape: tuple[int, int], open_pixels: OpenPixels = open_for_pixels
) -> NDArray[np.integer]:
    """Read one frame of any uncompressed kind.

    Returns:
        (rows, columns) or (rows, columns, samples), native byte order; for YBR the brightness only.

    Raises:
        UnreadableError: The file ends early, or is damaged within its archive.
        OSError: The file cannot be read.
    """
    size = frame_bytes(pixels, shape)
    # Bytes in big-endian words have changed places in pairs, and a pair may lie across two frames.
    in_words = pixels.bits_allocated == 8 and pixels.is_big_endian and pixels.is_word_data
    before, after = (pixels.offset % 2, (pixels.offset + size) % 2) if in_words else (0, 0)
    with open_pixels(Path(path), pixels) as file:
        if pixels.transfer_syntax == DeflatedExplicitVRLittleEndian:
            content = inflated_pixels(file, pixels.offset, size)
        else:
            file.seek(pixels.offset - before)
            content = read_fully(file, before + size + after)
    if len(content) < before + size + after:
        raise UnreadableError(f"the pixel data end after {len(content)} of {size} bytes; {STILL_COPIED}")
    if in_words:
        content = np.frombuffer(content, dtype=">u2").astype("<u2").tobytes()[before : before + size]
    order = ">" if pixels.is_big_endian else "<"
    kind = ("i" if pixels.is_signed else "u") + str(pixels.bits_allocated // 8)
    values = np.frombuffer(content, dtype=np.dtype(order + kind)).astype(np.dtype(kind))
    clear_unused_bits(values, pixels)
    return _in_shape(values, pixels, shape)


def _in_shape(
    values: NDArray[np.integer], pixels: StoredPixels, shape: tuple[int, int]
) -> NDArray[np.integer]:
    if pixels.photometric == "YBR_FULL_422":
        return values.reshape(-1, 4)[:, :2].reshape(shape)
    if pixels.samples == 1:
        return values.reshape(shape)
    in_samples = (
        np.moveaxis(values.reshape(pixels.samples, *shape), 0, -1)
        if pixels.is_planar
        else values.reshape(*shape, pixels.samples)
    )
    return in_samples[..., 0] if pixels.photometric == "YBR_FULL" else in_samples


def clear_unused_bits(values: NDArray[np.integer], pixels: StoredPixels) -> None:
    """Clear bits outside Bits Stored, or fill them with the sign, in place.

    Padding that needs those bits becomes the lowest stored value, as ``volume_padding`` says.
    """
    unused_above = pixels.bits_allocated - 1 - pixels.high_bit
    unused = pixels.bits_allocated - pixels.bits_stored
    if not unused:
        return
    kind = ("i" if pixels.is_signed else "u") + str(pixels.bits_allocated // 8)
    words = values.view(np.dtype(kind))
    is_padding = None
    if pixels.padding is not None and is_padding_whole_words(pixels):
        is_padding = (words >= pixels.padding[0]) & (words <= pixels.padding[1])
    np.left_shift(words, unused_above, out=words)
    np.right_shift(words, unused, out=words)
    if is_padding is not None:
        words[is_padding] = stored_range(pixels)[0]


def stored_gray(values: NDArray[np.integer], pixels: StoredPixels) -> NDArray[np.integer]:
    """What the viewer keeps of decoded pixels: one value per pixel, through the Modality LUT.

    Args:
        values: (rows, columns) or (rows, columns, 3) RGB.
        pixels: How they were written.

    Returns:
        (rows, columns), integers. MONOCHROME1 is inverted (``inversion_sum``).
    """
    if values.ndim == 3:
        brightness = values.astype(np.float32) @ np.asarray(LUMA, dtype=np.float32)
        values = np.rint(brightness).astype(values.dtype)
    if pixels.modality_lut is not None:
        first, words = pixels.modality_lut
        table = np.frombuffer(words[: len(words) // 2 * 2], dtype="<u2").astype(np.uint16)
        values = table[np.clip(values.astype(np.int32) - first, 0, len(table) - 1)]
    if pixels.photometric == "MONOCHROME1":
        values = np.asarray(inversion_sum(pixels) - values.astype(np.int32)).astype(values.dtype)
    return values
