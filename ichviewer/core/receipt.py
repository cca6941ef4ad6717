"""The geometry of a series in words: what was found, sorted, dropped and left out.

The same line stands in the window, in ``inspect --json`` and in every export, so that nothing is arranged
silently. The one thing to get wrong: what a reader must know comes first, because a narrow window cuts
the end.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ichviewer.core.geometry import Gap
from ichviewer.core.series import Series

SPARSE = 1.5
"""Slices this many times their thickness apart leave out tissue between them."""


def spacings_mm(series: Series) -> tuple[float, ...]:
    """Every distance between neighbouring slices along the normal, mm; empty without positions."""
    if series.geometry is None:
        return ()
    return tuple(float(step) for step in np.diff(series.geometry.positions_mm))


def median_spacing_mm(series: Series) -> float | None:
    """Median distance between neighbouring slices, mm; None for a single slice or without positions."""
    steps = spacings_mm(series)
    return float(np.median(steps)) if steps else None


def usual_thickness_mm(series: Series) -> float | None:
    """Median Slice Thickness (0018,0050), None where absent."""
    found = [header.thickness_mm for header in series.slices if header.thickness_mm is not None]
    return float(np.median(found)) if found else None


def leaves_out(series: Series) -> str:
    """What thin slices far apart leave out, in words; empty where they touch, or nothing is known."""
    spacing, thickness = median_spacing_mm(series), usual_thickness_mm(series)
    if spacing is None or thickness is None or spacing < SPARSE * thickness:
        return ""
    return f"slices {thickness:.1f} mm thick are {spacing:.1f} mm apart: parts of the head are not imaged"


def receipt(series: Series) -> str:
    """One line; order, slices, tilt, gaps, duplicates and what is hidden come first, the rest after them.

    "sorted by position; 34 slices; tilt -18.5° (tag +18.5); 1 gap; 1 duplicate; 2 localizers hidden", then
    spacing, overlaps, places of gaps, units, loss and remarks. A repair of the pixels stands before all. The
    tilt tag (0018,1120) is shown and never used. Slices are counted from 1.
    """
    parts = [
        series.repair,
        f"sorted by {series.sorted_by}",
        counted(len(series.slices), "slice"),
        _tilt(series),
        _gaps(series),
        counted(series.duplicates, "duplicate") if series.duplicates else "",
        *(f"{counted(number, kind)} hidden" for kind, number in series.hidden),
        _spacing(spacings_mm(series)),
        counted(series.overlaps, "overlap") if series.overlaps else "",
        *(_missing(gap) for gap in series.gaps),
        leaves_out(series),
        _units(series),
        "compressed with loss" if series.is_lossy else "",
        *series.notes,
    ]
    return "; ".join(part for part in parts if part)


def counted(number: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "gap"), counted(2, "gap")
    ('1 gap', '2 gaps')
    """
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _spacing(steps: Sequence[float]) -> str:
    if not steps:
        return ""
    median = float(np.median(steps))
    if max(abs(step - median) for step in steps) <= 0.02 * median + 0.02:
        return f"spacing {median:.2f} mm"
    return f"spacing {min(steps):.2f} to {max(steps):.2f} mm (median {median:.2f})"


def _tilt(series: Series) -> str:
    if abs(series.tilt_degrees) < 0.05 and not series.tilt_tag_degrees:
        return ""
    tag = "no tag" if series.tilt_tag_degrees is None else f"tag {series.tilt_tag_degrees:+.1f}"
    measured = f"{series.tilt_degrees:+.1f}°" if spacings_mm(series) else "not measured"
    return f"tilt {measured} ({tag})"


def _gaps(series: Series) -> str:
    """Number of gaps; nothing where there are no distances to judge."""
    if series.gaps:
        return counted(len(series.gaps), "gap")
    return "no gaps" if len(spacings_mm(series)) > 1 else ""


def _units(series: Series) -> str:
    """The claim, unless a remark says it with its reason."""
    claim = f"Hounsfield units {series.hu}"
    return "" if any(note.startswith(claim) for note in series.notes) else claim


def _missing(gap: Gap) -> str:
    return f"missing slice after slice {gap.after_slice + 1}? ({gap.mm:.2f} mm)"
