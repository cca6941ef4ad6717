"""Whether a series is what the network was made for: green, amber (runs, and says why) or red (asks first).

Works on every fourth row and column of a few slices, so that it costs less than the first picture. The one
thing to get wrong: it can only raise doubt; green is no proof that the scores are right.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.head import head_box
from ichviewer.core.receipt import counted, median_spacing_mm, spacings_mm
from ichviewer.core.series import TWO_PATIENTS_NOTE, Series
from ichviewer.core.volume import Volume

FEWEST_SLICES = 8
THICKEST_MM = 7.5
THIN_MM = 2.5
LARGEST_STEP_HU = 2.0
LARGEST_TILT_DEGREES = 25.0
ADULT_YEARS = 18

AIR_RANGE_HU = (-1150.0, -850.0)
"""Where the peak of the air around the head lies on a sound scanner."""

HEAD_SIDES_MM = (90.0, 330.0)
"""Both sides of the head's box on a slice through the brain lie between these."""

SKULL_HU = 300.0
SKULL_SECTORS = 24
SKULL_SHARE = 0.7
"""A brain is closed in by bone: this share of all directions from its middle meets some."""

BRAIN_HU = (-20.0, 130.0)
BRAIN_SHARE = 0.7
"""At least this share of the middle of the head's box is brain, blood or fluid."""

BRAIN_SLICES = 0.25
"""At least this share of the slices of a head CT goes through the brain."""

SAMPLED_SLICES = 9
STEP = 4


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
        reasons: Why it is not green, red ones first.
    """

    level: CheckLevel
    reasons: tuple[str, ...]

    @property
    def is_red(self) -> bool:
        """Whether the reader must be asked before the network runs."""
        return self.level is CheckLevel.RED


def check_input(volume: Volume) -> InputCheck:
    """Check one volume before inference.

    Red: not CT, not an axial original, no head, Hounsfield units not claimed or shifted, values in
    steps over 2 HU, fewer than 8 slices, slices over 7.5 mm apart or thick, two patients. Amber:
    contrast, bone kernel, gaps, overlaps, lossy compression, thin slices, age under 18 or unknown,
    tilt over 25 degrees, Hounsfield units assumed, unreadable slices. Not looked for: metal,
    craniectomy, motion.
    """
    series = volume.series
    red = [*_red_by_header(series), *_red_by_pixels(volume)]
    amber = [*_amber_by_header(series), *_amber_by_volume(volume)]
    level = CheckLevel.RED if red else CheckLevel.AMBER if amber else CheckLevel.GREEN
    return InputCheck(level, (*red, *amber))


def _red_by_header(series: Series) -> list[str]:
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


def usual_thickness_mm(series: Series) -> float | None:
    """Median Slice Thickness (0018,0050), None where absent."""
    found = [header.thickness_mm for header in series.slices if header.thickness_mm is not None]
    return float(np.median(found)) if found else None


def _amber_by_header(series: Series) -> list[str]:
    spacing = median_spacing_mm(series)
    steps = spacings_mm(series)
    findings = (
        (bool(series.contrast_agent), f"contrast agent ({series.contrast_agent})"),
        (
            is_bone_kernel(series.kernel, series.description),
            f"bone kernel ({series.kernel or series.description})",
        ),
        (bool(series.gaps), f"{counted(len(series.gaps), 'gap')} where a slice may be missing"),
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

    >>> is_bone_kernel("BONEPLUS", ""), is_bone_kernel("H70h", ""), is_bone_kernel("H31s", "Head 5mm")
    (True, True, False)
    """
    name = kernel.strip().upper()
    is_sharp = re.match(r"(BONE|EDGE|LUNG|[BHUJ][A-Z]?[6-9]\d|FC(3\d|5\d|8\d)|Y[ABCDE]$)", name) is not None
    return is_sharp or re.search(r"\b(bone|knochen|os|osseux)\b", description, re.IGNORECASE) is not None


def _amber_by_volume(volume: Volume) -> list[str]:
    lost = int((~volume.is_readable).sum())
    return [f"{counted(lost, 'slice')} cannot be read"] if lost else []


