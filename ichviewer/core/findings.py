"""What the network suspects: scores per slice, and what they add up to over the study.

The one thing to get wrong: an absent score is ``None``, never 0. Names say *finding*, never
*diagnosis*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.errors import MismatchError
from ichviewer.core.map_verdict import MapVerdict, SliceVerdicts
from ichviewer.core.preprocessing import Framing

NOTICE = "research use only"

NOT_LOOKED_FOR = "not looked for: infarct, mass, fracture, hydrocephalus, herniation"

STUDY_WINDOW_MM = 10.0
"""The study score is the highest mean over this length of adjacent slices."""


class Subtype(StrEnum):
    """The six labels, in the order of the RSNA 2019 data; ``any`` first."""

    ANY = "any"
    EPIDURAL = "epidural"
    INTRAPARENCHYMAL = "intraparenchymal"
    INTRAVENTRICULAR = "intraventricular"
    SUBARACHNOID = "subarachnoid"
    SUBDURAL = "subdural"

    @property
    def code(self) -> str:
        """Letter code: ANY, EDH, IPH, IVH, SAH, SDH."""
        codes = {"any": "ANY", "epidural": "EDH", "intraparenchymal": "IPH", "intraventricular": "IVH"}
        return codes.get(self.value, {"subarachnoid": "SAH", "subdural": "SDH"}.get(self.value, ""))


SUBTYPES: tuple[Subtype, ...] = tuple(Subtype)


class SliceStatus(StrEnum):
    """What is known about a slice's scores."""

    PENDING = "pending"
    OK = "ok"
    FAILED = "failed"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Peak:
    """Hottest point of a class map inside the head.

    Attributes:
        subtype: Whose map.
        row: Stored row in the file, 0-based.
        column: Stored column in the file, 0-based.
        point_mm: Patient coordinates, LPS.
        side: ``left``, ``right`` or ``midline``.
        cell_mm: Side of one cell of the map; the peak is no finer.
    """

    subtype: Subtype
    row: int
    column: int
    point_mm: tuple[float, float, float]
    side: str
    cell_mm: float


@dataclass(frozen=True, eq=False)
class SliceFinding:
    """What the network said of one slice.

    Attributes:
        slice_index: Index in the stack.
        status: Whether there are scores.
        probabilities: Calibrated, in the order of SUBTYPES, each in [0, 1]; None unless status is OK. Of the
            slice's logits, or of their mean with the neighbors' where the card says so.
        class_maps: (6, h, w), logit units, closed-form Grad-CAM of the slice by itself; None unless status
            is OK.
        framing: The part of the slice that the maps cover.
        peak: Hottest point of the map of ``any``; None without a map.
        reason: Why it failed, in words.
        map_verdicts: Whether each label's class map may be believed, in the order of SUBTYPES, None where
            that was not checked; empty where none was.
    """

    slice_index: int
    status: SliceStatus
    probabilities: tuple[float, ...] | None = None
    class_maps: NDArray[np.float32] | None = None
    framing: Framing | None = None
    peak: Peak | None = None
    reason: str = ""
    map_verdicts: tuple[MapVerdict | None, ...] = ()

    def probability(self, subtype: Subtype) -> float | None:
        """Calibrated probability of one label, None if there is none."""
        return None if self.probabilities is None else self.probabilities[SUBTYPES.index(subtype)]

    def map_verdict(self, subtype: Subtype) -> MapVerdict | None:
        """Whether the class map of one label may be believed, None if that was not checked."""
        return self.map_verdicts[SUBTYPES.index(subtype)] if self.map_verdicts else None


@dataclass(frozen=True, eq=False)
class SliceResult:
    """A finding with where it came from, as the network's process sends it.

    Attributes:
        series_key: ``Series.key`` of the stack that was scored.
        checkpoint_sha256: Hash of the weights that scored it.
        finding: What was found.
    """

    series_key: str
    checkpoint_sha256: str
    finding: SliceFinding


@dataclass(frozen=True)
class StudyScore:
    """Study-level score of one label.

    Attributes:
        subtype: The label.
        score: Highest mean of the slice probabilities over about 10 mm of adjacent slices.
        threshold: Study-level threshold.
        worst_slice: Slice with the highest probability.
        flagged_runs: Runs of adjacent slices above the slice threshold, (first, last).
    """

    subtype: Subtype
    score: float
    threshold: float
    worst_slice: int
    flagged_runs: tuple[tuple[int, int], ...]

    @property
    def is_flagged(self) -> bool:
        """Whether the score reaches the threshold."""
        return self.score >= self.threshold


