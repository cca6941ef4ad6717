"""The geometry of a series in words: what was found, sorted, dropped and left out.

Printed beside the images and in every export, so that nothing is arranged silently.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ichviewer.core.geometry import Gap
from ichviewer.core.series import Series


def spacings_mm(series: Series) -> tuple[float, ...]:
    """Every distance between neighbouring slices along the normal, mm; empty without positions."""
    if series.geometry is None:
        return ()
    return tuple(float(step) for step in np.diff(series.geometry.positions_mm))


def median_spacing_mm(series: Series) -> float | None:
    """Median distance between neighbouring slices, mm; None for a single slice or without positions."""
    steps = spacings_mm(series)
    return float(np.median(steps)) if steps else None


def receipt(series: Series) -> str:
    """One line: order, slices, spacing, tilt, gaps, overlaps, duplicates, units, remarks.

    The tilt tag (0018,1120) is shown and never used. Slices are counted from 1.
    """
    parts = [f"sorted by {series.sorted_by}", counted(len(series.slices), "slice")]
    parts += _spacing(spacings_mm(series))
    parts.append(_tilt(series))
    parts.append(_gaps(series.gaps))
    parts += [counted(series.overlaps, "overlap")] if series.overlaps else []
    parts += [counted(series.duplicates, "duplicate") + " dropped"] if series.duplicates else []
    parts.append(f"Hounsfield units {series.hu}")
    parts += ["compressed with loss"] if series.is_lossy else []
    return "; ".join([*(part for part in parts if part), *series.notes])


def counted(number: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "gap"), counted(2, "gap")
    ('1 gap', '2 gaps')
    """
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _spacing(steps: Sequence[float]) -> list[str]:
    if not steps:
        return []
    median = float(np.median(steps))
    if max(abs(step - median) for step in steps) <= 0.02 * median + 0.02:
        return [f"spacing {median:.2f} mm"]
    return [f"spacing {min(steps):.2f} to {max(steps):.2f} mm (median {median:.2f})"]


def _tilt(series: Series) -> str:
    if abs(series.tilt_degrees) < 0.05 and not series.tilt_tag_degrees:
        return ""
    tag = "none" if series.tilt_tag_degrees is None else f"{series.tilt_tag_degrees:+.1f}"
    return f"tilt {series.tilt_degrees:+.1f} degrees by position (tag {tag})"


def _gaps(gaps: Sequence[Gap]) -> str:
    if not gaps:
        return "no gaps"
    places = ", ".join(f"after slice {gap.after_slice + 1}: {gap.mm:.2f} mm" for gap in gaps)
    return f"{counted(len(gaps), 'gap')}, missing slice? ({places})"
