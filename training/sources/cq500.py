"""CQ500: studies as folders or ZIP archives, read by three radiologists each (``reads.csv``).

A study's label is what at least two of three said. Slices have labels only where the study has none: a slice
of a study without blood shows no blood, a slice of one with blood may or may not. The one thing to get wrong:
``any`` may be 1 with no subtype, where the readers did not agree on one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ichviewer.core.errors import IchViewerError
from ichviewer.core.progress import CancelToken, ReportProgress, ignore_progress
from ichviewer.core.series import Series
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import best_series, scan
from training.sources.dicom_slice import image_of_volume
from training.sources.label_file import (
    binary,
    compare_with_files,
    read_label_lines,
    refuse_repeats,
)
from training.sources.labeled_slice import LabeledSlice, LabelSet, Need, SliceImage, Unreadable
from training.sources.line_index import indexed

READS = "reads.csv"
FINDINGS = ("ICH", "EDH", "IPH", "IVH", "SAH", "SDH")
"""Columns ``R1:ICH`` and so on, in the order of SUBTYPES."""

READERS, MAJORITY = 3, 2

STUDY_NAME = re.compile(r"CQ500[-_ ]?CT[-_ ]?(\d+)")


@dataclass(frozen=True)
class Cq500:
    """The published studies and reads.

    Attributes:
        folder: Holds ``reads.csv`` and one folder or ZIP archive per study.
        index: Where the chosen series are kept, JSON lines; None keeps nothing.
        is_partial: Only some of the studies were copied: rows without study are left out.
    """

    folder: Path
    index: Path | None = None
    is_partial: bool = False

    @property
    def name(self) -> str:
        """As in recipes."""
        return "cq500"

    @property
    def offers(self) -> frozenset[Need]:
        """Series, no masks; its headers were emptied for publication."""
        return frozenset({Need.HU_BEYOND_BRAIN_WINDOW, Need.SPACING, Need.SERIES_ORDER})

    @property
    def citation(self) -> str:
        """To be printed beside results."""
        return "Chilamkurthy et al., Lancet 392:2388, 2018 (CQ500)"

    def read_rows(self, report: ReportProgress) -> LabelSet:
        """One row per slice of the series that the viewer would open first in each study."""
        labels, lines = self._labels()
        studies = _studies(self.folder)
        used = compare_with_files(self.folder / READS, lines, set(studies), self.is_partial)
        entries = indexed(
            self.index,
            str(self.folder),
            used,
            lambda name: _entry(studies[name]),
            report,
            "Choosing series",
        )
        rows = [row for name in used for row in _rows(name, studies[name], labels[name], entries[name])]
        return LabelSet(tuple(rows), tuple(_remarks(labels, entries, used)))

    def read_images(self, rows: Sequence[LabeledSlice]) -> Iterator[SliceImage | Unreadable]:
        """The study's chosen series, read by the viewer's own code."""
        try:
            series = _chosen(rows[0].path)
            volume = None if series is None else read_volume(series, ignore_progress, CancelToken())
        except IchViewerError as error:
            yield from (Unreadable(str(error)) for _ in rows)
            return
        for row in rows:
            if volume is None or (row.slice_number or 0) > volume.slice_count:
                yield Unreadable("the study holds no axial CT series with this slice")
            else:
                yield image_of_volume(volume, (row.slice_number or 1) - 1)

    def _labels(self) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
        """Majority labels and line numbers by study name."""
        path = self.folder / READS
        columns = [[f"R{reader}:{finding}" for reader in range(1, READERS + 1)] for finding in FINDINGS]
        lines = read_label_lines(path, ("name", *(name for group in columns for name in group)))
        labels, numbers = {}, []
        for line in lines:
            study = _study_name(line.cells["name"])
            votes = [sum(binary(path, line, column) for column in group) for group in columns]
            six = [int(count >= MAJORITY) for count in votes]
            # Who names a kind of blood has seen blood.
            labels[study] = (max(six), *six[1:])
            numbers.append((study, line.number))
        refuse_repeats(path, numbers)
        return labels, dict(numbers)


def _study_name(text: str) -> str:
    """``CQ500-CT-12`` of any of the published spellings; other text as it is."""
    found = STUDY_NAME.search(text)
    return f"CQ500-CT-{int(found[1])}" if found else text


def _studies(folder: Path) -> dict[str, Path]:
    """Folders and archives by study name; a folder goes before the archive that it was unpacked from."""
    found = {}
    for path in sorted(folder.iterdir(), key=lambda path: (path.is_dir(), path.name)):
        if STUDY_NAME.search(path.name) and (path.is_dir() or path.suffix.lower() == ".zip"):
            found[_study_name(path.name)] = path
    return found


def _chosen(study: Path) -> Series | None:
    """The series that the viewer opens first, None if there is no axial CT."""
    series = best_series(scan([study], ignore_progress, CancelToken()))
    return series if series is not None and series.is_ai_candidate else None


def _entry(study: Path) -> dict[str, Any]:
    """Positions of the chosen series, mm; none where there is none."""
    series = _chosen(study)
    if series is None or series.geometry is None:
        return {"positions_mm": []}
    positions = [round(float(position), 4) for position in series.geometry.positions_mm]
    return {"positions_mm": positions, "description": series.description}


def _rows(study: str, path: Path, labels: tuple[int, ...], entry: dict[str, Any]) -> Iterator[LabeledSlice]:
    """All slices; in a study without blood every label is known, else only those that the study lacks."""
    known = tuple(not label for label in labels)
    if labels[0] and not max(labels[1:]):
        known = (False,) * len(labels)  # Blood that two readers did not name alike may be of any kind.
    for number, position in enumerate(entry["positions_mm"], start=1):
        yield LabeledSlice(
            source="cq500",
            name=f"{study}_{number:03d}",
            path=path,
            patient=study,
            slice_number=number,
            labels=(0,) * len(labels),
            study=study,
            series=study,
            position_mm=position,
            known=known,
            study_labels=labels,
        )


def _remarks(
    labels: dict[str, tuple[int, ...]], entries: dict[str, dict[str, Any]], used: Sequence[str]
) -> Iterator[str]:
    if len(used) < len(labels):
        yield f"{len(labels) - len(used)} studies with reads have no images and were left out"
    empty = [name for name in used if not entries[name]["positions_mm"]]
    if empty:
        yield f"{len(empty)} studies without an axial CT series: {', '.join(empty[:5])}"
    untyped = sum(labels[name][0] and not max(labels[name][1:]) for name in used)
    if untyped:
        yield f"{untyped} studies with blood on whose kind no two readers agreed"
