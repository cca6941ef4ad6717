"""First look on the screen: results are kept where nothing draws them, and both readings stay apart."""

from __future__ import annotations

from dataclasses import replace

from window_states import analyzed_state, findings_of, opened_state

from ichviewer.core import reader_edits
from ichviewer.core.coverage import Coverage
from ichviewer.core.findings import Decision, Review, Subtype
from ichviewer.core.first_look import AFTER, BEFORE, FirstLook, Seal, both_readings
from ichviewer.core.history import ReaderWork, undo
from ichviewer.core.sealing import (
    network_findings,
    result_shown,
    result_shown_if_seen,
    taken_up,
    with_network_findings,
)
from ichviewer.core.viewstate import ViewState, with_edit


def with_first_look(state: ViewState) -> ViewState:
    return replace(state, preferences=replace(state.preferences, uses_first_look=True))


def sealed_state() -> ViewState:
    """An open head under first look, all of it scored."""
    opened = taken_up(with_first_look(opened_state()))
    return with_network_findings(opened, findings_of(analyzed_state(likely=[3])))


def decided(state: ViewState, slice_index: int) -> ViewState:
    return with_edit(
        state,
        lambda work, history: reader_edits.decided(
            work, history, slice_index, Subtype.SUBDURAL, Decision.ACCEPTED
        ),
    )


def test_nothing_that_draws_findings_gets_sealed_ones() -> None:
    """Hazard: a first reading that saw the scores is none of its own, and agreement proves nothing."""
    state = sealed_state()
    assert state.findings is None
    assert network_findings(state) is state.sealed_findings is not None


def test_results_that_arrive_while_sealed_stay_sealed() -> None:
    """Hazard: the same, for scores that come in while the reader scrolls."""
    state = with_network_findings(sealed_state(), findings_of(analyzed_state(likely=[5])))
    assert state.findings is None
    assert network_findings(state) is not None


def test_without_the_preference_nothing_is_sealed() -> None:
    state = with_network_findings(taken_up(opened_state()), findings_of(analyzed_state()))
    assert state.findings is not None
    assert state.first_look.seal is Seal.OFF


def test_asking_shows_the_result_and_keeps_the_reading_before() -> None:
    state = decided(result_shown(decided(sealed_state(), 1)), 2)
    assert state.findings is not None
    assert state.sealed_findings is None
    before, after = both_readings(state.first_look, state.review)
    assert [(each[0]) for each in before.decisions] == [1]
    assert [(each[0]) for each in after.decisions] == [1, 2]
    assert (before.reading, after.reading) == (BEFORE, AFTER)


def test_a_decision_under_the_seal_is_one_of_before() -> None:
    assert decided(sealed_state(), 1).review.reading == BEFORE


def test_undo_after_the_seal_broke_leaves_the_reading_before_as_it_was() -> None:
    """Hazard: a reading that is changed after the scores were seen would be exported as made without them."""
    shown = with_edit(result_shown(decided(sealed_state(), 1)), undo)
    before, after = both_readings(shown.first_look, shown.review)
    assert len(before.decisions) == 1
    assert after.decisions == ()
    assert after.reading == AFTER


def test_enough_of_the_slices_opens_and_less_does_not() -> None:
    state = sealed_state()
    most = replace(state, coverage=Coverage(12, seen=(("Brain", frozenset(range(11))),)))
    assert result_shown_if_seen(most) is most
    all_seen = replace(state, coverage=Coverage(12, seen=(("Brain", frozenset(range(12))),)))
    assert result_shown_if_seen(all_seen).first_look.seal is Seal.OPENED_BY_COVERAGE
    assert result_shown_if_seen(all_seen).findings is not None


def test_a_stack_whose_result_was_shown_is_not_sealed_again() -> None:
    """Hazard: the reader remembers the scores; what is decided now would pass for a reading without them."""
    shown = result_shown(sealed_state()).first_look
    assert taken_up(with_first_look(opened_state()), shown).first_look is shown


def test_work_of_an_earlier_sitting_that_saw_the_result_is_not_sealed() -> None:
    """Hazard: the same, for work that a session file brings back."""
    review = Review().with_decision(1, Subtype.ANY, Decision.ACCEPTED)
    restored = replace(with_first_look(opened_state()), work=ReaderWork(replace(review, reading=AFTER)))
    assert taken_up(restored).first_look.seal is Seal.OFF
    unseen = replace(restored, work=ReaderWork(replace(review, reading=BEFORE)))
    assert taken_up(unseen).first_look.is_sealed


def test_what_the_network_skips_is_not_sealed() -> None:
    state = with_first_look(opened_state())
    assert state.volume is not None
    scout = replace(
        state, volume=replace(state.volume, series=replace(state.volume.series, is_ai_candidate=False))
    )
    assert not taken_up(scout).first_look.is_sealed


def test_a_stack_comes_back_with_its_seal_and_its_coverage() -> None:
    seen = Coverage(12, seen=(("Brain", frozenset({3})),))
    state = taken_up(opened_state(), FirstLook.sealed(), seen)
    assert state.first_look.is_sealed
    assert state.coverage is seen
