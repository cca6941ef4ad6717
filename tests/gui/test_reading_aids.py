"""First look, tour of blind spots, questions and predictive values through the window."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot
from window_states import analyzed_state, findings_of, open_volume, opened_state

from ichviewer.core.blind_spot_steps import tour_begun, with_stops
from ichviewer.core.blind_spots import BLIND_SPOTS, LeftOut, Stop
from ichviewer.core.findings import SUBTYPES, Decision, Peak, Subtype
from ichviewer.core.first_look import FirstLook
from ichviewer.core.hot_place import asked_about, hot_spot, place_in_question
from ichviewer.core.placed_cards import PlacedCards
from ichviewer.core.question_place import cards_at
from ichviewer.core.sealing import result_shown, with_network_findings
from ichviewer.core.views import Layout, View
from ichviewer.core.viewstate import ViewState, scrolled_to
from ichviewer.gui.cards_panel import NO_MIDLINE, CardsPanel, cards_text
from ichviewer.gui.fold import Fold
from ichviewer.gui.heat_choice import heat_to_show
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.prevalence_line import PrevalenceLine, predictive_line
from ichviewer.gui.slice_scores import SliceScores
from ichviewer.gui.store import Store
from ichviewer.gui.study_panel import StudyPanel


def sealed_state() -> ViewState:
    state = replace(opened_state(), first_look=FirstLook.sealed(), slice_index=3)
    return with_network_findings(state, findings_of(analyzed_state(likely=[3, 7])))


def window_of(qtbot: QtBot, state: ViewState) -> MainWindow:
    window = MainWindow(Store(state))
    qtbot.addWidget(window)
    window.resize(1600, 1000)
    window.show()
    return window


# First look


def test_under_the_seal_nothing_in_the_window_tells_the_result(qtbot: QtBot) -> None:
    """Hazard: one number or flag in a corner is enough to steer a reading that is to be independent."""
    window = window_of(qtbot, replace(sealed_state(), shows_heatmap=True))
    page, state = window.reading_page, window.store.state
    assert {bar.text for bar in page.side.slice_scores.bars.values()} == {"–"}
    assert {number.text() for number in page.side.study.numbers.values()} == {"–"}
    assert page.ribbon.marks == ()
    assert page.side.findings_list.list.topLevelItemCount() == 0
    assert heat_to_show(state).heatmap is None
    assert "sealed until you have looked" in dict(heat_to_show(state).lines)
    window.table["suspicious-up"].trigger()
    assert window.store.state.slice_index == 3
    assert hot_spot(state) is None


def test_the_button_shows_the_result(qtbot: QtBot) -> None:
    window = window_of(qtbot, sealed_state())
    assert "sealed" in window.reading_page.side.seal.words.text()
    qtbot.mouseClick(window.reading_page.side.seal.button, Qt.MouseButton.LeftButton)
    assert window.store.state.findings is not None
    assert window.reading_page.side.slice_scores.bars[Subtype.ANY].text == "0.90"
    assert "opened on request" in window.reading_page.side.seal.words.text()


def test_a_sealed_slice_and_a_sealed_study_can_be_decided(qtbot: QtBot) -> None:
    window = window_of(qtbot, sealed_state())
    page = window.reading_page
    qtbot.mouseClick(
        page.side.slice_scores.buttons[Subtype.SUBDURAL, Decision.ACCEPTED], Qt.MouseButton.LeftButton
    )
    qtbot.mouseClick(page.side.study.buttons[Subtype.ANY, Decision.REJECTED], Qt.MouseButton.LeftButton)
    before = result_shown(window.store.state).first_look.before
    assert before.decision(3, Subtype.SUBDURAL) is Decision.ACCEPTED
    assert before.study_decision(Subtype.ANY) is Decision.REJECTED


def test_the_findings_of_a_sealed_study_can_be_exported(qtbot: QtBot) -> None:
    window = window_of(qtbot, sealed_state())
    assert window.table["export"].isEnabled()


def test_an_accepted_subtype_takes_back_that_the_study_has_no_bleeding(qtbot: QtBot) -> None:
    store = Store(analyzed_state())
    panel = StudyPanel(store)
    qtbot.addWidget(panel)
    panel.buttons[Subtype.ANY, Decision.REJECTED].click()
    panel.buttons[Subtype.SUBDURAL, Decision.ACCEPTED].click()
    assert store.state.review.study_decision(Subtype.ANY) is None
    panel.buttons[Subtype.ANY, Decision.REJECTED].click()
    assert store.state.review.study_decision(Subtype.SUBDURAL) is Decision.REJECTED


# The tour


def stops_of(state: ViewState) -> tuple[Stop | LeftOut, ...]:
    coronal, axial = BLIND_SPOTS[0], BLIND_SPOTS[1]
    return (
        Stop(coronal, 9, 8, 10, 4.0, 3.0, "About here: slice 10."),
        Stop(axial, 6, 5, 7, 4.0, 4.0, "About here: slice 7."),
        LeftOut(BLIND_SPOTS[-1], "Not in this stack: it ends about 30 mm above this level."),
    )


def test_the_tour_goes_from_stop_to_stop_and_ends_where_it_began(qtbot: QtBot) -> None:
    window = window_of(qtbot, scrolled_to(opened_state(), 2))
    before = window.store.state
    panel = window.reading_page.blind_spots
    assert not panel.isVisible()
    window.table["blind-spots"].trigger()
    assert panel.isVisible()
    window.store.update(lambda state: with_stops(state, stops_of(state)))
    state = window.store.state
    assert (state.layout, state.active_view, state.slice_index) == (Layout.PLANES, View.CORONAL, 9)
    assert state.windows[View.CORONAL] == BLIND_SPOTS[0].window
    assert panel.title.text() == "BLIND SPOT 1 OF 3 · VERTEX"
    assert BLIND_SPOTS[0].source in panel.where.text()
    window.table["blind-spot-next"].trigger()
    assert (window.store.state.slice_index, window.store.state.active_view) == (6, View.AXIAL)
    qtbot.mouseClick(panel.next, Qt.MouseButton.LeftButton)
    assert "Not in this stack" in panel.where.text()
    assert window.store.state.slice_index == 6
    window.cancel()
    after = window.store.state
    assert after.blind_spot_tour is None
    assert (after.layout, after.slice_index, after.windows) == (before.layout, 2, before.windows)
    assert not panel.isVisible()


def test_a_decision_made_on_the_tour_stays(qtbot: QtBot) -> None:
    window = window_of(qtbot, scrolled_to(analyzed_state(), 2))
    window.store.update(lambda state: with_stops(tour_begun(state), stops_of(state)))
    window.table["accept"].trigger()
    window.cancel()
    assert len(window.store.state.review.decisions) == 1


# Questions


def peaked_state() -> ViewState:
    """Slice 4 is flagged, and its map is hottest somewhere in the head."""
    state = analyzed_state(likely=[3])
    findings, volume = findings_of(state), open_volume(state)
    point = volume.geometry.point_mm(3, 6.0, 9.0)
    from_any = findings.slices[3]
    peak = Peak(Subtype.ANY, 0, 0, (float(point[0]), float(point[1]), float(point[2])), "left", 10.0)
    slices = (*findings.slices[:3], replace(from_any, peak=peak), *findings.slices[4:])
    return replace(state, findings=replace(findings, slices=slices), slice_index=3)


def test_the_hot_spot_of_a_flagged_slice_is_in_question(qtbot: QtBot) -> None:
    state = peaked_state()
    place = hot_spot(state)
    assert place is not None
    row, column = open_volume(state).frame.mm_to_pixel(3, place.x_mm, place.y_mm)
    assert (round(row, 6), round(column, 6)) == (6.0, 9.0)
    assert hot_spot(scrolled_to(state, 4)) is None


def test_questions_are_told_for_their_own_place_alone(qtbot: QtBot) -> None:
    """Hazard: the calcification of one slice would explain away the bleed of the next."""
    state = peaked_state()
    wanted = place_in_question(state)
    assert wanted is not None
    cards = cards_at(open_volume(state), *wanted, None)
    store = Store(replace(state, placed_cards=cards))
    panel = CardsPanel(store)
    qtbot.addWidget(panel)
    assert panel.words.text().startswith("At the hot spot:")
    assert NO_MIDLINE in panel.words.text()
    store.update(lambda now: scrolled_to(now, 4))
    assert "hot spot" not in panel.words.text()
    assert "measuring" in cards_text(replace(state, placed_cards=PlacedCards(wanted[0], True, (), True)))


def test_a_right_click_questions_a_place_and_a_right_drag_does_not(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = window_of(qtbot, analyzed_state())
    view = next(each for each in window.reading_page.views.views.values() if each.isVisible())
    offered: list[QMenu] = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, _where: offered.append(menu))
    middle = QPoint(view.width() // 2, view.height() // 2)
    qtbot.mousePress(view, Qt.MouseButton.RightButton, pos=middle)
    qtbot.mouseRelease(view, Qt.MouseButton.RightButton, pos=middle + QPoint(0, 40))
    assert offered == []
    qtbot.mouseClick(view, Qt.MouseButton.RightButton, pos=middle)
    (menu,) = offered
    menu.actions()[0].trigger()
    asked = window.store.state.asked_place
    assert asked is not None
    assert asked.slice_index == 0
    assert place_in_question(window.store.state) == (asked, True)


def test_the_crosshair_can_be_questioned_by_key(qtbot: QtBot) -> None:
    window = window_of(qtbot, analyzed_state())
    window.table["question-place"].trigger()
    state = window.store.state
    assert state.asked_place == asked_about(state, *state.crosshair_mm).asked_place


# Predictive values and re-weighted scores


def counted_state() -> ViewState:
    """The card has counts for the study's threshold."""
    state = analyzed_state(likely=[0])
    assert state.model_card is not None
    point = replace(state.model_card.labels[0].study_point, positives=80, negatives=120)
    labels = (replace(state.model_card.labels[0], study_point=point), *state.model_card.labels[1:])
    return replace(state, model_card=replace(state.model_card, labels=labels))


