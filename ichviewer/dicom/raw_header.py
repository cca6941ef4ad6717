"""One file's header as plain bytes per attribute, read once, quickly, and without trust.

pydicom walks the elements; values stay bytes until they are asked for, because converting
everything costs more than reading the pixels. The one thing to get wrong: nothing here may take memory
that the file does not hold, so all reading is done on a bounded piece of the file in memory.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydicom.charset import convert_encodings, decode_bytes, python_encoding
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import data_element_generator, read_dataset, read_sequence
from pydicom.tag import BaseTag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from ichviewer.core.errors import UnreadableError
from ichviewer.dicom import tags

FIRST_BYTES = 1 << 16
"""Most headers end within this; longer ones are read in further steps."""

LONGEST_HEADER = 1 << 28
"""A header that has not ended after this many bytes is refused."""

LARGEST_INFLATED = 1 << 29
"""No deflated data set may grow beyond this (bytes)."""

_HEADER_TAGS: list[BaseTag | int] = [BaseTag(tag) for tag in tags.HEADER]


class NotDicomError(Exception):
    """The file is something else."""


class DamagedError(Exception):
    """The file claims to be DICOM and cannot be read; the text says why."""


@dataclass(frozen=True)
class PixelElement:
    """Where the Pixel Data value lies.

    Attributes:
        tag: (7FE0,0010), or its float kinds.
        offset: First byte of the value.
        length: Bytes; None for undefined length.
        is_word_data: Whether its VR is OW.
    """

    tag: int
    offset: int
    length: int | None
    is_word_data: bool


@dataclass(frozen=True, eq=False)
class RawHeader:
    """Attributes of one data set, undecoded.

    Attributes:
        values: Bytes (or a parsed sequence) by tag number.
        transfer_syntax: UID; guessed from the bytes where the file has no meta information.
        is_implicit: Whether the data set is written without VRs.
        is_little_endian: Byte order of numbers.
        pixels: Pixel Data, None where there are none.
        ends_early: Whether the file ends within the header.
        total_bytes: Size of the file, or of the inflated data set with the deflated syntax.
    """

    values: Mapping[int, object]
    transfer_syntax: str
    is_implicit: bool
    is_little_endian: bool
    pixels: PixelElement | None
    ends_early: bool
    total_bytes: int

    def has(self, tag: int) -> bool:
        """Whether the attribute is there with a value."""
        return bool(self.values.get(tag))

    def bytes_of(self, tag: int) -> bytes:
        """The value as it stands in the file, empty where absent."""
        value = self.values.get(tag)
        return value if isinstance(value, bytes) else b""

    def ascii(self, tag: int) -> str:
        """A UID, code or number string without its padding, empty where absent."""
        return self.bytes_of(tag).decode("ascii", "replace").strip(" \0")

    def ascii_values(self, tag: int) -> tuple[str, ...]:
        """The components of a code string, empty where absent."""
        text = self.ascii(tag)
        return tuple(part.strip(" \0") for part in text.split("\\")) if text else ()

    def decimals(self, tag: int) -> tuple[float, ...]:
        """The components of a decimal or integer string.

        Returns:
            The numbers; empty where the attribute is absent, or where any component is no finite number.
        """
        try:
            numbers = tuple(float(part) for part in self.ascii_values(tag))
        except ValueError:
            return ()
        return numbers if all(abs(number) < float("inf") for number in numbers) else ()

    def decimal(self, tag: int) -> float | None:
        """The first number of a decimal string, None where there is none."""
        numbers = self.decimals(tag)
        return numbers[0] if numbers else None

    def integer(self, tag: int) -> int | None:
        """An integer string, None where there is none."""
        number = self.decimal(tag)
        return None if number is None or number != int(number) else int(number)

    def word(self, tag: int, is_signed: bool = False) -> int | None:
        """A 16-bit binary number, None where there is none."""
        value = self.bytes_of(tag)
        if len(value) < 2:
            return None
        letter = "h" if is_signed else "H"
        return int(struct.unpack_from(("<" if self.is_little_endian else ">") + letter, value)[0])

    def text(self, tag: int) -> str:
        """Text for people, in the file's character set (0008,0005); never fails, at worst marks bad bytes."""
        value = self.bytes_of(tag)
        if not value:
            return ""
        names = self.ascii_values(tags.SPECIFIC_CHARACTER_SET)
        names = tuple(name for name in names if name in python_encoding) or ("ISO_IR 6",)
        encodings = convert_encodings(list(names))
        if b"\x1b" in value and len(encodings) > 1:
            try:
                return decode_bytes(value, encodings, {"\\", "\n", "\r", "\f", "^", "="}).strip(" \0")
            except (UnicodeError, LookupError, UserWarning):
                return value.decode(encodings[0], "replace").strip(" \0")
        return value.decode(encodings[0], "replace").strip(" \0")

    def sequence(self, tag: int) -> list[Dataset]:
        """The items of a sequence, empty where absent.

        Raises:
            DamagedError: The sequence is malformed.
        """
        value = self.values.get(tag)
        if value is None:
            return []
        try:
            if isinstance(value, bytes):
                return list(
                    read_sequence(
                        io.BytesIO(value), self.is_implicit, self.is_little_endian, len(value), "iso8859"
                    )
                )
            return list(value)  # type: ignore[call-overload]
        except (RecursionError, EOFError, OSError, ValueError, TypeError, struct.error) as error:
            raise DamagedError(f"malformed file: sequence {tag:08X} cannot be read ({error})") from error


