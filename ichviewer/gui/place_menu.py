"""What can be asked about a place of a view, on a right click."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QMenu, QWidget

from ichviewer.core.hot_place import asked_about
from ichviewer.core.plane import Triple
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.store import Store

STILL_PX = 4.0
"""A right button that moved no farther was a click; else it was a zoom."""


def is_click(pressed: QPointF, released: QPointF) -> bool:
    """Whether a button hardly moved between press and release, in Qt pixels."""
    moved = released - pressed
    return moved.manhattanLength() <= STILL_PX


def place_menu(store: Store, point: Triple, parent: QWidget) -> QMenu:
    """A menu for a place of the slice in view, a point of the stack's frame; it deletes itself."""
    menu = QMenu(parent)
    menu.aboutToHide.connect(menu.deleteLater)
    action = menu.addAction("Question this place")
    action.setToolTip("What this place may be if it is not blood")

    def ask(state: ViewState) -> ViewState:
        return asked_about(state, point[0], point[1])

    action.triggered.connect(lambda: store.update(ask))
    return menu
