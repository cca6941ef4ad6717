"""CSV files with labels: read with their line numbers, so that every complaint can name its line."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from ichviewer.core.findings import SUBTYPES

MOST_PROBLEMS = 10
"""A broken file is not quoted whole."""


class LabelFileError(ValueError):
    """A label file that cannot be trusted; the text names file and lines."""

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        shown = [f"{path}{problem}" for problem in problems[:MOST_PROBLEMS]]
        if len(problems) > MOST_PROBLEMS:
            shown.append(f"and {len(problems) - MOST_PROBLEMS:,} more")
        super().__init__("\n".join(shown))
        self.path = path
        self.problems = tuple(problems)


@dataclass(frozen=True)
class LabelLine:
    """One line of a label file.

    Attributes:
        number: As an editor counts, the header is 1.
        cells: Text by column, stripped.
    """

    number: int
    cells: dict[str, str]


def read_label_lines(path: Path, columns: Sequence[str]) -> list[LabelLine]:
    """All lines below the header; empty lines are passed over.

    Args:
        path: UTF-8, with or without byte order mark.
        columns: Must be there; others may be.

    Raises:
        LabelFileError: The file is not there, a column is missing, or a line has too few or too many cells.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = [cell.strip() for cell in next(reader, [])]
            absent = [column for column in columns if column not in header]
            if absent:
                raise LabelFileError(path, [f", line 1: no column {', '.join(absent)}."])
            lines, problems = [], []
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(header):
                    problems.append(
                        f", line {reader.line_num}: {len(cells)} cells, the header has {len(header)}."
                    )
                    continue
                stripped = dict(zip(header, (cell.strip() for cell in cells), strict=True))
                lines.append(LabelLine(reader.line_num, stripped))
    except OSError as error:
        raise LabelFileError(path, [f" cannot be read: {error.strerror}."]) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise LabelFileError(path, [f" is not a CSV file in UTF-8: {error}."]) from error
    if problems:
        raise LabelFileError(path, problems)
    return lines


def binary(path: Path, line: LabelLine, column: str) -> int:
    """A cell that is 0 or 1.

    Raises:
        LabelFileError: It is something else.
    """
    text = line.cells[column]
    if text not in ("0", "1", "0.0", "1.0"):
        raise LabelFileError(path, [f", line {line.number}: {column} is {text!r}, neither 0 nor 1."])
    return int(text[0])


def six_labels(path: Path, line: LabelLine) -> tuple[int, ...]:
    """The six labels of a line.

    Raises:
        LabelFileError: One is neither 0 nor 1, or ``any`` contradicts the subtypes.
    """
    labels = tuple(binary(path, line, subtype) for subtype in SUBTYPES)
    if labels[0] != max(labels[1:]):
        raise LabelFileError(
            path,
            [f", line {line.number}: label 'any' is {labels[0]} and is not the maximum of its subtypes."],
        )
    return labels


def refuse_misspelled(path: Path, header: Iterable[str], columns: Sequence[str]) -> None:
    """Refuse a column that is none of *columns* and nearly one: its labels would count as never given.

    Raises:
        LabelFileError: Names the column and the one that it may be meant for.
    """
    given = set(header)
    problems = []
    for name in sorted(given - set(columns)):
        near = get_close_matches(
            name.lower(), [each for each in columns if each not in given], n=1, cutoff=0.8
        )
        if near:
            problems.append(f", line 1: the column {name!r} is not known; is it meant for {near[0]!r}?")
    if problems:
        raise LabelFileError(path, problems)


def refuse_repeats(path: Path, names: Sequence[tuple[str, int]]) -> None:
    """Refuse a label file in which a slice stands twice.

    Args:
        path: For the text.
        names: Name and line number of every row.

    Raises:
        LabelFileError: Names both lines.
    """
    first: dict[str, int] = {}
    problems = []
    for name, number in names:
        if name in first:
            problems.append(f", line {number}: {name} stands twice, first in line {first[name]}.")
        first.setdefault(name, number)
    if problems:
        raise LabelFileError(path, problems)


def compare_with_files(path: Path, lines: dict[str, int], files: set[str], is_partial: bool) -> list[str]:
    """Hold the rows of a label file against the files that are there.

    Args:
        path: The label file.
        lines: Line number by name.
        files: Names for which there is a file.
        is_partial: Only a part of the files was copied: rows without file are left out.

    Returns:
        Names to use, in the order of *lines*.

    Raises:
        LabelFileError: A file has no row, or a row has no file (unless *is_partial*).
    """
    unlabeled = sorted(files - lines.keys())
    problems = [f" has no row for {name}, which is there." for name in unlabeled]
    absent = [name for name in lines if name not in files]
    if absent and not is_partial:
        problems += [f", line {lines[name]}: there is no file for {name}." for name in absent]
    if problems:
        raise LabelFileError(path, problems)
    return [name for name in lines if name in files]


def require_classes(where: str, labels: Sequence[Sequence[int]], known: Sequence[Sequence[bool]]) -> None:
    """Refuse labels of which one is never, or always, positive: nothing can be learned or measured.

    Args:
        where: The label file or split, for the text.
        labels: (rows, 6).
        known: (rows, 6).

    Raises:
        ValueError: Names *where* and the labels.
    """
    empty = []
    for index, subtype in enumerate(SUBTYPES):
        given = {row[index] for row, is_known in zip(labels, known, strict=True) if is_known[index]}
        if len(given) == 1:
            empty.append(f"{subtype} is {given.pop()} in every row")
    if not labels:
        raise ValueError(f"{where} has no row.")
    if empty:
        raise ValueError(f"{where} has an empty class: {'; '.join(empty)}.")
