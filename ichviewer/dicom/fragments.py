"""Whether compressed pixel data are all there: the fragments of PS3.5 A.4, walked by their lengths.

The one thing to get wrong: decoders fill up what is missing. A JPEG-LS file cut within its last fragment
decodes without complaint, with every fifth pixel wrong.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from ichviewer.core.errors import UnreadableError
from ichviewer.core.file_errors import STILL_COPIED
from ichviewer.dicom.source import read_fully

ITEM, DELIMITER = 0xE000FFFE, 0xE0DDFFFE
"""Tags (FFFE,E000) and (FFFE,E0DD) as little-endian numbers."""

END_OF_IMAGE = b"\xff\xd9"
"""Closes a code stream of JPEG, JPEG-LS and JPEG 2000 alike."""

UNDEFINED = 0xFFFFFFFF
MOST_FRAGMENTS = 200_000
"""Of one file, all frames together; the largest real ones have some ten thousand."""

BLOCK_BYTES = 4096
"""Read at a time, so that small fragments do not cost two calls of the system each."""

ENDS_EARLY = f"its compressed pixels end early; {STILL_COPIED}"


def fragments_end_early(file: BinaryIO, offset: int) -> bool:
    """Whether the file ends within a fragment, or between fragments before the last one.

    A missing Sequence Delimitation Item alone is no fault where the image is whole: some programs forget it.

    Args:
        file: Seekable; where it stands afterwards is not said.
        offset: First byte of the Pixel Data value, which has undefined length.

    Raises:
        UnreadableError: There are more than MOST_FRAGMENTS.
        OSError: The file cannot be read.
    """
    size = file.seek(0, os.SEEK_END)
    block, block_start = b"", offset
    for _ in range(MOST_FRAGMENTS + 1):
        if offset + 8 > block_start + len(block):
            file.seek(offset)
            block, block_start = read_fully(file, BLOCK_BYTES), offset
        if len(block) - (offset - block_start) < 8:
            return not _is_closed(file, offset)
        tag, length = struct.unpack_from("<LL", block, offset - block_start)
        if tag != ITEM or length == UNDEFINED:
            # The delimiter; or nonsense, of which the decoder has more to say.
            return False
        offset += 8 + length
        if offset > size:
            return True
    raise UnreadableError(f"its compressed pixels are in more than {MOST_FRAGMENTS} pieces")


def _is_closed(file: BinaryIO, end: int) -> bool:
    """Whether the fragment before *end* closes an image; one byte may follow to make its length even."""
    file.seek(max(0, end - 3))
    return END_OF_IMAGE in file.read(3)
