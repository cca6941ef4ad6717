"""Text for people in the character sets of DICOM (PS3.5 section 6.1, PS3.3 C.12.1.1.2).

The one thing to get wrong: where Specific Character Set (0008,0005) is absent or unknown, only ASCII is
defined. Other bytes are marked then, not guessed: a guessed name is the name of somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydicom.charset import CODES_TO_ENCODINGS, default_encoding, handled_encodings, python_encoding

ENCODINGS = {**python_encoding, "ISO_IR 203": "iso8859_15", "ISO 2022 IR 203": "iso8859_15"}
"""Python's names of the encodings by DICOM's; pydicom's table lacks Latin alphabet No. 9."""

DELIMITERS = frozenset(b"\\\n\r\f^=")
"""Where a text falls back to its first character set (PS3.5 section 6.1.2.5.3)."""

ESCAPE = b"\x1b"
PIECE = re.compile(rb"[^\x1b]+|\x1b[^\x1b]*")
"""From one escape to the next."""

TO_CHINESE = "\x1b$)A"
"""Escape to ISO-IR 58, GB 2312 (PS3.3 Table C.12-4)."""


def decoded(value: bytes, character_sets: Sequence[str]) -> str:
    r"""Text from bytes; never fails, at worst marks bad bytes with the replacement character.

    Args:
        value: As in the file.
        character_sets: Specific Character Set (0008,0005), in its order; an empty first one is ASCII.

    >>> decoded(b"M\xfcller", ["ISO_IR 100"]), decoded(b"M\xfcller", [])
    ('Müller', 'M�ller')
    """
    names = [name.replace("ISO-IR", "ISO_IR") for name in character_sets]
    encodings = [ENCODINGS[name] for name in names if name in ENCODINGS] or [default_encoding]
    if ESCAPE in value:
        pieces = [_switched(piece, encodings) for piece in PIECE.findall(value)]
        if None not in pieces:
            return "".join(filter(None, pieces))
    return _in_one(value, encodings[0])


def _switched(piece: bytes, encodings: Sequence[str]) -> str | None:
    """Text up to the next escape; None where its own escape is unknown, or not of the file's character sets.

    pydicom's function for this warns of what it does not know; warnings can be caught only for all threads
    at once.
    """
    escape = next((known for known in CODES_TO_ENCODINGS if piece.startswith(known)), b"")
    encoding = CODES_TO_ENCODINGS[escape] if escape else encodings[0]
    is_unknown = piece.startswith(ESCAPE) and not escape
    if is_unknown or encoding not in (*encodings, default_encoding):
        return None
    if encoding in handled_encodings:
        # Python takes these escapes away itself, but not that of ISO-IR 58.
        return _in_one(piece, encoding).replace(TO_CHINESE, "")
    text = piece[len(escape) :]
    end = next((index for index, byte in enumerate(text) if byte in DELIMITERS), len(text))
    return _in_one(text[:end], encoding) + _in_one(text[end:], encodings[0])


def _in_one(value: bytes, encoding: str) -> str:
    # pydicom's default is Latin-1, which knows every byte; the standard's is ASCII.
    return value.decode("ascii" if encoding == default_encoding else encoding, "replace")
