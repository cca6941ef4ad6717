"""Which images of a study are listed but kept out of its stacks: localizers, captures, derived ones."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from ichviewer.core.series import Series

NOUNS = {"localizer": "localizer", "derived": "derived image", "capture": "screen capture"}
"""What a reader calls each sort of image that the network never sees."""


def with_hidden(series: Sequence[Series]) -> list[Series]:
    """Every series; those of originals with the number of hidden images of the same study and patient."""
    images: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for one in series:
        images[_study(one)][one.kind] += len(one.slices)
    hidden = {
        study: tuple((noun, found[kind]) for kind, noun in NOUNS.items() if found[kind])
        for study, found in images.items()
    }
    return [one if one.kind in NOUNS else replace(one, hidden=hidden[_study(one)]) for one in series]


def _study(series: Series) -> tuple[str, str]:
    return series.study_instance_uid, series.patient.patient_id
