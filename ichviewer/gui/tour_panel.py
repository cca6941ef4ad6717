"""The tour of blind spots: which stop, what to look for there, who says so; on, back, end."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ichviewer.core.blind_spot_steps import tour_ended, tour_stepped
from ichviewer.core.blind_spot_tour import BlindSpotTour
from ichviewer.core.blind_spots import LeftOut
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store


class TourPanel(QWidget):
    """A strip below the images; not there while there is no tour."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Panel")
        self._inputs = DrawnInputs()
        self.title, self.look_for, self.where = QLabel(), QLabel(), QLabel()
        self.title.setObjectName("PanelTitle")
        self.where.setObjectName("Secondary")
        for label in (self.look_for, self.where):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.previous = self._button(
            "Previous", "The stop before (Ctrl+Left)", partial(tour_stepped, steps=-1)
        )
        self.next = self._button("Next", "The next stop (Ctrl+Right)", partial(tour_stepped, steps=1))
        self.end = self._button("End tour", "Back to where the tour began (Esc)", tour_ended)
        self._store = store
        words = QVBoxLayout()
        words.setSpacing(1)
        for label in (self.title, self.look_for, self.where):
            words.addWidget(label)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.addLayout(words, 1)
        for button in (self.previous, self.next, self.end):
            layout.addWidget(button)
        # Room for the longest stop, so that the images keep their size from stop to stop.
        self.setFixedHeight(5 * self.fontMetrics().height() + 26)
        store.changed.connect(self._render)
        self._render(store.state)

    def _button(self, text: str, tooltip: str, step: object) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tooltip)
        button.setAccessibleName(f"{text} of the tour of blind spots" if text != "End tour" else text)
        button.clicked.connect(lambda: self._store.update(step))  # type: ignore[arg-type]
        return button

    def _render(self, state: ViewState) -> None:
        tour = state.blind_spot_tour
        if not self._inputs.differ(tour):
            return
        self.setVisible(tour is not None)
        if tour is None:
            return
        self.previous.setEnabled(tour.at > 0)
        self.next.setEnabled(tour.at + 1 < len(tour.stops))
        title, look_for, where = tour_words(tour)
        self.title.setText(title)
        self.look_for.setText(look_for)
        self.where.setText(where)


def tour_words(tour: BlindSpotTour) -> tuple[str, str, str]:
    """Title, what to look for, and where with the source."""
    stop = tour.stop
    if stop is None:
        return "BLIND SPOTS", "Looking for the brain's vertex …", ""
    title = f"BLIND SPOT {tour.at + 1} OF {len(tour.stops)} · {stop.spot.name.upper()}"
    where = stop.reason if isinstance(stop, LeftOut) else stop.text
    return title, stop.spot.look_for, f"{where} ({stop.spot.source})"
