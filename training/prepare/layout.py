"""What lies in the folder of a prepared source.

``source.json`` says what it is made of, ``values.i16`` holds the stored values of all slices one after the
other, ``masks.u8`` their masks where there are any, and ``toc.jsonl`` has one line per row of the source, in
its order. ``complete.json`` comes last. The one thing to get wrong: the table of contents never runs ahead of
the values, so that whatever it lists is there.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.sources.labeled_slice import ALL_KNOWN, LabeledSlice

FORMAT = 1
SOURCE, TOC, VALUES, MASKS = "source.json", "toc.jsonl", "values.i16", "masks.u8"
HEADERS, DAMAGED, COMPLETE = "headers.jsonl", "damaged.csv", "complete.json"


@dataclass(frozen=True)
class Entry:
    """One line of the table of contents.

    Attributes:
        row: The labels; without header, which stays in its line.
        fault: Why there are no pixels; empty if there are.
        offset: Of the first pixel, in pixels.
        shape: (rows, columns).
        slope: HU per stored unit.
        intercept: HU.
        spacing_mm: (between rows, between columns), None where unknown.
        mask_offset: Of the first mask pixel; None without masks.
        remarks: What was mended on reading.
        sha256: Of the stored values' bytes, and the masks' after them, hex.
    """

    row: LabeledSlice
    fault: str = ""
    offset: int = 0
    shape: tuple[int, int] = (0, 0)
    slope: float = 1.0
    intercept: float = 0.0
    spacing_mm: tuple[float, float] | None = None
    mask_offset: int | None = None
    remarks: tuple[str, ...] = ()
    sha256: str = ""

    @property
    def pixel_count(self) -> int:
        """Pixels of the slice."""
        return self.shape[0] * self.shape[1]


def row_to_dict(row: LabeledSlice) -> dict[str, Any]:
    """A row as plain values; what is absent or usual is left out."""
    values: dict[str, Any] = {
        "name": row.name,
        "file": str(row.path),
        "patient": row.patient,
        "study": row.study,
        "series": row.series,
        "number": row.slice_number,
        "position_mm": row.position_mm,
        "labels": list(row.labels),
    }
    if row.known != ALL_KNOWN:
        values["known"] = [int(known) for known in row.known]
    if row.study_labels is not None:
        values["study_labels"] = list(row.study_labels)
    if row.host is not None:
        values["host"] = list(row.host)
    if row.header:
        values["header"] = dict(row.header)
    return {name: value for name, value in values.items() if value not in ("", None)}


def row_from_dict(source: str, values: Mapping[str, Any]) -> LabeledSlice:
    """A row from what ``row_to_dict`` gave.

    Raises:
        KeyError: A value is missing.
    """
    study_labels, host = values.get("study_labels"), values.get("host")
    return LabeledSlice(
        source=source,
        name=values["name"],
        path=Path(values["file"]),
        patient=values.get("patient", ""),
        slice_number=values.get("number"),
        labels=tuple(values["labels"]),
        study=values.get("study", ""),
        series=values.get("series", ""),
        position_mm=values.get("position_mm"),
        known=tuple(bool(known) for known in values.get("known", ALL_KNOWN)),
        study_labels=None if study_labels is None else tuple(study_labels),
        # The same few names on every line: kept once, they are a third of the memory less.
        header={sys.intern(name): value for name, value in values.get("header", {}).items()},
        host=None if host is None else (host[0], host[1]),
    )


def entry_to_line(entry: Entry) -> str:
    """A line of the table of contents, with its end."""
    values = row_to_dict(entry.row)
    if entry.fault:
        values["fault"] = entry.fault
    else:
        values |= {
            "offset": entry.offset,
            "shape": list(entry.shape),
            "slope": entry.slope,
            "intercept": entry.intercept,
            "sha256": entry.sha256,
        }
        if entry.spacing_mm is not None:
            values["spacing_mm"] = list(entry.spacing_mm)
        if entry.mask_offset is not None:
            values["mask_offset"] = entry.mask_offset
        if entry.remarks:
            values["remarks"] = list(entry.remarks)
    return json.dumps(values) + "\n"


def entry_from_dict(source: str, values: Mapping[str, Any]) -> Entry:
    """An entry from its line.

    Raises:
        KeyError: A value is missing.
    """
    row = row_from_dict(source, values)
    if "fault" in values:
        return Entry(row, fault=values["fault"])
    spacing = values.get("spacing_mm")
    return Entry(
        row=row,
        offset=values["offset"],
        shape=(values["shape"][0], values["shape"][1]),
        slope=values["slope"],
        intercept=values["intercept"],
        spacing_mm=None if spacing is None else (spacing[0], spacing[1]),
        mask_offset=values.get("mask_offset"),
        remarks=tuple(values.get("remarks", ())),
        sha256=values["sha256"],
    )


def rows_sha256(rows: Sequence[LabeledSlice]) -> str:
    """One hash over all that rows say, hex; where their files lie does not count."""
    digest = hashlib.sha256()
    for row in rows:
        values = row_to_dict(row) | {"file": row.path.name}
        digest.update(json.dumps(values, sort_keys=True).encode())
    return digest.hexdigest()
