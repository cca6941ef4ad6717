"""Whether a series is what the network was made for: green, amber (runs, and says why) or red (asks first).

What is looked at stands in ``check_header``, ``check_values``, ``check_brain``, ``check_skull`` and
``check_metal``; here they become one verdict. It costs less than the first picture. The one thing to get
wrong: it can only raise doubt; green is no proof that the scores are right.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ichviewer.core.check_brain import brain_doubts, brain_samples
from ichviewer.core.check_header import THICKEST_MM, amber_by_header, red_by_header
from ichviewer.core.check_metal import metal_doubts
from ichviewer.core.check_skull import skull_doubts
from ichviewer.core.check_values import value_doubts
from ichviewer.core.head_samples import MOST_SAMPLES, sample_heads, sampled_indices
from ichviewer.core.receipt import counted, median_spacing_mm
from ichviewer.core.volume import Volume
from ichviewer.core.wrap_repair import WRAPPED_REASON

MOST_UNREADABLE = 0.1
"""A larger share of slices that cannot be read is red."""


class CheckLevel(StrEnum):
    """Outcome of the input check."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


@dataclass(frozen=True)
class InputCheck:
    """Outcome, with the reasons in words.

    Attributes:
        level: The worst of all findings.
        reasons: Why it is not green, red ones first, then what was seen, then what the headers say.
    """

    level: CheckLevel
    reasons: tuple[str, ...]

    @property
    def is_red(self) -> bool:
        """Whether the reader must be asked before the network runs."""
        return self.level is CheckLevel.RED

    @property
    def is_wrapped(self) -> bool:
        """Whether ``wrap_repair.unwrapped`` can mend the values."""
        return WRAPPED_REASON in self.reasons

    @property
    def text(self) -> str:
        """Level and reasons in one line, as exports carry them."""
        return "; ".join((self.level.value, *self.reasons))


def check_input(volume: Volume) -> InputCheck:
    """Check one volume before inference.

    Red: not CT, not an axial original, no head, Hounsfield units not claimed or shifted, values wrapped
    or in steps over 2 HU, fewer than 8 slices, slices over 7.5 mm apart or thick, two patients. Amber:
    contrast, bone kernel, metal, motion, bone missing from the skull, only a part of the head, gaps,
    overlaps, lossy compression, thin slices, age under 18 or unknown, tilt over 25 degrees, Hounsfield
    units assumed, thin slices far apart, a few unreadable slices. Red also: many unreadable slices, or some
    together that leave out over 7.5 mm.
    """
    red, amber = red_by_header(volume.series), amber_by_header(volume.series)
    red_pixels, amber_pixels = _by_pixels(volume)
    red_unread, amber_unread = _unreadable(volume)
    red, amber = [*red, *red_unread, *red_pixels], [*amber_pixels, *amber_unread, *amber]
    level = CheckLevel.RED if red else CheckLevel.AMBER if amber else CheckLevel.GREEN
    return InputCheck(level, (*red, *amber))


def _by_pixels(volume: Volume) -> tuple[list[str], list[str]]:
    """Red and amber doubts from the pixels; none where the header denies Hounsfield units already."""
    if volume.series.hu == "not claimed" or not volume.is_readable.any():
        return [], []
    red = value_doubts(volume)
    if WRAPPED_REASON in red:
        # Nothing else can be judged before the values are mended.
        return red, []
    series = volume.series
    brain = brain_samples(sample_heads(volume), series.is_measured)
    no_head, part_of_head = brain_doubts(series, len(sampled_indices(volume, MOST_SAMPLES)), brain)
    if no_head or not series.is_measured:
        return [*red, *no_head], part_of_head
    metal, skull = metal_doubts(volume, brain[0].slice_index), skull_doubts(brain, volume.geometry)
    return red, [*part_of_head, *metal, *skull]


def _unreadable(volume: Volume) -> tuple[list[str], list[str]]:
    """Red and amber doubts because of slices that cannot be read: how many, and what stays unseen."""
    lost = int((~volume.is_readable).sum())
    if not lost:
        return [], []
    text = f"{lost} of {counted(volume.slice_count, 'slice')} cannot be read"
    unseen = _longest_unseen_mm(volume)
    if unseen is not None and unseen > THICKEST_MM:
        return [f"{text}: {unseen:.0f} mm of the head at a stretch are not seen"], []
    return ([text], []) if lost > MOST_UNREADABLE * volume.slice_count else ([], [text])


def _longest_unseen_mm(volume: Volume) -> float | None:
    """Longest stretch of the head that only unreadable slices show, mm along the normal; None if unknown."""
    readable = np.flatnonzero(volume.is_readable)
    spacing = median_spacing_mm(volume.series)
    if spacing is None or not readable.size:
        return None
    positions = volume.geometry.positions_mm
    # Between two readable slices one spacing is the usual way; at the ends there is none to take off.
    between = np.diff(positions[readable])[np.diff(readable) > 1] - spacing
    ends = (positions[readable[0]] - positions[0], positions[-1] - positions[readable[-1]])
    return float(max((*between, *ends)))
