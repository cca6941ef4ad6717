"""The FINDINGS panel through mouse and keys: jump, accept, reject, change, comment, copy; all undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QTreeWidgetItem
from pytestqt.qtbot import QtBot
from window_states import analyzed_state, findings_of, opened_state

from ichviewer.core.findings import SUBTYPES, Decision, StudyFindings, Subtype
from ichviewer.core.first_look import FirstLook
from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measurement_editing import drawn
from ichviewer.core.measurement_values import MeasuredValues
from ichviewer.core.measuring import undone, with_measurement
from ichviewer.core.run_steps import has_run_in_hand, run_in_hand, run_sentence
from ichviewer.core.sealing import with_network_findings
from ichviewer.core.viewstate import ViewState, scrolled_to
from ichviewer.gui.findings_list import FindingsList
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.measurement_layer import MeasurementLayer
from ichviewer.gui.store import Store


def only(findings: StudyFindings, subtype: Subtype, slices: Sequence[int]) -> StudyFindings:
    """Scores that flag ``any`` and one label on some slices."""
    made = []
    for finding in findings.slices:
        is_hit = finding.slice_index in slices
        scores = [0.9 if is_hit and s in (Subtype.ANY, subtype) else 0.1 for s in SUBTYPES]
        made.append(replace(finding, probabilities=tuple(scores)))
    return replace(findings, slices=tuple(made))


def subdural_state() -> ViewState:
    """``any`` and subdural on slices 3 to 5 and 9, counted from 1."""
    state = analyzed_state()
    return replace(state, findings=only(findings_of(state), Subtype.SUBDURAL, (2, 3, 4, 8)))


def no_values(measurement: Measurement, state: ViewState) -> MeasuredValues:
    raise AssertionError("nothing was measured")


def panel_of(qtbot: QtBot, state: ViewState) -> tuple[FindingsList, Store]:
    store = Store(state)
    panel = FindingsList(store, no_values)
    qtbot.addWidget(panel)
    panel.resize(270, 240)
    panel.show()
    return panel, store


def rows(panel: FindingsList) -> list[tuple[str, ...]]:
    items = [row(panel, index) for index in range(panel.list.topLevelItemCount())]
    return [tuple(item.text(column) for column in range(5)) for item in items]


def row(panel: FindingsList, index: int) -> QTreeWidgetItem:
    item = panel.list.topLevelItem(index)
    assert item is not None
    return item


def click_row(qtbot: QtBot, panel: FindingsList, index: int) -> None:
    where = panel.list.visualItemRect(row(panel, index)).center()
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=where)


SUBDURAL_RUN = 2


def test_each_run_is_a_row(qtbot: QtBot) -> None:
    panel, store = panel_of(qtbot, subdural_state())
    store.update(lambda state: replace(state, run_sides=((Subtype.SUBDURAL, 2, "left"),)))
    assert rows(panel) == [
        ("ANY", "3–5", "0.90", "", ""),
        ("ANY", "9", "0.90", "", ""),
        ("SDH", "3–5", "0.90", "left", ""),
        ("SDH", "9", "0.90", "", ""),
    ]


def test_a_click_goes_to_the_run_and_its_heat_map(qtbot: QtBot) -> None:
    panel, store = panel_of(qtbot, subdural_state())
    click_row(qtbot, panel, 3)
    assert (store.state.slice_index, store.state.heatmap_subtype) == (8, Subtype.SUBDURAL)


def test_the_arrow_keys_step_through_the_list(qtbot: QtBot) -> None:
    panel, store = panel_of(qtbot, subdural_state())
    click_row(qtbot, panel, SUBDURAL_RUN)
    qtbot.keyClick(panel.list, Qt.Key.Key_Down)
    assert store.state.slice_index == 8


def test_accepting_decides_every_slice_and_undo_takes_it_back_at_once(qtbot: QtBot) -> None:
    panel, store = panel_of(qtbot, subdural_state())
    click_row(qtbot, panel, SUBDURAL_RUN)
    qtbot.mouseClick(panel.accept, Qt.MouseButton.LeftButton)
    assert [each[0] for each in store.state.review.decisions] == [2, 3, 4]
    assert rows(panel)[SUBDURAL_RUN][4] == "✓"
    assert store.state.history.undo_name == "accept SDH on slices 3–5"
    store.update(undone)
    assert store.state.review.is_empty
    assert not panel.accept.isChecked()


def test_rejecting_again_takes_it_back(qtbot: QtBot) -> None:
    panel, store = panel_of(qtbot, subdural_state())
    click_row(qtbot, panel, SUBDURAL_RUN)
    for _ in range(2):
        qtbot.mouseClick(panel.reject, Qt.MouseButton.LeftButton)
    assert store.state.review.decisions == ()


def test_another_label_can_be_chosen_from_the_menu(qtbot: QtBot) -> None:
    panel, store = panel_of(qtbot, subdural_state())
    click_row(qtbot, panel, SUBDURAL_RUN)
    actions = {action.data(): action for action in panel.change.menu().actions()}
    assert not actions["subdural"].isEnabled()
    actions["epidural"].trigger()
    review = store.state.review
    assert review.decision(3, Subtype.SUBDURAL) is Decision.REJECTED
    assert review.decision(3, Subtype.EPIDURAL) is Decision.ACCEPTED
    assert rows(panel)[SUBDURAL_RUN][4] == "→ EDH"


def test_no_slice_has_a_subtype_without_any_bleeding(qtbot: QtBot) -> None:
    """Hazard: a table that accepts a subdural and rejects any bleeding teaches the next network nonsense."""
    panel, store = panel_of(qtbot, subdural_state())
    click_row(qtbot, panel, SUBDURAL_RUN)
    qtbot.mouseClick(panel.accept, Qt.MouseButton.LeftButton)
    click_row(qtbot, panel, 0)
    qtbot.mouseClick(panel.reject, Qt.MouseButton.LeftButton)
    assert store.state.review.decision(3, Subtype.SUBDURAL) is Decision.REJECTED


def test_a_comment_stays_with_the_run(qtbot: QtBot) -> None:
    panel, store = panel_of(qtbot, subdural_state())
    click_row(qtbot, panel, SUBDURAL_RUN)
    store.update(lambda state: scrolled_to(state, 4))
    qtbot.keyClicks(panel.comment, "thin")
    assert store.state.review.comments == ((2, "thin"),)
    store.update(undone)
    assert store.state.review.comments == ()


def test_the_sentence_goes_to_the_clipboard_without_a_name(qtbot: QtBot) -> None:
    """Hazard: a name on the clipboard lands in the next patient's report."""
    panel, store = panel_of(qtbot, subdural_state())
    click_row(qtbot, panel, SUBDURAL_RUN)
    qtbot.mouseClick(panel.accept, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(panel.copy_button, Qt.MouseButton.LeftButton)
    text = QGuiApplication.clipboard().text()
    assert text == run_sentence(store.state)
    assert text.startswith("Subdural hemorrhage, ")
    assert "images 3 to 5" in text
    assert store.state.volume is not None
    patient = store.state.volume.series.patient
    assert not patient.patient_name or patient.patient_name not in text


@pytest.mark.parametrize(("slice_index", "is_said"), [(3, True), (9, False)])
def test_only_a_measurement_on_the_finding_is_its_size(qtbot: QtBot, slice_index: int, is_said: bool) -> None:
    """Hazard: the length of another bleed is reported as the thickness of this one."""
    state = subdural_state()
    assert state.volume is not None
    z = float(state.volume.frame.positions_mm[slice_index])
    ruler = drawn(MeasurementKind.RULER, [(2.0, 2.0, z), (5.0, 2.0, z)], slice_index)
    state = with_measurement(state, ruler)
    panel = FindingsList(Store(state), MeasurementLayer().values)
    qtbot.addWidget(panel)
    panel.show()
    click_row(qtbot, panel, SUBDURAL_RUN)
    qtbot.mouseClick(panel.copy_button, Qt.MouseButton.LeftButton)
    assert ("3.0 mm" in QGuiApplication.clipboard().text()) == is_said


def test_a_rejected_finding_has_no_sentence(qtbot: QtBot) -> None:
    panel, _store = panel_of(qtbot, subdural_state())
    click_row(qtbot, panel, SUBDURAL_RUN)
    qtbot.mouseClick(panel.reject, Qt.MouseButton.LeftButton)
    assert not panel.copy_button.isEnabled()


def test_keys_act_on_a_run_wherever_the_list_marks_one(qtbot: QtBot) -> None:
    state = subdural_state()
    for index in range(state.slice_count):
        for subtype in SUBTYPES:
            there = replace(scrolled_to(state, index), heatmap_subtype=subtype)
            assert has_run_in_hand(there) is (run_in_hand(there) is not None)


def test_a_sealed_list_is_empty_and_says_why(qtbot: QtBot) -> None:
    """Hazard: a first reading that saw the findings is none of its own."""
    state = replace(opened_state(), first_look=FirstLook.sealed())
    panel, _store = panel_of(qtbot, with_network_findings(state, findings_of(subdural_state())))
    assert rows(panel) == []
    assert panel.hint.text() == "Sealed until you have looked."


def test_keys_do_all_that_the_mouse_does(qtbot: QtBot) -> None:
    window = MainWindow(Store(subdural_state()))
    qtbot.addWidget(window)
    table = window.table
    table["finding-next"].trigger()
    table["finding-next"].trigger()
    table["finding-next"].trigger()
    run = run_in_hand(window.store.state)
    assert run is not None
    assert (run.subtype, run.first) == (Subtype.SUBDURAL, 2)
    table["finding-reject"].trigger()
    assert window.store.state.review.decision(4, Subtype.SUBDURAL) is Decision.REJECTED
    table["finding-accept"].trigger()
    table["finding-copy"].trigger()
    assert "Subdural hemorrhage" in QGuiApplication.clipboard().text()
    table["finding-previous"].trigger()
    assert window.store.state.slice_index == 8
