"""Read a source once into a cache; go on where an interrupted run stopped.

Slices are written in the order of the source's rows, a unit at a time: values first, then their lines in the
table of contents. After a kill, lines that are not whole and values that no line lists are cut off, and
reading goes on with the next row. Nothing depends on when the run was stopped.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import logging
import multiprocessing
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

from ichviewer.atomic_file import write_atomically
from ichviewer.core.progress import Progress, ReportProgress
from training.prepare.layout import (
    COMPLETE,
    DAMAGED,
    FORMAT,
    MASKS,
    SOURCE,
    TOC,
    VALUES,
    Entry,
    entry_from_dict,
    entry_to_line,
    rows_sha256,
)
from training.prepare.lock import locked
from training.prepare.room import require_disk, require_memory
from training.prepare.slice_bytes import PreparedSlice, prepare_rows
from training.sources.label_file import require_classes
from training.sources.labeled_slice import LabeledSlice, LabelSet, Need, SliceImage, Source
from training.sources.line_index import read_json_lines, whole_lines

LOG = logging.getLogger(__name__)

ROWS_AT_ONCE = 64
"""Rows that belong to no series are read in pieces of this many."""

ROW_BYTES = 4096
"""Memory that one row takes, header and table of contents included."""

USUAL_SHAPE = 512, 512


def prepare(
    source: Source,
    folder: Path,
    size_px: int | None,
    processes: int,
    report: ReportProgress,
    allow_empty_class: bool = False,
    labels_at: str = "",
) -> None:
    """Read a source into *folder*.

    Args:
        source: What to read.
        folder: Of this source alone; made if it is not there, gone on with if it is.
        size_px: Longer side of a slice in the cache; None keeps slices as they are.
        processes: That read side by side; 0 reads in this one.
        report: Told how many slices there are, also those of earlier runs.
        allow_empty_class: Whether a label that is never (or always) positive is allowed.
        labels_at: Where its labels come from, for messages; its name by default.

    Raises:
        LabelFileError: The labels cannot be trusted.
        NoRoomError: Disk or memory do not suffice.
        ValueError: A class is empty, or the folder holds another source, other labels, another resolution.
    """
    label_set = source.read_rows(report)
    rows = label_set.rows
    if not allow_empty_class:
        require_classes(labels_at or source.name, [row.labels for row in rows], [row.known for row in rows])
    elif not rows:
        raise ValueError(f"{source.name} has no row.")
    _require_room(folder, source, rows, size_px, processes)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        _begin(folder, source, label_set, size_px)
        state = _resume(folder, source.name)
        if state.entries < len(rows):
            _write(folder, source, rows, size_px, processes, report, state)
        report(Progress(len(rows), len(rows), "Reading slices"))
        _finish(folder, source.name, rows)


@dataclass(frozen=True)
class _State:
    """What is in the folder already: entries, pixels and mask pixels."""

    entries: int
    pixels: int
    mask_pixels: int


def _require_room(
    folder: Path, source: Source, rows: Sequence[LabeledSlice], size_px: int | None, processes: int
) -> None:
    usual = _usual_shape(source, rows)
    pixels = sum(_pixels(row, usual, size_px) for row in rows)
    there = sum((folder / name).stat().st_size for name in (VALUES, MASKS, TOC) if (folder / name).exists())
    pixel_bytes = 3 if Need.MASKS in source.offers else 2
    needed = max(0, pixel_bytes * pixels + ROW_BYTES * len(rows) - there)
    require_disk(folder, needed, f"The cache of {len(rows):,} slices")
    largest = max(sum(1 for _ in members) for _, members in groupby(rows, lambda row: row.unit))
    in_flight = (2 * max(processes, 1) + 1) * min(largest, 600) * 2 * usual[0] * usual[1]
    require_memory(ROW_BYTES * len(rows) + in_flight, f"Reading with {max(processes, 1)} processes")


def _usual_shape(source: Source, rows: Sequence[LabeledSlice]) -> tuple[int, int]:
    """(rows, columns) to reckon with where no header says it: those of the first slice without header."""
    first = next((row for row in rows if "rows" not in row.header), None)
    image = None if first is None else next(iter(source.read_images([first])))
    return (image.stored.shape[0], image.stored.shape[1]) if isinstance(image, SliceImage) else USUAL_SHAPE


def _pixels(row: LabeledSlice, usual: tuple[int, int], size_px: int | None) -> int:
    """Pixels that a row will take."""
    rows, columns = float(row.header.get("rows", usual[0])), float(row.header.get("columns", usual[1]))
    scale = 1.0 if size_px is None else min(1.0, size_px / max(rows, columns, 1.0))
    return round(rows * columns * scale**2)


def _begin(folder: Path, source: Source, label_set: LabelSet, size_px: int | None) -> None:
    """Write what the cache is made of, or hold it against what is there.

    Raises:
        ValueError: The folder was made of something else; names what differs.
    """
    made_of: dict[str, Any] = {
        "format": FORMAT,
        "source": source.name,
        "size_px": size_px,
        "rows": len(label_set.rows),
        "rows_sha256": rows_sha256(label_set.rows),
        "offers": sorted(source.offers),
        "citation": source.citation,
        "remarks": list(label_set.remarks),
    }
    path = folder / SOURCE
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        for key in ("format", "source", "size_px", "rows", "rows_sha256", "remarks"):
            if before.get(key) != made_of[key]:
                raise ValueError(
                    f"{folder} was made of something else: {key} is {before.get(key)} there and "
                    f"{made_of[key]} now; remove the folder or name another."
                )
    else:
        write_atomically(path, (json.dumps(made_of, indent=1) + "\n").encode())


def _resume(folder: Path, source: str) -> _State:
    """Cut off what a kill left half-written, and say how much is whole."""
    toc, values, masks = (folder / name for name in (TOC, VALUES, MASKS))
    for path in (toc, values):
        path.touch()
    whole = whole_lines(toc)
    value_pixels = values.stat().st_size // 2
    mask_pixels = masks.stat().st_size if masks.exists() else 0
    count, end, pixels, used_masks = 0, 0, 0, 0
    with toc.open("r+b") as file:
        file.truncate(whole)
        for line in file:
            entry = entry_from_dict(source, json.loads(line))
            mask_end = 0 if entry.mask_offset is None else entry.mask_offset + entry.pixel_count
            if entry.offset + entry.pixel_count > value_pixels or mask_end > mask_pixels:
                break  # The machine went down before the values reached the disk.
            count, end = count + 1, end + len(line)
            pixels, used_masks = max(pixels, entry.offset + entry.pixel_count), max(used_masks, mask_end)
        file.truncate(end)
    os.truncate(values, 2 * pixels)
    if masks.exists():
        os.truncate(masks, used_masks)
    return _State(count, pixels, used_masks)


def _write(
    folder: Path,
    source: Source,
    rows: Sequence[LabeledSlice],
    size_px: int | None,
    processes: int,
    report: ReportProgress,
    state: _State,
) -> None:
    (folder / COMPLETE).unlink(missing_ok=True)
    done, pixels, mask_pixels = state.entries, state.pixels, state.mask_pixels
    with (
        (folder / TOC).open("ab") as toc,
        (folder / VALUES).open("ab") as values,
        (folder / MASKS).open("ab") as masks,
    ):
        report(Progress(done, len(rows), "Reading slices"))
        for members, made in _read(source, _pieces(rows[done:]), size_px, processes):
            lines = []
            for row, one in zip(members, made, strict=True):
                entry = _entry(row, one, pixels, mask_pixels)
                if one.image is not None:
                    values.write(one.image.stored.astype("<i2", copy=False).tobytes())
                    pixels += entry.pixel_count
                    if one.image.masks is not None:
                        masks.write(one.image.masks.tobytes())
                        mask_pixels += entry.pixel_count
                lines.append(entry_to_line(entry))
            _to_disk(values)
            _to_disk(masks)
            toc.write("".join(lines).encode())
            _to_disk(toc)
            done += len(members)
            report(Progress(done, len(rows), "Reading slices"))
    if not (folder / MASKS).stat().st_size:
        (folder / MASKS).unlink()


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _entry(row: LabeledSlice, made: PreparedSlice, pixels: int, mask_pixels: int) -> Entry:
    image = made.image
    if image is None:
        return Entry(row, fault=made.fault)
    return Entry(
        row=row,
        offset=pixels,
        shape=(image.stored.shape[0], image.stored.shape[1]),
        slope=image.slope,
        intercept=image.intercept,
        spacing_mm=image.spacing_mm,
        mask_offset=None if image.masks is None else mask_pixels,
        remarks=image.remarks,
        sha256=made.sha256,
    )


def _pieces(rows: Sequence[LabeledSlice]) -> Iterator[list[LabeledSlice]]:
    """Rows that are read in one go: a series, or a few rows that belong to none."""
    for _, group in groupby(rows, lambda row: row.unit):
        members = list(group)
        step = len(members) if members[0].series else ROWS_AT_ONCE
        yield from (members[first : first + step] for first in range(0, len(members), step))


def _read(
    source: Source, pieces: Iterator[list[LabeledSlice]], size_px: int | None, processes: int
) -> Iterator[tuple[list[LabeledSlice], list[PreparedSlice]]]:
    """All pieces with their slices, in order; only a few are ahead of the writing, for memory's sake."""
    if processes == 0:
        for piece in pieces:
            yield piece, prepare_rows(source, piece, size_px)
        return
    context = multiprocessing.get_context("spawn")
    waiting: deque[tuple[list[LabeledSlice], Future[list[PreparedSlice]]]] = deque()
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        for piece in pieces:
            waiting.append((piece, pool.submit(prepare_rows, source, piece, size_px)))
            if len(waiting) > 2 * processes:
                members, future = waiting.popleft()
                yield members, future.result()
        while waiting:
            members, future = waiting.popleft()
            yield members, future.result()


