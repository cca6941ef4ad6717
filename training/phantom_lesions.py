"""Bleeding slices of procedural heads with the masks of their bleeds, to hold heat maps against.

The one thing to get wrong: training draws heads of the same generator, so these have seeds of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ichviewer.core.findings import SUBTYPES, Subtype
from ichviewer.core.phantom import BLEEDING_SUBTYPES, phantom_slice
from ichviewer.core.phantom_spec import random_spec
from training.judge.localization import LesionSlice

FIRST_SEED = 2_000_000
"""Training's heads begin at 1,000,000 and the demo's lies below."""


def phantom_lesions(heads: int) -> Iterator[LesionSlice]:
    """Of each of so many bleeding heads the slice through the middle of each bleed."""
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
