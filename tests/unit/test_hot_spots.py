"""Findings as a list, and decisions on a whole run of slices."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import make_card, make_findings, make_volume

from ichviewer.core.findings import SUBTYPES, Decision, Review, SliceFinding, SliceStatus, Subtype
from ichviewer.core.hot_spots import (
    FlaggedRun,
    RunDecision,
    changed_to,
    flagged_runs,
    run_decision,
    with_run_changed,
    with_run_comment,
    with_run_decided,
    with_slice_decided,
)

RUN = FlaggedRun(Subtype.EPIDURAL, 2, 4, 3, 0.8, None)
THRESHOLDS = (0.5,) * 6


def test_adjacent_flagged_slices_are_one_finding() -> None:
    findings = make_findings(make_volume(8), make_card(), likely=(1, 2, 5))
    runs = [run for run in flagged_runs(findings, THRESHOLDS) if run.subtype is Subtype.SUBDURAL]
    assert [(run.first, run.last) for run in runs] == [(1, 2), (5, 5)]
    assert len(flagged_runs(findings, THRESHOLDS)) == 2 * len(SUBTYPES)


def test_a_run_names_the_slice_with_the_highest_score() -> None:
    findings = make_findings(make_volume(5), make_card(), likely=(1, 2, 3))
    slices = list(findings.slices)
    slices[2] = replace(slices[2], probabilities=(0.99,) * 6)
    run = flagged_runs(replace(findings, slices=tuple(slices)), THRESHOLDS)[0]
    assert (run.peak_slice, run.highest) == (2, 0.99)


def test_a_slice_without_scores_ends_a_run() -> None:
    """Hazard: a finding claims a slice that was never scored."""
    findings = make_findings(make_volume(5), make_card(), likely=(1, 2, 3))
    slices = list(findings.slices)
    slices[2] = SliceFinding(2, SliceStatus.FAILED, reason="damaged")
    runs = flagged_runs(replace(findings, slices=tuple(slices)), THRESHOLDS)
    assert [(run.first, run.last) for run in runs[:2]] == [(1, 1), (3, 3)]


def test_there_is_no_list_before_the_last_slice_is_in() -> None:
    assert (
        flagged_runs(make_findings(make_volume(5), make_card(), likely=(1,), pending=(4,)), THRESHOLDS) == ()
    )


def test_a_decision_on_a_finding_is_one_on_each_of_its_slices() -> None:
    review = with_run_decided(Review(), RUN, Decision.ACCEPTED)
    assert [entry[0] for entry in review.decisions] == [2, 3, 4]
    assert run_decision(review, RUN) is RunDecision.ACCEPTED
    assert with_run_decided(review, RUN, None) == Review()


def test_a_finding_decided_in_part_is_mixed() -> None:
    """Hazard: a finding of which one slice was looked at reads as accepted."""
    review = Review().with_decision(3, Subtype.EPIDURAL, Decision.ACCEPTED)
    assert run_decision(review, RUN) is RunDecision.MIXED
    assert run_decision(Review(), RUN) is RunDecision.OPEN


def test_a_change_rejects_one_subtype_and_accepts_another() -> None:
    review = with_run_changed(Review(), RUN, Subtype.SUBDURAL)
    assert run_decision(review, RUN) is RunDecision.REJECTED
    assert changed_to(review, RUN) == (Subtype.SUBDURAL,)
    assert len(review.decisions) == 6


def test_any_that_is_told_apart_stays_accepted() -> None:
    run = replace(RUN, subtype=Subtype.ANY)
    review = with_run_changed(Review(), run, Subtype.SUBDURAL)
    assert run_decision(review, run) is RunDecision.ACCEPTED
    assert review.decision(3, Subtype.SUBDURAL) is Decision.ACCEPTED


def test_a_finding_is_not_changed_to_itself() -> None:
    with pytest.raises(ValueError, match="epidural cannot be changed to epidural"):
        with_run_changed(Review(), RUN, Subtype.EPIDURAL)


def test_an_accepted_subtype_takes_back_a_rejected_any() -> None:
    """Hazard: a table that says both is refused whole, and every correction in it is lost."""
    review = Review().with_decision(3, Subtype.ANY, Decision.REJECTED)
    review = with_slice_decided(review, 3, Subtype.SUBDURAL, Decision.ACCEPTED)
    assert review.decision(3, Subtype.ANY) is None


def test_a_rejected_any_rejects_the_accepted_subtypes() -> None:
    review = Review().with_decision(3, Subtype.SUBDURAL, Decision.ACCEPTED)
    review = with_slice_decided(review, 3, Subtype.ANY, Decision.REJECTED)
    assert review.decision(3, Subtype.SUBDURAL) is Decision.REJECTED
    assert review.decision(3, Subtype.EPIDURAL) is None


def test_the_comment_on_a_finding_stands_on_its_worst_slice() -> None:
    assert with_run_comment(Review(), RUN, "thin").comment(3) == "thin"
