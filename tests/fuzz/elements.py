"""Where the elements of a DICOM file lie, for mutations that know DICOM; independent of the viewer's reader.

Sequences and items are entered, so that what stands in them is found too. The one thing to get wrong: this
is for sound files; it stops at the first thing that it does not understand.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

UNDEFINED = 0xFFFFFFFF
ITEM, DELIMITERS = 0xFFFEE000, 0xFFFE
PIXEL_DATA = 0x7FE00010
LONG_VRS = (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
MOST = 3000


@dataclass(frozen=True)
class Place:
    """One element of a file.

    Attributes:
        tag: Tag number.
        vr: Two letters, empty with implicit VR.
        head: First byte of the element.
        length_at: First byte of its length.
        length_size: Bytes of its length, 2 or 4.
        value: First byte of its value.
        end: First byte after its value; of a sequence the first of its content.
        order: ``<`` or ``>``.
    """

    tag: int
    vr: bytes
    head: int
    length_at: int
    length_size: int
    value: int
    end: int
    order: str


def places(content: bytes) -> list[Place]:
    """The elements of a file, in order; none if it is no DICOM file."""
    found: list[Place] = []
    position = 132 if content[128:132] == b"DICM" else 0
    is_big = b"1.2.840.10008.1.2.2\0" in content[:1024]
    in_pixels = False
    while position + 8 <= len(content) and len(found) < MOST:
        in_meta = content[position : position + 2] == b"\x02\x00"
        place, length = _place(content, position, ">" if is_big and not in_meta else "<")
        if place is None:
            break
        in_pixels = in_pixels or place.tag == PIXEL_DATA
        is_container = length == UNDEFINED or place.vr == b"SQ" or (place.tag == ITEM and not in_pixels)
        found.append(place)
        position = place.value if is_container else place.end
    return [place for place in found if place.end <= len(content)]


def _place(content: bytes, position: int, order: str) -> tuple[Place | None, int]:
    group, number = struct.unpack_from(order + "HH", content, position)
    vr, tag = content[position + 4 : position + 6], group << 16 | number
    is_explicit = vr.isalpha() and vr.isupper() and group != DELIMITERS
    length_at, size = position + 4, 4
    if is_explicit and vr in LONG_VRS:
        length_at = position + 8
    elif is_explicit:
        length_at, size = position + 6, 2
    if length_at + size > len(content):
        return None, 0
    (length,) = struct.unpack_from(order + ("H" if size == 2 else "L"), content, length_at)
    value = length_at + size
    end = value if length == UNDEFINED else value + length
    return Place(tag, vr if is_explicit else b"", position, length_at, size, value, end, order), length
