"""The status line: where we are, what the stack is, whether to trust the input, what is going on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import make_volume
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_states import analyzed_state, open_volume, opened_state

from ichviewer.controller import OpenStack
from ichviewer.core.input_check import CheckLevel, InputCheck
from ichviewer.core.progress import Progress
from ichviewer.core.viewstate import Message, ViewState, opened, scrolled_to
from ichviewer.core.wrap_repair import WRAPPED_REASON
from ichviewer.gui.status_line import StatusLine
from ichviewer.gui.store import Store
from ichviewer.gui.theme import AMBER
from ichviewer.session.messages import not_analyzed


def shown(qtbot: QtBot, state: ViewState) -> tuple[StatusLine, Store]:
    store = Store(state)
    line = StatusLine(store)
    line.resize(1280, 32)
    qtbot.addWidget(line)
    line.show()
    return line, store


def test_slices_are_counted_from_one_and_placed_in_millimeters(qtbot: QtBot) -> None:
    line, store = shown(qtbot, opened_state())
    store.update(lambda state: scrolled_to(state, 3))
    assert line.place.text() == "4/12  z +15.0 mm"


def test_the_receipt_is_shown(qtbot: QtBot) -> None:
    line, _store = shown(qtbot, opened_state())
    assert line.receipt.text == "sorted by position"


def test_the_input_check_says_its_color_in_a_word_and_its_reasons(qtbot: QtBot) -> None:
    """Hazard: scores of an unsuitable series would be read like any other."""
    state = replace(opened_state(), input_check="red", input_check_reasons=("10 mm thick", "not a head"))
    line, _store = shown(qtbot, state)
    assert line.check.text() == "input check: red"
    assert line.check.toolTip().endswith("• 10 mm thick\n• not a head")
    assert line.show_check().text.toPlainText().startswith("• 10 mm thick\n• not a head\n")


def test_the_whole_receipt_can_be_read_and_copied(qtbot: QtBot) -> None:
    """Hazard: a narrow window cuts off that slices are missing."""
    receipt = "sorted by position; 28 slices; 1 gap; missing slice after slice 21? (1.24 mm)"
    line, _store = shown(qtbot, replace(opened_state(), receipt=receipt, input_check="green"))
    assert line.receipt.toolTip().startswith(receipt)
    assert line.show_check().text.toPlainText().splitlines()[-5:] == ["Receipt", *receipt.split("; ")]


def test_no_check_is_claimed_before_there_was_one(qtbot: QtBot) -> None:
    line, _store = shown(qtbot, opened_state())
    assert not line.check.isVisible()


def test_a_message_is_a_sentence_with_its_details_beside_it(qtbot: QtBot) -> None:
    message = Message("3 of 34 files could not be read", is_problem=True, details="a: cut off")
    line, _store = shown(qtbot, replace(opened_state(), message=message))
    assert line.message.text == message.text
    assert line.message._color == AMBER
    line.details.click()
    window = line.show_details()
    assert window is not None
    assert window.text.toPlainText() == "3 of 34 files could not be read\n\na: cut off"
    assert not window.isModal()


def test_a_sentence_that_is_cut_can_be_read_whole(qtbot: QtBot) -> None:
    message = Message("Findings written to /media/reader/studies/2024-01/findings.csv.")
    line, _store = shown(qtbot, replace(opened_state(), message=message))
    assert line.details.isVisible()
    line.resize(2400, 32)
    assert not line.details.isVisible()
    line.resize(1280, 32)
    window = line.show_details()
    assert window is not None
    assert line.details.isVisible()
    assert window.text.toPlainText() == message.text


def test_details_name_their_series_and_close_when_another_is_opened(qtbot: QtBot) -> None:
    """Hazard: the input check of one series is read as that of the next."""
    message = Message("2 slices could not be read", is_problem=True)
    line, store = shown(qtbot, replace(opened_state(), input_check="red", message=message))
    windows = [line.show_check(), line.show_details()]
    assert all(window is not None and "HEAD 5 mm" in window.windowTitle() for window in windows)
    store.update(lambda state: scrolled_to(state, 3))
    assert all(window is not None and window.isVisible() for window in windows)
    with qtbot.waitSignals([window.destroyed for window in windows if window is not None]):
        store.update(lambda state: opened(state, make_volume(description="BONE"), ""))


def test_a_message_without_details_offers_none(qtbot: QtBot) -> None:
    line, _store = shown(qtbot, replace(opened_state(), message=Message("Exported.")))
    assert not line.details.isVisible()


def test_a_running_analysis_shows_its_progress_and_can_be_cancelled(qtbot: QtBot) -> None:
    state = replace(analyzed_state(pending=[5]), analysis=Progress(11, 12, "analyzing"))
    line, _store = shown(qtbot, state)
    assert line.bar.text() == "analyzing 11/12"
    assert line.bar.value() == 11
    with qtbot.waitSignal(line.cancel_requested):
        line.button.click()


@pytest.mark.parametrize(("check", "text"), [("green", "Analyze"), ("red", "Analyze anyway")])
def test_what_is_not_analyzed_can_be(qtbot: QtBot, check: str, text: str) -> None:
    line, _store = shown(qtbot, replace(opened_state(), input_check=check))
    assert line.button.text() == text
    with qtbot.waitSignal(line.analysis_requested):
        line.button.click()


def test_the_button_is_called_as_the_message_calls_it(qtbot: QtBot) -> None:
    volume = open_volume(opened_state())
    volume = replace(volume, series=replace(volume.series, is_ai_candidate=False))
    line, _store = shown(qtbot, replace(opened_state(), volume=volume, input_check="amber"))
    stack = OpenStack(volume, "", InputCheck(CheckLevel.AMBER, ("age unknown",)))
    assert f"{line.button.text()} scores it" in not_analyzed(stack).text


def test_wrapped_values_are_offered_to_be_repaired_and_never_repaired_unasked(qtbot: QtBot) -> None:
    """Hazard: values changed without a word; or a head with air as dense as metal is analyzed as it is."""
    state = replace(opened_state(), input_check="red", input_check_reasons=(WRAPPED_REASON,))
    line, _store = shown(qtbot, state)
    assert line.button.text() == "Repair values"
    with qtbot.waitSignal(line.repair_requested), qtbot.assertNotEmitted(line.analysis_requested):
        line.button.click()


@pytest.mark.parametrize("state", [ViewState(), analyzed_state(), replace(opened_state(), model_card=None)])
def test_nothing_is_offered_where_there_is_nothing_to_do(qtbot: QtBot, state: ViewState) -> None:
    line, _store = shown(qtbot, state)
    assert not line.button.isVisible()
    assert not line.bar.isVisible()


def test_nothing_moves_when_a_message_and_progress_arrive(qtbot: QtBot) -> None:
    line, store = shown(qtbot, opened_state())
    places = [widget.geometry() for widget in (line.place, line.receipt, line.check, line.message)]
    store.update(
        lambda state: replace(
            state,
            message=Message("A long sentence. " * 20, is_problem=True, details="x"),
            analysis=Progress(3, 12, "analyzing"),
            input_check="amber",
        )
    )
    QApplication.processEvents()
    assert [w.geometry() for w in (line.place, line.receipt, line.check, line.message)] == places


def test_a_problem_without_details_can_be_read_whole_and_copied(qtbot: QtBot) -> None:
    """Hazard: the end of a sentence that does not fit would be lost."""
    message = Message("Not analyzed: " + "a reason, " * 40, is_problem=True)
    line, _store = shown(qtbot, replace(opened_state(), message=message))
    assert line.details.isVisible()
    window = line.show_details()
    assert window is not None
    assert window.text.toPlainText() == message.text
