"""Findings of slices, and what they add up to over the study."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import LIKELY, UNLIKELY, make_card, make_findings, make_volume, share_of_bleed
from hypothesis import given
from hypothesis import strategies as st

from ichviewer.core.errors import MismatchError
from ichviewer.core.findings import (
    SUBTYPES,
    Decision,
    Review,
    SliceFinding,
    SliceStatus,
    StudyFindings,
    StudyScore,
    Subtype,
    study_scores,
    windowed_means,
)

THRESHOLDS = (0.5,) * 6
SHA = make_card().weights_sha256


def scores_of(probabilities: np.ndarray, positions_mm: np.ndarray) -> tuple[StudyScore, ...]:
    """Study scores where ``any`` has *probabilities* and the subtypes have 0.01."""
    slices = tuple(
        SliceFinding(index, SliceStatus.OK, (float(probability), *[0.01] * 5))
        for index, probability in enumerate(probabilities)
    )
    return study_scores(StudyFindings("1.2.3", SHA, slices), positions_mm, THRESHOLDS, THRESHOLDS)


def test_an_absent_score_is_none_and_never_zero() -> None:
    """Hazard: 0 reads as 'certainly no bleed' where nothing was looked at."""
    findings = StudyFindings.pending("1.2.3", SHA, [True, False])
    failed = SliceFinding(0, SliceStatus.FAILED, reason="the network gave no number")
    for finding in (*findings.slices, failed):
        assert [finding.probability(subtype) for subtype in SUBTYPES] == [None] * 6


def test_an_unreadable_slice_keeps_its_reason() -> None:
    findings = StudyFindings.pending("1.2.3", SHA, [True, False], {1: "No such file."})
    assert [finding.reason for finding in findings.slices] == ["", "No such file."]


def test_unreadable_slices_do_not_pend() -> None:
    findings = StudyFindings.pending("1.2.3", SHA, [True, False, True])
    assert (findings.count(SliceStatus.PENDING), findings.count(SliceStatus.UNREADABLE)) == (2, 1)
    assert not findings.is_complete


@pytest.mark.parametrize(("series", "sha"), [("9.9", SHA), ("1.2.3", "cd" * 32)])
def test_a_result_of_another_series_or_checkpoint_is_refused(series: str, sha: str) -> None:
    """Hazard: scores of one patient shown over the images of another."""
    findings = StudyFindings.pending("1.2.3", SHA, [True])
    with pytest.raises(MismatchError):
        findings.with_slice(SliceFinding(0, SliceStatus.OK, (0.9,) * 6), series, sha)


def test_a_result_takes_its_place_and_leaves_the_others() -> None:
    before = StudyFindings.pending("1.2.3", SHA, [True] * 3)
    after = before.with_slice(SliceFinding(1, SliceStatus.OK, (0.9,) * 6), "1.2.3", SHA)
    assert [finding.status for finding in after.slices] == ["pending", "ok", "pending"]
    assert before.count(SliceStatus.PENDING) == 3
    assert after.slices[1].probability(Subtype.SUBDURAL) == 0.9


def test_there_is_no_study_score_before_the_last_slice() -> None:
    """Hazard: a summary of half a head reads as one of the whole."""
    volume, card = make_volume(5), make_card()
    positions = volume.geometry.positions_mm
    findings = make_findings(volume, card, likely=[1, 2], pending=[4])
    assert study_scores(findings, positions, THRESHOLDS, THRESHOLDS) == ()
    findings = make_findings(volume, card, likely=[1, 2])
    assert len(study_scores(findings, positions, THRESHOLDS, THRESHOLDS)) == 6


def test_a_study_without_a_single_score_has_no_study_score() -> None:
    findings = StudyFindings.pending("1.2.3", SHA, [False, False])
    assert findings.is_complete
    assert study_scores(findings, [0.0, 5.0], THRESHOLDS, THRESHOLDS) == ()


def test_a_failed_slice_counts_neither_as_healthy_nor_as_bleeding() -> None:
    """Hazard: counted as 0, a failed slice in the middle of a bleed halves its score."""
    volume, card = make_volume(5), make_card()
    findings = make_findings(volume, card, likely=[1, 2, 3])
    findings = findings.with_slice(
        SliceFinding(2, SliceStatus.FAILED, reason="no number"), volume.series.key, SHA
    )
    scores = study_scores(findings, volume.geometry.positions_mm, THRESHOLDS, THRESHOLDS)
    assert scores[0].flagged_runs == ((1, 1), (3, 3))
    assert scores[0].worst_slice in (1, 3)


def test_runs_and_the_worst_slice_are_named_by_their_place_in_the_stack() -> None:
    probabilities = np.asarray([0.1, 0.6, 0.7, 0.2, 0.5, 0.1, 0.9])
    score = scores_of(probabilities, np.arange(7) * 5.0)[0]
    assert score.flagged_runs == ((1, 2), (4, 4), (6, 6))
    assert score.worst_slice == 6
    assert score.score == pytest.approx(0.65)
    assert score.is_flagged


def test_the_study_is_judged_at_its_own_threshold() -> None:
    findings = make_findings(make_volume(3), make_card(), likely=[1])
    low, high = ((threshold,) * 6 for threshold in (UNLIKELY, LIKELY))
    assert study_scores(findings, [0, 5, 10], high, low)[0].is_flagged
    assert not study_scores(findings, [0, 5, 10], low, high)[0].is_flagged


def test_each_label_has_its_own_score() -> None:
    table = np.linspace(0.1, 0.6, 6)
    slices = tuple(SliceFinding(index, SliceStatus.OK, tuple(table)) for index in range(4))
    scores = study_scores(StudyFindings("1", SHA, slices), np.arange(4) * 5.0, THRESHOLDS, THRESHOLDS)
    assert [score.subtype for score in scores] == list(SUBTYPES)
    np.testing.assert_allclose([score.score for score in scores], table)


@pytest.mark.parametrize("index", [0, 10, 19])
@pytest.mark.parametrize("spacing_mm", [0.6, 5.0])
def test_one_stray_slice_is_diluted_wherever_it_lies(index: int, spacing_mm: float) -> None:
    """Hazard: a lone false alarm at the vertex would flag the study."""
    probabilities = np.zeros(20)
    probabilities[index] = 1.0
    expected = 1 / round(10 / spacing_mm)
    assert scores_of(probabilities, np.arange(20) * spacing_mm)[0].score == pytest.approx(expected, rel=0.07)


@given(
    st.floats(25, 115),
    st.floats(5, 60),
    st.floats(0.5, 4),
    st.floats(0.3, 0.99),
    st.floats(0, 5),
    st.floats(0, 0.6),
)
def test_thick_and_thin_slices_of_one_head_agree(
    center: float, length: float, edge: float, height: float, thick_start: float, thin_start: float
) -> None:
    """5 mm and 0.6 mm series of one head agree within 0.1; both are read as averages over 5 mm."""

    def score(spacing_mm: float, start: float) -> float:
        positions = np.arange(start, 140, spacing_mm)
        bleed = 0.02 + height * share_of_bleed(positions, center, length, edge)
        return scores_of(bleed, positions)[0].score

    assert abs(score(5.0, thick_start) - score(0.6, thin_start)) < 0.1


@pytest.mark.parametrize("nominal", [1.0, 2.5, 4.0, 5.0])
def test_a_hundredth_of_a_mm_of_spacing_changes_nothing(nominal: float) -> None:
    """Hazard: 4.99 mm slices would be averaged by threes, 5.01 mm slices by twos."""
    probabilities = np.exp(-(((np.arange(40) - 20) / 3.0) ** 2))[:, None]
    below, above = (windowed_means(probabilities, np.arange(40) * (nominal + d)).max() for d in (-0.01, 0.01))
    assert below == pytest.approx(above)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.3, 12))
def test_a_study_score_lies_between_the_lowest_and_the_highest_slice(
    values: list[float], spacing: float
) -> None:
    means = windowed_means(np.asarray(values)[:, None], np.arange(len(values)) * spacing)
    assert min(values) - 1e-9 <= means.min()
    assert means.max() <= max(values) + 1e-9


def test_unevenly_spaced_slices_are_taken_by_mm() -> None:
    positions = np.asarray([0.0, 5.0, 40.0, 45.0])
    means = windowed_means(np.asarray([[0.1], [0.3], [0.5], [0.9]]), positions).ravel()
    np.testing.assert_allclose(means, [0.2, 0.3, 0.7])


def test_a_decision_replaces_the_one_before_and_can_be_taken_back() -> None:
    review = Review().with_decision(3, Subtype.SUBDURAL, Decision.ACCEPTED)
    review = review.with_decision(3, Subtype.SUBDURAL, Decision.REJECTED)
    assert review.decision(3, Subtype.SUBDURAL) is Decision.REJECTED
    assert review.decision(3, Subtype.ANY) is None
    assert review.decision(4, Subtype.SUBDURAL) is None
    assert review.with_decision(3, Subtype.SUBDURAL, None) == Review()


def test_comments_belong_to_their_slice() -> None:
    review = Review().with_comment(3, "motion").with_comment(1, "calcified falx")
    assert (review.comment(1), review.comment(2), review.comment(3)) == ("calcified falx", "", "motion")
    assert review.with_comment(3, "").comments == ((1, "calcified falx"),)


def test_a_review_does_not_depend_on_the_order_of_the_clicks() -> None:
    clicks = [(2, Subtype.ANY), (1, Subtype.SUBDURAL), (1, Subtype.EPIDURAL)]
    one = other = replace(Review(), reading="before")
    for click in clicks:
        one = one.with_decision(*click, Decision.ACCEPTED)
    for click in reversed(clicks):
        other = other.with_decision(*click, Decision.ACCEPTED)
    assert one == other
