"""Plain elements are taken quickly, and exactly as they would be taken one by one."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ichviewer.dicom import element_walk
from ichviewer.dicom.element_walk import HeadReader, MalformedError, Walk, walk

VRS = st.sampled_from([b"CS", b"DS", b"UI", b"OB", b"SQ", b"UN", b"us", b"\0\0", b"ZZ"])
GROUPS = st.sampled_from([0x0008, 0x0020, 0x0028, 0x7FE0, 0xFFFE, 0x0002])
ELEMENTS = st.tuples(GROUPS, st.integers(0, 0xFFFF), VRS, st.integers(0, 40), st.binary(max_size=24))


def written(elements: list[tuple[int, int, bytes, int, bytes]]) -> bytes:
    """Heads and values one after the other; the lengths may be wrong."""
    return b"".join(
        struct.pack("<HH2sH", group, number, vr, length) + value
        for group, number, vr, length, value in elements
    )


def walked(data: bytes, last_group: int) -> tuple[object, ...]:
    """All that a walk finds."""
    try:
        found: Walk = walk(data, 0, False, HeadReader(True), None, last_group, (0x7FE00010,))
    except MalformedError as error:
        return (str(error),)
    return found.values, found.end, found.stopped_at, found.is_cut


@given(st.lists(ELEMENTS, max_size=12), st.integers(0, 8), st.sampled_from([0x7FDF, 0xFFFF]))
def test_plain_elements_are_taken_as_they_would_be_one_by_one(
    elements: list[tuple[int, int, bytes, int, bytes]], missing: int, last_group: int
) -> None:
    """Hazard: a shortcut through the header takes another value for the slope than the file says."""
    data = written(elements)
    data = data[: len(data) - missing]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HeadReader, "skim", lambda self, data, position, *_: position)
        one_by_one = walked(data, last_group)
    assert walked(data, last_group) == one_by_one


def test_plain_elements_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(element_walk, "MOST_ELEMENTS", 5)
    with pytest.raises(MalformedError, match="more than 5 elements"):
        walk(written([(8, 1, b"CS", 0, b"")] * 6), 0, False, HeadReader(True), None, 0x7FDF)
