"""Whether a stack shows a brain closed in by bone, and how much of a head it covers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ichviewer.core.head_samples import HeadSample
from ichviewer.core.series import Series

HEAD_SIDES_MM = (90.0, 330.0)
"""Both sides of the head on a slice through the brain lie between these."""

SKULL_SHARE = 0.6
"""A brain is closed in by bone: this share of all directions from its middle meets some. A removed bone flap
may leave a third of them open."""

BRAIN_SHARE = 0.7
"""At least this share of the middle of the head is brain, blood or fluid."""

BRAIN_SLICES = 0.25
"""At least this share of the slices of a head CT goes through the brain."""

LEAST_COVER_MM = 90.0
"""A stack that covers less along its normal leaves out a part of the brain, which is 110 to 130 mm high."""


def shows_brain(sample: HeadSample, is_measured: bool) -> bool:
    """Whether a slice shows tissue of a head's size, closed in by bone, with brain in its middle."""
    low, high = HEAD_SIDES_MM
    has_size = low <= min(sample.sides_mm) <= max(sample.sides_mm) <= high
    is_closed = float(sample.has_skull.mean()) >= SKULL_SHARE
    return (has_size or not is_measured) and is_closed and sample.brain_share >= BRAIN_SHARE


def brain_samples(samples: Sequence[HeadSample], is_measured: bool) -> list[HeadSample]:
    """The longest run of neighbouring samples that show brain; a neck may look like brain, too."""
    runs: list[list[HeadSample]] = [[]]
    for sample in samples:
        if shows_brain(sample, is_measured):
            runs[-1].append(sample)
        elif runs[-1]:
            runs.append([])
    return max(reversed(runs), key=len)


def brain_doubts(series: Series, looked_at: int, brain: Sequence[HeadSample]) -> tuple[list[str], list[str]]:
    """Red and amber doubts whether this is a whole head.

    Args:
        series: Its headers.
        looked_at: Slices that were looked at.
        brain: Those that show brain.
    """
    covered = covered_mm(series)
    if len(brain) < BRAIN_SLICES * looked_at:
        cover = "" if covered is None else f" (the slices cover {covered:.0f} mm)"
        return [f"no brain inside a skull: not a head, or too small a part of one{cover}"], []
    if covered is not None and covered < LEAST_COVER_MM:
        return [], [f"only a part of the head (the slices cover {covered:.0f} mm)"]
    return [], []


def covered_mm(series: Series) -> float | None:
    """Distance of the first from the last slice along the normal; None without positions."""
    return None if series.geometry is None else float(np.ptp(series.geometry.positions_mm))
