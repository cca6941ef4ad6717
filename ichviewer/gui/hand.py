"""The left button in one view: what it holds, and what the cursor says that it would take.

The one thing to get wrong: with a tool that draws in the hand the left button never changes a window, not
even where nothing can be drawn.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt

from ichviewer.core.grip import (
    NO_MODIFIERS,
    BrushGrip,
    CrosshairDragGrip,
    CrosshairGrip,
    DrawingGrip,
    Grip,
    MeasurementGrip,
    Modifiers,
    RotationGrip,
    SeedGrip,
    grip_at,
)
from ichviewer.core.measurement import MeasurementKind
from ichviewer.core.measuring import drawing_moved
from ichviewer.core.plane import Triple
from ichviewer.core.tool import Tool
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.measurement_layer import NO_GRASP, Grasp
from ichviewer.gui.mouse import STEADY_PX
from ichviewer.gui.store import Store

REACH_PX = 6.0
"""So near, in Qt pixels, a handle or a line is taken."""


class Hand:
    """Holds what was pressed until it is released; all it changes is the state."""

    def __init__(self, store: Store, view: View) -> None:
        self._store, self._view = store, view
        self._held: Grip | None = None
        self._hovered: Grip | None = None
        self._pressed_at = QPointF()
        self._last_mm: Triple | None = None
        self._is_dragged = False

    @property
    def is_holding(self) -> bool:
        """Whether the left button holds something."""
        return self._held is not None

    @property
    def grasp(self) -> Grasp:
        """Which measurement the mouse is on."""
        grip = self._held or self._hovered
        return (
            Grasp(grip.measurement.identifier, grip.handle) if isinstance(grip, MeasurementGrip) else NO_GRASP
        )

    def takes(self, point_mm: Triple | None, reach_mm: float, keys: Modifiers = NO_MODIFIERS) -> bool:
        """Whether a press here is not for the window."""
        return self._store.state.tool is not Tool.WINDOW or self._grip(point_mm, reach_mm, keys) is not None

    def press(self, point_mm: Triple | None, reach_mm: float, position: QPointF, keys: Modifiers) -> None:
        """The left button went down; *point_mm* lies in the stack frame, *position* on the view."""
        self._held = self._grip(point_mm, reach_mm, keys)
        self._pressed_at, self._is_dragged = position, False
        held, self._last_mm = self._held, point_mm
        if held is not None and point_mm is not None:
            self._store.update(lambda state: held.pressed(state, point_mm))

    def move(self, point_mm: Triple | None, reach_mm: float, position: QPointF, keys: Modifiers) -> None:
        """The mouse moved, with the left button down or without."""
        held, view = self._held, self._view
        if held is None:
            self._hovered = self._grip(point_mm, reach_mm, keys)
            if point_mm is not None:
                self._store.update(lambda state: drawing_moved(state, view, point_mm, is_held=False))
            return
        moved = position - self._pressed_at
        self._is_dragged = self._is_dragged or max(abs(moved.x()), abs(moved.y())) >= STEADY_PX
        if self._is_dragged and point_mm is not None:
            before_mm, self._last_mm = self._last_mm or point_mm, point_mm
            self._store.update(lambda state: held.dragged(state, point_mm, before_mm))

    def release(self, point_mm: Triple | None) -> None:
        """The left button went up."""
        held, self._held = self._held, None
        if held is not None and point_mm is not None:
            self._store.update(lambda state: held.released(state, point_mm, self._is_dragged))

    def leave(self) -> None:
        """The mouse is elsewhere."""
        self._hovered = None

    def cursor(self) -> Qt.CursorShape:
        """What the cursor looks like, so that the reader knows before the press."""
        return cursor_of(self._held or self._hovered, self._store.state)

    def _grip(self, point_mm: Triple | None, reach_mm: float, keys: Modifiers) -> Grip | None:
        if point_mm is None:
            return None
        return grip_at(self._store.state, self._view, point_mm, reach_mm, keys)


def cursor_of(grip: Grip | None, state: ViewState) -> Qt.CursorShape:
    """Cursor over what a press would take hold of."""
    if isinstance(grip, MeasurementGrip):
        if grip.measurement.kind is MeasurementKind.REGION:
            return Qt.CursorShape.PointingHandCursor
        return Qt.CursorShape.SizeAllCursor if grip.handle is None else Qt.CursorShape.PointingHandCursor
    if isinstance(grip, CrosshairDragGrip):
        return Qt.CursorShape.SizeAllCursor
    if isinstance(grip, RotationGrip):
        return Qt.CursorShape.OpenHandCursor
    if isinstance(grip, DrawingGrip):
        return Qt.CursorShape.IBeamCursor if state.tool is Tool.TEXT else Qt.CursorShape.CrossCursor
    if isinstance(grip, CrosshairGrip | SeedGrip | BrushGrip):
        return Qt.CursorShape.CrossCursor
    return Qt.CursorShape.ArrowCursor if state.tool is Tool.WINDOW else Qt.CursorShape.ForbiddenCursor
