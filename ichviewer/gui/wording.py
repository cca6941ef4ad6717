"""What the window says, as pure functions.

The one thing to get wrong: an absent score is said in words (pending, failed, unreadable), never
as 0, and no text ever calls a head free of findings more than the network can know.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

from ichviewer.core.findings import NOT_LOOKED_FOR, SliceStatus, StudyFindings, StudyScore, Subtype
from ichviewer.core.model_card import ModelCard
from ichviewer.core.score_smoothing import applied_smoothing_mm
from ichviewer.core.series import FileVerdict, FolderContents, Series, Verdict
from ichviewer.core.viewstate import ViewState

UPRIGHT_COSINE = 0.9999
"""A slice normal within 0.8 degrees of the patient's long axis."""


def probability_text(probability: float) -> str:
    """Two decimals; the ends say that they are not 0 and not 1.

    >>> probability_text(0.934), probability_text(0.0004), probability_text(0.9999)
    ('0.93', '<0.01', '>0.99')
    """
    if probability < 0.005:
        return "<0.01"
    return ">0.99" if probability >= 0.995 else f"{probability:.2f}"


def plural(count: int, noun: str) -> str:
    """Count and noun.

    >>> plural(1, "slice"), plural(34, "slice"), plural(2, "series")
    ('1 slice', '34 slices', '2 series')
    """
    return f"{count} {noun}" if count == 1 or noun.endswith("series") else f"{count} {noun}s"


def runs_text(runs: Sequence[tuple[int, int]]) -> str:
    """Runs of slices, counted from 1.

    >>> runs_text([(14, 18), (21, 21)])
    '15–19, 22'
    """
    return ", ".join(str(a + 1) if a == b else f"{a + 1}–{b + 1}" for a, b in runs)


def counted_text(findings: StudyFindings) -> str:
    """How many slices have their scores, and how many never will."""
    total = len(findings.slices)
    text = f"{findings.count(SliceStatus.OK)} of {plural(total, 'slice')}"
    missing = [
        f"{findings.count(status)} {status.value}"
        for status in (SliceStatus.FAILED, SliceStatus.UNREADABLE)
        if findings.count(status)
    ]
    return ", ".join([text, *missing])


def study_sentence(findings: StudyFindings, scores: Sequence[StudyScore]) -> str:
    """What the study adds up to, in one or two sentences."""
    if not findings.is_complete:
        return f"{counted_text(findings)}, no summary yet"
    if not scores:
        return f"No slice could be scored ({counted_text(findings)})."
    flagged = [score.subtype for score in scores if score.is_flagged]
    flagged_slices = {index for score in scores for a, b in score.flagged_runs for index in range(a, b + 1)}
    if flagged:
        text = "Above the study threshold: " + ", ".join(_short(subtype) for subtype in flagged)
    elif flagged_slices:
        text = f"No label above its study threshold; {plural(len(flagged_slices), 'slice')} above threshold"
    else:
        text = "No slice above threshold"
    unscored = len(findings.slices) - findings.count(SliceStatus.OK)
    if unscored:
        text += f" ({counted_text(findings)})"
    return f"{text}; {NOT_LOOKED_FOR}"


def _short(subtype: Subtype) -> str:
    return subtype.value if subtype is Subtype.ANY else subtype.code


def label_text(subtype: Subtype) -> str:
    """Letter code, and the label in words; ``any`` needs none."""
    return subtype.value if subtype is Subtype.ANY else f"{subtype.code} ({subtype.value})"


def calibration_text(card: ModelCard | None) -> str:
    """On what the scores were calibrated, and at which share of positive slices."""
    if card is None:
        return "No checkpoint loaded."
    prevalence = card.labels[0].calibration_prevalence
    return f"calibrated on {card.calibrated_on}; prevalence {prevalence:.0%}"


def smoothing_text(card: ModelCard | None, series: Series | None) -> str:
    """Over what each score is a mean; empty where a score is its slice's own.

    The calibration belongs to the means, so it is said where there can be none.
    """
    if card is None or series is None or not card.smoothing_mm:
        return ""
    if not applied_smoothing_mm(series, card.smoothing_mm):
        return (
            "The files hold no slice positions: each score is its slice's alone, while thresholds and "
            "calibration are for means over neighboring slices."
        )
    return (
        f"Each score is a mean over neighboring slices, weights falling to 0 at {card.smoothing_mm:g} mm; "
        "the heat map is the slice's own."
    )


