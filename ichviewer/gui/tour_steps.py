"""Where the quick tour stops, and what it says there."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ichviewer.gui.reading_page import ReadingPage
from ichviewer.gui.status_line import StatusLine
from ichviewer.gui.top_bar import TopBar
from ichviewer.gui.tour import TourStep


def tour_steps(page: ReadingPage, top_bar: TopBar, status_line: StatusLine) -> tuple[TourStep, ...]:
    """The stops, in the order of a reading."""

    def first_preset() -> QWidget | None:
        return top_bar.preset_buttons[0] if top_bar.preset_buttons else None

    return (
        TourStep(
            "Welcome",
            "ichviewer shows head CTs and marks the slices on which a network suspects bleeding. It is for"
            " research use only. Open a folder with Ctrl+O, or the demo study with Ctrl+D; the tour goes on"
            " meanwhile.",
            lambda: None,
        ),
        TourStep(
            "Series",
            "All series that were found. The soft-tissue axial one is opened by itself; a click opens"
            " another. What could not be read is listed below.",
            lambda: page.series,
        ),
        TourStep(
            "Images",
            "The same slice in brain, subdural and bone windows. The wheel scrolls, a left drag changes the"
            " window, a middle drag pans, a right drag zooms. A double click shows one view alone; Ctrl+2"
            " shows three planes.",
            lambda: page.views,
        ),
        TourStep(
            "Window presets",
            "The number on each button is its key; it sets the window of the active view. Tools > Window"
            " presets changes them.",
            first_preset,
        ),
        TourStep(
            "Score ribbon",
            "One row for each slice, the vertex on top, one column for each sort of bleeding. A click goes"
            " there; N and P go to the next and previous suspicious slice.",
            lambda: page.ribbon,
        ),
        TourStep(
            "Findings",
            "The scores of this slice and of the study. Accept or reject each label; what you decide is"
            " kept and exported. The network looks for bleeding alone: no score above threshold"
            " does not mean normal.",
            lambda: page.side,
        ),
        TourStep(
            "Status",
            "Where you are, how the slices were sorted, whether the input can be trusted, and what the"
            " machine is doing. Click the input check to read why.",
            lambda: status_line,
        ),
        TourStep(
            "Display",
            "Help > Test pattern shows whether this screen tells dark and light greys apart. Until you have"
            " confirmed it, the line at the top says so. Shift+F1 opens the user guide.",
            lambda: top_bar,
        ),
    )
