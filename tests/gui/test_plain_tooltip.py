"""Text from files in tooltips."""

from __future__ import annotations

from PySide6.QtGui import QTextDocument
from pytestqt.qtbot import QtBot

from ichviewer.gui.elided_label import ElidedLabel
from ichviewer.gui.plain_tooltip import plain_tooltip


def test_text_that_looks_like_a_web_page_is_shown_letter_by_letter(qtbot: QtBot) -> None:
    """Hazard: a Series Description that hides words of the tooltip, or draws a picture into it."""
    hostile = "HEAD <img src='file:///tmp/x.png'><b>no bleed</b>\nsorted by position & more"
    label = ElidedLabel()
    qtbot.addWidget(label)
    label.set_text(hostile)
    document = QTextDocument()
    document.setHtml(label.toolTip())
    assert document.toPlainText() == hostile


def test_other_text_stays_as_it_is() -> None:
    assert plain_tooltip("slices < 5 mm & thin") == "slices < 5 mm & thin"
