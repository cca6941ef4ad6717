"""One file's header as plain bytes per attribute, read once, quickly, and without trust.

Values stay bytes until they are asked for, because converting everything (as pydicom does) costs
more than reading the pixels; pydicom parses the few sequences that matter. The one thing to get
wrong: nothing here may take memory that the file does not hold, so all reading is done on a
bounded piece of the file in memory.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from pydicom.charset import decode_bytes, python_encoding
from pydicom.dataset import Dataset
from pydicom.filereader import read_sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from ichviewer.core.errors import UnreadableError
from ichviewer.core.series import ArchiveMember
from ichviewer.dicom import tags
from ichviewer.dicom.element_walk import UNDEFINED, Element, walk
from ichviewer.dicom.source import open_for_header

FIRST_BYTES = 1 << 16
"""Most headers end within this; longer ones are read in further steps."""

LONGEST_HEADER = 1 << 26
"""A header that has not ended after this many bytes is refused."""

LARGEST_INFLATED = 1 << 29
"""No deflated data set may grow beyond this (bytes)."""

PARSE_ERRORS = (
    RecursionError,
    EOFError,
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    NotImplementedError,
    OverflowError,
    struct.error,
)
"""What pydicom raises on sequences that are not as they should be; found by feeding it damaged files."""

META_GROUP = 0x0002
LAST_GROUP = 0x7FDF
"""The header ends before the group of the pixels."""

_META_TAGS = frozenset((tags.TRANSFER_SYNTAX_UID, tags.MEDIA_STORAGE_SOP_CLASS_UID))
_HEADER_TAGS = frozenset(tags.HEADER)


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
        values: Bytes by tag number; of a sequence its items.
        transfer_syntax: UID; guessed from the bytes where the file has no meta information.
        is_implicit: Whether the data set is written without VRs.
        is_little_endian: Byte order of numbers.
        pixels: Pixel Data, None where there are none.
        ends_early: Whether the file ends within the header.
        total_bytes: Size of the file, or of the inflated data set with the deflated syntax.
        member: Where the file lies in a ZIP archive; None for a file of its own.
    """

    values: Mapping[int, bytes]
    transfer_syntax: str
    is_implicit: bool
    is_little_endian: bool
    pixels: PixelElement | None
    ends_early: bool
    total_bytes: int
    member: ArchiveMember | None = None

    def has(self, tag: int) -> bool:
        """Whether the attribute is there with a value."""
        return bool(self.values.get(tag))

    def bytes_of(self, tag: int) -> bytes:
        """The value as it stands in the file, empty where absent."""
        return self.values.get(tag, b"")

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
        names = tuple(name.replace("ISO-IR", "ISO_IR") for name in names)
        encodings = [python_encoding[name] for name in names if name in python_encoding] or ["iso8859"]
        if b"\x1b" in value and len(encodings) > 1:
            try:
                return decode_bytes(value, encodings, set(b"\\\n\r\f^=")).strip(" \0")
            except (UnicodeError, LookupError, UserWarning):
                return value.decode(encodings[0], "replace").strip(" \0")
        return value.decode(encodings[0], "replace").strip(" \0")

    def sequence(self, tag: int) -> list[Dataset]:
        """The items of a sequence, empty where absent.

        Raises:
            DamagedError: The sequence is malformed.
        """
        value = self.values.get(tag, b"")
        try:
            items = read_sequence(
                io.BytesIO(value), self.is_implicit, self.is_little_endian, len(value), "iso8859"
            )
        except PARSE_ERRORS as error:
            raise DamagedError(f"malformed file: sequence {tag:08X} cannot be read ({error})") from error
        return list(items)