@dataclass(frozen=True)
class StudyFindings:
    """All slices of one series, as far as they are known, for one checkpoint.

    Attributes:
        series_key: ``Series.key`` of the stack.
        checkpoint_sha256: Hash of the weights.
        slices: One entry per slice, in stack order.
    """

    series_key: str
    checkpoint_sha256: str
    slices: tuple[SliceFinding, ...]

    @staticmethod
    def pending(
        series_key: str,
        checkpoint_sha256: str,
        is_readable: Sequence[bool] | NDArray[np.bool_],
        unreadable_reasons: Mapping[int, str] | None = None,
    ) -> StudyFindings:
        """Nothing known yet: readable slices pend, the others are unreadable, each with its reason."""
        reasons = unreadable_reasons or {}
        slices = tuple(
            SliceFinding(index, SliceStatus.PENDING)
            if readable
            else SliceFinding(index, SliceStatus.UNREADABLE, reason=reasons.get(index, ""))
            for index, readable in enumerate(is_readable)
        )
        return StudyFindings(series_key, checkpoint_sha256, slices)

    def with_results(self, results: Sequence[SliceResult]) -> StudyFindings:
        """Same findings with the results of some slices.

        Raises:
            MismatchError: A result belongs to another series or checkpoint.
        """
        findings = self
        for result in results:
            findings = findings.with_slice(result.finding, result.series_key, result.checkpoint_sha256)
        return findings

    def with_slice(self, finding: SliceFinding, series_key: str, checkpoint_sha256: str) -> StudyFindings:
        """Same findings with one slice replaced.

        Raises:
            MismatchError: The result belongs to another series or checkpoint.
        """
        if (series_key, checkpoint_sha256) != (self.series_key, self.checkpoint_sha256):
            raise MismatchError(f"A result for series {series_key} was offered to series {self.series_key}.")
        slices = list(self.slices)
        slices[finding.slice_index] = finding
        return replace(self, slices=tuple(slices))

    def with_verdicts(self, result: SliceVerdicts) -> StudyFindings:
        """Same findings with verdicts on the maps of one slice; verdicts on other labels stay.

        Raises:
            MismatchError: They belong to another series or checkpoint.
        """
        finding = self.slices[result.slice_index]
        known = finding.map_verdicts or (None,) * len(SUBTYPES)
        both = tuple(new or old for new, old in zip(result.verdicts, known, strict=True))
        return self.with_slice(
            replace(finding, map_verdicts=both), result.series_key, result.checkpoint_sha256
        )

    def count(self, status: SliceStatus) -> int:
        """Number of slices with this status."""
        return sum(finding.status is status for finding in self.slices)

    @property
    def is_complete(self) -> bool:
        """Whether no slice is pending."""
        return self.count(SliceStatus.PENDING) == 0


def study_scores(
    findings: StudyFindings,
    positions_mm: Sequence[float],
    slice_thresholds: Sequence[float],
    study_thresholds: Sequence[float],
) -> tuple[StudyScore, ...]:
    """Study scores of all six labels; empty until no slice is pending, or if none could be scored.

    Args:
        findings: All slices.
        positions_mm: Position of each slice along the normal, ascending.
        slice_thresholds: Per label, in the order of SUBTYPES.
        study_thresholds: Per label, in the order of SUBTYPES.
    """
    scored = [finding for finding in findings.slices if finding.probabilities is not None]
    if not findings.is_complete or not scored:
        return ()
    table = np.asarray([finding.probabilities for finding in scored], dtype=np.float64)
    indices = [finding.slice_index for finding in scored]
    positions = np.asarray([positions_mm[index] for index in indices], dtype=np.float64)
    means = windowed_means(table, positions)
    scores = []
    for column, subtype in enumerate(SUBTYPES):
        is_flagged = table[:, column] >= slice_thresholds[column]
        scores.append(
            StudyScore(
                subtype,
                float(means[:, column].max()),
                float(study_thresholds[column]),
                indices[int(np.argmax(table[:, column]))],
                _runs([index for index, flagged in zip(indices, is_flagged, strict=True) if flagged]),
            )
        )
    return tuple(scores)


