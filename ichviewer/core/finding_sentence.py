"""One finding as a sentence for the clipboard: what, which side, which images, how large.

The sentence is anonymous: no name, no date, no UID. The one thing to get wrong: a size that nobody measured,
or a side that the maps do not agree on; what is not known is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ichviewer.core.findings import NOTICE, SUBTYPES, StudyFindings, Subtype
from ichviewer.core.heatmap import find_peak
from ichviewer.core.measurement import Measurement
from ichviewer.core.measurement_sentence import value_texts
from ichviewer.core.measurement_values import MeasuredValues
from ichviewer.core.series import Series
from ichviewer.core.volume import Volume

KIND_TEXTS = {
    Subtype.ANY: "intracranial hemorrhage",
    Subtype.EPIDURAL: "epidural hemorrhage",
    Subtype.INTRAPARENCHYMAL: "intraparenchymal hemorrhage",
    Subtype.INTRAVENTRICULAR: "intraventricular hemorrhage",
    Subtype.SUBARACHNOID: "subarachnoid hemorrhage",
    Subtype.SUBDURAL: "subdural hemorrhage",
}


def finding_sentence(
    series: Series,
    subtype: Subtype,
    slices: Sequence[int],
    side: str = "",
    measured: Iterable[tuple[Measurement, MeasuredValues]] = (),
    is_accepted: bool = False,
) -> str:
    """What was found, in one sentence that can be pasted into a report.

    Args:
        series: The stack, for the way in which its slices are counted.
        subtype: What was found.
        slices: On which slices, counted from 0; at least one.
        side: ``left``, ``right``, ``midline``, ``both sides`` or empty where it is not known.
        measured: What the reader measured of it, with the values; arrows and texts are left out.
        is_accepted: Whether the reader accepted the finding; else it is called suspected.

    Raises:
        ValueError: There is no slice.
    """
    if not slices:
        raise ValueError("A finding lies on at least one slice.")
    kind = KIND_TEXTS[subtype]
    words = [kind[:1].upper() + kind[1:] if is_accepted else f"Suspected {kind}"]
    words += [side] if side else []
    words.append(_images_text(series, sorted(set(slices))))
    words += [size for size in (_size_text(*each) for each in measured) if size]
    return ", ".join(words) + f"; {NOTICE}"


def side_of(findings: StudyFindings, subtype: Subtype, slices: Sequence[int], volume: Volume) -> str:
    """Side on which the label's maps are hottest, over some slices.

    Returns:
        ``left``, ``right`` or ``midline`` where all slices with a map agree, ``both sides`` where some are
        left and some right; empty where the files do not say which side is which, where there is no map, or
        where one side and the midline are mixed.
    """
    sides = {_side_on(findings, subtype, index, volume) for index in slices} - {""}
    if len(sides) == 1:
        return sides.pop()
    return "both sides" if sides >= {"left", "right"} else ""


def _side_on(findings: StudyFindings, subtype: Subtype, slice_index: int, volume: Volume) -> str:
    finding = findings.slices[slice_index]
    if finding.class_maps is None or finding.framing is None:
        return ""
    verdict, class_map = finding.map_verdict(subtype), finding.class_maps[SUBTYPES.index(subtype)]
    if (verdict is not None and not verdict.has_passed) or float(class_map.max()) <= 0:
        # The hottest point of a map without heat, or of one that failed its check, is no place of a finding.
        return ""
    peak = find_peak(class_map, subtype, finding.framing, volume, slice_index)
    return "" if peak is None else peak.side


def _images_text(series: Series, slices: Sequence[int]) -> str:
    """``images 15 to 19, 22 (slices by position)``; counted from 1, lowest first."""
    runs: list[list[int]] = []
    for index in slices:
        if runs and index == runs[-1][1] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    text = ", ".join(str(a + 1) if a == b else f"{a + 1} to {b + 1}" for a, b in runs)
    noun = "image" if len(slices) == 1 else "images"
    return f"{noun} {text} (slices by {series.sorted_by})"


def _size_text(measurement: Measurement, values: MeasuredValues) -> str:
    """What a measurement adds, named as the reader named it; empty for one without numbers."""
    has_number = any(
        number is not None
        for number in (values.length, values.angle_degrees, values.area, values.shift, values.volume_ml)
    )
    if values.refusal or not has_number:
        return ""
    return f"{measurement.name or measurement.kind} {value_texts(measurement, values)[0]}"
