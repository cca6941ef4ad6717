"""One row of a comparison: what was run, what it cost, where its scores lie; kept in a file of its own."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from ichviewer.atomic_file import write_atomically
from training.recipe.tree import Labels


class Status(StrEnum):
    """How a row came about."""

    RUN = "run"
    NOT_RUN = "not run"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class Cost:
    """What a row took.

    Attributes:
        parameters: Of the network.
        steps: Of each fold.
        training_seconds: Of all folds together; None where a part of it was trained by an earlier run.
        seconds_per_slice: Forward pass of one slice, without preprocessing, median.
        machine: What that was measured on, in words.
    """

    parameters: int
    steps: int
    training_seconds: float | None
    seconds_per_slice: float
    machine: str


@dataclass(frozen=True)
class Row:
    """One row of a comparison.

    Attributes:
        recipe: Its name.
        status: How it came about.
        reason: Why it was refused or failed, or is not run; in words.
        key: Hash of everything that its scores depend on.
        split: ``patient``, or ``as_reported``: slice-random, never compared with the others.
        commit: Of the code.
        seed: Of everything random.
        sources: Names of the label sets.
        folds: The folds that were held out.
        slices: That were scored.
        patients: Among them.
        cost: None unless it was run.
        report_steps: Steps that the report trained for; 0 where it does not say.
        reports: What the report says, in words.
        assumed: Keys of the recipe that are our choice.
        lost: What the source or machine could not give, in words.
        predictions: File beside the row's own; empty unless it was run.
        threshold: Probability from which on the recipe counts a label as said.
        labels: What its network learned, as the recipe says.
    """

    recipe: str
    status: Status
    reason: str = ""
    key: str = ""
    split: str = "patient"
    commit: str = ""
    seed: int = 0
    sources: tuple[str, ...] = ()
    folds: tuple[int, ...] = ()
    slices: int = 0
    patients: int = 0
    cost: Cost | None = None
    report_steps: int = 0
    reports: str = ""
    assumed: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    predictions: str = ""
    threshold: float = 0.5
    labels: Labels = "six"

    @property
    def share_of_report(self) -> float | None:
        """Our steps over the report's; None where either is not known."""
        return self.cost.steps / self.report_steps if self.cost and self.report_steps else None


def row_path(folder: Path, recipe: str) -> Path:
    """Where the row of a recipe is kept."""
    return folder / f"{recipe}.json"


def write_row(folder: Path, row: Row) -> None:
    """Keep a row, whole or not at all."""
    write_atomically(row_path(folder, row.recipe), (json.dumps(asdict(row), indent=1) + "\n").encode())


def read_row(folder: Path, recipe: str) -> Row | None:
    """A row that was kept; None if there is none.

    Raises:
        ValueError: The file is no row.
    """
    path = row_path(folder, recipe)
    if not path.exists():
        return None
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        values["status"] = Status(values["status"])
        values["cost"] = None if values["cost"] is None else Cost(**values["cost"])
        for name in ("sources", "folds", "assumed", "lost"):
            values[name] = tuple(values[name])
        return Row(**values)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} is no row of a comparison: {error!r}.") from error
