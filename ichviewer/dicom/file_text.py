"""Text and numbers from a file, made fit for a terminal, a window and arithmetic.

What a file says is shown in windows, terminals, tables and pictures. Control characters, escape sequences
and marks that turn the direction of writing could fake other words there. The one thing to get wrong: what
was cut or replaced must show as such, and never pass for a whole value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

LONGEST_VALUE = 1024
"""Bytes of a text that are looked at; names and descriptions that DICOM allows are below 400."""

VALUES_KEPT = 512

CUT_MARK = "…"
REPLACED = "\N{REPLACEMENT CHARACTER}"

JOINERS = frozenset("\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}")
"""Invisible, and part of Persian and Indian names."""

LARGEST_NUMBER = 1e9
"""No position, size, slope or window in a header is larger; arithmetic overflows far beyond."""

DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
"""A component of a Decimal String or Integer String (PS3.5 section 6.2)."""


def shown(text: str) -> str:
    """*text* with every character replaced that is invisible or steers a terminal or the writing direction.

    >>> shown("Doe" + chr(27) + "[2J^Jane")
    'Doe�[2J^Jane'
    """
    if text.isprintable():
        return text
    return "".join(REPLACED if _steers(letter) else letter for letter in text)


def _steers(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") and letter not in JOINERS


def shown_ascii(value: bytes) -> str:
    """Bytes that should be ASCII, without padding; a text that is too long is cut and says so."""
    return _shown_ascii(value[: LONGEST_VALUE + 1])


def ascii_components(value: bytes) -> tuple[str, ...]:
    """``components`` of ``shown_ascii``."""
    return _ascii_components(value[: LONGEST_VALUE + 1])


def ascii_numbers(value: bytes) -> tuple[float, ...]:
    """``finite_numbers`` of ``ascii_components``."""
    return _ascii_numbers(value[: LONGEST_VALUE + 1])


# The slices of a series agree in most values, and headers are asked for the same ones again and again: what
# was made of a value lately is kept. Keys are cut, so that a hostile value is never kept whole.


@lru_cache(maxsize=VALUES_KEPT)
def _shown_ascii(value: bytes) -> str:
    text = shown(value[:LONGEST_VALUE].decode("ascii", "replace").strip(" \0"))
    return text + CUT_MARK if len(value) > LONGEST_VALUE else text


@lru_cache(maxsize=VALUES_KEPT)
def _ascii_components(value: bytes) -> tuple[str, ...]:
    return components(_shown_ascii(value))


@lru_cache(maxsize=VALUES_KEPT)
def _ascii_numbers(value: bytes) -> tuple[float, ...]:
    return finite_numbers(_ascii_components(value))


def components(text: str) -> tuple[str, ...]:
    """The values of a multi-valued text, without padding; empty for an empty text."""
    return tuple(part.strip(" \0") for part in text.split("\\")) if text else ()


def finite_numbers(texts: Iterable[str]) -> tuple[float, ...]:
    """Numbers from text.

    Returns:
        The numbers; empty if any is no decimal number, or beyond LARGEST_NUMBER.

    >>> finite_numbers(("1.5", "-2e1")), finite_numbers(("1", "1_0")), finite_numbers(("nan",))
    ((1.5, -20.0), (), ())
    """
    parts = tuple(texts)
    if not all(DECIMAL.fullmatch(part) for part in parts):
        return ()
    numbers = tuple(float(part) for part in parts)
    return numbers if all(abs(number) <= LARGEST_NUMBER for number in numbers) else ()