def read_raw_header(path: Path, member: ArchiveMember | None = None) -> RawHeader:
    """Header of one file, up to the pixels.

    Args:
        path: The file, or the ZIP archive in which it lies.
        member: Where it lies there; None for a file of its own.

    Raises:
        NotDicomError: The file is something else.
        DamagedError: The file cannot be read.
        OSError: The file cannot be opened.
    """
    with open_for_header(path, member) as file:
        size = os.fstat(file.fileno()).st_size if member is None else member.size
        try:
            return replace(_read_in_steps(file, size), member=member)
        except UnreadableError as error:
            raise DamagedError(str(error)) from error


def _read_in_steps(file: BinaryIO, size: int) -> RawHeader:
    """The header; a long one is read in steps, so that a big file is not read whole for a small header."""
    wanted = FIRST_BYTES
    head = file.read(wanted)
    start = _start_of_meta(head)
    while True:
        header = _parse(head, start, file, size)
        if not header.ends_early or len(head) >= size:
            return header
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
    """Whether the bytes can begin a data set: group 2 or 8, and a known VR or a short length."""
    group, element = struct.unpack_from("<HH", head)
    if group not in (0x0002, 0x0008) or element > 0x0100:
        return False
    if head[4:6].isalpha() and head[4:6].isupper():
        return head[4:6] in (b"UL", b"OB", b"UI", b"CS", b"SH", b"DA", b"TM", b"LO", b"DT", b"AE")
    return int(struct.unpack_from("<L", head, 4)[0]) <= 256


def _parse(head: bytes, start: int, file: BinaryIO, size: int) -> RawHeader:
    """The header as far as *head* reaches; ``ends_early`` if that is not far enough."""
    meta = walk(head, start, False, True, _META_TAGS, META_GROUP)
    syntax = meta.values.get(tags.TRANSFER_SYNTAX_UID, b"").decode("ascii", "replace").strip(" \0")
    data, position, total = head, meta.end, size
    if syntax == DeflatedExplicitVRLittleEndian:
        data, position = inflate(head[meta.end :] + file.read()), 0
        total = len(data)
    is_implicit = not _has_vr(data, position)
    is_little_endian = syntax != ExplicitVRBigEndian
    found = walk(data, position, is_implicit, is_little_endian, _HEADER_TAGS, LAST_GROUP, tags.PIXEL_DATA)
    if not syntax:
        syntax = ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian
    is_whole = found.stopped_at is not None or (len(data) >= total and not found.is_cut)
    return RawHeader(
        values={**meta.values, **found.values},
        transfer_syntax=str(syntax),
        is_implicit=is_implicit,
        is_little_endian=is_little_endian,
        pixels=_pixel_element(found.stopped_at),
        ends_early=not is_whole,
        total_bytes=total,
    )


def _has_vr(data: bytes, position: int) -> bool:
    """Whether the element at *position* has a VR; the bytes overrule a wrong Transfer Syntax UID."""
    letters = data[position + 4 : position + 6]
    return len(letters) == 2 and letters.isalpha() and letters.isupper()


def _pixel_element(element: Element | None) -> PixelElement | None:
    if element is None or element.tag not in tags.PIXEL_DATA:
        return None
    length = None if element.length == UNDEFINED else element.length
    return PixelElement(element.tag, element.start, length, element.vr in (b"OW", b""))


def text_values(item: Dataset, keyword: str) -> tuple[str, ...]:
    """Components of a string attribute in a sequence item, unchecked; empty where absent.

    Taken from the bytes: pydicom's own conversion warns of what many scanners write (long decimal strings).
    """
    element = item.get_item(keyword)
    value = b"" if element is None else element.value
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else ""
    return tuple(part.strip(" \0") for part in text.split("\\")) if text.strip(" \0") else ()


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


def inflated_dataset(content: bytes) -> bytes:
    """The data set of a file in the deflated syntax, inflated.

    Raises:
        UnreadableError: The stream is broken or grows beyond the limit.
    """
    try:
        meta = walk(content, _start_of_meta(content), False, True, (), META_GROUP)
        return inflate(content[meta.end :])
    except (NotDicomError, DamagedError) as error:
        raise UnreadableError(str(error) or "not a DICOM file") from error
