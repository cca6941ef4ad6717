"""Damage for DICOM files and ZIP archives, the same for the same seed, file and number.

Every mutation is a function ``(target, chance) -> bytes``. The one thing to get wrong: nothing may depend
on anything but the target and *chance*, or a finding cannot be reproduced.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from pydicom.uid import AllTransferSyntaxes

from ichviewer.dicom import tags
from tests.fuzz.elements import ITEM, PIXEL_DATA, Place, places

LENGTHS = (0, 1, 2, 3, 7, 0xFF, 0x7FFF, 0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)
WORDS = (0, 1, 2, 3, 7, 8, 9, 12, 15, 16, 17, 32, 64, 255, 256, 4096, 5000, 16384, 16385, 32767, 32768, 65535)
NUMBERS = (
    *(
        "0",
        "-0",
        "1",
        "-1",
        "nan",
        "inf",
        "-inf",
        "1e308",
        "-1e308",
        "1e-320",
        "1e39",
        "99999999999999999999",
    ),
    *("", " ", "abc", "1\\2", "1\\2\\3\\4\\5\\6", "0\\0\\0\\0\\0\\0", "1\\0\\0\\1\\0\\0", "nan\\nan\\nan"),
    *("1e300\\1e300\\1e300", "2147483648", "10000", "10001", "-2147483648", "1_000", "0x10", "1,5", "１"),
)
TEXTS = (
    b"\x1b[2J\x1b[31mFAKE\x07",
    "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe".encode(),
    b"\r\nfake: line\r\n",
    b"\x1b$B\x1b(J\x1b$(Dx\x1b-F\xff^\x1b$)C",
    b"=cmd|'/c calc'!A0",
    b"<img src='file:///etc/passwd'><b>x</b>",
    b"\xff\xfe\x00\xd8" * 4,
    b"A" * 60_000,
    b"\x1b$B^" * 5_000,
    b"1." * 3_000,
)
CHARSETS = (
    b"ISO_IR 192",
    b"\\ISO 2022 IR 87",
    b"ISO 2022 IR 149\\ISO 2022 IR 13",
    b"GB18030",
    b"\\\\\\",
    b"utf_7",
)
NUMBER_VRS = (b"DS", b"IS")
TEXT_VRS = (b"PN", b"LO", b"SH", b"CS", b"UI", b"DA", b"TM", b"AS", b"ST", b"LT", b"UT", b"DT")
ALL_VRS = (
    *NUMBER_VRS,
    *TEXT_VRS,
    b"US",
    b"SS",
    b"UL",
    b"SQ",
    b"OB",
    b"OW",
    b"UN",
    b"AT",
    b"FD",
    b"XX",
    b"ox",
    b"\0\0",
)
INTERESTING_TAGS = (*tags.HEADER, *tags.PIXEL_DATA, tags.TRANSFER_SYNTAX_UID, ITEM, 0xFFFEE00D, 0xFFFEE0DD)
SIZES = (
    tags.ROWS,
    tags.COLUMNS,
    tags.BITS_ALLOCATED,
    tags.BITS_STORED,
    tags.HIGH_BIT,
    tags.SAMPLES_PER_PIXEL,
)
SYNTAXES = tuple(str(uid).encode() for uid in AllTransferSyntaxes)
DEFLATED = b"1.2.840.10008.1.2.1.99"
BOMB_BYTES = 1 << 27


@dataclass(frozen=True, eq=False)
class Target:
    """A file to be damaged, and another one to splice in."""

    content: bytes
    other: bytes

    @cached_property
    def places(self) -> list[Place]:
        return places(self.content)

    @cached_property
    def header_end(self) -> int:
        """First byte of the pixels, or the end of a file without any."""
        ends = (place.value for place in self.places if place.tag == PIXEL_DATA)
        return next(ends, len(self.content)) or 1


Mutation = Callable[[Target, random.Random], bytes]


def mutant(content: bytes, other: bytes, chance: random.Random) -> tuple[bytes, str]:
    """A damaged copy, mostly of one kind of damage, sometimes of several; and the names of the kinds."""
    target = Target(content, other)
    names = []
    for _ in range(chance.choice((1, 1, 1, 1, 2, 3))):
        fitting = ZIP_MUTATIONS if content[:2] == b"PK" else MUTATIONS if target.places else BYTE_MUTATIONS
        mutation = chance.choice(fitting)
        target = Target(mutation(target, chance), other)
        names.append(mutation.__name__)
    return target.content, "+".join(names)


def _somewhere(target: Target, chance: random.Random) -> int:
    """A position, in the header more often than not."""
    return chance.randrange(target.header_end if chance.random() < 0.8 else max(1, len(target.content)))


def _replaced(content: bytes, start: int, end: int, new: bytes) -> bytes:
    return content[:start] + new + content[end:]


def flipped_bits(target: Target, chance: random.Random) -> bytes:
    damaged = bytearray(target.content or b"\0")
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        damaged[_somewhere(target, chance) % len(damaged)] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def overwritten_run(target: Target, chance: random.Random) -> bytes:
    start, length = _somewhere(target, chance), chance.choice((1, 2, 4, 8, 64, 512))
    run = chance.choice((b"\0" * length, b"\xff" * length, chance.randbytes(length)))
    return _replaced(target.content, start, start + length, run)


def truncated(target: Target, chance: random.Random) -> bytes:
    return target.content[: _somewhere(target, chance)]


def inserted_bytes(target: Target, chance: random.Random) -> bytes:
    start, length = _somewhere(target, chance), chance.choice((1, 2, 3, 8, 255))
    source = chance.randrange(len(target.content) or 1)
    new = chance.choice((chance.randbytes(length), target.content[source : source + length]))
    return _replaced(target.content, start, start, new)


def deleted_bytes(target: Target, chance: random.Random) -> bytes:
    start = _somewhere(target, chance)
    return _replaced(target.content, start, start + chance.choice((1, 2, 3, 8, 255)), b"")


def spliced(target: Target, chance: random.Random) -> bytes:
    cut, start = _somewhere(target, chance), chance.randrange(max(1, len(target.other)))
    return target.content[:cut] + target.other[chance.choice((cut, start)) :]


def duplicated_element(target: Target, chance: random.Random) -> bytes:
    source, place = chance.choice(target.places), chance.choice(target.places)
    return _replaced(target.content, place.head, place.head, target.content[source.head : source.end])


def swapped_elements(target: Target, chance: random.Random) -> bytes:
    first, second = sorted(chance.choices(target.places, k=2), key=lambda place: place.head)
    if second.head < first.end:
        return target.content[: first.head] + target.content[first.end :]
    content = target.content
    one, two = content[first.head : first.end], content[second.head : second.end]
    return content[: first.head] + two + content[first.end : second.head] + one + content[second.end :]


def changed_length(target: Target, chance: random.Random) -> bytes:
    place = chance.choice(target.places)
    true = place.end - place.value
    length = chance.choice((*LENGTHS, true + 1, max(0, true - 1), true + 2, len(target.content)))
    number = (length % (1 << 8 * place.length_size)).to_bytes(place.length_size, _byte_order(place))
    return _replaced(target.content, place.length_at, place.value, number)


def changed_vr(target: Target, chance: random.Random) -> bytes:
    place = chance.choice(target.places)
    return _replaced(target.content, place.head + 4, place.head + 6, chance.choice(ALL_VRS))


def changed_tag(target: Target, chance: random.Random) -> bytes:
    place, tag = chance.choice(target.places), chance.choice(INTERESTING_TAGS)
    return _replaced(
        target.content, place.head, place.head + 4, struct.pack(place.order + "HH", tag >> 16, tag & 0xFFFF)
    )


def changed_number(target: Target, chance: random.Random) -> bytes:
    fitting = [place for place in target.places if place.vr in NUMBER_VRS or place.tag in _DECIMAL_TAGS]
    return _with_value(target, chance, fitting, chance.choice(NUMBERS).encode())


def changed_text(target: Target, chance: random.Random) -> bytes:
    fitting = [place for place in target.places if place.vr in TEXT_VRS or place.tag in _TEXT_TAGS]
    return _with_value(target, chance, fitting, chance.choice(TEXTS))


def changed_charset(target: Target, chance: random.Random) -> bytes:
    fitting = [place for place in target.places if place.tag == tags.SPECIFIC_CHARACTER_SET]
    damaged = _with_value(target, chance, fitting, chance.choice(CHARSETS))
    return changed_text(Target(damaged, target.other), chance)


def changed_size(target: Target, chance: random.Random) -> bytes:
    """Rows, Columns, Bits, Samples or Number of Frames beyond what is there, or beyond memory."""
    fitting = [place for place in target.places if place.tag in (*SIZES, tags.NUMBER_OF_FRAMES)]
    if not fitting:
        return flipped_bits(target, chance)
    place = chance.choice(fitting)
    if place.tag == tags.NUMBER_OF_FRAMES:
        return _with_value(target, chance, [place], chance.choice(NUMBERS).encode())
    return _with_value(target, chance, [place], struct.pack(place.order + "H", chance.choice(WORDS)))


def changed_syntax(target: Target, chance: random.Random) -> bytes:
    fitting = [place for place in target.places if place.tag == tags.TRANSFER_SYNTAX_UID]
    return _with_value(target, chance, fitting, chance.choice(SYNTAXES))


def nested_sequences(target: Target, chance: random.Random) -> bytes:
    """Sequences within sequences, with and without VRs and lengths, also where functional groups stand."""
    place = chance.choice(target.places)
    group, number = chance.choice(((0x0009, 0x1010), (0x5200, 0x9229), (0x5200, 0x9230), (0x0004, 0x1220)))
    tag = struct.pack("<HH", group, number)
    vr = chance.choice((b"SQ\0\0", b"UN\0\0", b""))
    depth = chance.choice((2, 30, 99, 300, 3000))
    opening = tag + vr + b"\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    closing = chance.choice((b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0", b""))
    return _replaced(target.content, place.head, place.head, opening * depth + closing * depth)


def many_elements(target: Target, chance: random.Random) -> bytes:
    place = chance.choice(target.places)
    element = b"\x09\x00\x10\x10" + chance.choice((b"LO\0\0", b"\0\0\0\0"))
    return _replaced(target.content, place.head, place.head, element * chance.choice((10, 1000, 100_000)))


def many_items(target: Target, chance: random.Random) -> bytes:
    """Functional groups, directory records or a Modality LUT with very many empty items."""
    place = chance.choice(target.places)
    group, number = chance.choice(((0x5200, 0x9230), (0x5200, 0x9229), (0x0004, 0x1220), (0x0028, 0x3000)))
    items = b"\xfe\xff\x00\xe0\0\0\0\0" * chance.choice((1, 50, 9_000, 120_000))
    vr = b"SQ\0\0" if place.vr else b""
    head = struct.pack("<HH", group, number) + vr + struct.pack("<L", len(items))
    return _replaced(target.content, place.head, place.head, head + items)


def damaged_fragments(target: Target, chance: random.Random) -> bytes:
    """Items of encapsulated pixels and their offset table: wrong lengths, lost, doubled or empty ones."""
    pixels = [place for place in target.places if place.tag == PIXEL_DATA]
    items = [place for place in target.places if pixels and place.head > pixels[0].head]
    if not items:
        return overwritten_run(target, chance)
    place, content = chance.choice(items), target.content
    length = chance.choice((*LENGTHS, place.end - place.value + 2, 0xFFFFFFF0)) & 0xFFFFFFFF
    return chance.choice(
        (
            content[: place.length_at] + struct.pack("<L", length) + content[place.value :],
            content[: place.head] + content[place.end :],
            content[: place.end]
            + content[place.head : place.end] * chance.choice((1, 40))
            + content[place.end :],
            content[: place.value] + chance.randbytes(place.end - place.value) + content[place.end :],
            content[: place.value] + b"\0\0\0\0" * 200 + content[place.end :],
            content[: place.end],
        )
    )


def damaged_codestream(target: Target, chance: random.Random) -> bytes:
    """Bits within the pixels, near their beginning, where decoders read sizes."""
    damaged = bytearray(target.content)
    for _ in range(chance.choice((1, 2, 6))):
        position = target.header_end + int(chance.expovariate(1 / 60))
        if position < len(damaged):
            damaged[position] = chance.choice((0, 0xFF, 0x80, damaged[position] ^ 1, chance.randrange(256)))
    return bytes(damaged)


def deflated(target: Target, chance: random.Random) -> bytes:
    """The data set deflated; the stream then sound, damaged, cut, or swollen to a bomb."""
    syntax = [place for place in target.places if place.tag == tags.TRANSFER_SYNTAX_UID]
    after = [place for place in target.places if place.tag >> 16 > 0x0002]
    if not syntax or not after:
        return flipped_bits(target, chance)
    start = after[0].head
    meta = _with_value(Target(target.content[:start], b""), chance, syntax, DEFLATED)
    body = target.content[start:]
    if chance.random() < 0.05:
        head = after[0].head - start
        zeros = b"\x09\x00\x10\x10OB\0\0" + struct.pack("<L", BOMB_BYTES) + bytes(BOMB_BYTES)
        body = body[:head] + zeros + body[head:]
    elif chance.random() < 0.5:
        body = flipped_bits(Target(body, b""), chance)
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    stream = bytearray(packer.compress(body) + packer.flush())
    if chance.random() < 0.4:
        stream[chance.randrange(len(stream))] ^= 1 << chance.randrange(8)
    return meta + bytes(stream[: len(stream) if chance.random() < 0.8 else chance.randrange(len(stream))])


def damaged_directory(target: Target, chance: random.Random) -> bytes:
    """A field of an archive's directory, of its end or of a member's head, set to something extreme."""
    content = target.content
    heads = [
        position
        for signature in (b"PK\x01\x02", b"PK\x05\x06", b"PK\x03\x04")
        for position in _positions(content, signature)
    ]
    if not heads:
        return flipped_bits(target, chance)
    field = chance.choice(heads) + chance.choice(range(4, 46, 2))
    number = chance.choice((*LENGTHS, len(content), 8, 99))
    width = chance.choice((2, 4))
    return _replaced(content, field, field + width, (number % (1 << 8 * width)).to_bytes(width, "little"))


def _positions(content: bytes, signature: bytes) -> list[int]:
    found, position = [], content.find(signature)
    while position >= 0:
        found.append(position)
        position = content.find(signature, position + 1)
    return found


def _with_value(target: Target, chance: random.Random, fitting: Sequence[Place], value: bytes) -> bytes:
    """One of the *fitting* elements with another value and the length that belongs to it."""
    if not fitting:
        return flipped_bits(target, chance)
    place = chance.choice(fitting)
    value += b" " * (len(value) % 2)
    value = value[: (1 << 8 * place.length_size) - 2]
    length = len(value).to_bytes(place.length_size, _byte_order(place))
    return _replaced(target.content, place.length_at, place.end, length + value)


def _byte_order(place: Place) -> str:
    return "little" if place.order == "<" else "big"


_DECIMAL_TAGS = frozenset(
    (
        *(tags.IMAGE_POSITION, tags.IMAGE_ORIENTATION, tags.PIXEL_SPACING, tags.SLICE_THICKNESS),
        *(tags.RESCALE_SLOPE, tags.RESCALE_INTERCEPT, tags.GANTRY_TILT, tags.INSTANCE_NUMBER),
        *(tags.WINDOW_CENTER, tags.WINDOW_WIDTH, tags.NUMBER_OF_FRAMES),
    )
)
_TEXT_TAGS = frozenset((tags.PATIENT_NAME, tags.PATIENT_ID, tags.SERIES_DESCRIPTION, tags.MODALITY))

BYTE_MUTATIONS: tuple[Mutation, ...] = (
    flipped_bits,
    overwritten_run,
    truncated,
    inserted_bytes,
    deleted_bytes,
    spliced,
)
MUTATIONS: tuple[Mutation, ...] = (
    *BYTE_MUTATIONS,
    duplicated_element,
    swapped_elements,
    changed_length,
    changed_length,
    changed_vr,
    changed_tag,
    changed_number,
    changed_number,
    changed_text,
    changed_charset,
    changed_size,
    changed_size,
    changed_syntax,
    nested_sequences,
    many_elements,
    many_items,
    damaged_fragments,
    damaged_codestream,
    deflated,
)
ZIP_MUTATIONS: tuple[Mutation, ...] = (
    *BYTE_MUTATIONS,
    damaged_directory,
    damaged_directory,
    damaged_directory,
)
