"""One file's header as plain bytes per attribute, read once, quickly, and without trust.

Values stay bytes until they are asked for, because converting everything (as pydicom does) costs
more than reading the pixels. The one thing to get wrong: nothing here may take memory that the file
does not hold, so all reading is done on a bounded piece of the file in memory.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from ichviewer.core.errors import UnreadableError
from ichviewer.core.series import ArchiveMember
from ichviewer.dicom import tags
from ichviewer.dicom.character_set import decoded
from ichviewer.dicom.deflated import inflated_range, inflated_start
from ichviewer.dicom.element_walk import UNDEFINED, Element, HeadReader, MalformedError, walk
from ichviewer.dicom.file_text import LONGEST_VALUE, ascii_components, ascii_numbers, shown, shown_ascii
from ichviewer.dicom.fragments import fragments_end_early
from ichviewer.dicom.sequence_item import SequenceItem, read_items
from ichviewer.dicom.source import open_for_header, read_fully

FIRST_BYTES = 1 << 16
"""Most headers end within this; longer ones are read in further steps."""

META_BYTES = 1 << 10
"""The Media Storage SOP Class UID, the second element of all, lies within these."""

LONGEST_HEADER = 1 << 26
"""A header that has not ended after this many bytes is refused."""

META_GROUP = 0x0002
LAST_GROUP = 0x7FDF
"""The header ends before the group of the pixels."""

_META_TAGS = frozenset((tags.TRANSFER_SYNTAX_UID, tags.MEDIA_STORAGE_SOP_CLASS_UID))
_HEADER_TAGS = frozenset(tags.HEADER)
_SEQUENCES = frozenset(
    (
        tags.DIRECTORY_RECORD_SEQUENCE,
        tags.MODALITY_LUT_SEQUENCE,
        tags.SHARED_FUNCTIONAL_GROUPS,
        tags.PER_FRAME_FUNCTIONAL_GROUPS,
    )
)


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
        values: Bytes by tag number; of a sequence its items, of anything else no more than is looked at.
        transfer_syntax: UID; guessed from the bytes where the file has no meta information.
        is_implicit: Whether the data set is written without VRs.
        is_little_endian: Byte order of numbers.
        pixels: Pixel Data, None where there are none.
        ends_early: Whether the file ends within the header.
        total_bytes: Size of the file, or of the inflated data set with the deflated syntax.
        member: Where the file lies in a ZIP archive; None for a file of its own.
        pixels_end_early: Whether the file ends within its compressed pixels.
        modified_ns: When the file, or the archive around it, was last written; None if nobody asked.
        file_bytes: Size of the file, or of the archive around it; None if nobody asked.
    """

    values: Mapping[int, bytes]
    transfer_syntax: str
    is_implicit: bool
    is_little_endian: bool
    pixels: PixelElement | None
    ends_early: bool
    total_bytes: int
    member: ArchiveMember | None = None
    pixels_end_early: bool = False
    modified_ns: int | None = None
    file_bytes: int | None = None

    def without_sequences(self) -> RawHeader:
        """The header for as long as a study is open: sequences may be thousands of times as long."""
        if _SEQUENCES.isdisjoint(self.values):
            return self
        return replace(
            self, values={tag: value for tag, value in self.values.items() if tag not in _SEQUENCES}
        )

    def has(self, tag: int) -> bool:
        """Whether the attribute is there with a value."""
        return bool(self.values.get(tag))

    def bytes_of(self, tag: int) -> bytes:
        """The value as it stands in the file, empty where absent."""
        return self.values.get(tag, b"")

    def ascii(self, tag: int) -> str:
        """A UID, code or number string without its padding, empty where absent; fit to be shown."""
        return shown_ascii(self.bytes_of(tag))

    def ascii_values(self, tag: int) -> tuple[str, ...]:
        """The components of a code string, empty where absent."""
        return ascii_components(self.bytes_of(tag))

    def decimals(self, tag: int) -> tuple[float, ...]:
        """The components of a decimal or integer string.

        Returns:
            The numbers; empty where the attribute is absent, or where any component is no number or a
            senselessly large one.
        """
        return ascii_numbers(self.bytes_of(tag))

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
        """Text for people, in the file's character set (0008,0005), fit to be shown.

        Never fails, at worst marks bad bytes; a text that is too long is cut.
        """
        value = self.bytes_of(tag)[:LONGEST_VALUE]
        return shown(decoded(value, self.ascii_values(tags.SPECIFIC_CHARACTER_SET)).strip(" \0"))

    def sequence(self, tag: int, most: int) -> list[SequenceItem]:
        """The items of a sequence, empty where absent.

        Raises:
            DamagedError: The sequence is malformed, or has more than *most* items.
        """
        try:
            reader = HeadReader(self.is_little_endian)
            items = read_items(self.bytes_of(tag), self.is_implicit, reader, most + 1)
        except MalformedError as error:
            raise DamagedError(f"malformed file: sequence {tag:08X} cannot be read ({error})") from error
        if len(items) > most:
            raise DamagedError(f"malformed file: sequence {tag:08X} has more than {most} items")
        return items


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
        status = os.fstat(file.fileno()) if member is None else path.stat()
        size = status.st_size if member is None else member.size
        try:
            header = replace(
                _read_in_steps(file, size),
                member=member,
                modified_ns=status.st_mtime_ns,
                file_bytes=status.st_size,
            )
            # A member of an archive is read once, forward; its pixels are held against its check sum instead.
            if member is None and header.pixels is not None and header.pixels.length is None:
                return replace(header, pixels_end_early=fragments_end_early(file, header.pixels.offset))
            return header
        except (UnreadableError, MalformedError) as error:
            raise DamagedError(f"malformed file: {error}") from error


