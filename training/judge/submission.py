"""The RSNA 2019 submission file: one line per slice and label, complete and free of repeats.

The one thing to get wrong: Kaggle scores a file with missing or repeated lines without a word or not at
all, so it is checked against the list of slices that was asked for, before it is sent.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichviewer.atomic_file import write_atomically
from ichviewer.core.findings import SUBTYPES

HEADER = ("ID", "Label")
MOST_NAMED = 5


def write_submission(
    path: Path, names: Sequence[str], probabilities: NDArray[np.floating], wanted: Iterable[str] | None = None
) -> None:
    """Write ``ID_xxx_subtype,Label`` lines.

    Args:
        path: CSV file.
        names: (slices,), SOP names such as ``ID_0a1b2c3d4``.
        probabilities: (slices, 6), calibrated, in the order of SUBTYPES.
        wanted: The slices that must be in it, no more and no less; None for just those there are.

    Raises:
        ValueError: A slice is missing, extra or stands twice, or a probability is none; nothing is written.
        OSError: The file cannot be written.
    """
    check_names(names, names if wanted is None else wanted, str(path))
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError(f"{path}: a score is not a probability.")
    lines = [",".join(HEADER)]
    for name, scores in zip(names, probabilities, strict=True):
        lines += [f"{name}_{label},{score:.7g}" for label, score in zip(SUBTYPES, scores, strict=True)]
    write_atomically(path, ("\n".join(lines) + "\n").encode("ascii"))


def read_wanted(path: Path) -> list[str]:
    """Names of the slices in a sample submission, in its order.

    Raises:
        ValueError: A line is not ``ID_xxx_subtype,Label`` or stands twice, or a slice lacks one of the six
            labels; names file and line.
    """
    names: dict[str, set[str]] = {}
    first_lines: dict[str, int] = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        if tuple(next(reader, ())) != HEADER:
            raise ValueError(f"{path}, line 1: the header is not {','.join(HEADER)}.")
        for cells in reader:
            name, _, label = cells[0].rpartition("_") if cells else ("", "", "")
            if len(cells) != 2 or not name or label not in tuple(SUBTYPES):
                raise ValueError(f"{path}, line {reader.line_num}: not ID_xxx_subtype,Label.")
            if label in names.setdefault(name, set()):
                raise ValueError(f"{path}, line {reader.line_num}: {cells[0]} stands twice.")
            names[name].add(label)
            first_lines.setdefault(name, reader.line_num)
    incomplete = [name for name, labels in names.items() if len(labels) < len(SUBTYPES)]
    if incomplete:
        first = incomplete[0]
        raise ValueError(
            f"{path}, line {first_lines[first]}: {first} has {len(names[first])} labels instead of six."
        )
    return list(names)


def check_names(names: Sequence[str], wanted: Iterable[str], where: str) -> None:
    """Refuse slices that are missing, extra or there twice.

    Raises:
        ValueError: Counts them and names the first few.
    """
    counts, want = Counter(names), set(wanted)
    found = {
        "missing": sorted(want - counts.keys()),
        "extra": sorted(counts.keys() - want),
        "there more than once": sorted(name for name, count in counts.items() if count > 1),
    }
    for what, which in found.items():
        if which:
            named = ", ".join(which[:MOST_NAMED]) + (", ..." if len(which) > MOST_NAMED else "")
            raise ValueError(f"{where}: {len(which):,} slices are {what}: {named}")
