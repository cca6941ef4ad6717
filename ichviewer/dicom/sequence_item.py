"""The items of the few sequences that are read, walked by the same code as the header around them.

The one thing to get wrong: nothing is parsed before it is asked for, so that a hostile sequence costs no
more than its bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from ichviewer.dicom.element_walk import MalformedError, item_contents, walk
from ichviewer.dicom.file_text import components, shown_ascii

LAST_GROUP = 0xFFFF


@dataclass(frozen=True, eq=False)
class SequenceItem:
    """One item of a sequence, undecoded.

    Attributes:
        content: Bytes of its data set.
        is_implicit: Whether it is written without VRs.
        is_little_endian: Byte order of numbers.
    """

    content: bytes
    is_implicit: bool
    is_little_endian: bool

    def bytes_of(self, tag: int) -> bytes:
        """The value as it stands in the file, empty where absent.

        Raises:
            MalformedError: The item cannot be walked through.
        """
        found = walk(self.content, 0, self.is_implicit, self.is_little_endian, (tag,), LAST_GROUP)
        return found.values.get(tag, b"")

    def texts(self, tag: int) -> tuple[str, ...]:
        """The components of a code, date or number string, empty where absent; raises as ``bytes_of``."""
        return components(shown_ascii(self.bytes_of(tag)))

    def items(self, tag: int) -> list[SequenceItem]:
        """The first item of a sequence within this item, in a list; empty where there is none.

        Functional groups, the only nested sequences that are read, have one item each (PS3.3 C.7.6.16).
        """
        return read_items(self.bytes_of(tag), self.is_implicit, self.is_little_endian, most=1)


def read_items(value: bytes, is_implicit: bool, is_little_endian: bool, most: int) -> list[SequenceItem]:
    """The first *most* items of a sequence.

    Raises:
        MalformedError: Something else than items stands there, or one is longer than the sequence.
    """
    contents = islice(item_contents(value, is_implicit, is_little_endian), most)
    return [SequenceItem(content, is_implicit, is_little_endian) for content in contents]


__all__ = ["MalformedError", "SequenceItem", "read_items"]