def media_storage_class(path: Path) -> str:
    """Media Storage SOP Class UID (0002,0002) from a file's first bytes; empty where there is none.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb", buffering=0) as file:
        head = file.read(META_BYTES)
    try:
        meta = walk(head, _start_of_meta(head), False, HeadReader(True), _META_TAGS, META_GROUP)
    except (NotDicomError, MalformedError):
        return ""
    return shown_ascii(meta.values.get(tags.MEDIA_STORAGE_SOP_CLASS_UID, b""))


def begins_as_dicom(head: bytes) -> bool:
    """Whether a file with this beginning is taken for DICOM."""
    try:
        _start_of_meta(head)
    except NotDicomError:
        return False
    return True


def _read_in_steps(file: BinaryIO, size: int) -> RawHeader:
    """The header; a long one is read in steps, so that a big file is not read whole for a small header."""
    wanted = FIRST_BYTES
    head = read_fully(file, wanted)
    start = _start_of_meta(head)
    while True:
        header = _parse(head, start, file, size)
        if not header.ends_early or len(head) >= size:
            return header
        if len(head) >= LONGEST_HEADER:
            raise DamagedError(f"its header is longer than {LONGEST_HEADER >> 20} MiB")
        wanted *= 64
        more = read_fully(file, min(wanted, size - len(head), LONGEST_HEADER))
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
    meta = walk(head, start, False, HeadReader(True), _META_TAGS, META_GROUP)
    syntax = shown_ascii(meta.values.get(tags.TRANSFER_SYNTAX_UID, b""))
    data, position, total = head, meta.end, size
    if syntax == DeflatedExplicitVRLittleEndian:
        data, total = inflated_start(head[meta.end :], file, LONGEST_HEADER)
        position = 0
    is_implicit = not _has_vr(data, position)
    is_little_endian = syntax != ExplicitVRBigEndian
    reader = HeadReader(is_little_endian)
    found = walk(data, position, is_implicit, reader, _HEADER_TAGS, LAST_GROUP, tags.PIXEL_DATA)
    if not syntax:
        syntax = ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian
    is_whole = found.stopped_at is not None or (len(data) >= total and not found.is_cut)
    return RawHeader(
        values={
            tag: value if tag in _SEQUENCES else value[: LONGEST_VALUE + 1]
            for tag, value in {**meta.values, **found.values}.items()
        },
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


def inflated_pixels(file: BinaryIO, offset: int, size: int) -> bytes:
    """Bytes of the data set of a file in the deflated syntax.

    Args:
        file: The whole file, at its start.
        offset: First byte wanted, in the inflated data set.
        size: Bytes wanted; fewer come where the data set ends before.

    Raises:
        UnreadableError: The stream is broken or grows beyond the limits.
        OSError: The file cannot be read.
    """
    head = read_fully(file, FIRST_BYTES)
    try:
        meta = walk(head, _start_of_meta(head), False, HeadReader(True), (), META_GROUP)
    except (NotDicomError, MalformedError) as error:
        raise UnreadableError(str(error) or "not a DICOM file") from error
    return inflated_range(head[meta.end :], file, offset, size)
