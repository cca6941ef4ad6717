"""What the left button of the mouse does in a view.

The one thing to get wrong: a tool stays until another one is chosen or Esc is pressed, as in OHIF, Weasis and
Horos; who measures one thing measures several, and a tool that went away by itself would make of the second
ruler a changed window.
"""

from __future__ import annotations

from enum import StrEnum

from ichviewer.core.measurement import MeasurementKind


class Tool(StrEnum):
    """What the left button does; the value is its name in words."""

    WINDOW = "window"
    CROSSHAIR = "crosshair"
    RULER = "ruler"
    ANGLE = "angle"
    ELLIPSE = "ellipse"
    RECTANGLE = "rectangle"
    FREEHAND = "freehand region"
    PROBE = "probe"
    ARROW = "arrow"
    TEXT = "text"
    BIDIRECTIONAL = "bidirectional"
    MIDLINE_SHIFT = "midline shift"
    ABC = "hematoma ABC/2"
    REGION = "grown region"
    BRUSH = "brush"

    @property
    def kind(self) -> MeasurementKind | None:
        """What it draws; None of the window, the crosshair and the brush."""
        return None if self in (Tool.WINDOW, Tool.CROSSHAIR, Tool.BRUSH) else MeasurementKind(self.value)
