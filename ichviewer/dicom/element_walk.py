"""Walks the elements of a data set in memory and keeps the bytes of those that are wanted (PS3.5 section 7).

A loop with a stack of its own instead of recursion, so that no nesting is too deep for it; it never
reads beyond the bytes it was given, whatever lengths are declared. The one thing to get wrong:
sequences of undefined length must be walked through to find their end.
"""

from __future__ import annotations

import struct
from collections.abc import Container
from dataclasses import dataclass

UNDEFINED = 0xFFFFFFFF
LONG_VRS = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
"""Explicit VRs with a 32-bit length."""

ITEM, ITEM_END, SEQUENCE_END = 0xE000, 0xE00D, 0xE0DD
DELIMITERS = 0xFFFE
PIXEL_GROUP = 0x7FE0


@dataclass(frozen=True)
class Element:
    """The head of one element.

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
    is_little_endian: bool,
    wanted: Container[int],
    last_group: int,
    stop_tags: Container[int] = (),
) -> Walk:
    """Walk the elements of a data set.

    Args:
        data: The bytes.
        start: Where the first element begins.
        is_implicit: Whether there are no VRs.
        is_little_endian: Byte order.
        wanted: Tags whose values are kept.
        last_group: The walk stops at the first element of a later group ...
        stop_tags: ... or, within the group of the pixels, at one of these.
    """
    order = "<" if is_little_endian else ">"
    head = _Head(order)
    values: dict[int, bytes] = {}
    position, size = start, len(data)
    while position + 8 <= size:
        element = head.read(data, position, is_implicit)
        if element is None:
            return Walk(values, position, None, True)
        group = element.tag >> 16
        if group > last_group and (group != PIXEL_GROUP or element.tag in stop_tags):
            return Walk(values, position, element, False)
        if element.length == UNDEFINED:
            end = _end_of_undefined(data, element, is_implicit, head)
            content_end = end - 8
        else:
            end = content_end = element.start + element.length
        if element.tag in wanted:
            values[element.tag] = data[element.start : content_end]
        position = end
    return Walk(values, position, None, position > size)


class _Head:
    """Reads the head of an element in one byte order."""

    def __init__(self, order: str) -> None:
        self._explicit = struct.Struct(order + "HH2sH").unpack_from
        self._length = struct.Struct(order + "L").unpack_from

    def read(self, data: bytes, position: int, is_implicit: bool) -> Element | None:
        """The element at *position*; None where the bytes end within its head.

        An element without a VR in a data set with VRs is taken as implicit: some writers mix them.
        """
        group, number, vr, length = self._explicit(data, position)
        tag, start = group << 16 | number, position + 8
        if is_implicit or not (vr.isalpha() and vr.isupper()):
            return Element(tag, b"", start, self._length(data, position + 4)[0])
        if vr in LONG_VRS:
            if position + 12 > len(data):
                return None
            return Element(tag, vr, position + 12, self._length(data, position + 8)[0])
        return Element(tag, vr, start, length)


def _end_of_undefined(data: bytes, element: Element, is_implicit: bool, head: _Head) -> int:
    """First byte after the delimiter of a value of undefined length; beyond the data if there is none."""
    # UN of undefined length is a sequence without VRs, whatever surrounds it (PS3.5 section 6.2.2).
    open_values = [is_implicit or element.vr == b"UN"]
    position, size = element.start, len(data)
    while open_values:
        if position + 8 > size:
            return size + 8 + 1
        inner = head.read(data, position, open_values[-1])
        if inner is None:
            return size + 8 + 1
        position = inner.start
        if inner.tag in ((DELIMITERS << 16) | ITEM_END, (DELIMITERS << 16) | SEQUENCE_END):
            open_values.pop()
        elif inner.length == UNDEFINED:
            open_values.append(open_values[-1] or inner.vr == b"UN")
        else:
            position += inner.length
    return position