def _red_by_pixels(volume: Volume) -> list[str]:
    """Doubts from the pixels of a few slices; none where the header denies Hounsfield units already."""
    readable = np.flatnonzero(volume.is_readable)
    if volume.series.hu == "not claimed" or not readable.size:
        return []
    chosen = np.unique(
        readable[np.linspace(0, readable.size - 1, min(SAMPLED_SLICES, readable.size)).astype(int)]
    )
    reasons = []
    coarsest = max(_step_hu(volume, int(index)) for index in chosen)
    if coarsest > LARGEST_STEP_HU:
        reasons.append(f"values in steps of {coarsest:.1f} HU")
    air = _air_peak_hu(volume, chosen)
    if air is not None and not AIR_RANGE_HU[0] <= air <= AIR_RANGE_HU[1]:
        reasons.append(f"Hounsfield units look shifted (air at {air:.0f})")
    if sum(_shows_brain(volume, int(index)) for index in chosen) < BRAIN_SLICES * len(chosen):
        reasons.append("no head was found")
    return reasons


def _sampled_hu(volume: Volume, slice_index: int) -> NDArray[np.float32]:
    """Every fourth row and column of a slice, HU; padding becomes air far below, so that it is no tissue."""
    stored = volume.stored_values[slice_index, ::STEP, ::STEP]
    hu = stored.astype(np.float32) * np.float32(volume.slopes[slice_index])
    hu += np.float32(volume.intercepts[slice_index])
    padding = volume.padding(slice_index)
    if padding is not None:
        hu[(stored >= padding[0]) & (stored <= padding[1])] = -3000
    return hu


def _step_hu(volume: Volume, slice_index: int) -> float:
    """Smallest step between values that occur, HU: the commonest distance of neighbours in value."""
    present = np.unique(volume.stored_values[slice_index, ::STEP, ::STEP])
    if present.size < 16:
        return 0.0
    commonest = Counter(np.diff(present.astype(np.int64)).tolist()).most_common(1)[0][0]
    return abs(float(commonest * volume.slopes[slice_index]))


def _air_peak_hu(volume: Volume, chosen: NDArray[np.intp]) -> float | None:
    """Commonest value in the outer tenth of the slices (top, left, right), HU; None where all is padding.

    Around a head that is air; of which kind the value is, is not asked.

    Values at the very bottom may be a fill outside the scanner's circle and are left out if other
    air is there.
    """
    borders = []
    for index in chosen:
        hu = _sampled_hu(volume, int(index))
        rows, columns = max(1, hu.shape[0] // 10), max(1, hu.shape[1] // 10)
        borders += [hu[:rows].ravel(), hu[:, :columns].ravel(), hu[:, -columns:].ravel()]
    values = np.concatenate(borders)
    values = values[values > -2900]
    if not values.size:
        return None
    inside = values[values > values.min() + 1]
    used = inside if inside.size > 0.02 * values.size else values
    counts, edges = np.histogram(used, bins=np.arange(-2900, 3100, 20))
    return float(edges[int(np.argmax(counts))] + 10)


def _shows_brain(volume: Volume, slice_index: int) -> bool:
    """Whether a slice shows tissue of a head's size, closed in by bone, with brain in its middle."""
    hu = _sampled_hu(volume, slice_index)
    box = head_box(hu)
    if box is None:
        return False
    top, bottom, left, right = (int(edge) for edge in box)
    between_rows, between_columns = volume.geometry.pixel_spacing_mm
    sides = (bottom - top) * STEP * between_rows, (right - left) * STEP * between_columns
    has_size = HEAD_SIDES_MM[0] <= min(sides) <= max(sides) <= HEAD_SIDES_MM[1]
    if volume.series.is_measured and not has_size:
        return False
    inside = hu[top:bottom, left:right]
    down = (np.arange(bottom - top) + 0.5) / (bottom - top) * 2 - 1
    across = (np.arange(right - left) + 0.5) / (right - left) * 2 - 1
    radius = np.hypot(down[:, None], across[None, :])
    turns = np.arctan2(down[:, None], across[None, :]) / (2 * np.pi) + 0.5
    sectors = (turns * SKULL_SECTORS).astype(int) % SKULL_SECTORS
    bony = np.unique(sectors[(inside > SKULL_HU) & (radius > 0.5)]).size
    middle = inside[radius < 0.5]
    brain = float(((middle > BRAIN_HU[0]) & (middle < BRAIN_HU[1])).mean())
    return bony >= SKULL_SHARE * SKULL_SECTORS and brain >= BRAIN_SHARE
