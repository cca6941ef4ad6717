"""RSNA 2019 as published: a folder or ZIP archive of ``ID_*.dcm``, and the long label file.

The label file names slices only; patient, study, series and position come from the headers, which are read
first and kept. The one thing to get wrong: a slice's neighbors are the next positions within its **series**;
a patient may have several studies.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ichviewer.core.progress import ReportProgress
from ichviewer.core.receipt import counted
from ichviewer.core.series import ArchiveMember
from training.sources.dicom_slice import header_entry, read_image
from training.sources.label_file import LabelFileError, compare_with_files
from training.sources.labeled_slice import LabeledSlice, LabelSet, Need, SliceImage, Unreadable
from training.sources.line_index import indexed
from training.sources.rsna_labels import LongLabels, read_long_labels
from training.sources.zip_files import located, zip_entries

IMAGES, LABELS = "stage_2_train", "stage_2_train.csv"
"""Folder and label file of the training part, as published."""


@dataclass(frozen=True)
class RsnaDicom:
    """The training part of RSNA 2019.

    Attributes:
        images: The folder that holds ``stage_2_train``, that folder itself, or the ZIP archive.
        labels: The long label file; None looks for it beside the images and within the archive.
        index: Where the headers are kept, JSON lines; None keeps nothing.
        is_partial: Only some of the files were copied: rows without file are left out.
    """

    images: Path
    labels: Path | None = None
    index: Path | None = None
    is_partial: bool = False

    @property
    def name(self) -> str:
        """As in recipes."""
        return "rsna_dicom"

    @property
    def offers(self) -> frozenset[Need]:
        """Everything but masks."""
        return frozenset(Need) - {Need.MASKS}

    @property
    def citation(self) -> str:
        """To be printed beside results."""
        return "Flanders et al., Radiology: Artificial Intelligence 2020 (RSNA 2019)"

    def read_rows(self, report: ReportProgress) -> LabelSet:
        """Labels and headers, joined; by patient, study and series, in the order of positions.

        A file whose header cannot be read keeps its row, at the end; it is reported where images are read.
        """
        labels_path, labels_member = self._labels_file()
        labels = read_long_labels(labels_path, labels_member)
        files = self._files()
        shown = labels_path / labels_member if labels_member else labels_path
        used = compare_with_files(shown, labels.lines, set(files), self.is_partial)
        headers = indexed(
            self.index,
            str(self.images),
            used,
            lambda name: _entry(self.images, files[name]),
            report,
            "Reading headers",
        )
        rows = [_row(self.images, files, name, labels, headers[name]) for name in used]
        return LabelSet(_in_order(rows), tuple(_remarks(labels, rows, len(used))))

    def read_images(self, rows: Sequence[LabeledSlice]) -> Iterator[SliceImage | Unreadable]:
        """Pixels as the viewer reads them; a 12-bit wrap is repaired and flagged ``wrap``."""
        for row in rows:
            yield read_image(row.path, row.member)

    def _labels_file(self) -> tuple[Path, str]:
        """The label file, and its name within an archive."""
        if self.labels is not None:
            return self.labels, ""
        beside = [self.images / LABELS, self.images.parent / LABELS]
        for path in beside:
            if path.is_file():
                return path, ""
        if self.images.is_file():
            inside = zip_entries(self.images, "", ".csv").get(Path(LABELS).stem)
            if inside is not None:
                return self.images, inside.filename
        raise LabelFileError(beside[-1], [" is not there; name the label file (--labels)."])

    def _files(self) -> dict[str, Any]:
        """What a header is read from, by slice name: a path, or an archive's entry."""
        if self.images.is_file():
            return dict(zip_entries(self.images, IMAGES, ".dcm"))
        inside = self.images / IMAGES
        folder = inside if inside.is_dir() else self.images
        if not folder.is_dir():
            raise LabelFileError(folder, [" is not there."])
        return {path.stem: path for path in folder.iterdir() if path.suffix == ".dcm"}


def _entry(images: Path, file: Any) -> dict[str, Any]:
    """What is kept of one file's header."""
    if isinstance(file, Path):
        return header_entry(file, None)
    try:
        member = located(images, file)
    except OSError as error:
        return {"fault": str(error)}
    return {**header_entry(images, member), "member": asdict(member)}


def _row(
    images: Path, files: dict[str, Any], name: str, labels: LongLabels, header: dict[str, Any]
) -> LabeledSlice:
    member = ArchiveMember(**header["member"]) if "member" in header else None
    path = files[name] if isinstance(files[name], Path) else images
    return LabeledSlice(
        source="rsna_dicom",
        name=name,
        path=path,
        patient=header.get("patient", ""),
        slice_number=None,
        labels=labels.labels[name],
        study=header.get("study", ""),
        series=header.get("series", ""),
        position_mm=header.get("position_mm"),
        header=header.get("facts", {}),
        member=member,
    )


def _in_order(rows: Sequence[LabeledSlice]) -> tuple[LabeledSlice, ...]:
    """Rows by unit and position, numbered within their series, with the labels of their study."""
    by_study: dict[tuple[str, str], list[LabeledSlice]] = defaultdict(list)
    for row in rows:
        by_study[row.patient, row.study].append(row)
    ordered: list[LabeledSlice] = []
    # Files without header have no study; they come last.
    for key in sorted(by_study, key=lambda key: (not key[1], key)):
        members = sorted(by_study[key], key=_place)
        study_labels = tuple(max(labels) for labels in zip(*(m.labels for m in members), strict=True))
        numbers: Counter[str] = Counter()
        for member in members:
            numbers[member.series] += 1
            has_place = bool(member.study) and member.position_mm is not None
            ordered.append(
                replace(
                    member,
                    slice_number=numbers[member.series] if has_place else None,
                    study_labels=study_labels if member.study else None,
                )
            )
    return tuple(ordered)


def _place(row: LabeledSlice) -> tuple[str, bool, float, str]:
    return row.series, row.position_mm is None, row.position_mm or 0.0, row.name


def _remarks(labels: LongLabels, rows: Sequence[LabeledSlice], used: int) -> Iterator[str]:
    if labels.repeated_rows:
        yield f"{counted(labels.repeated_rows, 'row')} of the label file repeat another one and were dropped"
    if used < len(labels.labels):
        yield f"{len(labels.labels) - used:,} labeled slices have no file and were left out"
    studies = defaultdict(set)
    places: Counter[tuple[object, ...]] = Counter()
    for row in rows:
        studies[row.patient].add(row.study)
        if row.position_mm is not None:
            places[*row.unit, round(row.position_mm, 3)] += 1
    several = sum(len(found) > 1 for patient, found in studies.items() if patient)
    if several:
        yield f"{counted(several, 'patient')} with more than one study"
    shared = sum(count - 1 for count in places.values() if count > 1)
    if shared:
        yield f"{counted(shared, 'slice')} at the position of another one in the same series"