def position_text(state: ViewState) -> str:
    """Position of the slice in view along the normal, or nothing where the files do not say it.

    It is z only where the normal is the patient's long axis; along a tilted normal it is another number.
    """
    if state.volume is None or state.slice_count == 0 or not state.volume.series.has_positions:
        return ""
    geometry = state.volume.geometry
    name = "z" if geometry.normal[2] > UPRIGHT_COSINE else "position"
    return f"{name} {geometry.positions_mm[state.slice_index]:+.1f} mm".replace("-", "−")


def reading_text(state: ViewState) -> str:
    """How far reading the open stack is, or was when it was canceled; empty once it was read whole."""
    volume = state.volume
    if volume is None or volume.is_complete:
        return ""
    count = f"{volume.settled_count} of {volume.slice_count}"
    return f"reading {count}" if state.reading is not None else f"only {count}"


def awaited_text(state: ViewState) -> str:
    """What stands in place of a slice that was not read yet; empty for any other slice."""
    volume = state.volume
    if volume is None or state.slice_index not in volume.awaited_slices:
        return ""
    name = f"slice {state.slice_index + 1}"
    if state.reading is not None:
        return f"Reading {name} …"
    return f"{name.capitalize()} was not read. Click the series on the left to read the rest."


def stack_text(state: ViewState) -> str:
    """The reasons of the input check and the receipt, one a line, to be read at leisure and copied."""
    reasons = state.input_check_reasons or ("Nothing was found to be wrong with the input.",)
    lines = [*(f"• {reason}" for reason in reasons), "", "Receipt", *state.receipt.split("; ")]
    return "\n".join(lines if state.receipt else lines[: len(reasons)])


def check_text(state: ViewState) -> str:
    """Level of an input check that is not green and its reasons, one a line; else empty."""
    if state.input_check in ("", "green"):
        return ""
    reasons = (f"• {reason}" for reason in state.input_check_reasons)
    return "\n".join((f"Input check {state.input_check}", *reasons))


def thickness_text(series: Series) -> str:
    """Slice thickness, or the spacing where the files do not say it.

    Both are rounded to a tenth of a millimetre; several values give their range.
    """
    thicknesses = sorted({round(s.thickness_mm, 1) for s in series.slices if s.thickness_mm is not None})
    if thicknesses:
        low, high = f"{thicknesses[0]:g}", f"{thicknesses[-1]:g}"
        return f"{low} mm" if low == high else f"{low}–{high} mm"
    if series.geometry is None or len(series.slices) < 2:
        return ""
    positions = series.geometry.positions_mm
    gaps = sorted(float(b - a) for a, b in itertools.pairwise(positions))
    return f"every {round(gaps[len(gaps) // 2], 1):g} mm"


def files_text(files: Sequence[FileVerdict]) -> str:
    """One line that accounts for every file.

    >>> files_text([FileVerdict("a", Verdict.LOADED, ""), FileVerdict("b", Verdict.SKIPPED, "dose report")])
    '1 loaded, 1 skipped (dose report)'
    """
    parts = [f"{sum(f.verdict is Verdict.LOADED for f in files)} loaded"]
    skipped = Counter(f.reason for f in files if f.verdict is Verdict.SKIPPED)
    if 0 < len(skipped) <= 2 and all(0 < len(reason) <= 24 for reason in skipped):
        parts += [f"{count} skipped ({reason})" for reason, count in skipped.items()]
    elif skipped:
        parts.append(f"{sum(skipped.values())} skipped")
    damaged = sum(f.verdict is Verdict.DAMAGED for f in files)
    return ", ".join([*parts, f"{damaged} damaged"] if damaged else parts)


def why_nothing_is_open(contents: FolderContents) -> str:
    """What stands in the middle while a folder was listed and no series of it is open."""
    files = contents.files
    if contents.series:
        return "No series is open. Choose one on the left, or look at the list of files."
    if not files:
        return "Nothing to open: no files were found."
    first = next((file for file in files if file.verdict is Verdict.DAMAGED), files[0])
    if len(files) == 1:
        return f"Nothing to open: {first.path}: {first.reason}"
    return (
        f"Nothing to open: none of {len(files)} files holds images that can be shown."
        f" {first.path}: {first.reason}. The list of files has the others."
    )


def files_list(files: Sequence[FileVerdict]) -> str:
    """Every file with its verdict, those with a problem first, one a line."""
    order = {Verdict.DAMAGED: 0, Verdict.SKIPPED: 1, Verdict.LOADED: 2}
    # Two folders may hold files of one name.
    names_folder = len({file.below for file in files}) > 1
    lines = [
        f"{file.verdict.value}: {f'{file.below}: ' if names_folder else ''}{file.path}"
        + (f": {file.reason}" if file.reason else "")
        for file in sorted(files, key=lambda file: (order[file.verdict], file.below, file.path))
    ]
    return "\n".join(lines)
