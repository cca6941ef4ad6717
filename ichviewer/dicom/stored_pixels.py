"""Where a file's pixels lie, and whether they can be there: sizes are checked before memory is taken."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
from pydicom import config
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from ichviewer.core.file_errors import STILL_COPIED
from ichviewer.core.series import StoredPixels
from ichviewer.dicom import tags
from ichviewer.dicom.element_walk import MalformedError
from ichviewer.dicom.fragments import ENDS_EARLY
from ichviewer.dicom.growth import grows_like_a_bomb
from ichviewer.dicom.raw_header import DamagedError, RawHeader

NATIVE_SYNTAXES = frozenset(
    {ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
)

LARGEST_SIDE = 16384
"""No CT slice has more rows or columns."""

MOST_PIXELS = 1 << 25
"""No CT slice has more pixels; four times those of the largest detectors."""

HIGHEST_RATIO_OF_ALL = 5000
"""No image declares more times its compressed size: a slice of nothing but air shrinks a thousandfold."""

MOST_INFLATING = 1 << 33
"""Bytes inflated over all frames of a deflated file, which is inflated from its start for each frame."""

LUT_DESCRIPTOR, MODALITY_LUT_TYPE, LUT_DATA = 0x00283002, 0x00283004, 0x00283006
MOST_LUT_ENTRIES = 65536


def syntax_name(transfer_syntax: str) -> str:
    """Name and UID of a transfer syntax, for messages."""
    uid = UID(transfer_syntax, config.IGNORE)
    return f"{uid.name} ({transfer_syntax})" if uid.name != transfer_syntax else transfer_syntax


def stored_pixels(raw: RawHeader, frame_count: int) -> StoredPixels:
    """Layout of the first frame of a file with Pixel Data; ``fault`` says what is wrong with it.

    Args:
        raw: The file's header; ``raw.pixels`` is not None.
        frame_count: Number of Frames (0028,0008), 1 for a plain image.
    """
    assert raw.pixels is not None
    bits = raw.word(tags.BITS_ALLOCATED) or 0
    stored = raw.word(tags.BITS_STORED) or bits
    high_bit = raw.word(tags.HIGH_BIT)
    is_signed = raw.word(tags.PIXEL_REPRESENTATION) == 1
    pixels = StoredPixels(
        transfer_syntax=raw.transfer_syntax,
        offset=raw.pixels.offset,
        length=raw.pixels.length,
        frame_count=frame_count,
        bits_allocated=bits,
        bits_stored=stored,
        high_bit=stored - 1 if high_bit is None else high_bit,
        is_signed=is_signed,
        is_big_endian=not raw.is_little_endian,
        is_word_data=raw.pixels.is_word_data,
        photometric=raw.ascii(tags.PHOTOMETRIC_INTERPRETATION) or "MONOCHROME2",
        samples=raw.word(tags.SAMPLES_PER_PIXEL) or 1,
        is_planar=raw.word(tags.PLANAR_CONFIGURATION) == 1,
        padding=_padding(raw, is_signed),
        modality_lut=_modality_lut(raw, is_signed),
        member=raw.member,
        modified_ns=raw.modified_ns,
        file_bytes=raw.file_bytes,
    )
    shape = raw.word(tags.ROWS) or 0, raw.word(tags.COLUMNS) or 0
    return replace(
        pixels, fault=_unsaid(raw) or layout_fault(pixels, shape) or _size_fault(raw, pixels, shape)
    )


def _unsaid(raw: RawHeader) -> str:
    """What the file does not say of its values and nobody may guess; empty if it says all (PS3.3 C.7.6.3)."""
    if raw.word(tags.PIXEL_REPRESENTATION) not in (0, 1):
        return "it does not say whether its pixels are signed (Pixel Representation)"
    if not raw.word(tags.BITS_STORED):
        return "it does not say how many bits of a pixel count (Bits Stored)"
    return ""


def frame_bytes(pixels: StoredPixels, shape: tuple[int, int]) -> int:
    """Bytes of one frame without compression."""
    samples = (
        2
        if pixels.photometric == "YBR_FULL_422" and pixels.transfer_syntax in NATIVE_SYNTAXES
        else pixels.samples
    )
    return shape[0] * shape[1] * samples * pixels.bits_allocated // 8


def frame_pixels(pixels: StoredPixels, shape: tuple[int, int], frame_index: int) -> StoredPixels:
    """Layout of another frame of a multi-frame file; the first is 0."""
    if pixels.transfer_syntax not in NATIVE_SYNTAXES:
        return pixels
    size = frame_bytes(pixels, shape)
    return replace(pixels, offset=pixels.offset + frame_index * size, length=size)


def inversion_sum(pixels: StoredPixels) -> int:
    """What a value of MONOCHROME1 and its inverted value add up to: s becomes this minus s.

    The range is that of Bits Stored, or the 16 bits of a Modality LUT's output.
    """
    if pixels.modality_lut is not None:
        return 65535
    return -1 if pixels.is_signed else (1 << min(pixels.bits_stored, 16)) - 1


def stored_range(pixels: StoredPixels) -> tuple[int, int]:
    """Lowest and highest value that Bits Stored can hold."""
    half = 1 << (pixels.bits_stored - 1)
    return (-half, half - 1) if pixels.is_signed else (0, 2 * half - 1)


def is_padding_whole_words(pixels: StoredPixels) -> bool:
    """Whether the padding is no value of Bits Stored: some writers fill the whole word with it.

    It must be looked for before the bits beside the stored ones are cleared; afterwards it would look like
    bone, or like blood.
    """
    if pixels.padding is None or not pixels.bits_stored < pixels.bits_allocated == 16:
        return False
    lowest, highest = stored_range(pixels)
    return pixels.padding[0] > highest or pixels.padding[1] < lowest


def volume_padding(pixels: StoredPixels) -> tuple[int, int] | None:
    """Stored values of the volume that mean "no measurement": inverted where the pixels are.

    None where a Modality LUT has replaced the stored values, so that they can no longer be compared.
    """
    if pixels.padding is None or pixels.modality_lut is not None:
        return None
    lowest = stored_range(pixels)[0]
    low, high = (lowest, lowest) if is_padding_whole_words(pixels) else pixels.padding
    if pixels.photometric != "MONOCHROME1":
        return low, high
    return inversion_sum(pixels) - high, inversion_sum(pixels) - low


def _padding(raw: RawHeader, is_signed: bool) -> tuple[int, int] | None:
    value = raw.word(tags.PIXEL_PADDING_VALUE, is_signed)
    limit = raw.word(tags.PIXEL_PADDING_RANGE_LIMIT, is_signed)
    if value is None:
        return None
    limit = value if limit is None else limit
    return min(value, limit), max(value, limit)


def _modality_lut(raw: RawHeader, is_signed: bool) -> tuple[int, bytes] | None:
    """Modality LUT Sequence (PS3.3 C.11.1): first stored value mapped, and the table; None where absent.

    Raises:
        DamagedError: It cannot be read, or has fewer entries than it declares; none is ever guessed.
    """
    if not raw.has(tags.MODALITY_LUT_SEQUENCE):
        return None
    items = raw.sequence(tags.MODALITY_LUT_SEQUENCE, most=1)
    if not items:
        return None
    try:
        descriptor, table = items[0].bytes_of(LUT_DESCRIPTOR), items[0].bytes_of(LUT_DATA)
    except MalformedError as error:
        raise DamagedError(f"malformed file: its Modality LUT cannot be read ({error})") from error
    order = "<" if raw.is_little_endian else ">"
    if len(descriptor) != 6 or len(table) < 2:
        raise DamagedError("malformed file: its Modality LUT is empty")
    if len(table) > 2 * MOST_LUT_ENTRIES:
        raise DamagedError(f"malformed file: its Modality LUT has more than {MOST_LUT_ENTRIES} entries")
    # The first value mapped is signed where the pixels are (PS3.3 C.11.1.1.1).
    entries, first, bits = struct.unpack(order + ("HhH" if is_signed else "HHH"), descriptor)
    entries = entries or MOST_LUT_ENTRIES
    if bits == 8 and entries <= len(table) < 2 * entries:
        return first, b"".join(bytes((value, 0)) for value in table[:entries])
    if len(table) < 2 * entries:
        raise DamagedError(f"malformed file: its Modality LUT has {len(table) // 2} of {entries} entries")
    # Values beyond the declared entries are mapped to the last of these, whatever follows them.
    table = table[: 2 * entries]
    return first, table if raw.is_little_endian else np.frombuffer(table, ">u2").astype("<u2").tobytes()


def modality_lut_type(raw: RawHeader) -> str:
    """Modality LUT Type (0028,3004); ``US``, unspecified, where absent."""
    items = raw.sequence(tags.MODALITY_LUT_SEQUENCE, most=1)
    found = items[0].texts(MODALITY_LUT_TYPE) if items else ()
    return found[0] if found else "US"


def layout_fault(pixels: StoredPixels, shape: tuple[int, int]) -> str:
    """Why pixels so declared cannot be shown; empty if they can."""
    if max(shape) > LARGEST_SIDE or shape[0] * shape[1] > MOST_PIXELS:
        return f"{shape[0]} x {shape[1]} pixels are declared; no CT slice is that large"
    if pixels.bits_allocated not in (8, 16) or not 1 <= pixels.bits_stored <= pixels.bits_allocated:
        return f"{pixels.bits_stored} of {pixels.bits_allocated} bits per pixel are not supported"
    if not pixels.bits_stored - 1 <= pixels.high_bit < pixels.bits_allocated:
        return f"High Bit {pixels.high_bit} does not fit {pixels.bits_stored} stored bits"
    if pixels.samples not in (1, 3):
        return f"{pixels.samples} samples per pixel are not supported"
    if pixels.photometric == "YBR_FULL_422" and (pixels.samples, shape[1] % 2) != (3, 0):
        return "YBR_FULL_422 is declared; its pixels come in pairs of three samples"
    if pixels.photometric.startswith("PALETTE"):
        return "colors from a palette are not supported"
    return ""


def _size_fault(raw: RawHeader, pixels: StoredPixels, shape: tuple[int, int]) -> str:
    """Why the pixel data cannot be the declared pixels; empty if they can."""
    needed = frame_bytes(pixels, shape) * pixels.frame_count
    there = raw.total_bytes - pixels.offset
    if pixels.length is not None:
        there = min(there, pixels.length)
    if pixels.transfer_syntax in NATIVE_SYNTAXES:
        is_deflated = pixels.transfer_syntax == DeflatedExplicitVRLittleEndian
        if is_deflated and pixels.frame_count * raw.total_bytes > MOST_INFLATING:
            return f"{pixels.frame_count} frames in a deflated data set of {raw.total_bytes} bytes"
        if there < needed:
            return f"the pixel data end after {max(there, 0)} of {needed} bytes; {STILL_COPIED}"
        # Less than a whole frame more is padding; the one byte that makes a length even is none of a frame.
        if pixels.length is not None and there - needed % 2 >= 2 * needed:
            return f"more pixels than declared: {there} bytes of them are there, {needed} are declared"
        return ""
    if raw.pixels_end_early:
        return ENDS_EARLY
    if needed > HIGHEST_RATIO_OF_ALL * max(there, 0) or grows_like_a_bomb(needed, max(there, 0)):
        return f"{needed} bytes of pixels are declared, {max(there, 0)} bytes of compressed data are there"
    return ""
