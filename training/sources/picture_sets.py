"""The two picture sets: rows with six labels, and their 8-bit pictures turned back into Hounsfield units.

A picture holds HU inside its window only; what lies outside is clipped to the window's ends. The
one thing to get wrong: the network's windows must lie inside every picture's window, or pictures and
DICOM give different input (``check_windows``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.preprocessing import PreprocessingSpec
from ichviewer.core.progress import ReportProgress, ignore_progress
from ichviewer.core.windowing import Window
from training.sources.label_file import (
    LabelFileError,
    LabelLine,
    compare_with_files,
    read_label_lines,
    refuse_repeats,
    six_labels,
)
from training.sources.labeled_slice import LabeledSlice, LabelSet, Need, SliceImage, Unreadable

PICTURE_WINDOWS = {
    "ct_ich_v1": Window(40, 120),
    # Each picture's own center is unknown, mostly 30 to 36 HU: 33 is assumed, wrong by about 3 HU, which the
    # training covers with a random offset.
    "rsna_png": Window(33, 80),
}
"""Window that the pictures of a source were made with; grey 0 to 255 is lower to upper end."""

CITATIONS = {
    "ct_ich_v1": "Hssayeni et al., Data 5(1):14, 2020 (CT-ICH)",
    "rsna_png": "Flanders et al., Radiology: Artificial Intelligence 2020 (RSNA 2019)",
}


COLOR_NOISE = 16
"""What lossy compression may make of grey: differences between channels up to this are none."""


@dataclass(frozen=True)
class PictureSet:
    """One of the two picture sets as a source.

    Attributes:
        name: Key of PICTURE_WINDOWS.
        folder: Holds ``labels.csv`` and the pictures.
    """

    name: str
    folder: Path

    @property
    def offers(self) -> frozenset[Need]:
        """CT-ICH numbers its slices; RSNA's are single."""
        return frozenset({Need.SERIES_ORDER}) if self.name == "ct_ich_v1" else frozenset()

    @property
    def citation(self) -> str:
        """To be printed beside results."""
        return CITATIONS[self.name]

    def read_rows(self, report: ReportProgress) -> LabelSet:
        """All rows, in file order.

        Raises:
            LabelFileError: Rows are malformed, contradictory, missing or too many; names file and line.
        """
        path = self.folder / "labels.csv"
        is_ct_ich = self.name == "ct_ich_v1"
        columns = ("patient", "slice", "file") if is_ct_ich else ("id", "patient")
        lines = read_label_lines(path, (*columns, *SUBTYPES))
        make = _ct_ich_row if is_ct_ich else _rsna_row
        rows = [make(self.folder, path, line) for line in lines]
        numbers = [(row.name, line.number) for row, line in zip(rows, lines, strict=True)]
        refuse_repeats(path, numbers)
        pictures = self.folder / ("brain" if is_ct_ich else "images")
        there = {file.stem for file in pictures.glob("*.jpg" if is_ct_ich else "*.webp")}
        compare_with_files(path, dict(numbers), there, is_partial=False)
        return LabelSet(tuple(rows))

    def read_images(self, rows: Sequence[LabeledSlice]) -> Iterator[SliceImage | Unreadable]:
        """Grey values, with the slope and intercept that make HU of them."""
        for row in rows:
            yield read_picture(row.path, PICTURE_WINDOWS[self.name])


def read_picture(path: Path, window: Window) -> SliceImage | Unreadable:
    """A picture that was made with a window, as an image whose rescale gives its HU."""
    try:
        grey = _grey(path)
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError, EOFError) as error:
        return Unreadable(f"cannot be read as a picture ({error})")
    return SliceImage(grey.astype(np.int16), window.width / 255.0, window.lower)


def _grey(path: Path) -> NDArray[np.uint8]:
    """(rows, columns) of an 8-bit grey picture, also one that is stored as color.

    Raises:
        ValueError: It is none; conversion would give values that mean nothing.
    """
    with Image.open(path) as picture:
        if picture.mode == "L":
            return np.asarray(picture)
        if picture.mode != "RGB":
            raise ValueError(f"it is of the kind {picture.mode}, not 8-bit grey")
        color = np.asarray(picture).astype(np.int16)
        if int(np.ptp(color, axis=2).max(initial=0)) > COLOR_NOISE:
            raise ValueError("it is a color picture")
        return np.asarray(picture.convert("L"))


def _ct_ich_row(folder: Path, labels: Path, line: LabelLine) -> LabeledSlice:
    path = folder / "brain" / line.cells["file"]
    patient, number = line.cells["patient"], line.cells["slice"]
    if not number.isdigit():
        raise LabelFileError(labels, [f", line {line.number}: slice is {number!r}, not a number."])
    six = six_labels(labels, line)
    return LabeledSlice(
        "ct_ich_v1", path.stem, path, patient, int(number), six, study=patient, series=patient
    )


def _rsna_row(folder: Path, labels: Path, line: LabelLine) -> LabeledSlice:
    name = line.cells["id"]
    path = folder / "images" / f"{name}.webp"
    return LabeledSlice("rsna_png", name, path, line.cells["patient"], None, six_labels(labels, line))


def read_sources(folder: Path, sources: Sequence[str]) -> list[LabeledSlice]:
    """All rows of the named picture sets, in file order.

    Args:
        folder: Holds one folder per set.
        sources: Keys of PICTURE_WINDOWS.

    Raises:
        ValueError: A set is unknown, or its label file cannot be trusted.
    """
    for source in sources:
        if source not in PICTURE_WINDOWS:
            raise ValueError(
                f"The label set {source!r} is not known; known are: {', '.join(PICTURE_WINDOWS)}."
            )
    sets = [PictureSet(source, folder / source).read_rows(ignore_progress) for source in sources]
    return [row for label_set in sets for row in label_set.rows]


def read_hu(row: LabeledSlice) -> NDArray[np.float32]:
    """Hounsfield units of a picture, (rows, columns); beyond the picture's window they are its ends."""
    window = PICTURE_WINDOWS[row.source]
    return _grey(row.path).astype(np.float32) * np.float32(window.width / 255.0) + np.float32(window.lower)


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
