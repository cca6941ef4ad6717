"""Figures of a source from its rows alone: labels, patients, headers, distances between slices."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES
from training.sources.labeled_slice import LabeledSlice

USUAL_COUNT = 12
"""A table of header values shows so many rows; the rest is summed up."""


@dataclass(frozen=True)
class LabelCount:
    """One label in one source.

    Attributes:
        label: Its name.
        known: Slices for which it was given.
        positive: Slices that have it.
        patients: Patients with such a slice; None where no row has a patient.
    """

    label: str
    known: int
    positive: int
    patients: int | None

    @property
    def prevalence(self) -> float:
        """Share of the known ones that are positive; 0 where none is known."""
        return self.positive / self.known if self.known else 0.0


def label_counts(rows: Sequence[LabeledSlice]) -> list[LabelCount]:
    """The six labels of a source."""
    has_patients = any(row.patient for row in rows)
    found = []
    for index, subtype in enumerate(SUBTYPES):
        positive = [row for row in rows if row.known[index] and row.labels[index]]
        patients = len({row.patient for row in positive if row.patient}) if has_patients else None
        known = sum(row.known[index] for row in rows)
        found.append(LabelCount(str(subtype), known, len(positive), patients))
    return found


def co_occurrence(labels: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(6, 6), slices that have both labels; the diagonal counts each label."""
    counts = labels.astype(np.int64)
    return np.asarray(counts.T @ counts)


def distinct(rows: Sequence[LabeledSlice], what: str) -> int:
    """Number of different patients or studies, unknown ones aside."""
    return len({getattr(row, what) for row in rows if getattr(row, what)})


def header_split(rows: Sequence[LabeledSlice]) -> list[tuple[str, int, float]]:
    """Slices and share of bleeding by bits stored, sign and intercept, most frequent first.

    Returns:
        (what the header says, slices, share of bleeding); empty without headers.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if row.header.get("bits_stored") is not None:
            groups[_storage(row)].append(row.labels[0])
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    found = [(key, len(labels), float(np.mean(labels))) for key, labels in ordered[:USUAL_COUNT]]
    rest = [label for _, labels in ordered[USUAL_COUNT:] for label in labels]
    return [*found, ("all others", len(rest), float(np.mean(rest)))] if rest else found


def _storage(row: LabeledSlice) -> str:
    bits, signed = row.header["bits_stored"], row.header.get("pixel_representation")
    intercept = row.header.get("rescale_intercept")
    sign = "signed" if signed == 1 else "unsigned"
    said = "no intercept" if intercept is None else f"intercept {float(intercept):g}"
    return f"{float(bits):g} bits {sign}, {said}"


def slice_distances(rows: Sequence[LabeledSlice]) -> NDArray[np.float64]:
    """Median distance between neighboring positions of every series of three or more, mm."""
    series: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in rows:
        if row.series and row.position_mm is not None:
            series[row.unit].append(row.position_mm)
    steps = [float(np.median(np.diff(sorted(places)))) for places in series.values() if len(places) >= 3]
    return np.asarray(steps, dtype=np.float64)


def thicknesses(rows: Sequence[LabeledSlice]) -> NDArray[np.float64]:
    """Slice thickness of every row whose header says it, mm."""
    said = [row.header["slice_thickness_mm"] for row in rows if "slice_thickness_mm" in row.header]
    return np.asarray(said, dtype=np.float64)


def same_place(rows: Sequence[LabeledSlice]) -> int:
    """Slices at the position of another one in their series."""
    places = Counter(
        (*row.unit, round(row.position_mm, 2)) for row in rows if row.series and row.position_mm is not None
    )
    return sum(count - 1 for count in places.values())
