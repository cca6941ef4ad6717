"""A plain folder of labeled pictures: ``labels.csv`` beside 8-bit pictures of one grey window.

Columns: ``file``, and any of the six labels; ``patient``, ``study`` and ``slice`` where known. A label
without a column is unknown. The one thing to get wrong: grey has no Hounsfield units; the window that the
pictures were made with must be said, it is never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.progress import ReportProgress
from ichviewer.core.windowing import Window
from training.sources.label_file import (
    LabelFileError,
    LabelLine,
    binary,
    compare_with_files,
    read_label_lines,
    refuse_misspelled,
    refuse_repeats,
)
from training.sources.labeled_slice import LabeledSlice, LabelSet, Need, SliceImage, Unreadable
from training.sources.picture_sets import read_picture

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})

COLUMNS = ("file", "patient", "study", "slice", *map(str, SUBTYPES))
"""That are read; others may be there."""


@dataclass(frozen=True)
class PictureFolder:
    """A folder of pictures.

    Attributes:
        folder: Holds ``labels.csv``; pictures below it.
        window: Grey 0 to 255 is its lower to upper end.
        name: Of the source.
        is_partial: Only some of the pictures were copied: rows without picture are left out.
    """

    folder: Path
    window: Window
    name: str = "picture_folder"
    is_partial: bool = False

    @property
    def offers(self) -> frozenset[Need]:
        """Nothing that is sure to be there: slices may be numbered or not."""
        return frozenset()

    @property
    def citation(self) -> str:
        """To be printed beside results."""
        return f"pictures in {self.folder.name}"

    def read_rows(self, report: ReportProgress) -> LabelSet:
        """Rows by patient, study and slice."""
        path = self.folder / "labels.csv"
        lines = {line.cells["file"]: line for line in _lines(path)}
        files = {
            file.relative_to(self.folder).as_posix()
            for file in self.folder.rglob("*")
            if file.suffix.lower() in PICTURE_SUFFIXES
        }
        numbers = {name: line.number for name, line in lines.items()}
        used = compare_with_files(path, numbers, files, self.is_partial)
        rows = [_row(self.folder, path, self.name, lines[name]) for name in used]
        rows.sort(key=lambda row: (row.unit, row.slice_number or 0, row.name))
        center, width = self.window.center, self.window.width
        told = f"gray 0 to 255 is taken for the window center {center:g}, width {width:g}"
        return LabelSet(tuple(rows), (told,))

    def read_images(self, rows: Sequence[LabeledSlice]) -> Iterator[SliceImage | Unreadable]:
        """Grey values, with the slope and intercept that make HU of them."""
        for row in rows:
            yield read_picture(row.path, self.window)


def _lines(path: Path) -> list[LabelLine]:
    lines = read_label_lines(path, ("file",))
    if lines and not any(subtype in lines[0].cells for subtype in SUBTYPES):
        raise LabelFileError(path, [f", line 1: there is no label column; labels are {', '.join(SUBTYPES)}."])
    refuse_misspelled(path, lines[0].cells if lines else (), COLUMNS)
    refuse_repeats(path, [(line.cells["file"], line.number) for line in lines])
    return lines


def _row(folder: Path, labels: Path, source: str, line: LabelLine) -> LabeledSlice:
    known = tuple(bool(line.cells.get(subtype)) for subtype in SUBTYPES)
    six = [binary(labels, line, s) if is_known else 0 for s, is_known in zip(SUBTYPES, known, strict=True)]
    if known[0] and max(six[1:]) > six[0]:
        raise LabelFileError(labels, [f", line {line.number}: a subtype is 1 and 'any' is 0."])
    if all(known) and six[0] > max(six[1:]):
        problem = (
            f", line {line.number}: 'any' is 1 and every subtype is 0; leave those empty that nobody read."
        )
        raise LabelFileError(labels, [problem])
    if max(six[1:]):
        six[0], known = 1, (True, *known[1:])
    number = line.cells.get("slice", "")
    if number and not number.isdigit():
        raise LabelFileError(labels, [f", line {line.number}: slice is {number!r}, not a number."])
    patient, study = line.cells.get("patient", ""), line.cells.get("study", "")
    return LabeledSlice(
        source=source,
        name=line.cells["file"],
        path=folder / line.cells["file"],
        patient=patient,
        slice_number=int(number) if number else None,
        labels=tuple(six),
        study=study or patient,
        series=study or patient,
        known=known,
    )
