"""What ties slices together: who shares a key must stay in one fold."""

from __future__ import annotations

from training.sources.labeled_slice import LabeledSlice

Tie = tuple[str, str, str]
"""Kind, data set and name."""

DATA_SET_OF = {
    **dict.fromkeys(("rsna_png", "rsna_dicom"), "rsna"),
    **dict.fromkeys(("ct_ich_v1", "ct_ich_v1_both", "ct_ich_published"), "ct_ich"),
}
"""Sources that were published of the same patients, under the same names; any other is one of its own."""


def ties_of(row: LabeledSlice) -> list[Tie]:
    """Keys of a slice: its patient, its study, itself; those of its host if it was made of another slice.

    It shows its host's head then, so it is the host's patient whatever its own source is called.
    """
    source, name = row.host or (row.source, row.name)
    data_set = DATA_SET_OF.get(source, source)
    ties = [("slice", data_set, name)]
    if row.patient:
        ties.append(("patient", data_set, row.patient))
    if row.study:
        ties.append(("study", data_set, row.study))
    return ties
