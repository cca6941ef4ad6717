"""What was scored: logits out of fold beside labels, patients and places, in one value and one file.

Everything that judges reads this and nothing else. The one thing to get wrong: a label that is not
known is neither positive nor negative; it is left out wherever that label is judged.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ichviewer.atomic_file import write_atomically
from ichviewer.core.findings import SUBTYPES

NOT_SAID = -1
"""In the place of a study's label."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """Slices scored by networks that never saw them.

    Attributes:
        sources: (slices,), name of the label set.
        names: (slices,), unique within a source.
        logits: (slices, 6), before calibration, in the order of SUBTYPES.
        labels: (slices, 6), False where not known.
        known: (slices, 6), whether the label is known.
        patients: (slices,), number of the patient, or of the group of near-duplicates where that is unknown.
        folds: (slices,), the fold that held the slice out.
        studies: (slices,), number of the study; -1 where the slice's place in it is not known.
        positions_mm: (slices,), along the study's normal; NaN where not known.
        scored: (6,), whether the network gives the label at all; columns of the others say nothing.
        study_said: (slices, 6), what readers said of the slice's whole study: 1, 0, or NOT_SAID, as of every
            study of which only the slices were read; nothing said where it is not given.
    """

    sources: NDArray[np.str_]
    names: NDArray[np.str_]
    logits: NDArray[np.floating]
    labels: NDArray[np.bool_]
    known: NDArray[np.bool_]
    patients: NDArray[np.int64]
    folds: NDArray[np.int64]
    studies: NDArray[np.int64]
    positions_mm: NDArray[np.float64]
    scored: NDArray[np.bool_] = field(default_factory=lambda: np.ones(len(SUBTYPES), dtype=np.bool_))
    study_said: NDArray[np.int8] = field(default_factory=lambda: np.zeros((0, len(SUBTYPES)), dtype=np.int8))

    def __post_init__(self) -> None:
        count, labels = len(self.names), len(SUBTYPES)
        if not len(self.study_said):
            object.__setattr__(self, "study_said", np.full((count, labels), NOT_SAID, dtype=np.int8))
        by_label = ("logits", "labels", "known", "study_said")
        shapes = {"scored": (labels,), **dict.fromkeys(by_label, (count, labels))}
        for name in _names():
            found, wanted = getattr(self, name).shape, shapes.get(name, (count,))
            if found != wanted:
                raise ValueError(f"Predictions: {name} has the shape {found} instead of {wanted}.")
        if not np.isfinite(self.logits).all():
            bad = int(np.flatnonzero(~np.isfinite(self.logits).all(axis=1))[0])
            raise ValueError(f"The network gave no finite score for {self.sources[bad]} {self.names[bad]}.")

    @property
    def judged(self) -> NDArray[np.bool_]:
        """(slices, 6), where there is both a score and a known label."""
        return self.known & self.scored

    def part(self, rows: NDArray[np.bool_] | NDArray[np.integer]) -> Predictions:
        """Some of the slices."""
        return replace(self, **{name: getattr(self, name)[rows] for name in _names() if name != "scored"})

    def parts(self) -> dict[str, NDArray[np.bool_]]:
        """``pooled`` and each source, as masks over the slices; one source alone is not pooled."""
        each = {str(source): self.sources == source for source in np.unique(self.sources)}
        pooled = {"pooled": np.ones(len(self.names), dtype=np.bool_)} if len(each) > 1 else {}
        return {**pooled, **each}


def _names() -> list[str]:
    return [column.name for column in fields(Predictions)]


def save_predictions(path: Path, predictions: Predictions) -> None:
    """Write as .npz, whole or not at all.

    Raises:
        OSError: The file cannot be written.
    """
    buffer = io.BytesIO()
    is_said = bool((predictions.study_said != NOT_SAID).any())
    # Where nothing was said of studies, the file is as it was before that was a column.
    names = [name for name in _names() if is_said or name != "study_said"]
    np.savez_compressed(buffer, **{name: getattr(predictions, name) for name in names})
    write_atomically(path, buffer.getvalue())


def load_predictions(path: Path) -> Predictions:
    """Read back what ``save_predictions`` wrote.

    Raises:
        ValueError: The file is not what ``save_predictions`` writes.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return Predictions(**{name: stored[name] for name in stored.files})
    except (OSError, TypeError, KeyError, EOFError, BadZipFile) as error:
        raise ValueError(f"{path} holds no predictions: {error}") from error


def check_same_slices(predictions: Predictions, reference: Predictions, name: str, other: str) -> None:
    """Refuse to compare what was measured on different slices, labels or patients.

    Raises:
        ValueError: Names both and the first difference.
    """
    if len(predictions.names) != len(reference.names):
        raise ValueError(
            f"{name} was scored on {len(predictions.names)} slices and {other} on {len(reference.names)}; "
            "a paired difference needs the same."
        )
    for column in ("sources", "names", "labels", "known", "patients"):
        differs = np.asarray(getattr(predictions, column) != getattr(reference, column))
        if differs.any():
            first = int(np.flatnonzero(differs.reshape(len(differs), -1).any(axis=1))[0])
            raise ValueError(f"{name} and {other} differ in {column} at slice {predictions.names[first]}.")
