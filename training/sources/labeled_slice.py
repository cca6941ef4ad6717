"""One labeled slice, its pixels, and what every source of labeled slices can do.

A source is a label set as it was published, or as somebody made it. It gives rows (labels and where they
stand) and, for rows, images. The one thing to get wrong: a label that nobody gave is *unknown*, not 0;
``known`` says which ones were given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.progress import ReportProgress
from ichviewer.core.series import ArchiveMember

ALL_KNOWN = (True,) * len(SUBTYPES)
NONE_KNOWN = (False,) * len(SUBTYPES)

UNKNOWN_SPACING_MM = (1.0, 1.0)
"""Where a source names no pixel spacing; square pixels are all that preprocessing asks for."""


class Need(StrEnum):
    """What a recipe may need of a source, and a source may offer."""

    HU_BEYOND_BRAIN_WINDOW = "hu_beyond_brain_window"
    SPACING = "spacing"
    SERIES_ORDER = "series_order"
    HEADER = "header"
    MASKS = "masks"


@dataclass(frozen=True)
class LabeledSlice:
    """One row of a label set.

    Attributes:
        source: Name of the set.
        name: Unique within it.
        path: The file that holds the pixels; of a prepared cache its folder.
        patient: Empty where unknown; unique within the source.
        slice_number: Position in the series as the source counts; None where unknown.
        labels: (6,), 0 or 1, in the order of SUBTYPES; 0 where not known.
        study: Empty where unknown; a patient may have several.
        series: Empty where unknown.
        position_mm: Along the slice normal, towards the head; None where unknown.
        known: (6,), whether each label was given.
        study_labels: (6,), labels of the whole study, None where there are none.
        header: What the file's header says besides the pixels, no UID and no label among it, as numbers or
            short texts; empty where there is no header.
        member: Where the file lies in a ZIP archive; None for a file of its own.
        host: Source and name of the slice that this one was made of, so that one head is known as one
            whatever was made of it; None for a slice of its own.
    """

    source: str
    name: str
    path: Path
    patient: str
    slice_number: int | None
    labels: tuple[int, ...]
    study: str = ""
    series: str = ""
    position_mm: float | None = None
    known: tuple[bool, ...] = ALL_KNOWN
    study_labels: tuple[int, ...] | None = None
    header: Mapping[str, float | str] = field(default_factory=dict, compare=False)
    member: ArchiveMember | None = field(default=None, compare=False)
    host: tuple[str, str] | None = None

    @property
    def unit(self) -> tuple[str, str, str]:
        """What is read in one go: patient, study and series."""
        return self.patient, self.study, self.series


def made_of(host: LabeledSlice, source: str) -> LabeledSlice:
    """The row of a slice that another source makes of one, under the same name."""
    return replace(host, source=source, host=host.host or (host.source, host.name))


@dataclass(frozen=True, eq=False)
class SliceImage:
    """The pixels of one slice, canonical orientation.

    Attributes:
        stored: (rows, columns), int16.
        slope: HU per stored unit.
        intercept: HU.
        spacing_mm: (between rows, between columns); None where the source does not say.
        masks: (rows, columns), uint8, bit *i* set where a pixel belongs to label *i* of SUBTYPES; None where
            there are none.
        remarks: What was mended on reading, one word each, such as ``wrap``.
    """

    stored: NDArray[np.int16]
    slope: float
    intercept: float
    spacing_mm: tuple[float, float] | None = None
    masks: NDArray[np.uint8] | None = None
    remarks: tuple[str, ...] = ()

    def hu(self) -> NDArray[np.float32]:
        """Hounsfield units, (rows, columns), in the arithmetic of ``Volume.hu``."""
        hu = self.stored.astype(np.float32)
        hu *= np.float32(self.slope)
        hu += np.float32(self.intercept)
        return hu


def image_from_hu(
    hu: NDArray[np.floating] | NDArray[np.integer],
    spacing_mm: tuple[float, float] | None,
    masks: NDArray[np.uint8] | None = None,
    remarks: tuple[str, ...] = (),
) -> SliceImage:
    """An image in whole Hounsfield units; what does not fit into 16 bits is clipped."""
    stored = np.clip(np.rint(hu), -32768, 32767).astype(np.int16)
    return SliceImage(stored, 1.0, 0.0, spacing_mm, masks, remarks)


@dataclass(frozen=True)
class LabelSet:
    """All rows of a source, and what had to be mended.

    Attributes:
        rows: Rows of one study stand together, those of a series in the order of their positions where known.
        remarks: Known defects that were dealt with, in words, for the log and the explore page.
    """

    rows: tuple[LabeledSlice, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unreadable:
    """In place of an image: why there is none, in words."""

    reason: str


class Source(Protocol):
    """A label set. Sources are values: they can be sent to another process."""

    @property
    def name(self) -> str:
        """As in recipes."""

    @property
    def offers(self) -> frozenset[Need]:
        """What of a recipe's needs can be met."""

    @property
    def citation(self) -> str:
        """To be printed beside results."""

    def read_rows(self, report: ReportProgress) -> LabelSet:
        """Read labels, and headers where there are any.

        Raises:
            LabelFileError: Rows are missing, extra or contradictory; names file and line.
        """

    def read_images(self, rows: Sequence[LabeledSlice]) -> Iterator[SliceImage | Unreadable]:
        """Images of rows of one unit, in their order; a damaged file costs its slice only."""


def missing_needs(source_name: str, offers: frozenset[Need], needs: Sequence[str]) -> list[str]:
    """Sentences that name what a source lacks of a recipe's needs; empty if nothing."""
    words = {
        Need.HU_BEYOND_BRAIN_WINDOW: "Hounsfield units beyond the brain window",
        Need.SPACING: "pixel spacing in mm",
        Need.SERIES_ORDER: "the order of slices within a series",
        Need.HEADER: "DICOM headers",
        Need.MASKS: "masks of the bleeds",
    }
    return [
        f"{source_name} has no {words[Need(need)]} ({need})." for need in needs if Need(need) not in offers
    ]
