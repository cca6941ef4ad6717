"""Slices with lesions whose place is known, to hold heat maps against: put into real slices, or drawn.

The one thing to get wrong: a lesion in a real slice is shown to the network of the fold that held that
head out; and drawn heads have seeds of their own, since training draws heads of the same generator.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES, Subtype
from ichviewer.core.phantom import BLEEDING_SUBTYPES, phantom_slice
from ichviewer.core.phantom_spec import random_spec
from training.derived.generated_lesions import inherited
from training.judge.localization import LesionSlice
from training.prepare.prepared import PreparedSource
from training.sources.labeled_slice import LabeledSlice

FIRST_SEED = 2_000_000
"""Training's heads begin at 1,000,000 and the demo's lies below."""


def lesions_of_fold(
    source: PreparedSource,
    rows: tuple[LabeledSlice, ...],
    patients: NDArray[np.int64],
    folds: NDArray[np.int64],
    fold: int,
    most: int,
) -> Iterator[LesionSlice]:
    """Generated lesions in heads that a fold holds out.

    Args:
        source: Prepared ``generated_lesions``.
        rows: The split's slices, the hosts among them.
        patients: (rows,).
        folds: (rows,).
        fold: The one.
        most: At most so many, evenly spread.

    Raises:
        ValueError: A host is not among *rows*.
    """
    hosts, host_folds = (inherited(source.rows, rows, values) for values in (patients, folds))
    members = np.flatnonzero(host_folds == fold)
    if len(members) > most:
        members = members[np.linspace(0, len(members) - 1, most).round().astype(int)]
    for index in members:
        masks = source.masks(int(index))
        if masks is not None and masks.any():
            hu, spacing_mm = source.hu(int(index)), source.spacing_mm(int(index))
            yield LesionSlice(hu, spacing_mm, np.asarray(masks), int(hosts[index]))


def drawn_lesions(heads: int) -> Iterator[LesionSlice]:
    """Of each of so many bleeding procedural heads the slice through the middle of each bleed."""
    for host in range(heads):
        spec = replace(random_spec(FIRST_SEED + host, bleeding=True), rows=320, columns=320)
        heights = [bleed.center_mm[2] for bleed in spec.bleeds]
        indices = {round((height - spec.lowest_mm) / spec.slice_spacing_mm) for height in heights}
        for index in sorted(indices & set(range(spec.slice_count))):
            made = phantom_slice(spec, index)
            masks = np.zeros(made.hu.shape, dtype=np.uint8)
            for position, subtype in enumerate(BLEEDING_SUBTYPES):
                masks |= made.masks[position].astype(np.uint8) << SUBTYPES.index(Subtype(subtype))
            if masks.any():
                yield LesionSlice(made.hu.astype(np.float32), spec.pixel_spacing_mm, masks, host)
