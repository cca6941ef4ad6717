"""What the headers alone say against a series: sort of image, units, slices, patient, kernel, contrast.

The one thing to get wrong: what a header does not say is unknown, not sound.
"""

from __future__ import annotations

import re

from ichviewer.core.receipt import (
    counted,
    leaves_out,
    median_spacing_mm,
    spacings_mm,
    usual_thickness_mm,
)
from ichviewer.core.series import TWO_PATIENTS_NOTE, Series

FEWEST_SLICES = 8
THICKEST_MM = 7.5
THIN_MM = 2.5
LARGEST_TILT_DEGREES = 25.0
ADULT_YEARS = 18


def red_by_header(series: Series) -> list[str]:
    """What the headers alone make red."""
    reasons = []
    if series.modality != "CT":
        reasons.append(f"not CT (modality {series.modality or 'absent'})")
    elif series.has_positions and not series.is_measured and series.orientation == "axial":
        reasons.append("no Pixel Spacing: nothing can be measured")
    elif not series.is_ai_candidate:
        reasons.append(f"not an axial CT original ({series.orientation})")
    if series.hu == "not claimed":
        reasons.append("Hounsfield units are not claimed")
    if len(series.slices) < FEWEST_SLICES:
        reasons.append(f"only {counted(len(series.slices), 'slice')}")
    thickness, spacing = usual_thickness_mm(series), median_spacing_mm(series)
    if max(thickness or 0.0, spacing or 0.0) > THICKEST_MM:
        reasons.append(f"slices over {THICKEST_MM:g} mm thick or apart")
    if TWO_PATIENTS_NOTE in series.notes:
        reasons.append(TWO_PATIENTS_NOTE)
    return reasons


def amber_by_header(series: Series) -> list[str]:
    """What the headers alone make amber."""
    spacing = median_spacing_mm(series)
    steps = spacings_mm(series)
    findings = (
        (bool(series.contrast_agent), f"contrast agent ({series.contrast_agent})"),
        (
            is_bone_kernel(series.kernel, series.description),
            f"bone kernel ({series.kernel or series.description})",
        ),
        (bool(series.gaps), f"{counted(len(series.gaps), 'gap')} where a slice may be missing"),
        (bool(leaves_out(series)), leaves_out(series)),
        (bool(series.overlaps), counted(series.overlaps, "overlap") + " of slices"),
        (series.is_lossy, "compressed with loss"),
        (spacing is not None and spacing < THIN_MM, f"thin slices ({spacing or 0:.2f} mm apart)"),
        (
            abs(series.tilt_degrees) > LARGEST_TILT_DEGREES,
            f"tilt {series.tilt_degrees:+.1f} degrees is over {LARGEST_TILT_DEGREES:g}",
        ),
        (series.hu == "assumed", "Hounsfield units are assumed, not claimed"),
        (bool(steps) and min(steps) <= 0.01, "two slices at the same position"),
        (series.sorted_by != "position", f"sorted by {series.sorted_by}, not by position"),
    )
    return [text for is_so, text in findings if is_so] + _age(series)


def _age(series: Series) -> list[str]:
    years = age_years(series)
    if years is None:
        return ["age unknown"]
    return [f"age under {ADULT_YEARS}"] if years < ADULT_YEARS else []


def age_years(series: Series) -> float | None:
    """Age at the study: Patient's Age (0010,1010), else from birth date and study date; None if unknown."""
    match = re.fullmatch(r"(\d{1,3})([DWMY])", series.patient.age.strip().upper())
    if match:
        return int(match[1]) / {"D": 365.25, "W": 52.18, "M": 12.0, "Y": 1.0}[match[2]]
    birth, study = series.patient.birth_date, series.study_date
    if not (re.fullmatch(r"\d{8}", birth) and re.fullmatch(r"\d{8}", study)):
        return None
    years = int(study[:4]) - int(birth[:4]) - (study[4:] < birth[4:])
    return float(years) if 0 <= years <= 120 else None


def is_bone_kernel(kernel: str, description: str) -> bool:
    """Whether kernel or description name an edge-enhancing reconstruction.

    >>> is_bone_kernel("BONEPLUS", ""), is_bone_kernel("H31s and H70h", ""), is_bone_kernel("H31s", "Head")
    (True, True, False)
    """
    names = re.split(r"\\| AND ", kernel.upper())
    sharp = re.compile(r"(BONE|EDGE|LUNG|[BHUJ][A-Z]?[6-9]\d|FC(3\d|5\d|8\d)|Y[ABCDE]$)")
    is_sharp = any(sharp.match(name.strip()) for name in names)
    return is_sharp or re.search(r"\b(bone|knochen|os|osseux)\b", description, re.IGNORECASE) is not None
