"""What the window tells of the input: every reason of the check and every remark of the receipt."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot
from window_states import opened_state

from ichviewer.core.viewstate import ViewState
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.store import Store

REASONS = (
    "no brain inside a skull: the network was trained on whole heads",
    "slices over 7 mm thick or apart",
    "bone is missing from the skull (craniectomy?) around slice 22",
    "the head moved by about 12 mm above slice 14 (motion)",
)
RECEIPT = "; ".join(f"remark {number} on the files of this stack" for number in range(6))


def window_of(qtbot: QtBot, state: ViewState, width: int, height: int) -> MainWindow:
    window = MainWindow(Store(state))
    qtbot.addWidget(window)
    window.resize(width, height)
    window.show()
    qtbot.waitExposed(window)
    return window


def needed_height(label: QLabel) -> int:
    return label.heightForWidth(label.width())


@pytest.mark.parametrize("level", ["amber", "red"])
def test_every_reason_of_the_check_can_be_read_without_a_click(qtbot: QtBot, level: str) -> None:
    """Hazard: scores of input that the network was not made for are read, the reason cut from view."""
    state = replace(opened_state(), input_check=level, input_check_reasons=REASONS, receipt=RECEIPT)
    window = window_of(qtbot, state, 1600, 1000)
    page = window.reading_page
    for label, parts in ((page.side.study.check, REASONS), (page.side.stack.receipt, RECEIPT.split("; "))):
        assert all(part in label.text() for part in parts)
        assert label.height() >= needed_height(label)
        end = label.mapTo(page.side.scores.viewport(), QPoint(0, label.height())).y()
        assert end <= page.side.scores.viewport().height()


def test_in_a_low_window_the_reasons_are_scrolled_and_not_cut(qtbot: QtBot) -> None:
    state = replace(opened_state(), input_check="red", input_check_reasons=REASONS, receipt=RECEIPT)
    window = window_of(qtbot, state, 1280, 720)
    page = window.reading_page
    for label in (page.side.study.check, page.side.stack.receipt):
        assert label.height() >= needed_height(label)
    assert page.side.scores.verticalScrollBar().maximum() > 0
