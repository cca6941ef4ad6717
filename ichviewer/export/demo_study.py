"""The demo study: the procedural head as DICOM files, and the truth beside them.

The one thing to get wrong: the head is a drawing. Scores on it show that the program works, never
how well the network works on patients; every file says so in its Series Description.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichviewer.atomic_file import partial_folder
from ichviewer.core.errors import ExportError
from ichviewer.core.file_errors import why_not_written
from ichviewer.core.findings import SUBTYPES, Subtype
from ichviewer.core.phantom import BLEEDING_SUBTYPES, Phantom, PhantomSpec, demo_spec, make_phantom
from ichviewer.core.progress import CancelToken, Progress, ReportProgress, ignore_progress
from ichviewer.export.demo_scout import write_scout
from ichviewer.export.dicom_series import (
    SeriesOptions,
    instance_uid,
    series_uid,
    study_uid,
    write_dicom_series,
)

TRUTH_CSV, TRUTH_JSON = "truth.csv", "truth.json"
OWN_FILES = re.compile(r"IM\d{4}\.dcm|SCOUT\.dcm|truth\.csv|truth\.json")
NOTICE = "Synthetic head drawn by a program, not a patient; says nothing about accuracy on patients."


@dataclass(frozen=True)
class BleedTruth:
    """Where one bleed of the demo lies.

    Attributes:
        subtype: Its label.
        center_mm: Centroid of its mask, LPS.
        slice_indices: Slices that carry the label, 0 = lowest.
        largest_slice: The slice in which it covers most.
        volume_ml: Of its mask.
    """

    subtype: Subtype
    center_mm: tuple[float, float, float]
    slice_indices: tuple[int, ...]
    largest_slice: int
    volume_ml: float


@dataclass(frozen=True)
class DemoTruth:
    """What was written, and what it shows.

    Attributes:
        folder: Holds all files.
        image_paths: In slice order, lowest first.
        truth_csv: One row per slice.
        truth_json: The bleeds.
        study_instance_uid: (0020,000D).
        series_instance_uid: (0020,000E).
        sop_instance_uids: (0008,0018) per slice.
        labels: Per slice, in the order of SUBTYPES.
        bleeds: One entry per subtype that is present; empty for the healthy head.
    """

    folder: Path
    image_paths: tuple[Path, ...]
    truth_csv: Path
    truth_json: Path
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uids: tuple[str, ...]
    labels: tuple[tuple[bool, ...], ...]
    bleeds: tuple[BleedTruth, ...]


def write_demo_study(
    folder: Path,
    with_bleeds: bool = True,
    report: ReportProgress = ignore_progress,
    cancel: CancelToken | None = None,
    spec: PhantomSpec | None = None,
) -> DemoTruth:
    """Write the demo study, whole or not at all.

    Args:
        folder: Made if it is not there. An older demo study in it is replaced; anything else is left alone.
        with_bleeds: False writes the same head healthy. Not asked where *spec* is given.
        report: Told per slice, first drawn, then written.
        cancel: Looked at per slice.
        spec: Another head than the demo's, for tests.

    Raises:
        ExportError: The folder holds other files, or cannot be written.
        Cancelled: The token was cancelled; nothing was written.
    """
    folder = folder.absolute()
    _require_free(folder)
    spec = demo_spec(with_bleeds) if spec is None else spec
    slices = spec.slice_count

    def drawn(step: Progress) -> None:
        report(Progress(step.done, 2 * slices, step.text))

    def written(step: Progress) -> None:
        report(Progress(slices + step.done, 2 * slices, step.text))

    options = demo_options(spec)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with partial_folder(folder) as partial:
            # Drawn only now: a folder that cannot be written is said at once.
            phantom = make_phantom(spec, drawn, cancel)
            _write_series(partial, folder, phantom, options, written, cancel)
            write_scout(partial, phantom, options)
            _write_truth(partial, phantom, options)
            # The folder was private so far; a demo study is nobody's secret.
            partial.chmod(0o755)
            _move_into_place(partial, folder)
    except OSError as error:
        raise ExportError(f"{folder} cannot be written: {why_not_written(error)}.") from error
    return _truth(folder, phantom, options)


def _write_series(
    partial: Path,
    folder: Path,
    phantom: Phantom,
    options: SeriesOptions,
    report: ReportProgress,
    cancel: CancelToken | None,
) -> None:
    """Write into *partial*, and complain of *folder*: the reader knows of no other one."""
    try:
        write_dicom_series(partial, phantom.hu, phantom.geometry, options, report, cancel)
    except ExportError as error:
        raise ExportError(str(error).replace(str(partial), str(folder))) from error


def demo_options(spec: PhantomSpec) -> SeriesOptions:
    """How the demo's head is written; healthy and bleeding heads have UIDs of their own."""
    return SeriesOptions(uid_text=f"demo {spec!r}", thickness_mm=spec.thickness_mm, patient_age="060Y")


