"""Rows that are the mean of others: several seeds, or several networks, judged together.

The one thing to get wrong: a mean costs what all its members cost, in training and for every slice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from training.compare.row import Cost, Row, Status
from training.judge.predictions import Predictions, check_same_slices


@dataclass(frozen=True)
class Ensemble:
    """A row to be made of others.

    Attributes:
        name: In the table.
        members: Names of the rows.
    """

    name: str
    members: tuple[str, ...]


Found = tuple[Row, Predictions | None]


def ensemble_row(ensemble: Ensemble, rows: Sequence[Found]) -> Found:
    """The mean of its members' logits and the sum of their cost; not run while a member is not.

    Raises:
        ValueError: A member is not in the table, or was scored on other slices or labels.
    """
    by_name = {row.recipe: (row, found) for row, found in rows}
    unknown = [name for name in ensemble.members if name not in by_name]
    if unknown:
        raise ValueError(f"{ensemble.name} is a mean of {unknown[0]}, which is not in the table.")
    members = [by_name[name] for name in ensemble.members]
    words = f"mean of {', '.join(ensemble.members)}"
    scored = [(row, row.cost, found) for row, found in members if found is not None and row.cost is not None]
    if len(scored) < len(members):
        return Row(ensemble.name, Status.NOT_RUN, f"{words}, not all of which were run"), None
    first, _, predictions = scored[0]
    for row, _, found in scored[1:]:
        check_same_slices(found, predictions, row.recipe, first.recipe)
        if (found.scored != predictions.scored).any():
            raise ValueError(f"{row.recipe} and {first.recipe} score other labels; they have no mean.")
    costs = [cost for _, cost, _ in scored]
    seconds = [cost.training_seconds for cost in costs]
    known = [each for each in seconds if each is not None]
    cost = Cost(
        sum(each.parameters for each in costs),
        max(each.steps for each in costs),
        float(sum(known)) if len(known) == len(seconds) else None,
        float(sum(each.seconds_per_slice for each in costs)),
        costs[0].machine,
    )
    mean = np.mean([found.logits for _, _, found in scored], axis=0)
    row = replace(
        first,
        recipe=ensemble.name,
        reason=words,
        cost=cost,
        report_steps=0,
        reports="",
        lost=tuple(dict.fromkeys(lost for row, _, _ in scored for lost in row.lost)),
        assumed=(),
        predictions="",
    )
    return row, replace(predictions, logits=mean)