def read_raw_header(path: Path) -> RawHeader:
    """Header of one file, up to the pixels.

    Raises:
        NotDicomError: The file is something else.
        DamagedError: The file cannot be read.
        OSError: The file cannot be opened.
    """
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        wanted = FIRST_BYTES
        head = file.read(wanted)
        start = _start_of_meta(head)
        while True:
            header = _parse(head, start, file, size)
            if not header.ends_early or len(head) >= size:
                return header
            # A long header: read on, in steps, so that a big file is not read whole for a small header.
            if len(head) >= LONGEST_HEADER:
                raise DamagedError(f"its header is longer than {LONGEST_HEADER >> 20} MiB")
            wanted *= 64
            more = file.read(min(wanted, size - len(head), LONGEST_HEADER))
            if not more:
                return header
            head += more


def _start_of_meta(head: bytes) -> int:
    """Where the first element begins: after the preamble, or at 0 in a plausible file without one."""
    if head[128:132] == b"DICM":
        return 132
    if len(head) >= 8 and _is_plausible_start(head):
        return 0
    raise NotDicomError


def _is_plausible_start(head: bytes) -> bool:
    """Whether the bytes can be the first element of a data set: group 2 or 8, a known VR or a short length."""
    group, element = struct.unpack_from("<HH", head)
    if group not in (0x0002, 0x0008) or element > 0x0100:
        return False
    if head[4:6].isalpha() and head[4:6].isupper():
        return head[4:6] in (b"UL", b"OB", b"UI", b"CS", b"SH", b"DA", b"TM", b"LO", b"DT", b"AE")
    return int(struct.unpack_from("<L", head, 4)[0]) <= 256


def _is_pixel_data(tag: BaseTag, vr: str | None, length: int) -> bool:
    return tag in tags.PIXEL_DATA


def _is_after_meta(tag: BaseTag, vr: str | None, length: int) -> bool:
    return tag >> 16 != 0x0002


def _parse(head: bytes, start: int, file: BinaryIO, size: int) -> RawHeader:
    buffer = io.BytesIO(head)
    buffer.seek(start)
    try:
        meta, _ = _elements(buffer, False, True, _is_after_meta, None)
        syntax = _syntax(meta)
        total = size
        if syntax == DeflatedExplicitVRLittleEndian:
            inflated = inflate(head[buffer.tell() :] + file.read())
            buffer, total = io.BytesIO(inflated), len(inflated)
        is_implicit, is_little_endian = _encoding(buffer, syntax)
        values, is_short = _elements(buffer, is_implicit, is_little_endian, _is_pixel_data, _HEADER_TAGS)
        values = {**meta, **values}
    except RecursionError as error:
        raise DamagedError("malformed file: sequences are nested too deeply") from error
    except (
        EOFError,
        OSError,
        ValueError,
        TypeError,
        struct.error,
        NotImplementedError,
        AttributeError,
    ) as error:
        if len(head) < size:
            return RawHeader({}, "", False, True, None, True, size)
        raise DamagedError(f"malformed file: {error or type(error).__name__}") from error
    if not syntax:
        syntax = ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian
    pixels = _pixel_element(buffer, is_implicit, is_little_endian)
    # The walker stops quietly at the end of what it was given; a skip may even have led beyond it.
    is_cut = is_short or buffer.tell() > len(buffer.getbuffer()) or len(head) < size
    ends_early = pixels is None and is_cut
    return RawHeader(values, str(syntax), is_implicit, is_little_endian, pixels, ends_early, total)


