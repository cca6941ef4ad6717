"""Small label sets laid out as the published ones (RSNA 2019, CT-ICH, CQ500); heads are round, files tiny.

Imported as ``from training_trees import write_rsna``; pytest puts this folder on the path.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK
from builders import head_hu
from dicom_files import write_slice
from numpy.typing import NDArray
from pydicom.config import disable_value_validation

from ichviewer.core.findings import SUBTYPES

SIDE = 32
NO_BLOOD = (0,) * 6
EPIDURAL = (1, 1, 0, 0, 0, 0)
SUBDURAL = (1, 0, 0, 0, 0, 1)


def head(seed: int, blood: bool = False, side: int = SIDE) -> NDArray[np.int16]:
    """A round head with noise, (side, side), HU; of no two seeds alike."""
    generator = np.random.default_rng(seed)
    hu = head_hu(side, side) + generator.normal(0, 3, (side, side)).round().astype(np.int16)
    if blood:
        hu[side // 2 - 2 : side // 2 + 3, side // 2 : side // 2 + 6] = 70
    return hu


@dataclass(frozen=True)
class FakeSlice:
    """A slice of a fake RSNA tree."""

    name: str
    patient: str
    study: str
    position_mm: float
    labels: tuple[int, ...] = NO_BLOOD


RSNA_SLICES = (
    # Names sort otherwise than positions; patient P2 has two studies.
    FakeSlice("ID_c", "P1", "S1", 0.0),
    FakeSlice("ID_a", "P1", "S1", 5.0, EPIDURAL),
    FakeSlice("ID_b", "P1", "S1", 10.0, EPIDURAL),
    FakeSlice("ID_f", "P2", "S2", 0.0, SUBDURAL),
    FakeSlice("ID_e", "P2", "S2", 5.0),
    FakeSlice("ID_d", "P2", "S3", 0.0),
)


def write_rsna(
    folder: Path, slices: Sequence[FakeSlice] = RSNA_SLICES, side: int = SIDE, **changes: object
) -> Path:
    """An RSNA tree: ``stage_2_train`` and ``stage_2_train.csv``; *changes* go to every DICOM file."""
    images = folder / "stage_2_train"
    images.mkdir(parents=True)
    for number, one in enumerate(slices, start=1):
        stored = (head(number, bool(one.labels[0]), side) + 1024).astype(np.uint16)
        header = {
            "SOPInstanceUID": one.name,
            "PatientID": one.patient,
            "StudyInstanceUID": one.study,
            "SeriesInstanceUID": f"series of {one.study}",
            **dict.fromkeys(("InstanceNumber", "SOPClassUID", "ImageType", "SliceThickness")),
            **changes,
        }
        place = (0.0, 0.0, one.position_mm)
        # The published UIDs are none.
        with disable_value_validation():
            write_slice(
                images / f"{one.name}.dcm", number, position=place, pixels=stored, bits_stored=16, **header
            )
    write_long_labels(folder / "stage_2_train.csv", {one.name: one.labels for one in slices})
    return folder


def write_long_labels(path: Path, labels: Mapping[str, Sequence[int]], extra: Sequence[str] = ()) -> Path:
    """A long label file; *extra* lines come last. Line 2 is the first row, six rows a slice."""
    order = [*SUBTYPES[1:], SUBTYPES[0]]
    lines = [f"{name}_{s},{six[SUBTYPES.index(s)]}" for name, six in labels.items() for s in order]
    path.write_text("\n".join(["ID,Label", *lines, *extra]) + "\n", encoding="utf-8")
    return path


def zip_tree(folder: Path, archive: Path) -> Path:
    """A folder as a ZIP archive with deflated members, in a folder of its own name within."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                target.write(path, Path(folder.name) / path.relative_to(folder))
    return archive


def write_nifti(path: Path, values: NDArray[np.integer], direction: Sequence[float] | None = None) -> Path:
    """A volume, (slices, rows, columns), 0.5 mm pixels 5 mm apart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = SimpleITK.GetImageFromArray(values)
    image.SetSpacing((0.5, 0.5, 5.0))
    if direction is not None:
        image.SetDirection(direction)
    SimpleITK.WriteImage(image, str(path))
    return path


CT_ICH_HEADER = (
    "PatientNumber,SliceNumber,Intraventricular,Intraparenchymal,Subarachnoid,Epidural,Subdural,"
    "No_Hemorrhage,Fracture_Yes_No"
)


def write_ct_ich(folder: Path, patients: Sequence[int] = (49, 50), slices: int = 3) -> Path:
    """A CT-ICH tree; the last slice of the first patient shows an epidural bleed, with its mask."""
    lines = [CT_ICH_HEADER]
    for patient in patients:
        stack = np.stack([head(100 * patient + number) for number in range(slices)])
        masks = np.zeros_like(stack, dtype=np.uint8)
        for number in range(1, slices + 1):
            bleeds = patient == patients[0] and number == slices
            lines.append(f"{patient},{number},0,0,0,{int(bleeds)},0,{int(not bleeds)},0")
            if bleeds:
                stack[number - 1, 10:15, 8:12] = 65
                masks[number - 1, 10:15, 8:12] = 255
        write_nifti(folder / "ct_scans" / f"{patient:03d}.nii", stack)
        write_nifti(folder / "masks" / f"{patient:03d}.nii", masks)
    (folder / "hemorrhage_diagnosis_raw_ct.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


CQ500_FINDINGS = ("ICH", "IPH", "IVH", "SDH", "EDH", "SAH")


def write_cq500(folder: Path, votes: Mapping[int, Sequence[str]], slices: int = 12) -> Path:
    """A CQ500 tree.

    Args:
        folder: Where.
        votes: Per study number, for each of the three readers the findings, such as ``"ICH SDH"``.
        slices: In each study's only series.
    """
    names = [f"R{reader}:{finding}" for reader in (1, 2, 3) for finding in CQ500_FINDINGS]
    lines = [",".join(["name", "Category", *names])]
    for number, readers in votes.items():
        said = [str(int(finding in reader.split())) for reader in readers for finding in CQ500_FINDINGS]
        lines.append(",".join([f"CQ500-CT-{number}", "B1", *said]))
        study = folder / f"CQ500CT{number} CQ500CT{number}" / "Unknown Study" / "CT Plain"
        for index in range(slices):
            stored = (head(1000 * number + index) + 1024).astype(np.uint16)
            write_slice(
                study / f"CT{index:06d}.dcm",
                index + 1,
                pixels=stored,
                StudyInstanceUID=f"1.2.{number}",
                SeriesInstanceUID=f"1.2.{number}.1",
                SOPInstanceUID=f"1.2.{number}.1.{index}",
                PatientID=f"CQ500-CT-{number}",
            )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reads.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
