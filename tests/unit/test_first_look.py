"""The network's result stays sealed until the reader has looked."""

from __future__ import annotations

from builders import make_card, make_findings, make_volume

from ichviewer.core.coverage import Coverage
from ichviewer.core.findings import Decision, Review, Subtype
from ichviewer.core.first_look import (
    NO_FIRST_LOOK,
    FirstLook,
    Seal,
    both_readings,
    opened_by_coverage,
    opened_on_request,
    review_at_start,
    seal_text,
    shown_findings,
)


def seen(count: int, of: int = 20) -> Coverage:
    """The lowest *count* slices of a stack seen."""
    return Coverage(of, seen=(("Brain", frozenset(range(count))),))


def own_reading() -> Review:
    return review_at_start(FirstLook.sealed()).with_decision(3, Subtype.SUBDURAL, Decision.ACCEPTED)


def test_nothing_is_shown_while_sealed() -> None:
    """Hazard: the reader's own reading is led by a score that slipped through."""
    volume, card = make_volume(3), make_card()
    findings = make_findings(volume, card)
    assert shown_findings(findings, FirstLook.sealed()) is None
    assert shown_findings(findings, NO_FIRST_LOOK) is findings
    opened, _ = opened_on_request(FirstLook.sealed(), Review(), seen(0))
    assert shown_findings(findings, opened) is findings


def test_the_seal_opens_at_95_percent_and_not_before() -> None:
    sealed = FirstLook.sealed()
    assert opened_by_coverage(sealed, own_reading(), seen(18)) == (sealed, own_reading())
    opened, review = opened_by_coverage(sealed, own_reading(), seen(19))
    assert (opened.seal, opened.share_seen) == (Seal.OPENED_BY_COVERAGE, 0.95)
    assert review.reading == "after"


def test_the_reader_may_ask_earlier_and_that_is_kept() -> None:
    opened, _ = opened_on_request(FirstLook.sealed(), own_reading(), seen(4))
    assert (opened.seal, opened.share_seen) == (Seal.OPENED_ON_REQUEST, 0.2)
    again, review = opened_by_coverage(opened, Review(), seen(20))
    assert again == opened
    assert review == Review()


def test_the_first_reading_is_what_it_was_when_the_seal_broke() -> None:
    """Hazard: a decision made with the scores in view passes for the reader's own."""
    opened, review = opened_on_request(FirstLook.sealed(), own_reading(), seen(20))
    review = review.with_decision(3, Subtype.SUBDURAL, Decision.REJECTED)
    before, after = both_readings(opened, review)
    assert before == own_reading()
    assert (before.reading, after.reading) == ("before", "after")
    assert after.decision(3, Subtype.SUBDURAL) is Decision.REJECTED


def test_the_second_reading_starts_from_the_first() -> None:
    _, review = opened_on_request(FirstLook.sealed(), own_reading(), seen(20))
    assert review.decisions == own_reading().decisions


def test_under_the_seal_there_is_no_reading_after() -> None:
    before, after = both_readings(FirstLook.sealed(), own_reading())
    assert before == own_reading()
    assert after.is_empty


def test_without_first_look_there_is_no_reading_before() -> None:
    review = review_at_start(NO_FIRST_LOOK).with_comment(0, "thin")
    before, after = both_readings(NO_FIRST_LOOK, review)
    assert before.is_empty
    assert (after, after.reading) == (review, "after")
    assert opened_on_request(NO_FIRST_LOOK, review, seen(20)) == (NO_FIRST_LOOK, review)


def test_a_reader_who_saw_no_bleeding_has_read() -> None:
    """Hazard: a study read as free of bleeding counts as not read."""
    review = Review().with_study_decision(Subtype.ANY, Decision.REJECTED)
    assert not review.is_empty
    assert review.with_study_decision(Subtype.ANY, None).is_empty


def test_the_seal_says_in_words_how_far_it_is() -> None:
    assert "35%" in seal_text(FirstLook.sealed(), seen(7))
    opened, _ = opened_on_request(FirstLook.sealed(), Review(), seen(7))
    assert seal_text(opened, seen(20)) == "First look: opened on request after 35% of the slices were seen."
    assert seal_text(NO_FIRST_LOOK, seen(20)) == ""