def _finish(folder: Path, source: str, rows: Sequence[LabeledSlice]) -> None:
    """List damaged files, and seal the cache with the hash of its table of contents.

    Raises:
        ValueError: The cache does not hold the source's rows, each once.
    """
    entries = [entry_from_dict(source, line) for line in read_json_lines(folder / TOC)]
    if [entry.row.name for entry in entries] != [row.name for row in rows]:
        raise ValueError(
            f"{folder} lists {len(entries)} slices that are not the {len(rows)} of {source}; another process "
            "may have written there. Remove the folder and prepare it again."
        )
    damaged = [entry for entry in entries if entry.fault]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("name", "file", "reason"))
    writer.writerows((entry.row.name, str(entry.row.path), entry.fault) for entry in damaged)
    write_atomically(folder / DAMAGED, text.getvalue().encode())
    remarks = sorted({remark for entry in entries for remark in entry.remarks})
    sealed = {
        "sha256": file_sha256(folder / TOC),
        "slices": len(entries) - len(damaged),
        "damaged": len(damaged),
        "bytes": (folder / VALUES).stat().st_size,
        "mended": {remark: sum(remark in entry.remarks for entry in entries) for remark in remarks},
    }
    write_atomically(folder / COMPLETE, (json.dumps(sealed, indent=1) + "\n").encode())
    LOG.info("%s: %d slices, %d damaged, sha256 %s", folder, sealed["slices"], len(damaged), sealed["sha256"])


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, hex, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