def test_the_field_is_kept_and_the_values_follow_it(qtbot: QtBot) -> None:
    store = Store(counted_state())
    line = PrevalenceLine(store)
    qtbot.addWidget(line)
    assert "need the share" in line.line
    line.studies.setValue(10.0)
    assert store.state.preferences.study_prevalence == 0.1
    assert line.line.startswith("PPV 50% (")
    assert "NPV 99% (" in line.line
    line.studies.setValue(0.0)
    assert store.state.preferences.study_prevalence is None


def test_without_counts_there_is_no_interval_and_without_figures_no_value() -> None:
    """Hazard: a predictive value without its uncertainty is taken for a fact."""
    card = analyzed_state().model_card
    assert card is not None
    assert "no interval on the card" in predictive_line(card, 0.1)[0]
    bare = replace(card.labels[0].study_point, sensitivity=None)
    labels = (replace(card.labels[0], study_point=bare), *card.labels[1:])
    assert "No predictive value" in predictive_line(replace(card, labels=labels), 0.1)[0]


def test_re_weighted_scores_are_marked_and_the_flags_stay(qtbot: QtBot) -> None:
    """Hazard: a score at another prevalence would be read as the calibrated one."""
    state = counted_state()
    wanted = replace(state.preferences, slice_prevalence=0.01, reweights_scores=True)
    store = Store(replace(state, preferences=wanted))
    panel = SliceScores(store)
    qtbot.addWidget(panel)
    bar = panel.bars[Subtype.ANY]
    assert bar.text.startswith("≈")
    assert bar.text != "≈0.90"
    assert bar.is_flagged
    assert "calibrated 0.90" in bar.accessibleName()
    assert "re-weighted to 1.0% of slices" in panel.note
    assert store.state.findings is state.findings
    store.update(lambda now: replace(now, preferences=replace(wanted, reweights_scores=False)))
    assert panel.bars[Subtype.ANY].text == "0.90"


# The panels


def test_a_folded_panel_is_remembered(qtbot: QtBot) -> None:
    window = window_of(qtbot, analyzed_state())
    fold: Fold = window.reading_page.side.folds["study"]
    qtbot.mouseClick(fold.header, Qt.MouseButton.LeftButton)
    assert not window.reading_page.side.study.isVisible()
    layout = window.save_layout()
    other = window_of(qtbot, analyzed_state())
    other.restore_layout(layout)
    assert not other.reading_page.side.study.isVisible()
    assert other.reading_page.side.folds["heat map"].is_open


def test_every_study_score_has_its_threshold_on_its_bar(qtbot: QtBot) -> None:
    panel = StudyPanel(Store(analyzed_state(likely=range(12))))
    qtbot.addWidget(panel)
    assert [panel.numbers[subtype].bar for subtype in SUBTYPES] == [(pytest.approx(0.9), 0.5)] * 6
