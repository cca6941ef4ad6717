"""Tooltips that hold text from files."""

from __future__ import annotations

import html

from PySide6.QtGui import Qt


def plain_tooltip(text: str) -> str:
    """*text* so that a tooltip shows it letter by letter.

    Qt takes text that looks like HTML for HTML, and would draw what a file calls its series: other words,
    or pictures from this computer.
    """
    if not Qt.mightBeRichText(text):
        return text
    return f"<qt>{html.escape(text)}</qt>".replace("\n", "<br>")
