"""The items of the few sequences that are read, walked by the same code as the header around them.

The one thing to get wrong: a hostile sequence holds millions of elements in thousands of items, so each item
is walked once at most, and all items of a sequence together may hold no more elements than one header.
"""

from __future__ import annotations

from functools import cached_property
from itertools import islice

from ichviewer.dicom.element_walk import HeadReader, item_contents, walk
from ichviewer.dicom.file_text import components, shown_ascii

LAST_GROUP = 0xFFFF


class SequenceItem:
    """One item of a sequence; every method raises ``MalformedError`` where it cannot be walked through."""

    def __init__(self, content: bytes, is_implicit: bool, reader: HeadReader) -> None:
        """Take the bytes of an item; nothing is looked at yet.

        Args:
            content: Bytes of its data set.
            is_implicit: Whether it is written without VRs.
            reader: Shared with all items of the sequence.
        """
        self._content = content
        self._is_implicit = is_implicit
        self._reader = reader
        self._items: dict[int, list[SequenceItem]] = {}

    @property
    def is_little_endian(self) -> bool:
        """Byte order of numbers."""
        return self._reader.is_little_endian

    @cached_property
    def _values(self) -> dict[int, bytes]:
        return walk(self._content, 0, self._is_implicit, self._reader, None, LAST_GROUP).values

    def bytes_of(self, tag: int) -> bytes:
        """The value as it stands in the file, empty where absent."""
        return self._values.get(tag, b"")

    def texts(self, tag: int) -> tuple[str, ...]:
        """The components of a code, date or number string, empty where absent."""
        return components(shown_ascii(self.bytes_of(tag)))

    def items(self, tag: int) -> list[SequenceItem]:
        """The first item of a sequence within this item, in a list; empty where there is none.

        Functional groups, the only nested sequences that are read, have one item each (PS3.3 C.7.6.16).
        """
        if tag not in self._items:
            self._items[tag] = read_items(self.bytes_of(tag), self._is_implicit, self._reader, most=1)
        return self._items[tag]


def read_items(value: bytes, is_implicit: bool, reader: HeadReader, most: int) -> list[SequenceItem]:
    """The first *most* items of a sequence.

    Args:
        value: Its items.
        is_implicit: Whether they are written without VRs.
        reader: Reads the heads in the items too.
        most: More are left unread.

    Raises:
        MalformedError: Something else than items stands there, or one is longer than the sequence.
    """
    contents = islice(item_contents(value, is_implicit, reader), most)
    return [SequenceItem(content, is_implicit, reader) for content in contents]
