"""The long label file of RSNA 2019: six lines per slice, ``ID_xxx_subtype,Label``, with its known defects."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO
from zipfile import ZipFile

from ichviewer.core.findings import SUBTYPES
from training.sources.label_file import LabelFileError

UNKNOWN = -1
COLUMN_OF = {str(subtype): index for index, subtype in enumerate(SUBTYPES)}


@dataclass(frozen=True)
class LongLabels:
    """The slices of a long label file.

    Attributes:
        labels: (6,) 0 or 1 by slice name.
        lines: Line of a slice's first row, by its name.
        repeated_rows: Rows that said once more what another row said.
    """

    labels: dict[str, tuple[int, ...]]
    lines: dict[str, int]
    repeated_rows: int


def read_long_labels(path: Path, member: str = "") -> LongLabels:
    """Read a long label file.

    Args:
        path: The CSV, or the ZIP archive that holds it.
        member: Its name within the archive.

    Raises:
        LabelFileError: A row is malformed, two rows contradict each other, a slice lacks a row, or its
            ``any`` is not the maximum of its subtypes.
    """
    shown = path / member if member else path
    values: dict[str, list[int]] = {}
    lines: dict[str, int] = {}
    problems: list[str] = []
    repeated = 0
    with _opened(path, member) as file:
        reader = csv.reader(file)
        if next(reader, []) != ["ID", "Label"]:
            raise LabelFileError(shown, [", line 1: the header is not ID,Label."])
        for cells in reader:
            if not cells:
                continue
            name, _, subtype = cells[0].rpartition("_")
            if len(cells) != 2 or subtype not in COLUMN_OF or cells[1] not in ("0", "1"):
                problems.append(
                    f", line {reader.line_num}: {','.join(cells)!r} is not ID_xxx_subtype,0 or 1."
                )
                continue
            label, column = int(cells[1]), COLUMN_OF[subtype]
            lines.setdefault(name, reader.line_num)
            six = values.setdefault(name, [UNKNOWN] * len(SUBTYPES))
            if six[column] == label:
                repeated += 1
            elif six[column] != UNKNOWN:
                problems.append(
                    f", line {reader.line_num}: {cells[0]} is {label}, an earlier row says {six[column]}."
                )
            six[column] = label
    problems += [problem for name, six in values.items() for problem in _problems(name, six, lines[name])]
    if problems:
        raise LabelFileError(shown, problems)
    return LongLabels({name: tuple(six) for name, six in values.items()}, lines, repeated)


def _problems(name: str, six: list[int], line: int) -> Iterator[str]:
    absent = [str(subtype) for subtype, label in zip(SUBTYPES, six, strict=True) if label == UNKNOWN]
    if absent:
        yield f", line {line}: {name} has no row for {', '.join(absent)}."
    elif six[0] != max(six[1:]):
        yield f", line {line}: label 'any' of {name} is {six[0]} and is not the maximum of its subtypes."


@contextmanager
def _opened(path: Path, member: str) -> Iterator[TextIO]:
    try:
        if member:
            with ZipFile(path) as archive, archive.open(member) as raw:
                yield TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        else:
            with path.open(newline="", encoding="utf-8-sig") as file:
                yield file
    except OSError as error:
        raise LabelFileError(path, [f" cannot be read: {error.strerror or error}."]) from error
