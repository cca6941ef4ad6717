"""Which series opens by itself: the axial head CT that a reader would open first."""

from __future__ import annotations

import re

from ichviewer.core.check_header import is_bone_kernel
from ichviewer.core.receipt import median_spacing_mm
from ichviewer.core.series import FolderContents, Series

USUAL_SLICE_COUNT = (10, 60)
THIN_MM, THICK_MM = 2.5, 7.5
HEAD_WORDS = re.compile(
    r"head|brain|cran|skull|kopf|sch[aä]del|hirn|t[eê]te|cerebr|crane|testa|cabeza|neuro", re.IGNORECASE
)
OTHER_BODY_PARTS = re.compile(
    r"chest|thora|lung|abdo|pelv|spine|neck|cardi|heart|knee|hip\b|foot", re.IGNORECASE
)


def best_series(contents: FolderContents) -> Series | None:
    """The series to show first.

    CT, axial and fit for the network before all others; then a head rather than another part of
    the body by its description, a soft kernel, 10 to 60 slices of usual thickness, Hounsfield units
    claimed, and more slices. Localizers and captures only if there is nothing else.

    Returns:
        The series, None if there is none.
    """
    return max(contents.series, key=_merit, default=None)


def _merit(series: Series) -> tuple[object, ...]:
    count, spacing = len(series.slices), median_spacing_mm(series)
    text = f"{series.description} {series.study_description}"
    is_usual = USUAL_SLICE_COUNT[0] <= count <= USUAL_SLICE_COUNT[1]
    is_usual_thickness = spacing is not None and THIN_MM <= spacing <= THICK_MM
    return (
        series.is_ai_candidate,
        series.modality == "CT",
        series.kind not in ("localizer", "capture"),
        not OTHER_BODY_PARTS.search(text) or bool(HEAD_WORDS.search(text)),
        count >= 8,
        not is_bone_kernel(series.kernel, series.description),
        not series.contrast_agent,
        is_usual,
        is_usual_thickness,
        ("not claimed", "assumed", "claimed").index(series.hu),
        bool(HEAD_WORDS.search(text)),
        count,
        # Last, only so that the choice never depends on the order of the files.
        [-ord(letter) for letter in series.key],
    )
