"""The findings of a study as a reader goes through them: one entry per label and run of flagged slices.

The one thing to get wrong: decisions are kept **per slice**, as they are exported and learned from; an entry
only gathers them. Steps here keep the labels of a slice in agreement: a slice with an accepted subtype never
has ``any`` rejected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ichviewer.core.findings import SUBTYPES, Decision, Peak, Review, SliceFinding, StudyFindings, Subtype


@dataclass(frozen=True)
class FlaggedRun:
    """Adjacent slices above the slice threshold of one label.

    Attributes:
        subtype: The label.
        first: Lowest slice, counted from 0.
        last: Highest slice, included.
        peak_slice: Slice with the highest score.
        highest: That score, [0, 1].
        peak: Hottest point of the map of ``any`` on that slice, with its side; None without one.
    """

    subtype: Subtype
    first: int
    last: int
    peak_slice: int
    highest: float
    peak: Peak | None

    @property
    def slices(self) -> range:
        """Its slices, lowest first."""
        return range(self.first, self.last + 1)


class RunDecision(StrEnum):
    """What the decisions on the slices of a run add up to."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    MIXED = "mixed"


def flagged_runs(findings: StudyFindings, slice_thresholds: Sequence[float]) -> tuple[FlaggedRun, ...]:
    """Every run of flagged slices, by label in the order of SUBTYPES, lowest first within a label.

    A slice without scores ends a run: nothing is claimed of it. Empty until no slice is pending.

    Args:
        findings: All slices.
        slice_thresholds: Per label, in the order of SUBTYPES.
    """
    if not findings.is_complete:
        return ()
    runs = []
    for subtype, threshold in zip(SUBTYPES, slice_thresholds, strict=True):
        run: list[SliceFinding] = []
        for finding in findings.slices:
            probability = finding.probability(subtype)
            if probability is not None and probability >= threshold:
                run.append(finding)
            elif run:
                runs.append(_gathered(subtype, run))
                run = []
        if run:
            runs.append(_gathered(subtype, run))
    return tuple(runs)


def _gathered(subtype: Subtype, run: Sequence[SliceFinding]) -> FlaggedRun:
    worst = max(run, key=lambda finding: finding.probability(subtype) or 0.0)
    highest = worst.probability(subtype) or 0.0
    return FlaggedRun(
        subtype, run[0].slice_index, run[-1].slice_index, worst.slice_index, highest, worst.peak
    )


def run_decision(review: Review, run: FlaggedRun) -> RunDecision:
    """What the reader made of a run; mixed where its slices differ or only some were decided."""
    decisions = {review.decision(index, run.subtype) for index in run.slices}
    if len(decisions) > 1:
        return RunDecision.MIXED
    only = decisions.pop()
    return RunDecision.OPEN if only is None else RunDecision(only.value)


def changed_to(review: Review, run: FlaggedRun) -> tuple[Subtype, ...]:
    """Subtypes that were accepted on the slices of a run whose own label was rejected there."""
    if run_decision(review, run) is not RunDecision.REJECTED:
        return ()
    return tuple(
        subtype
        for subtype in SUBTYPES
        if all(review.decision(index, subtype) is Decision.ACCEPTED for index in run.slices)
    )


def with_run_decided(review: Review, run: FlaggedRun, decision: Decision | None) -> Review:
    """Every slice of a run accepted, rejected, or taken back for None."""
    for index in run.slices:
        review = with_slice_decided(review, index, run.subtype, decision)
    return review


def with_run_changed(review: Review, run: FlaggedRun, subtype: Subtype) -> Review:
    """A run's label rejected and another accepted, on all its slices, in one step.

    A run of ``any`` that is changed to a subtype stays accepted as ``any``. A subtype changed to ``any``
    is a bleed whose kind the reader leaves open.

    Raises:
        ValueError: The label is the run's own.
    """
    if subtype is run.subtype:
        raise ValueError(f"A finding of {subtype} cannot be changed to {subtype}.")
    own = Decision.ACCEPTED if run.subtype is Subtype.ANY else Decision.REJECTED
    for index in run.slices:
        review = with_slice_decided(review, index, run.subtype, own)
        review = with_slice_decided(review, index, subtype, Decision.ACCEPTED)
    return review


def with_run_comment(review: Review, run: FlaggedRun, text: str) -> Review:
    """The comment on a run; it stands on the slice with the highest score."""
    return review.with_comment(run.peak_slice, text)


def with_slice_decided(
    review: Review, slice_index: int, subtype: Subtype, decision: Decision | None
) -> Review:
    """One label of one slice decided, and what contradicts it taken along.

    An accepted subtype takes back a rejected ``any``; a rejected ``any`` rejects the subtypes that were
    accepted. The readers of corrections refuse a table in which the two disagree.
    """
    review = review.with_decision(slice_index, subtype, decision)
    if subtype is not Subtype.ANY and decision is Decision.ACCEPTED:
        if review.decision(slice_index, Subtype.ANY) is Decision.REJECTED:
            review = review.with_decision(slice_index, Subtype.ANY, None)
    elif subtype is Subtype.ANY and decision is Decision.REJECTED:
        for other in SUBTYPES[1:]:
            if review.decision(slice_index, other) is Decision.ACCEPTED:
                review = review.with_decision(slice_index, other, Decision.REJECTED)
    return review
