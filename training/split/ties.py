"""What ties slices together: who shares a key must stay in one fold."""

from __future__ import annotations

from training.sources.labeled_slice import LabeledSlice

Tie = tuple[str, str, str]
"""Kind, source and name."""


def ties_of(row: LabeledSlice) -> list[Tie]:
    """Keys of a slice: its patient, its study, itself; of a generated slice those of its host.

    A generated slice shows its host's head, so it is the host's patient whatever its own source is called.
    """
    host = row.header.get("host_name")
    source = str(row.header.get("host_source", row.source))
    ties = [("slice", source, row.name if host is None else str(host))]
    if row.patient:
        ties.append(("patient", source, row.patient))
    if row.study:
        ties.append(("study", source, row.study))
    return ties
