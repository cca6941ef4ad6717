"""CT-ICH as published (PhysioNet, v1.3): one NIfTI volume a patient, masks, and one label row a slice.

``ct_scans/NNN.nii`` and ``masks/NNN.nii``, patients 49 to 130 without 59 to 65; slice number 1 is the first
of the volume. The masks say where blood is, not of which kind: a pixel is given a subtype only where the
slice has one subtype alone. The one thing to get wrong: the order of the label columns is not ours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.errors import UnreadableError
from ichviewer.core.findings import SUBTYPES
from ichviewer.core.progress import Progress, ReportProgress
from training.sources.label_file import LabelFileError, LabelLine, binary, read_label_lines, refuse_repeats
from training.sources.labeled_slice import (
    LabeledSlice,
    LabelSet,
    Need,
    SliceImage,
    Unreadable,
    image_from_hu,
)
from training.sources.nifti_slices import read_nifti, slice_count

LABEL_FILES = ("hemorrhage_diagnosis_raw_ct.csv", "hemorrhage_diagnosis.csv")
COLUMNS = ("Epidural", "Intraparenchymal", "Intraventricular", "Subarachnoid", "Subdural")
"""The published columns in the order of our subtypes."""

HEALTHY = "No_Hemorrhage"


@dataclass(frozen=True)
class CtIchPublished:
    """The published folder.

    Attributes:
        folder: Holds the label file, ``ct_scans`` and ``masks``.
        is_partial: Only some of the scans were copied: rows without scan are left out.
    """

    folder: Path
    is_partial: bool = False

    @property
    def name(self) -> str:
        """As in recipes."""
        return "ct_ich_published"

    @property
    def offers(self) -> frozenset[Need]:
        """Everything but DICOM headers."""
        return frozenset(Need) - {Need.HEADER}

    @property
    def citation(self) -> str:
        """To be printed beside results."""
        return "Hssayeni et al., Data 5(1):14, 2020 (CT-ICH)"

    def read_rows(self, report: ReportProgress) -> LabelSet:
        """Labels, held against the number of slices in each scan."""
        path = self._label_file()
        lines = read_label_lines(path, ("PatientNumber", "SliceNumber", HEALTHY, *COLUMNS))
        rows = [_row(self.folder, path, line) for line in lines]
        refuse_repeats(path, [(row.name, line.number) for row, line in zip(rows, lines, strict=True)])
        by_patient: dict[str, list[tuple[LabeledSlice, int]]] = defaultdict(list)
        for row, line in zip(rows, lines, strict=True):
            by_patient[row.patient].append((row, line.number))
        kept, problems, absent = [], [], 0
        for number, (patient, members) in enumerate(sorted(by_patient.items())):
            report(Progress(number, len(by_patient), "Reading headers"))
            scan = members[0][0].path
            if not scan.exists() and self.is_partial:
                absent += 1
                continue
            problems += _problems(scan, patient, members)
            kept += sorted((row for row, _ in members), key=lambda row: row.slice_number or 0)
        unlabeled = sorted(set(_scans(self.folder)) - by_patient.keys())
        problems += [f" has no row for patient {patient}, who has a scan." for patient in unlabeled]
        if problems:
            raise LabelFileError(path, problems)
        return LabelSet(tuple(kept), (f"{absent} patients have no scan and were left out",) if absent else ())

    def read_images(self, rows: Sequence[LabeledSlice]) -> Iterator[SliceImage | Unreadable]:
        """Whole Hounsfield units and masks of one patient's slices."""
        try:
            scan = read_nifti(rows[0].path)
            mask_path = self.folder / "masks" / rows[0].path.name
            masks = read_nifti(mask_path).values if mask_path.exists() else None
        except UnreadableError as error:
            yield from (Unreadable(str(error)) for _ in rows)
            return
        if masks is not None and masks.shape != scan.values.shape:
            shapes = f"{masks.shape} and {scan.values.shape}"
            yield from (
                Unreadable(f"{mask_path} and the scan have different shapes ({shapes})") for _ in rows
            )
            return
        for row in rows:
            index = (row.slice_number or 1) - 1
            bits = None if masks is None else _mask_bits(masks[index], row.labels)
            yield image_from_hu(scan.values[index], scan.spacing_mm, bits)

    def _label_file(self) -> Path:
        for name in LABEL_FILES:
            if (self.folder / name).is_file():
                return self.folder / name
        raise LabelFileError(self.folder / LABEL_FILES[0], [" is not there."])


def _scans(folder: Path) -> dict[str, Path]:
    """Scans by patient number, as in the label rows."""
    found = (folder / "ct_scans").glob("*.nii*")
    return {f"{int(path.name.split('.')[0]):03d}": path for path in found if path.name[:1].isdigit()}


def _row(folder: Path, labels: Path, line: LabelLine) -> LabeledSlice:
    try:
        patient, number = (round(float(line.cells[column])) for column in ("PatientNumber", "SliceNumber"))
    except ValueError as error:
        raise LabelFileError(labels, [f", line {line.number}: {error}."]) from error
    subtypes = tuple(binary(labels, line, column) for column in COLUMNS)
    if binary(labels, line, HEALTHY) == max(subtypes):
        text = f", line {line.number}: {HEALTHY} contradicts the subtypes."
        raise LabelFileError(labels, [text])
    name = f"{patient:03d}"
    path = folder / "ct_scans" / f"{name}.nii"
    if not path.exists() and path.with_suffix(".nii.gz").exists():
        path = path.with_suffix(".nii.gz")
    six = (max(subtypes), *subtypes)
    return LabeledSlice(
        "ct_ich_published", f"{name}_{number:03d}", path, name, number, six, study=name, series=name
    )


def _problems(scan: Path, patient: str, members: Sequence[tuple[LabeledSlice, int]]) -> list[str]:
    """How the rows of a patient differ from the slices of the scan."""
    if not scan.exists():
        return [f", line {members[0][1]}: there is no scan {scan.name}."]
    try:
        count = slice_count(scan)
    except UnreadableError:
        return []  # Listed as damaged where its images are read.
    lines = {row.slice_number: line for row, line in members}
    extra = [
        f", line {line}: {scan.name} has {count} slices." for n, line in lines.items() if (n or 0) > count
    ]
    missing = [number for number in range(1, count + 1) if number not in lines]
    return extra + [f" has no row for slice {number} of patient {patient}." for number in missing]


def _mask_bits(mask: NDArray[np.generic], labels: Sequence[int]) -> NDArray[np.uint8]:
    """Bit 0 where blood is; a subtype's bit too where it is the slice's only one."""
    value = 1
    if sum(labels[1:]) == 1:
        value |= 1 << (labels[1:].index(1) + 1)
    assert len(labels) == len(SUBTYPES)
    return np.where(mask > 0, np.uint8(value), np.uint8(0))  # type: ignore[operator]
