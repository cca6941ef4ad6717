"""Where a file's pixels lie, and whether they can be there: sizes are checked before memory is taken."""

from __future__ import annotations

from dataclasses import replace

from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from ichviewer.core.series import StoredPixels
from ichviewer.dicom import tags
from ichviewer.dicom.raw_header import PARSE_ERRORS, DamagedError, RawHeader, text_values

NATIVE_SYNTAXES = frozenset(
    {ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
)

LARGEST_SIDE = 16384
"""No CT slice has more rows or columns."""

HIGHEST_RATIO = 5000
"""No compressed slice declares more than this many times its size in the file."""


def syntax_name(transfer_syntax: str) -> str:
    """Name and UID of a transfer syntax, for messages."""
    uid = UID(transfer_syntax)
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
        modality_lut=_modality_lut(raw),
        member=raw.member,
    )
    shape = raw.word(tags.ROWS) or 0, raw.word(tags.COLUMNS) or 0
    return replace(pixels, fault=_fault(raw, pixels, shape))


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


def _padding(raw: RawHeader, is_signed: bool) -> tuple[int, int] | None:
    value = raw.word(tags.PIXEL_PADDING_VALUE, is_signed)
    limit = raw.word(tags.PIXEL_PADDING_RANGE_LIMIT, is_signed)
    if value is None:
        return None
    limit = value if limit is None else limit
    return min(value, limit), max(value, limit)


def _modality_lut(raw: RawHeader) -> tuple[int, bytes] | None:
    """Modality LUT Sequence (PS3.3 C.11.1): first stored value mapped, and the table; None where absent."""
    if raw.has(tags.RESCALE_SLOPE) or not raw.has(tags.MODALITY_LUT_SEQUENCE):
        return None
    items = raw.sequence(tags.MODALITY_LUT_SEQUENCE)
    if not items:
        return None
    try:
        entries, first, bits = (int(number) for number in items[0].LUTDescriptor)
        data = items[0].LUTData
        values = data if isinstance(data, bytes) else b"".join(int(v).to_bytes(2, "little") for v in data)
    except PARSE_ERRORS as error:
        raise DamagedError(f"malformed file: its Modality LUT cannot be read ({error})") from error
    if len(values) < 2:
        raise DamagedError("malformed file: its Modality LUT is empty")
    if bits == 8 and len(values) < 2 * (entries or 65536):
        values = b"".join(bytes((value, 0)) for value in values)
    return first, values


def modality_lut_type(raw: RawHeader) -> str:
    """Modality LUT Type (0028,3004); ``US``, unspecified, where absent."""
    items = raw.sequence(tags.MODALITY_LUT_SEQUENCE)
    found = text_values(items[0], "ModalityLUTType") if items else ()
    return found[0] if found else "US"


def _fault(raw: RawHeader, pixels: StoredPixels, shape: tuple[int, int]) -> str:
    """Why the declared pixels cannot be in the file, or cannot be shown; empty if they can."""
    assert raw.pixels is not None
    if max(shape) > LARGEST_SIDE:
        return f"{shape[0]} x {shape[1]} pixels are declared; no CT slice is that large"
    if pixels.bits_allocated not in (8, 16) or not 1 <= pixels.bits_stored <= pixels.bits_allocated:
        return f"{pixels.bits_stored} of {pixels.bits_allocated} bits per pixel are not supported"
    if not pixels.bits_stored - 1 <= pixels.high_bit < pixels.bits_allocated:
        return f"High Bit {pixels.high_bit} does not fit {pixels.bits_stored} stored bits"
    if pixels.photometric.startswith("PALETTE"):
        return "colors from a palette are not supported"
    needed = frame_bytes(pixels, shape) * pixels.frame_count
    there = raw.total_bytes - pixels.offset
    if pixels.length is not None:
        there = min(there, pixels.length)
    if pixels.transfer_syntax in NATIVE_SYNTAXES:
        return f"the pixel data end after {max(there, 0)} of {needed} bytes" if there < needed else ""
    if needed > HIGHEST_RATIO * max(there, 0):
        return f"{needed} bytes of pixels are declared, {max(there, 0)} bytes of compressed data are there"
    return ""
