"""Split files: written once, hashed, and checked whenever they are read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichviewer.atomic_file import write_atomically
from training.sources.labeled_slice import LabeledSlice
from training.split.ties import Tie, ties_of


class SplitKind(StrEnum):
    """How slices were dealt."""

    PATIENT = "patient"
    AS_REPORTED = "as_reported"


def write_split(
    path: Path,
    rows: Sequence[LabeledSlice],
    groups: NDArray[np.int64],
    folds: NDArray[np.int64],
    kind: SplitKind = SplitKind.PATIENT,
) -> None:
    """Freeze a split: a head with the hash of what follows, then one line per slice.

    Raises:
        ValueError: A split by patient takes a patient or a group apart.
    """
    check_split(rows, groups, folds, kind)
    lines = [
        {"source": row.source, "name": row.name, "group": int(group), "fold": int(fold)}
        for row, group, fold in zip(rows, groups, folds, strict=True)
    ]
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    head = {"split": str(kind), "slices": len(lines), "sha256": hashlib.sha256(body).hexdigest()}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (json.dumps(head) + "\n").encode() + body)


def read_split(
    path: Path, rows: Sequence[LabeledSlice], as_reported: bool = False, fold_count: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Groups and folds of a frozen split.

    Args:
        path: From ``write_split``.
        rows: The slices that it is to be of, in their order.
        as_reported: Whether a slice-random split is what the caller asks for.
        fold_count: Folds that the caller knows of; None takes any.

    Raises:
        ValueError: The file was changed, it is of other slices, it is slice-random and was not asked to be,
            or a patient stands in two folds; names the file, and the line where there is one.
    """
    head, lines = _read(path)
    kind = SplitKind(head.get("split", SplitKind.PATIENT))
    if kind is SplitKind.AS_REPORTED and not as_reported:
        raise ValueError(
            f"{path} is slice-random: heads stand on both sides. It is read only for a recipe with "
            'split = "as_reported".'
        )
    first_line = 2 if head else 1
    for number, line in enumerate(lines, start=first_line):
        fold = line["fold"]
        if fold < 0 or (fold_count is not None and fold >= fold_count):
            wanted_folds = "" if fold_count is None else f"; there are folds 0 to {fold_count - 1}"
            raise ValueError(f"{path}, line {number}: fold {fold}{wanted_folds}.")
    named = [(line["source"], line["name"]) for line in lines]
    wanted = [(row.source, row.name) for row in rows]
    if named != wanted:
        pairs = enumerate(zip(named, wanted, strict=False), start=first_line)
        number = next((n for n, (a, b) in pairs if a != b), first_line + min(len(named), len(wanted)))
        text = f"The split {path} was made for other slices: it has {len(named)}, there are {len(wanted)}"
        raise ValueError(f"{text}; the first difference is in line {number}.")
    groups = np.asarray([line["group"] for line in lines], dtype=np.int64)
    folds = np.asarray([line["fold"] for line in lines], dtype=np.int64)
    try:
        check_split(rows, groups, folds, kind)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return groups, folds


def check_split(
    rows: Sequence[LabeledSlice],
    groups: NDArray[np.int64],
    folds: NDArray[np.int64],
    kind: SplitKind = SplitKind.PATIENT,
) -> None:
    """Refuse a split by patient that takes a patient, a study, a host's head or a group apart.

    Raises:
        ValueError: Names the first one.
    """
    if kind is SplitKind.AS_REPORTED:
        return
    fold_of: dict[Tie, tuple[int, str]] = {}
    for row, group, fold in zip(rows, groups, folds, strict=True):
        for tie in (("group", "", str(int(group))), *ties_of(row)):
            known, name = fold_of.setdefault(tie, (int(fold), row.name))
            if known != fold:
                shown = " of ".join(part for part in (tie[2], tie[1]) if part)
                raise ValueError(
                    f"{tie[0]} {shown} stands in folds {known} and {fold} (slices {name} and {row.name})."
                )


def split_sha256(path: Path) -> str:
    """SHA-256 of the frozen split, hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Head and lines; the first release wrote no head."""
    content = path.read_bytes()
    first, _, body = content.partition(b"\n")
    try:
        head = dict(json.loads(first))
        if "split" not in head:
            head, body = {}, content
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}, line 1: is no split file: {error}.") from error
    lines = [_line(path, number, text) for number, text in enumerate(body.splitlines(), 2 if head else 1)]
    if head and hashlib.sha256(body).hexdigest() != head.get("sha256"):
        raise ValueError(f"{path} was changed since it was frozen.")
    return head, lines


def _line(path: Path, number: int, text: bytes) -> dict[str, Any]:
    """One slice's line.

    Raises:
        ValueError: It is none; names the line.
    """
    kinds = {"source": str, "name": str, "group": int, "fold": int}
    try:
        values = dict(json.loads(text))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}, line {number}: is no line of a split: {error}.") from error
    for key, kind in kinds.items():
        # bool is an int to Python, not to a reader of splits.
        if not isinstance(values.get(key), kind) or isinstance(values[key], bool):
            raise ValueError(f"{path}, line {number}: {key} is {values.get(key)!r}.")
    return values
