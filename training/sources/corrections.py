"""What readers decided in the viewer, read back from its CSV as labels for the very slices.

``accepted`` means that the finding is there, ``rejected`` that it is not. A label without a decision is
unknown, but for what follows: no blood at all means no subtype, and a subtype means blood. Where the reader
had wrapped values repaired, they are repaired here too: what is learned from is what was decided on. The one
thing to get wrong: a reader who saw the scores first (``reading`` is ``after``) was led by them; the remark
says how many, and how many of these had been decided alike at first look, before the scores were shown.
Decisions on the study as a whole are no labels of slices and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ichviewer.core.errors import IchViewerError
from ichviewer.core.findings import SUBTYPES, Decision
from ichviewer.core.first_look import AFTER
from ichviewer.core.progress import CancelToken, ReportProgress, ignore_progress
from ichviewer.core.series import Series
from ichviewer.core.wrap_repair import REPAIR, unwrapped, wrapped_slices
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import scan
from training.sources.dicom_slice import image_of_volume
from training.sources.label_file import LabelFileError, LabelLine, read_label_lines
from training.sources.labeled_slice import LabeledSlice, LabelSet, Need, SliceImage, Unreadable

COLUMNS = (
    *("sop_instance_uid", "frame_number", "reading", "receipt"),
    *(f"decision_{subtype}" for subtype in SUBTYPES),
)
"""Of ``ichviewer.export.table`` those that are needed; a test holds them against it."""

Slice = tuple[str, str]
"""SOP Instance UID and frame number, as in the table."""


@dataclass(frozen=True)
class Corrections:
    """A table that the viewer wrote, and the images that it was written of.

    Attributes:
        table: The CSV.
        images: Folder or ZIP archive with the DICOM files.
    """

    table: Path
    images: Path

    @property
    def name(self) -> str:
        """As in recipes."""
        return "corrections"

    @property
    def offers(self) -> frozenset[Need]:
        """What DICOM series give."""
        return frozenset({Need.HU_BEYOND_BRAIN_WINDOW, Need.SPACING, Need.SERIES_ORDER})

    @property
    def citation(self) -> str:
        """To be printed beside results."""
        return f"corrections by readers ({self.table.name})"

    def read_rows(self, report: ReportProgress) -> LabelSet:
        """The slices on which anything was decided."""
        decided: dict[Slice, tuple[LabelLine, tuple[int, ...], tuple[bool, ...]]] = {}
        problems, undecided, led, stood_by = [], 0, 0, 0
        for line in read_label_lines(self.table, COLUMNS):
            key = _key(line)
            labels, known = _labels(self.table, line)
            if not any(known):
                undecided += 1
                continue
            if key in decided and decided[key][1:] != (labels, known):
                first = decided[key][0].number
                problems.append(f", line {line.number}: contradicts line {first} on the same slice.")
            decided[key] = line, labels, known
            led += line.cells["reading"] == AFTER
            stood_by += line.cells["reading"] == AFTER and _was_decided_before(line)
        places = _places(self.images, report)
        problems += [
            f", line {line.number}: there is no image {key[0]} in {self.images}."
            for key, (line, _, _) in decided.items()
            if key not in places
        ]
        if problems:
            raise LabelFileError(self.table, problems)
        rows = [_row(self.images, key, *places[key], *decided[key][1:]) for key in decided]
        rows.sort(key=lambda row: (row.unit, row.slice_number or 0))
        remarks = [
            f"{len(rows)} slices with decisions, {undecided} without were left out",
            f"{led} slices were read after the scores were shown",
        ]
        if stood_by:
            remarks.append(f"{stood_by} of these had been decided alike before")
        return LabelSet(tuple(rows), tuple(remarks))

    def read_images(self, rows: Sequence[LabeledSlice]) -> Iterator[SliceImage | Unreadable]:
        """Slices of one stack, as the reader saw them: by the viewer's own code, repaired where they were."""
        series = _stacks(self.images).get(rows[0].series)
        if series is None:
            yield from (Unreadable(f"series {row.series} is not there any more") for row in rows)
            return
        try:
            volume = read_volume(series, ignore_progress, CancelToken())
        except IchViewerError as error:
            yield from (Unreadable(str(error)) for _ in rows)
            return
        mended = frozenset(wrapped_slices(volume)) if _was_repaired(self.table, rows) else frozenset()
        volume = unwrapped(volume) if mended else volume
        for row in rows:
            index = (row.slice_number or 1) - 1
            yield image_of_volume(volume, index, ("wrap",) if index in mended else ())


@lru_cache(maxsize=1)
def _stacks(images: Path) -> dict[str, Series]:
    """Every stack below a path by its key; kept, since every stack asks for the same."""
    return {series.key: series for series in scan([images], ignore_progress, CancelToken()).series}


def _was_repaired(table: Path, rows: Sequence[LabeledSlice]) -> bool:
    """Whether the reader had the wrapped values of the stack of *rows* repaired, as its receipt says."""
    names = {row.name for row in rows}
    return any(
        REPAIR in line.cells["receipt"]
        for line in read_label_lines(table, COLUMNS)
        if _name(_key(line)) in names
    )


def _key(line: LabelLine) -> Slice:
    return line.cells["sop_instance_uid"], line.cells["frame_number"]


def _name(key: Slice) -> str:
    return "#".join(part for part in key if part)


def _was_decided_before(line: LabelLine) -> bool:
    """Whether the reader had decided the same before the scores were shown; older tables do not say."""
    return all(
        line.cells.get(f"before_decision_{subtype}", "") == line.cells[f"decision_{subtype}"]
        for subtype in SUBTYPES
    )


def _labels(table: Path, line: LabelLine) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    """Labels and which of them are known, from the decisions of one line."""
    labels, known = [0] * len(SUBTYPES), [False] * len(SUBTYPES)
    for index, subtype in enumerate(SUBTYPES):
        text = line.cells[f"decision_{subtype}"]
        if text and text not in set(Decision):
            raise LabelFileError(table, [f", line {line.number}: the decision {text!r} is not known."])
        known[index] = bool(text)
        labels[index] = int(text == Decision.ACCEPTED)
    if max(labels[1:]):
        if known[0] and not labels[0]:
            problem = f", line {line.number}: 'any' is rejected and a subtype is accepted."
            raise LabelFileError(table, [problem])
        labels[0], known[0] = 1, True
    elif known[0] and not labels[0]:
        known = [True] * len(SUBTYPES)
    return tuple(labels), tuple(known)


def _places(images: Path, report: ReportProgress) -> dict[Slice, tuple[Series, int]]:
    """Stack and index of every slice below a path."""
    found: dict[Slice, tuple[Series, int]] = {}
    for series in scan([images], report, CancelToken()).series:
        for index, header in enumerate(series.slices):
            frame = "" if header.frame_number is None else str(header.frame_number)
            found[header.sop_instance_uid, frame] = series, index
    return found


def _row(
    images: Path, key: Slice, series: Series, index: int, labels: tuple[int, ...], known: tuple[bool, ...]
) -> LabeledSlice:
    position = None if series.geometry is None else float(series.geometry.positions_mm[index])
    return LabeledSlice(
        source="corrections",
        name=_name(key),
        path=images,
        patient=series.patient.patient_id,
        slice_number=index + 1,
        labels=labels,
        study=series.study_instance_uid,
        series=series.key,
        position_mm=position,
        known=known,
    )
