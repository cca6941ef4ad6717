"""Each tool of the left button as the reader meets it: key, icon, what to do with it."""

from __future__ import annotations

from dataclasses import dataclass

from ichviewer.core.tool import Tool


@dataclass(frozen=True)
class ToolWords:
    """A tool in words.

    Attributes:
        text: As in the menu.
        key: Chooses it.
        icon: Name of its icon.
        tooltip: What to do with it.
    """

    text: str
    key: str
    icon: str
    tooltip: str


TOOL_WORDS: dict[Tool, ToolWords] = {
    Tool.WINDOW: ToolWords(
        "Window", "W", "tool-window", "Drag to change the window; measurements can still be dragged"
    ),
    Tool.CROSSHAIR: ToolWords(
        "Crosshair", "O", "tool-crosshair", "Press where the planes shall meet; Shift does so with any tool"
    ),
    Tool.RULER: ToolWords("Ruler", "D", "tool-ruler", "Length: drag, or press both ends"),
    Tool.ANGLE: ToolWords("Angle", "A", "tool-angle", "Angle: one side, the vertex, the other side"),
    Tool.BIDIRECTIONAL: ToolWords(
        "Bidirectional", "Shift+D", "tool-bidirectional", "Longest diameter, then the one perpendicular to it"
    ),
    Tool.ELLIPSE: ToolWords(
        "Ellipse", "E", "tool-ellipse", "Region: area and HU within an ellipse, from corner to corner"
    ),
    Tool.RECTANGLE: ToolWords(
        "Rectangle", "Q", "tool-rectangle", "Region: area and HU within a rectangle, from corner to corner"
    ),
    Tool.FREEHAND: ToolWords(
        "Freehand region",
        "Shift+E",
        "tool-freehand",
        "Region: area and HU within an outline drawn with the button held",
    ),
    Tool.PROBE: ToolWords("Probe", "U", "tool-probe", "HU of one pixel"),
    Tool.MIDLINE_SHIFT: ToolWords(
        "Midline shift",
        "L",
        "tool-midline-shift",
        "Falx: both its ends; then the structure that was pushed aside",
    ),
    Tool.ABC: ToolWords(
        "Hematoma, ABC/2",
        "Shift+H",
        "tool-abc",
        "On the slice with the largest area: A, then B; then say how much of it each slice shows",
    ),
    Tool.REGION: ToolWords(
        "Grow a region",
        "G",
        "tool-region",
        "Press into a hematoma; it is sought between the values in the panel",
    ),
    Tool.BRUSH: ToolWords(
        "Brush",
        "Shift+G",
        "tool-brush",
        "Paint the chosen region larger, with Ctrl smaller; + and − change the brush",
    ),
    Tool.ARROW: ToolWords("Arrow", "Shift+A", "tool-arrow", "From the tip to the tail, then its text"),
    Tool.TEXT: ToolWords("Text", "Shift+T", "tool-text", "Press, then write"),
}
"""In the order of menu and tool bar."""
