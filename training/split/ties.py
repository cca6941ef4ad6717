"""What ties slices together: who shares a key must stay in one fold."""

from __future__ import annotations

from training.sources.labeled_slice import LabeledSlice

Tie = tuple[str, str, str]
"""Kind, source and name."""


def ties_of(row: LabeledSlice) -> list[Tie]:
    """Keys of a slice: its patient, its study, itself; those of its host if it was made of another slice.

    It shows its host's head then, so it is the host's patient whatever its own source is called.
    """
    source, name = row.host or (row.source, row.name)
    ties = [("slice", source, name)]
    if row.patient:
        ties.append(("patient", source, row.patient))
    if row.study:
        ties.append(("study", source, row.study))
    return ties
