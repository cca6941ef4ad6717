"""A prepared source: rows and pixels from the memory map, nothing decoded again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.progress import ReportProgress
from training.prepare.layout import COMPLETE, MASKS, SOURCE, TOC, VALUES, Entry, entry_from_dict
from training.sources.labeled_slice import (
    UNKNOWN_SPACING_MM,
    LabeledSlice,
    LabelSet,
    Need,
    SliceImage,
    Unreadable,
)
from training.sources.line_index import read_json_lines


@dataclass(frozen=True, eq=False)
class PreparedSource:
    """A cache that was read whole; is itself a source.

    Attributes:
        folder: Where it lies.
        name: Of the source.
        offers: Of the source.
        citation: Of the source.
        size_px: Working resolution; None for slices as they are.
        sha256: Of the table of contents, which holds the hash of every slice.
        remarks: What had to be mended in labels and pixels, in words.
        rows: Slices that have pixels, in the order of the source.
        entries: Where their pixels are.
        damaged: Of those that have none.
    """

    folder: Path
    name: str
    offers: frozenset[Need]
    citation: str
    size_px: int | None
    sha256: str
    remarks: tuple[str, ...]
    rows: tuple[LabeledSlice, ...]
    entries: tuple[Entry, ...]
    damaged: tuple[Entry, ...]
    _values: NDArray[np.int16]
    _masks: NDArray[np.uint8] | None

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process opens the cache itself; the pixels are never sent."""
        return open_prepared, (self.folder,)

    def __len__(self) -> int:
        return len(self.entries)

    def stored(self, index: int) -> NDArray[np.int16]:
        """Stored values of a slice, (rows, columns), a read-only view of the map."""
        entry = self.entries[index]
        return self._values[entry.offset : entry.offset + entry.pixel_count].reshape(entry.shape)

    def masks(self, index: int) -> NDArray[np.uint8] | None:
        """Mask bits of a slice (bit *i* for label *i* of SUBTYPES), None where it has none."""
        entry = self.entries[index]
        if self._masks is None or entry.mask_offset is None:
            return None
        return self._masks[entry.mask_offset : entry.mask_offset + entry.pixel_count].reshape(entry.shape)

    def image(self, index: int) -> SliceImage:
        """A slice as its source gave it, at working resolution."""
        entry = self.entries[index]
        masks = self.masks(index)
        return SliceImage(
            self.stored(index), entry.slope, entry.intercept, entry.spacing_mm, masks, entry.remarks
        )

    def hu(self, index: int) -> NDArray[np.float32]:
        """Hounsfield units of a slice, (rows, columns)."""
        return self.image(index).hu()

    def spacing_mm(self, index: int) -> tuple[float, float]:
        """(between rows, between columns); square where unknown."""
        return self.entries[index].spacing_mm or UNKNOWN_SPACING_MM

    def read_rows(self, report: ReportProgress) -> LabelSet:
        """The rows that have pixels."""
        return LabelSet(self.rows, self.remarks)

    def read_images(self, rows: Sequence[LabeledSlice]) -> Iterator[SliceImage | Unreadable]:
        """Images of any of the rows."""
        index_of = {entry.row.name: index for index, entry in enumerate(self.entries)}
        for row in rows:
            yield self.image(index_of[row.name])

    def verify(self) -> None:
        """Hold every slice against its hash.

        Raises:
            ValueError: Names the first slice that has changed.
        """
        for index, entry in enumerate(self.entries):
            digest = hashlib.sha256(self.stored(index).tobytes())
            masks = self.masks(index)
            if masks is not None:
                digest.update(masks.tobytes())
            if digest.hexdigest() != entry.sha256:
                raise ValueError(f"{self.folder / VALUES}: slice {entry.row.name} has changed.")


def open_prepared(folder: Path) -> PreparedSource:
    """Open a cache.

    Raises:
        ValueError: It is not there, not complete, or its table of contents has changed.
    """
    made_of, sealed = (_json(folder, name) for name in (SOURCE, COMPLETE))
    toc = (folder / TOC).read_bytes()
    sha256 = hashlib.sha256(toc).hexdigest()
    if sha256 != sealed["sha256"]:
        raise ValueError(f"{folder / TOC} has changed since the cache was made.")
    name = made_of["source"]
    lines = [entry_from_dict(name, line) for line in read_json_lines(folder / TOC)]
    entries = tuple(entry for entry in lines if not entry.fault)
    pixels = max((entry.offset + entry.pixel_count for entry in entries), default=0)
    if (folder / VALUES).stat().st_size != 2 * pixels:
        raise ValueError(f"{folder / VALUES} does not hold what its table of contents lists.")
    mended = tuple(f"{count} slices mended: {remark}" for remark, count in sealed["mended"].items())
    placed = tuple(replace(entry, row=replace(entry.row, path=folder)) for entry in entries)
    return PreparedSource(
        folder=folder,
        name=name,
        offers=frozenset(Need(need) for need in made_of["offers"]),
        citation=made_of["citation"],
        size_px=made_of["size_px"],
        sha256=sha256,
        remarks=(*made_of["remarks"], *mended),
        rows=tuple(entry.row for entry in placed),
        entries=placed,
        damaged=tuple(entry for entry in lines if entry.fault),
        _values=_mapped(folder / VALUES, "<i2"),
        _masks=_mapped(folder / MASKS, "u1") if (folder / MASKS).exists() else None,
    )


def _json(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    if not path.exists():
        what = "has not been prepared to its end" if name == COMPLETE else "is no prepared source"
        raise ValueError(f"{folder} {what}: `python -m training prepare` makes or completes it.")
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _mapped(path: Path, dtype: str) -> NDArray[Any]:
    """The file as a read-only map; an empty file cannot be mapped."""
    if not path.stat().st_size:
        return np.zeros(0, dtype=dtype)
    return np.memmap(path, dtype=dtype, mode="r")
