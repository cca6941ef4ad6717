"""The SLICE and STUDY panels: scores, words where there are none, the reader's decisions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot
from window_states import analyzed_state, opened_state, with_status

from ichviewer.core.findings import NOT_LOOKED_FOR, SUBTYPES, Decision, SliceStatus, Subtype
from ichviewer.core.viewstate import ViewState, scrolled_to
from ichviewer.gui.slice_scores import SliceScores
from ichviewer.gui.store import Store
from ichviewer.gui.study_panel import StudyPanel


def slice_panel(qtbot: QtBot, state: ViewState) -> tuple[SliceScores, Store]:
    store = Store(state)
    panel = SliceScores(store)
    qtbot.addWidget(panel)
    return panel, store


def study_panel(qtbot: QtBot, state: ViewState) -> tuple[StudyPanel, Store]:
    store = Store(state)
    panel = StudyPanel(store)
    qtbot.addWidget(panel)
    return panel, store


@pytest.mark.parametrize("status", [SliceStatus.PENDING, SliceStatus.FAILED, SliceStatus.UNREADABLE])
def test_a_score_that_is_not_there_is_a_word_and_never_a_number(qtbot: QtBot, status: SliceStatus) -> None:
    """Hazard: an absent score printed as 0 would read as an exclusion."""
    panel, _store = slice_panel(qtbot, with_status(analyzed_state(), 0, status, "no memory"))
    assert {bar.text for bar in panel.bars.values()} == {status.value}
    assert not any(character.isdigit() for bar in panel.bars.values() for character in bar.text)
    assert not any(bar.is_flagged for bar in panel.bars.values())


def test_before_any_analysis_there_is_no_number(qtbot: QtBot) -> None:
    panel, _store = slice_panel(qtbot, opened_state())
    assert {bar.text for bar in panel.bars.values()} == {"–"}


def test_scores_follow_the_slice_in_view(qtbot: QtBot) -> None:
    panel, store = slice_panel(qtbot, analyzed_state(likely=[3]))
    assert panel.bars[Subtype.SUBDURAL].text == "0.10"
    store.update(lambda state: scrolled_to(state, 3))
    assert panel.bars[Subtype.SUBDURAL].text == "0.90"
    assert panel.bars[Subtype.SUBDURAL].is_flagged


def test_a_bar_tells_its_threshold_in_words(qtbot: QtBot) -> None:
    panel, _store = slice_panel(qtbot, analyzed_state())
    assert panel.bars[Subtype.EPIDURAL].accessibleName() == (
        "EDH (epidural): 0.10, below the slice threshold 0.50"
    )


def test_the_data_of_the_calibration_is_named(qtbot: QtBot) -> None:
    panel, _store = slice_panel(qtbot, analyzed_state())
    assert panel.note == "calibrated on made-up slices; prevalence 20%"


def test_why_a_slice_failed_is_told(qtbot: QtBot) -> None:
    panel, _store = slice_panel(qtbot, with_status(analyzed_state(), 0, SliceStatus.FAILED, "no memory"))
    assert panel.note == "failed: no memory"


def test_a_click_on_a_bar_chooses_the_label_of_the_heat_map(qtbot: QtBot) -> None:
    panel, store = slice_panel(qtbot, analyzed_state())
    qtbot.mouseClick(panel.bars[Subtype.INTRAVENTRICULAR], Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert store.state.heatmap_subtype is Subtype.INTRAVENTRICULAR


def test_accepting_again_takes_it_back(qtbot: QtBot) -> None:
    panel, store = slice_panel(qtbot, analyzed_state(likely=[0]))
    accept = panel.buttons[Subtype.SUBDURAL, Decision.ACCEPTED]
    accept.click()
    assert store.state.review.decision(0, Subtype.SUBDURAL) is Decision.ACCEPTED
    assert accept.isChecked()
    accept.click()
    assert store.state.review.decision(0, Subtype.SUBDURAL) is None
    assert not accept.isChecked()


def test_rejecting_replaces_accepting(qtbot: QtBot) -> None:
    panel, store = slice_panel(qtbot, analyzed_state(likely=[0]))
    panel.buttons[Subtype.ANY, Decision.ACCEPTED].click()
    panel.buttons[Subtype.ANY, Decision.REJECTED].click()
    assert store.state.review.decision(0, Subtype.ANY) is Decision.REJECTED
    assert not panel.buttons[Subtype.ANY, Decision.ACCEPTED].isChecked()


def test_decisions_belong_to_their_slice(qtbot: QtBot) -> None:
    """Hazard: a decision shown on another slice would be exported for a finding that nobody looked at."""
    panel, store = slice_panel(qtbot, analyzed_state(likely=[0, 1]))
    panel.buttons[Subtype.SUBDURAL, Decision.ACCEPTED].click()
    store.update(lambda state: scrolled_to(state, 1))
    assert not panel.buttons[Subtype.SUBDURAL, Decision.ACCEPTED].isChecked()
    store.update(lambda state: scrolled_to(state, 0))
    assert panel.buttons[Subtype.SUBDURAL, Decision.ACCEPTED].isChecked()


def test_what_has_no_score_cannot_be_decided(qtbot: QtBot) -> None:
    panel, _store = slice_panel(qtbot, analyzed_state(pending=[0]))
    assert not any(button.isEnabled() for button in panel.buttons.values())


def test_a_comment_is_kept_per_slice_as_it_is_typed(qtbot: QtBot) -> None:
    panel, store = slice_panel(qtbot, analyzed_state())
    qtbot.keyClicks(panel.comment, "thin")
    store.update(lambda state: scrolled_to(state, 1))
    assert panel.comment.text() == ""
    store.update(lambda state: scrolled_to(state, 0))
    assert panel.comment.text() == "thin"
    assert store.state.review.comments == ((0, "thin"),)


def test_there_is_no_summary_before_the_last_slice(qtbot: QtBot) -> None:
    """Hazard: half a study without flags would be taken for a whole one."""
    panel, store = study_panel(qtbot, analyzed_state(likely=range(12), pending=[4]))
    assert {number.text() for number in panel.numbers.values()} == {"–"}
    assert {link.text() for link in panel.links.values()} == {""}
    assert panel.sentence.text() == "11 of 12 slices, no summary yet"
    store.set(analyzed_state(likely=range(12)))
    assert all("0.90" in number.text() for number in panel.numbers.values())


def test_the_link_goes_to_the_worst_slice(qtbot: QtBot) -> None:
    panel, store = study_panel(qtbot, analyzed_state(likely=[7]))
    assert panel.links[Subtype.SUBDURAL].text() == "slice 8"
    qtbot.mouseClick(panel.links[Subtype.SUBDURAL], Qt.MouseButton.LeftButton)
    assert store.state.slice_index == 7


def test_runs_above_the_slice_threshold_are_listed(qtbot: QtBot) -> None:
    panel, _store = study_panel(qtbot, analyzed_state(likely=[2, 5, 6, 7]))
    assert "Slices above the slice threshold: 3, 6–8" in panel.links[Subtype.EPIDURAL].toolTip()


def test_the_study_score_is_judged_by_its_own_threshold(qtbot: QtBot) -> None:
    panel, _store = study_panel(qtbot, analyzed_state())
    assert "below the study threshold 0.50" in panel.numbers[Subtype.ANY].toolTip()


def test_a_complete_study_says_what_was_not_looked_for(qtbot: QtBot) -> None:
    panel, _store = study_panel(qtbot, analyzed_state())
    assert panel.sentence.text() == f"No slice above threshold; {NOT_LOOKED_FOR}"


def test_a_red_input_check_is_told_where_the_summary_would_be(qtbot: QtBot) -> None:
    panel, _store = study_panel(
        qtbot, replace(opened_state(), input_check="red", input_check_reasons=("not a head",))
    )
    assert "input check is red" in panel.sentence.text()
    assert panel.check.text() == "Input check red\n• not a head"


def test_amber_reasons_stand_beside_the_summary_and_green_has_none(qtbot: QtBot) -> None:
    """Hazard: scores of a head with an open skull are read without knowing of it."""
    reasons = ("bone is missing from the skull (craniectomy?) around slice 22", "age unknown")
    panel, store = study_panel(
        qtbot, replace(analyzed_state(), input_check="amber", input_check_reasons=reasons)
    )
    assert panel.check.text() == "\n• ".join(("Input check amber", *reasons))
    store.update(lambda state: replace(state, input_check="green", input_check_reasons=()))
    assert panel.check.text() == ""


@pytest.mark.parametrize("likely", [(), (4,), range(12)])
def test_no_text_of_the_panels_says_normal(qtbot: QtBot, likely: range) -> None:
    """Hazard: the network looks for bleeding only, and misses some of it."""
    state = analyzed_state(likely=likely)
    panels = (study_panel(qtbot, state), slice_panel(qtbot, state))
    for panel, _store in panels:
        widgets = [*panel.findChildren(QLabel), *panel.findChildren(QPushButton)]
        words = " ".join(f"{w.text()} {w.toolTip()} {w.accessibleName()}" for w in widgets).lower()
        assert "normal" not in words


def test_a_scroll_leaves_the_study_panel_alone(qtbot: QtBot) -> None:
    panel, store = study_panel(qtbot, analyzed_state(likely=[7]))
    scores = panel._scores
    store.update(lambda state: scrolled_to(state, 5))
    assert panel._scores is scores
    assert len(scores) == len(SUBTYPES)


def test_without_slice_positions_there_is_no_study_score(qtbot: QtBot) -> None:
    """Hazard: a mean over 10 mm that were made up is held against a threshold."""
    state = analyzed_state(12, likely=range(12))
    assert state.volume is not None
    series = state.volume.series
    headers = tuple(replace(header, image_position_mm=None) for header in series.slices)
    volume = replace(state.volume, series=replace(series, geometry=None, slices=headers))
    panel, _store = study_panel(qtbot, replace(state, volume=volume))
    assert {number.text() for number in panel.numbers.values()} == {"–"}
    assert panel.sentence.text() == "12 of 12 slices. No study score: the files hold no slice positions."


def test_any_rejected_on_a_slice_rejects_the_subtype_that_was_accepted(qtbot: QtBot) -> None:
    """Hazard: a subdural without any bleeding teaches the next network nonsense."""
    panel, store = slice_panel(qtbot, analyzed_state(likely=[0]))
    panel.buttons[Subtype.SUBDURAL, Decision.ACCEPTED].click()
    panel.buttons[Subtype.ANY, Decision.REJECTED].click()
    assert store.state.review.decision(0, Subtype.SUBDURAL) is Decision.REJECTED
    panel.buttons[Subtype.SUBDURAL, Decision.ACCEPTED].click()
    assert store.state.review.decision(0, Subtype.ANY) is None
