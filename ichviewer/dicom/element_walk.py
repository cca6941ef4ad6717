"""Walks the elements of a data set in memory and keeps the bytes of those that are wanted (PS3.5 section 7).

A loop with a stack of its own instead of recursion, so that no nesting can break it; it never reads beyond
the bytes it was given, whatever lengths are declared, and it gives up on more elements and deeper nesting
than any file needs, so that it always ends soon. The one thing to get wrong: sequences of undefined
length must be walked through to find their end.
"""

from __future__ import annotations

import struct
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import NamedTuple

UNDEFINED = 0xFFFFFFFF
LONG_VRS = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
"""Explicit VRs with a 32-bit length."""

SHORT_VRS = frozenset(
    (b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL")
) | frozenset((b"SS", b"ST", b"TM", b"UI", b"UL", b"US"))
"""Explicit VRs with a 16-bit length."""

ITEM, ITEM_END, SEQUENCE_END = 0xE000, 0xE00D, 0xE0DD
DELIMITERS = 0xFFFE
PIXEL_GROUP = 0x7FE0

MOST_ELEMENTS = 500_000
"""Elements of one header, with those within sequences of undefined length; thousands of frames have fewer."""

DEEPEST = 100
"""Sequences within sequences, items counted too; real files have about ten."""


class MalformedError(Exception):
    """The bytes cannot be what they claim to be; the text says why."""


class Element(NamedTuple):
    """The head of one element; a named tuple, because headers may hold very many.

    Attributes:
        tag: Tag number.
        vr: Two letters, empty with implicit VR.
        start: First byte of the value.
        length: Bytes of the value, or UNDEFINED.
    """

    tag: int
    vr: bytes
    start: int
    length: int


@dataclass(frozen=True, eq=False)
class Walk:
    """What a walk found.

    Attributes:
        values: Bytes of the wanted values by tag number; of a sequence its items.
        end: Where the walk stopped: at the head of *stopped_at*, or at or beyond the end of the bytes.
        stopped_at: The element at which it stopped, None at the end of the bytes.
        is_cut: Whether the bytes end within an element.
    """

    values: dict[int, bytes]
    end: int
    stopped_at: Element | None
    is_cut: bool


def walk(
    data: bytes,
    start: int,
    is_implicit: bool,
    reader: HeadReader,
    wanted: Container[int] | None,
    last_group: int,
    stop_tags: Container[int] = (),
) -> Walk:
    """Walk the elements of a data set.

    Args:
        data: The bytes.
        start: Where the first element begins.
        is_implicit: Whether there are no VRs.
        reader: Reads the heads, and counts them.
        wanted: Tags whose values are kept; None for all.
        last_group: The walk stops at the first element of a later group ...
        stop_tags: ... or, within the group of the pixels, at one of these.

    Raises:
        MalformedError: There are too many elements, or sequences nested deeper than DEEPEST.
    """
    values: dict[int, bytes] = {}
    position, size = start, len(data)
    while position + 8 <= size:
        if not is_implicit:
            position = reader.skim(data, position, wanted, last_group, values)
            if position + 8 > size:
                break
        element = reader.read(data, position, is_implicit)
        if element is None:
            return Walk(values, position, None, True)
        group = element.tag >> 16
        if group > last_group and (group != PIXEL_GROUP or element.tag in stop_tags):
            return Walk(values, position, element, False)
        if element.length == UNDEFINED:
            end = _end_of_undefined(data, element, is_implicit, reader)
            content_end = end - 8
        else:
            end = content_end = element.start + element.length
        if wanted is None or element.tag in wanted:
            values[element.tag] = data[element.start : content_end]
        position = end
    return Walk(values, position, None, position > size)


def item_contents(data: bytes, is_implicit: bool, reader: HeadReader) -> Iterator[bytes]:
    """The items of a sequence, each the bytes of a data set (PS3.5 section 7.5).

    Args:
        data: Value of the sequence, without its delimiter.
        is_implicit: Whether there are no VRs.
        reader: Reads the heads, and counts them.

    Raises:
        MalformedError: Something else than an item is found, or an item is longer than the sequence.
    """
    position, size = 0, len(data)
    while position + 8 <= size:
        item = reader.read(data, position, is_implicit)
        if item is not None and item.tag == (DELIMITERS << 16) | SEQUENCE_END:
            return
        if item is None or item.tag != (DELIMITERS << 16) | ITEM:
            raise MalformedError("something else than an item stands in the sequence")
        if item.length == UNDEFINED:
            position = _end_of_undefined(data, item, is_implicit, reader)
            end = position - 8
        else:
            position = end = item.start + item.length
        if position > size:
            raise MalformedError("an item is longer than its sequence")
        yield data[item.start : end]


class HeadReader:
    """Reads the heads of elements in one byte order, as many as any file may need and no more."""

    def __init__(self, is_little_endian: bool) -> None:
        self.is_little_endian = is_little_endian
        order = "<" if is_little_endian else ">"
        self._explicit = struct.Struct(order + "HH2sH").unpack_from
        self._length = struct.Struct(order + "L").unpack_from
        self._left = MOST_ELEMENTS

    def read(self, data: bytes, position: int, is_implicit: bool) -> Element | None:
        """The element at *position*; None where the bytes end within its head.

        An element without a VR in a data set with VRs is taken as implicit: some writers mix them. Items and
        delimiters have none anywhere. An unknown VR has a 32-bit length after two bytes of 0 (PS3.5 section
        7.1.2); without these it is taken for one of an old writer, with a 16-bit length.

        Raises:
            MalformedError: It is one too many.
        """
        self._left -= 1
        if self._left < 0:
            raise MalformedError(f"there are more than {MOST_ELEMENTS} elements")
        group, number, vr, length = self._explicit(data, position)
        tag, start = group << 16 | number, position + 8
        if is_implicit or group == DELIMITERS or not (vr.isalpha() and vr.isupper()):
            return Element(tag, b"", start, self._length(data, position + 4)[0])
        if vr in LONG_VRS or (not length and vr not in SHORT_VRS):
            if position + 12 > len(data):
                return None
            return Element(tag, vr, position + 12, self._length(data, position + 8)[0])
        return Element(tag, vr, start, length)

    def skim(
        self,
        data: bytes,
        position: int,
        wanted: Container[int] | None,
        last_group: int,
        values: dict[int, bytes],
    ) -> int:
        """Take plain elements, one after the other, as ``read`` would; nearly all of a header are plain.

        Returns:
            Where the first element begins that is not plain, or is of a later group than *last_group*.

        Raises:
            MalformedError: There are too many.
        """
        explicit, size = self._explicit, len(data)
        while position + 8 <= size:
            group, number, vr, length = explicit(data, position)
            if vr not in SHORT_VRS or group > last_group or group == DELIMITERS:
                break
            self._left -= 1
            if self._left < 0:
                raise MalformedError(f"there are more than {MOST_ELEMENTS} elements")
            tag, start = group << 16 | number, position + 8
            position = start + length
            if wanted is None or tag in wanted:
                values[tag] = data[start:position]
        return position


def _end_of_undefined(data: bytes, element: Element, is_implicit: bool, reader: HeadReader) -> int:
    """First byte after the delimiter of a value of undefined length; beyond the data if there is none."""
    # UN of undefined length is a sequence without VRs, whatever surrounds it (PS3.5 section 6.2.2).
    open_values = [is_implicit or element.vr == b"UN"]
    position, size = element.start, len(data)
    while open_values:
        if position + 8 > size:
            return size + 8 + 1
        inner = reader.read(data, position, open_values[-1])
        if inner is None:
            return size + 8 + 1
        position = inner.start
        if inner.tag in ((DELIMITERS << 16) | ITEM_END, (DELIMITERS << 16) | SEQUENCE_END):
            open_values.pop()
        elif inner.length == UNDEFINED:
            if len(open_values) == DEEPEST:
                raise MalformedError(f"its sequences are nested more than {DEEPEST} deep")
            open_values.append(open_values[-1] or inner.vr == b"UN")
        else:
            position += inner.length
    return position
