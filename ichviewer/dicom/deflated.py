"""Data sets in the deflated syntax (PS3.5 A.5), inflated piece by piece and never kept whole.

The one thing to get wrong: a file of a few hundred bytes can inflate to many gigabytes, so what has been
inflated is counted while it passes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from ichviewer.core.errors import UnreadableError
from ichviewer.dicom.growth import HIGHEST_RATIO, grows_like_a_bomb

PIECE_BYTES = 1 << 20

LARGEST_INFLATED = 1 << 28
"""No deflated data set may grow beyond this (bytes)."""


def inflated_start(first: bytes, file: BinaryIO, kept_bytes: int) -> tuple[bytes, int]:
    """The beginning of a deflated data set, and how many bytes the whole has.

    Args:
        first: Its first compressed bytes.
        file: Where the others follow.
        kept_bytes: How many inflated bytes are wanted.

    Raises:
        UnreadableError: The stream is broken or grows beyond the limits.
        OSError: The file cannot be read.
    """
    kept, total = bytearray(), 0
    for piece in _pieces(first, file):
        kept += piece[: max(0, kept_bytes - len(kept))]
        total += len(piece)
    return bytes(kept), total


def inflated_range(first: bytes, file: BinaryIO, offset: int, size: int) -> bytes:
    """Bytes *offset* to *offset* + *size* of a deflated data set; fewer where it ends before.

    Raises:
        UnreadableError: The stream is broken or grows beyond the limits.
        OSError: The file cannot be read.
    """
    wanted, position = bytearray(), 0
    for piece in _pieces(first, file):
        start = max(0, offset + len(wanted) - position)
        wanted += piece[start : start + size - len(wanted)]
        position += len(piece)
        if len(wanted) >= size:
            break
    return bytes(wanted)


def _pieces(first: bytes, file: BinaryIO) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    compressed = inflated = 0
    for chunk in chain((first,), iter(lambda: file.read(PIECE_BYTES), b"")):
        compressed += len(chunk)
        while chunk and not inflater.eof:
            try:
                piece = inflater.decompress(chunk, PIECE_BYTES)
            except zlib.error as error:
                raise UnreadableError(f"the deflated data set is broken ({error})") from error
            inflated += len(piece)
            if inflated > LARGEST_INFLATED:
                raise UnreadableError(f"the deflated data set grows beyond {LARGEST_INFLATED >> 20} MiB")
            if grows_like_a_bomb(inflated, compressed):
                raise UnreadableError(
                    f"the deflated data set grows more than {HIGHEST_RATIO}-fold, as in a bomb"
                )
            yield piece
            chunk = inflater.unconsumed_tail
        if inflater.eof:
            return