def windowed_means(
    probabilities: NDArray[np.float64], positions_mm: NDArray[np.float64], length_mm: float = STUDY_WINDOW_MM
) -> NDArray[np.float64]:
    """Means over all stretches of about *length_mm* of adjacent slices, so thin and thick series agree.

    A stretch holds as many slices as come nearest to *length_mm*. None is cut short by the end of the
    stack: a mean over the topmost slice alone would make one stray slice a finding of the study.

    Args:
        probabilities: (slices, labels).
        positions_mm: (slices,), ascending.
        length_mm: Length of a stretch; a shorter stack is one stretch.

    Returns:
        (stretches, labels), lowest stretch first.

    >>> windowed_means(np.array([[0.2], [0.8], [0.4]]), np.array([0.0, 5.0, 10.0])).ravel().round(6).tolist()
    [0.5, 0.6]
    """
    count = len(positions_mm)
    # A slice counts if about half of it lies within, so 5 mm slices that are really 4.99 mm apart stay two.
    # A little more than half, because at 4 mm two and three slices would tie.
    half_slice = 0.55 * float(np.median(np.diff(positions_mm))) if count > 1 else 0.0
    ends = np.searchsorted(positions_mm, positions_mm + max(length_mm - half_slice, 0.0), side="right")
    starts = np.arange(int(np.argmax(ends == count)) + 1)
    ends = np.maximum(ends[starts], starts + 1)
    sums = np.concatenate([np.zeros((1, probabilities.shape[1])), np.cumsum(probabilities, axis=0)])
    return np.asarray((sums[ends] - sums[starts]) / (ends - starts)[:, None])


def _runs(indices: Sequence[int]) -> tuple[tuple[int, int], ...]:
    runs: list[tuple[int, int]] = []
    for index in indices:
        if runs and index == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    return tuple(runs)


class Decision(StrEnum):
    """What the reader made of a finding."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Review:
    """The reader's decisions on the study.

    Attributes:
        decisions: Pairs of slice index and subtype, each with the decision.
        comments: Comment per slice index.
        reading: ``before`` or ``after`` the AI result was shown.
        study_decisions: Pairs of subtype and decision on the study as a whole. ``any`` rejected says that the
            reader saw no bleeding, which no decision on a slice can say.
    """

    decisions: tuple[tuple[int, Subtype, Decision], ...] = ()
    comments: tuple[tuple[int, str], ...] = ()
    reading: str = "after"
    study_decisions: tuple[tuple[Subtype, Decision], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was decided and nothing written."""
        return not self.decisions and not self.comments and not self.study_decisions

    def decision(self, slice_index: int, subtype: Subtype) -> Decision | None:
        """The decision on one label of one slice, None if there is none."""
        found = [d for index, s, d in self.decisions if index == slice_index and s is subtype]
        return found[0] if found else None

    def comment(self, slice_index: int) -> str:
        """The comment on a slice, empty if there is none."""
        return dict(self.comments).get(slice_index, "")

    def with_decision(self, slice_index: int, subtype: Subtype, decision: Decision | None) -> Review:
        """Same review with one decision set, or removed for None."""
        others = [entry for entry in self.decisions if entry[:2] != (slice_index, subtype)]
        if decision is not None:
            others.append((slice_index, subtype, decision))
        return replace(self, decisions=tuple(sorted(others, key=lambda e: (e[0], SUBTYPES.index(e[1])))))

    def study_decision(self, subtype: Subtype) -> Decision | None:
        """The decision on one label of the study, None if there is none."""
        return dict(self.study_decisions).get(subtype)

    def with_study_decision(self, subtype: Subtype, decision: Decision | None) -> Review:
        """Same review with one decision on the study set, or removed for None."""
        others = {label: made for label, made in self.study_decisions if label is not subtype}
        if decision is not None:
            others[subtype] = decision
        return replace(
            self, study_decisions=tuple(sorted(others.items(), key=lambda e: SUBTYPES.index(e[0])))
        )

    def with_comment(self, slice_index: int, text: str) -> Review:
        """Same review with one slice's comment set, or removed for an empty text."""
        others = {index: comment for index, comment in self.comments if index != slice_index}
        if text:
            others[slice_index] = text
        return replace(self, comments=tuple(sorted(others.items())))
