"""The comment field gives the keyboard back, or keys meant for the image end up in the report."""

from __future__ import annotations

import pytest
from builders import make_card, make_volume
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from pytestqt.qtbot import QtBot

from ichviewer.core.viewstate import ViewState, opened
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.store import Store


def window_with_comment(qtbot: QtBot) -> MainWindow:
    state = opened(ViewState(model_card=make_card()), make_volume(5), "sorted by position")
    window = MainWindow(Store(state))
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    comment = window.reading_page.side.slice_scores.comment
    comment.setFocus()
    qtbot.waitUntil(comment.hasFocus)
    qtbot.keyClicks(comment, "thin")
    return window


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_enter_and_esc_end_the_comment_and_nothing_else(qtbot: QtBot, key: Qt.Key) -> None:
    """Hazard: keys meant for the image are written into the report."""
    window = window_with_comment(qtbot)
    comment = window.reading_page.side.slice_scores.comment
    qtbot.keyClick(comment, key)
    assert not comment.hasFocus()
    assert window.store.state.promoted_view is None
    assert window.store.state.review.comment(window.store.state.slice_index) == "thin"


def test_a_click_on_the_image_takes_the_keyboard(qtbot: QtBot) -> None:
    """Hazard: N and P after a comment are typed into the comment of another slice."""
    window = window_with_comment(qtbot)
    view = window.reading_page.views.views[0]
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    assert not window.reading_page.side.slice_scores.comment.hasFocus()


def test_ctrl_e_exports_from_inside_the_comment(qtbot: QtBot) -> None:
    window = window_with_comment(qtbot)
    override = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    window.reading_page.side.slice_scores.comment.event(override)
    assert not override.isAccepted()
