"""One pass over the pixels of a prepared source: what page and near-duplicate search need of each slice."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ichviewer.core.progress import Progress, ReportProgress
from ichviewer.core.windowing import BRAIN, apply_window
from training.prepare.prepared import PreparedSource
from training.prepare.room import require_memory
from training.sources.brain_share import brain_share
from training.split.near_duplicates import thumbnails

THUMBNAIL_PX = 32
REPORT_EVERY = 64


@dataclass(frozen=True, eq=False)
class SourceFacts:
    """A prepared source with what was measured of it.

    Attributes:
        source: Where rows and pixels are.
        labels: (slices, 6).
        known: (slices, 6).
        brain_share: (slices,), share of pixels from 0 to 80 HU.
        ranges_hu: (slices, 2), lowest and highest value.
        small: (slices, 1024), standardized thumbnails in the brain window.
    """

    source: PreparedSource
    labels: NDArray[np.bool_]
    known: NDArray[np.bool_]
    brain_share: NDArray[np.float32]
    ranges_hu: NDArray[np.float32]
    small: NDArray[np.float32]


def measure(source: PreparedSource, report: ReportProgress) -> SourceFacts:
    """Read every slice once.

    Raises:
        NoRoomError: The thumbnails do not fit into memory.
    """
    count = len(source)
    require_memory(3 * 4 * THUMBNAIL_PX**2 * count, f"Thumbnails of {count:,} slices")
    share = np.zeros(count, dtype=np.float32)
    ranges = np.zeros((count, 2), dtype=np.float32)
    small = np.zeros((count, 1, THUMBNAIL_PX, THUMBNAIL_PX), dtype=np.float32)
    for index in range(count):
        if index % REPORT_EVERY == 0:
            report(Progress(index, count, f"Measuring {source.name}"))
        hu = source.hu(index)
        share[index] = brain_share(hu)
        ranges[index] = hu.min(), hu.max()
        grey, side = apply_window(hu, BRAIN), (THUMBNAIL_PX, THUMBNAIL_PX)
        small[index, 0] = cv2.resize(grey, side, interpolation=cv2.INTER_AREA)
    report(Progress(count, count, f"Measuring {source.name}"))
    rows = source.rows
    return SourceFacts(
        source=source,
        labels=np.asarray([row.labels for row in rows], dtype=np.bool_).reshape(count, -1),
        known=np.asarray([row.known for row in rows], dtype=np.bool_).reshape(count, -1),
        brain_share=share,
        ranges_hu=ranges,
        small=thumbnails(small, THUMBNAIL_PX),
    )