def bleed_truths(phantom: Phantom) -> tuple[BleedTruth, ...]:
    """Place and size of the bleeds, measured on the masks."""
    spacing = phantom.geometry.pixel_spacing_mm
    voxel_ml = spacing[0] * spacing[1] * phantom.spec.slice_spacing_mm / 1000
    truths = []
    for subtype in BLEEDING_SUBTYPES:
        present = np.flatnonzero(phantom.labels[:, SUBTYPES.index(subtype)])
        if not len(present):
            continue
        mask = phantom.masks[subtype]
        areas = mask.sum(axis=(1, 2))
        x, y, z = (round(float(value), 2) for value in _centroid_mm(phantom, mask))
        truths.append(
            BleedTruth(
                subtype,
                (x, y, z),
                tuple(int(index) for index in present),
                int(np.argmax(areas)),
                round(float(areas.sum() * voxel_ml), 2),
            )
        )
    return tuple(truths)


def _centroid_mm(phantom: Phantom, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    slices, rows, columns = np.nonzero(mask)
    middle = phantom.geometry.origins_mm[slices].mean(axis=0)
    in_plane = phantom.geometry.point_mm(0, float(rows.mean()), float(columns.mean()))
    return np.asarray(middle + in_plane - phantom.geometry.origins_mm[0])


def _require_free(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder} is a file; the demo study needs a folder.")
    others = [] if not folder.exists() else [p.name for p in folder.iterdir() if not _is_own(p)]
    if others:
        raise ExportError(f"{folder} holds other files ({sorted(others)[0]}); choose an empty or new folder.")


def _is_own(path: Path) -> bool:
    return path.is_file() and OWN_FILES.fullmatch(path.name) is not None


def _move_into_place(partial: Path, folder: Path) -> None:
    """Rename; an older demo study stands aside until the new one is there."""
    if not folder.exists():
        partial.rename(folder)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".old.partial", dir=folder.parent))
    old = aside / "study"
    try:
        folder.rename(old)
        try:
            partial.rename(folder)
        except OSError:
            old.rename(folder)
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _write_truth(folder: Path, phantom: Phantom, options: SeriesOptions) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("slice_index", "sop_instance_uid", *(subtype.value for subtype in SUBTYPES)))
    for index, labels in enumerate(phantom.labels):
        writer.writerow((index, instance_uid(options, index), *(int(label) for label in labels)))
    (folder / TRUTH_CSV).write_text(text.getvalue(), encoding="utf-8", newline="")
    content: dict[str, Any] = {
        "notice": NOTICE,
        "seed": phantom.spec.seed,
        "study_instance_uid": study_uid(options),
        "series_instance_uid": series_uid(options),
        "bleeds": [
            {
                "subtype": truth.subtype.value,
                "center_mm": truth.center_mm,
                "slice_indices": truth.slice_indices,
                "largest_slice": truth.largest_slice,
                "volume_ml": truth.volume_ml,
            }
            for truth in bleed_truths(phantom)
        ],
    }
    (folder / TRUTH_JSON).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _truth(folder: Path, phantom: Phantom, options: SeriesOptions) -> DemoTruth:
    count = phantom.spec.slice_count
    return DemoTruth(
        folder,
        tuple(folder / f"IM{index + 1:04d}.dcm" for index in range(count)),
        folder / TRUTH_CSV,
        folder / TRUTH_JSON,
        study_uid(options),
        series_uid(options),
        tuple(instance_uid(options, index) for index in range(count)),
        tuple(tuple(bool(label) for label in labels) for labels in phantom.labels),
        bleed_truths(phantom),
    )