def _syntax(meta: Mapping[int, object]) -> str:
    value = meta.get(tags.TRANSFER_SYNTAX_UID)
    return value.decode("ascii", "replace").strip(" \0") if isinstance(value, bytes) else ""


def _elements(
    buffer: io.BytesIO,
    is_implicit: bool,
    is_little_endian: bool,
    stop_when: Callable[[BaseTag, str | None, int], bool],
    wanted: list[BaseTag | int] | None,
) -> tuple[dict[int, object], bool]:
    """Values by tag, and whether one of them is shorter than it says."""
    elements = list(
        data_element_generator(
            buffer, is_implicit, is_little_endian, stop_when=stop_when, specific_tags=wanted
        )
    )
    is_short = any(
        isinstance(element.value, bytes) and len(element.value) < element.length != 0xFFFFFFFF
        for element in elements
        if isinstance(element, RawDataElement)
    )
    return {int(element.tag): element.value for element in elements}, is_short


def _encoding(buffer: BinaryIO, syntax: str) -> tuple[bool, bool]:
    """(implicit VR, little endian) of a data set; the bytes overrule a wrong Transfer Syntax UID."""
    position = buffer.tell()
    first = buffer.read(6)
    buffer.seek(position)
    is_explicit = len(first) == 6 and first[4:6].isalpha() and first[4:6].isupper()
    return not is_explicit, syntax != ExplicitVRBigEndian


def _pixel_element(buffer: BinaryIO, is_implicit: bool, is_little_endian: bool) -> PixelElement | None:
    """The element at which the walk stopped, None at the end of the file."""
    order = "<" if is_little_endian else ">"
    start = buffer.read(12)
    if len(start) < 8:
        return None
    group, element = struct.unpack_from(order + "HH", start)
    tag = group << 16 | element
    if tag not in tags.PIXEL_DATA:
        return None
    if is_implicit:
        offset, length, is_word = (
            buffer.tell() - len(start) + 8,
            struct.unpack_from(order + "L", start, 4)[0],
            True,
        )
    elif len(start) == 12:
        offset, length = buffer.tell(), struct.unpack_from(order + "L", start, 8)[0]
        is_word = start[4:6] == b"OW"
    else:
        return None
    return PixelElement(tag, offset, None if length == 0xFFFFFFFF else int(length), is_word)


def inflate(deflated: bytes) -> bytes:
    """Inflate a deflated data set (PS3.5 A.5), up to LARGEST_INFLATED bytes.

    Raises:
        DamagedError: The stream is broken or grows beyond the limit.
    """
    try:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        inflated = inflater.decompress(deflated, LARGEST_INFLATED)
    except zlib.error as error:
        raise DamagedError(f"malformed file: the deflated data set is broken ({error})") from error
    if inflater.unconsumed_tail:
        raise DamagedError(f"the deflated data set grows beyond {LARGEST_INFLATED >> 20} MiB")
    return inflated


def inflated_dataset(path: Path) -> bytes:
    """The data set of a file in the deflated syntax, inflated.

    Raises:
        UnreadableError: The stream is broken or grows beyond the limit.
        OSError: The file cannot be read.
    """
    content = path.read_bytes()
    buffer = io.BytesIO(content)
    try:
        buffer.seek(_start_of_meta(content))
        _elements(buffer, False, True, _is_after_meta, None)
        return inflate(content[buffer.tell() :])
    except (NotDicomError, DamagedError) as error:
        raise UnreadableError(str(error) or "not a DICOM file") from error


def read_whole_dataset(path: Path) -> Dataset:
    """A small non-image file (DICOMDIR) with all its attributes.

    Raises:
        DamagedError: It cannot be read.
    """
    header = read_raw_header(path)
    data = path.read_bytes()
    buffer = io.BytesIO(data)
    buffer.seek(_start_of_meta(data))
    try:
        _elements(buffer, False, True, _is_after_meta, None)
        return read_dataset(buffer, header.is_implicit, header.is_little_endian)
    except (RecursionError, EOFError, ValueError, TypeError, struct.error) as error:
        raise DamagedError(f"malformed file: {error}") from error
