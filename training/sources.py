"""The two label sets: rows with six labels, and their 8-bit pictures turned back into Hounsfield units.

A picture holds HU inside its window only; what lies outside is clipped to the window's ends. The
one thing to get wrong: the network's windows must lie inside every picture's window, or pictures and
DICOM give different input (``check_windows``).
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.preprocessing import PreprocessingSpec
from ichviewer.core.windowing import Window

PICTURE_WINDOWS = {
    "ct_ich_v1": Window(40, 120),
    # Each picture's own center is unknown, mostly 30 to 36 HU: 33 is assumed, wrong by about 3 HU, which the
    # training covers with a random offset.
    "rsna_png": Window(33, 80),
}
"""Window that the pictures of a source were made with; grey 0 to 255 is lower to upper end."""

UNKNOWN_SPACING_MM = (1.0, 1.0)
"""The pictures name no pixel spacing; square pixels are all that preprocessing asks for."""


@dataclass(frozen=True)
class LabeledSlice:
    """One row of a label set.

    Attributes:
        source: Name of the set.
        name: Unique within it.
        path: The picture.
        patient: Empty where unknown.
        slice_number: Position in the study as the source counts; None where unknown.
        labels: (6,), 0 or 1, in the order of SUBTYPES.
    """

    source: str
    name: str
    path: Path
    patient: str
    slice_number: int | None
    labels: tuple[int, ...]


def read_sources(folder: Path, sources: Sequence[str]) -> list[LabeledSlice]:
    """All rows of the named sets, in file order.

    Args:
        folder: Holds one folder per set.
        sources: Keys of PICTURE_WINDOWS.

    Raises:
        ValueError: A set is unknown, a name stands twice, or ``any`` is not the maximum of the subtypes.
    """
    readers = {"ct_ich_v1": _ct_ich_row, "rsna_png": _rsna_row}
    slices = []
    for source in sources:
        if source not in readers:
            raise ValueError(f"The label set {source!r} is not known; known are: {', '.join(readers)}.")
        with (folder / source / "labels.csv").open(newline="", encoding="utf-8") as file:
            rows = [readers[source](folder / source, row) for row in csv.DictReader(file)]
        if len({row.name for row in rows}) < len(rows):
            raise ValueError(f"A slice stands twice in {folder / source / 'labels.csv'}.")
        slices += rows
    for row in slices:
        if row.labels[0] != max(row.labels[1:]):
            raise ValueError(f"Label 'any' of {row.source} {row.name} is not the maximum of its subtypes.")
    return slices


def _labels(row: dict[str, str]) -> tuple[int, ...]:
    return tuple(int(row[subtype]) for subtype in SUBTYPES)


def _ct_ich_row(folder: Path, row: dict[str, str]) -> LabeledSlice:
    path = folder / "brain" / row["file"]
    return LabeledSlice("ct_ich_v1", path.stem, path, row["patient"], int(row["slice"]), _labels(row))


def _rsna_row(folder: Path, row: dict[str, str]) -> LabeledSlice:
    path = folder / "images" / f"{row['id']}.webp"
    return LabeledSlice("rsna_png", row["id"], path, row["patient"], None, _labels(row))


def read_hu(row: LabeledSlice) -> NDArray[np.float32]:
    """Hounsfield units of a picture, (rows, columns); beyond the picture's window they are its ends."""
    with Image.open(row.path) as picture:
        grey = np.asarray(picture.convert("L"), dtype=np.float32)
    window = PICTURE_WINDOWS[row.source]
    return grey * np.float32(window.width / 255.0) + np.float32(window.lower)


def check_windows(sources: Sequence[str], spec: PreprocessingSpec) -> None:
    """Refuse windows that a source's pictures do not cover.

    Raises:
        ValueError: Names the source and both windows.
    """
    for source in sources:
        held = PICTURE_WINDOWS[source]
        for window in spec.windows:
            if window.lower < held.lower or window.upper > held.upper:
                raise ValueError(
                    f"The window {window.lower:g} to {window.upper:g} HU is wider than the pictures of "
                    f"{source} ({held.lower:g} to {held.upper:g} HU)."
                )


def data_sha256(folder: Path, sources: Sequence[str]) -> str:
    """One hash over the label files and the names and sizes of the pictures, hex."""
    digest = hashlib.sha256()
    for row in read_sources(folder, sources):
        entry = (row.source, row.name, row.patient, row.labels, row.path.stat().st_size)
        digest.update(repr(entry).encode())
    return digest.hexdigest()
