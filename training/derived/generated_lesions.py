"""Real slices without blood, with generated blood put into them: labels, masks, and whose head it is.

A generated slice belongs to its host: it goes into its host's group and fold (``inherited``), so that no
patient of a validation fold is ever the host of a slice that is learned from. The one thing to get wrong: a
slice next to a bleed may show a little of it, so patients (or studies) with any bleed are no hosts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES, Subtype
from ichviewer.core.progress import Progress, ReportProgress
from training.derived.lesion_anatomy import slice_anatomy
from training.derived.lesion_paint import Lesion, put_lesion
from training.prepare.layout import COMPLETE
from training.prepare.prepared import PreparedSource, open_prepared
from training.sources.labeled_slice import LabeledSlice, LabelSet, Need, SliceImage, Unreadable

HOSTS_TRIED = 60
"""Slices of base and vertex have no place for most shapes; one in three to five has."""

REPORT_EVERY = 16


@dataclass(frozen=True)
class GeneratedLesions:
    """A number of generated slices; the same ones whenever they are asked for.

    Attributes:
        hosts: Folder of a prepared source.
        count: How many; the five subtypes in turn.
        seed: Of everything random.
        has_contrast: False makes the control: the same edits, labeled the same, without any blood to see.
    """

    hosts: Path
    count: int
    seed: int
    has_contrast: bool = True

    @property
    def name(self) -> str:
        """As in recipes; the control has another, so that it is never taken for the real thing."""
        return "generated_lesions" if self.has_contrast else "generated_lesions_control"

    @property
    def offers(self) -> frozenset[Need]:
        """Masks, and of what the hosts offer whatever does not need neighbors or a header."""
        return (_opened(self.hosts)[0].offers - {Need.SERIES_ORDER, Need.HEADER}) | {Need.MASKS}

    @property
    def citation(self) -> str:
        """To be printed beside results."""
        return f"generated lesions in slices of: {_opened(self.hosts)[0].citation}"

    def read_rows(self, report: ReportProgress) -> LabelSet:
        """One row per generated slice; every slice is made once to know its host.

        Raises:
            ValueError: The hosts have no slice that a lesion fits into.
        """
        hosts, candidates = _opened(self.hosts)
        if not len(candidates):
            raise ValueError(f"{self.hosts} has no slice of a patient without blood.")
        rows = []
        for number in range(self.count):
            if number % REPORT_EVERY == 0:
                report(Progress(number, self.count, "Choosing hosts"))
            index, lesion = self._made(hosts, candidates, number)
            rows.append(_row(self.name, number, hosts.rows[index], lesion))
        return LabelSet(tuple(rows))

    def read_images(self, rows: Sequence[LabeledSlice]) -> Iterator[SliceImage | Unreadable]:
        """The slices, on their hosts' grid of values."""
        hosts, candidates = _opened(self.hosts)
        for row in rows:
            index, lesion = self._made(hosts, candidates, int(row.name.rpartition("_")[2]))
            host = hosts.image(index)
            stored = np.rint((lesion.hu - host.intercept) / host.slope)
            lowest, highest = int(host.stored.min()), int(host.stored.max())
            # Windowed pictures end where their window does, and so must blood in them.
            values = np.clip(stored, lowest, highest).astype(np.int16)
            untouched = lesion.hu == host.hu()
            values[untouched] = host.stored[untouched]
            yield SliceImage(values, host.slope, host.intercept, host.spacing_mm, lesion.masks)

    def _made(self, hosts: PreparedSource, candidates: NDArray[np.int64], number: int) -> tuple[int, Lesion]:
        """Host index and lesion of a number; hosts are drawn until the lesion fits."""
        subtype = SUBTYPES[1 + number % (len(SUBTYPES) - 1)]
        for attempt in range(HOSTS_TRIED):
            generator = np.random.default_rng((self.seed, number, attempt))
            index = int(candidates[generator.integers(len(candidates))])
            anatomy = slice_anatomy(hosts.hu(index), hosts.entries[index].spacing_mm)
            lesion = None if anatomy is None else put_lesion(anatomy, subtype, generator, self.has_contrast)
            if lesion is not None:
                return index, lesion
        raise ValueError(f"{self.hosts}: no place for a {subtype} lesion in {HOSTS_TRIED} slices.")


def _opened(folder: Path) -> tuple[PreparedSource, NDArray[np.int64]]:
    """Hosts and the slices among them that may be used; kept, since every few slices ask for them."""
    sealed = folder / COMPLETE
    return _kept(folder, sealed.read_text(encoding="utf-8") if sealed.exists() else "")


@lru_cache(maxsize=2)
def _kept(folder: Path, sealed: str) -> tuple[PreparedSource, NDArray[np.int64]]:
    hosts = open_prepared(folder)
    return hosts, host_indices(hosts.rows)


def host_indices(rows: Sequence[LabeledSlice]) -> NDArray[np.int64]:
    """Slices that are known to be without blood, of patients and studies that are so too."""
    bleeds: dict[tuple[str, str], bool] = defaultdict(bool)
    for row in rows:
        has_blood = bool(row.labels[0]) or bool(row.study_labels and row.study_labels[0])
        for key in _keys(row):
            bleeds[key] |= has_blood
    free = [row.known[0] and not row.labels[0] and not any(bleeds[key] for key in _keys(row)) for row in rows]
    return np.flatnonzero(free)


def _keys(row: LabeledSlice) -> list[tuple[str, str]]:
    known = [(kind, key) for kind, key in (("patient", row.patient), ("study", row.study)) if key]
    return known or [("slice", row.name)]


def inherited(
    generated: Sequence[LabeledSlice], rows: Sequence[LabeledSlice], values: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Group or fold of generated slices: that of their hosts.

    Args:
        generated: Of ``GeneratedLesions``.
        rows: The split's slices.
        values: (rows,), their groups or folds.

    Raises:
        ValueError: A host is not among *rows*; names the generated slice.
    """
    value_of = {(row.source, row.name): int(value) for row, value in zip(rows, values, strict=True)}
    found = []
    for row in generated:
        if row.host is None or row.host not in value_of:
            raise ValueError(f"{row.name} has the host {row.host}, which the split does not hold.")
        found.append(value_of[row.host])
    return np.asarray(found, dtype=np.int64)


def _row(source: str, number: int, host: LabeledSlice, lesion: Lesion) -> LabeledSlice:
    labels = tuple(int(s in (Subtype.ANY, lesion.subtype)) for s in SUBTYPES)
    return LabeledSlice(
        source=source,
        name=f"{source}_{number:06d}",
        path=host.path,
        patient=host.patient,
        slice_number=None,
        labels=labels,
        host=host.host or (host.source, host.name),
    )
