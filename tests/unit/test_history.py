"""Undo and redo give back what the reader wrote, step by step, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ichviewer.core.findings import SUBTYPES, Decision, Review, Subtype
from ichviewer.core.history import LONGEST, History, ReaderWork, edited, redo, undo
from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measurement_editing import drawn, handle_moved
from ichviewer.core.reader_edits import (
    commented,
    decided,
    key_image_toggled,
    measurement_added,
    measurement_changed,
    measurement_removed,
    review_changed,
)

RULER = drawn(MeasurementKind.RULER, [(0, 0, 0), (10, 0, 0)], 0)

START = (ReaderWork(), History())


def dragged(to: float) -> Measurement:
    return handle_moved(replace(RULER, identifier=1), 1, (to, 0, 0))


def test_every_edit_is_named_and_taken_back_in_turn() -> None:
    states = [START]
    states.append(measurement_added(*states[-1], RULER))
    states.append(measurement_changed(*states[-1], dragged(20), "move"))
    states.append(decided(*states[-1], 4, Subtype.SUBDURAL, Decision.ACCEPTED))
    states.append(decided(*states[-1], 4, Subtype.SUBDURAL, None))
    states.append(commented(*states[-1], 4, "thin"))
    states.append(key_image_toggled(*states[-1], 4))
    states.append(key_image_toggled(*states[-1], 4))
    states.append(measurement_removed(*states[-1], 1))
    states.append(review_changed(*states[-1], lambda review: review.with_comment(4, ""), "clear comments"))
    work, history = states[-1]
    assert [step.name for step in history.done] == [
        "add ruler 1",
        "move ruler 1",
        "accept subdural on slice 5",
        "take back the decision on subdural on slice 5",
        "comment on slice 5",
        "mark key image 5",
        "unmark key image 5",
        "remove ruler 1",
        "clear comments",
    ]
    for expected in states[-2::-1]:
        name = history.undo_name
        work, history = undo(work, history)
        assert work == expected[0]
        assert history.redo_name == name
    assert not history.undo_name
    for expected in states[1:]:
        work, history = redo(work, history)
        assert work == expected[0]
    assert not history.redo_name


def test_undo_and_redo_at_the_ends_change_nothing() -> None:
    assert undo(*START) == START
    assert redo(*START) == START


def test_a_drag_is_one_step() -> None:
    state = measurement_added(*START, RULER)
    for to in (11, 12, 13, 14):
        state = measurement_changed(*state, dragged(to), "move", gesture=7)
    assert [step.name for step in state[1].done] == ["add ruler 1", "move ruler 1"]
    back = undo(*state)
    assert back[0].measurements[1].points_mm[1] == (10, 0, 0)
    assert redo(*back)[0].measurements[1].points_mm[1] == (14, 0, 0)


def test_two_drags_are_two_steps_also_after_an_undo() -> None:
    state = measurement_added(*START, RULER)
    state = measurement_changed(*state, dragged(11), "move", gesture=1)
    state = measurement_changed(*state, dragged(12), "move", gesture=2)
    assert len(state[1].done) == 3
    state = redo(*undo(*state))
    # The step that was done again is closed: what comes now, whatever its number, is a step of its own.
    state = measurement_changed(*state, dragged(13), "move", gesture=2)
    assert len(state[1].done) == 4


def test_a_drag_that_ends_where_it_began_is_no_step() -> None:
    state = measurement_added(*START, RULER)
    for to in (11, 12, 10):
        state = measurement_changed(*state, dragged(to), "move", gesture=7)
    assert state[1].undo_name == "add ruler 1"
    further = measurement_changed(*state, dragged(15), "move", gesture=7)
    assert undo(*further)[0] == state[0]


def test_an_edit_that_changes_nothing_is_no_step_and_keeps_what_can_be_redone() -> None:
    state = undo(*measurement_added(*START, RULER))
    assert decided(*state, 3, Subtype.ANY, None) == state
    assert state[1].redo_name == "add ruler 1"


def test_a_new_edit_forgets_what_was_taken_back() -> None:
    state = undo(*measurement_added(*START, RULER))
    state = key_image_toggled(*state, 2)
    assert state[1].undone == ()
    assert redo(*state) == state


def test_undo_does_not_mend_the_seal_of_a_first_look() -> None:
    """Hazard: a decision made with the scores in view is exported as made without them."""
    before = ReaderWork(review=Review(reading="before"))
    work, history = decided(before, History(), 4, Subtype.SUBDURAL, Decision.ACCEPTED)
    opened = replace(work, review=replace(work.review, reading="after"))
    back, later = undo(opened, history)
    assert back.review.reading == "after"
    assert back.review.decision(4, Subtype.SUBDURAL) is None
    assert redo(back, later)[0] == opened


def test_the_history_is_bounded_and_forgets_the_oldest() -> None:
    state = START
    for index in range(LONGEST + 5):
        state = key_image_toggled(*state, index)
    assert len(state[1].done) == LONGEST
    for _ in range(LONGEST + 5):
        state = undo(*state)
    assert state[0].key_images == frozenset(range(5))


def test_a_measurement_that_is_not_there_cannot_be_edited() -> None:
    with pytest.raises(KeyError):
        measurement_changed(*START, replace(RULER, identifier=1))
    with pytest.raises(KeyError):
        measurement_removed(*START, 1)


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([None, 1, 2])), max_size=12), st.integers(0, 12))
def test_any_row_of_edits_can_be_taken_back_to_the_start_and_done_again(
    edits: list[tuple[int, int | None]], steps: int
) -> None:
    work, history = START
    for slice_index, gesture in edits:
        after = replace(work, review=work.review.with_comment(slice_index, f"{len(history.done)} {gesture}"))
        work, history = edited(work, history, after, "comment", gesture)
    end = work
    taken = min(steps, len(history.done))
    for _ in range(taken):
        work, history = undo(work, history)
    for _ in range(taken):
        work, history = redo(work, history)
    assert work == end
    while history.done:
        work, history = undo(work, history)
    assert work == ReaderWork()


def test_decisions_on_all_labels_have_a_name() -> None:
    for subtype in SUBTYPES:
        for decision in Decision:
            assert decided(*START, 0, subtype, decision)[1].undo_name.endswith(f"{subtype} on slice 1")
