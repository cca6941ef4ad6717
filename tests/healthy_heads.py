"""Healthy generated heads as a source, for what is put into them.

Imported as ``from healthy_heads import Heads``; pytest puts this folder on the path.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ichviewer.core.phantom import phantom_slice
from ichviewer.core.phantom_spec import random_spec
from ichviewer.core.progress import ReportProgress
from training.sources.labeled_slice import (
    LabeledSlice,
    LabelSet,
    Need,
    SliceImage,
    Unreadable,
    image_from_hu,
)

SIDE = 192
HEALTHY = replace(random_spec(7, bleeding=False), rows=SIDE, columns=SIDE)
VENTRICLE_LEVEL_MM = 30.0
SPACING = HEALTHY.pixel_spacing_mm


def healthy_hu(height_mm: float = VENTRICLE_LEVEL_MM, seed: int = 7) -> np.ndarray:
    spec = replace(random_spec(seed, bleeding=False), rows=SIDE, columns=SIDE)
    return phantom_slice(spec, round((height_mm - spec.lowest_mm) / spec.slice_spacing_mm)).hu


@dataclass(frozen=True)
class Heads:
    """Healthy heads, one slice each, and a bleeding patient with a healthy slice."""

    name: str = "heads"
    offers: frozenset[Need] = frozenset({Need.SPACING, Need.SERIES_ORDER})
    citation: str = "nobody"

    def read_rows(self, report: ReportProgress) -> LabelSet:
        rows = [LabeledSlice("heads", f"h{n}", Path("h"), f"P{n}", n, (0,) * 6) for n in range(3)]
        bleeding = LabeledSlice("heads", "bleeds", Path("h"), "P9", 1, (1, 0, 0, 0, 0, 1))
        beside = LabeledSlice("heads", "beside", Path("h"), "P9", 2, (0,) * 6)
        return LabelSet((*rows, bleeding, beside))

    def read_images(self, rows: Sequence[LabeledSlice]) -> Iterator[SliceImage | Unreadable]:
        for row in rows:
            yield image_from_hu(healthy_hu(seed=(row.slice_number or 0) + 7), SPACING)
