"""The COVERAGE panel: how many slices were seen, and how many each window misses; a click goes there."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ichviewer.core.coverage import coverage_text
from ichviewer.core.looked_at import at_next_unseen, reading_windows
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.plain_tooltip import plain_tooltip
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store
from ichviewer.gui.theme import ACCENT, in_theme

ANY_WINDOW = "any"
"""The link of all windows together; a preset may have any name, so its link is its number."""


class CoveragePanel(QWidget):
    """Two lines with links; they keep their height."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Panel")
        self._store = store
        self._inputs = DrawnInputs()
        self.line = QLabel()
        self.line.setTextFormat(Qt.TextFormat.RichText)
        self.line.setWordWrap(True)
        self.line.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.line.setMinimumHeight(3 * self.line.fontMetrics().height() + 4)
        self.line.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.line.setAccessibleName("Coverage")
        self.line.linkActivated.connect(self.go_to)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 6)
        layout.addWidget(self.line)
        store.changed.connect(self._render)
        self._render(store.state)

    def _render(self, state: ViewState) -> None:
        preferences = state.preferences
        if not self._inputs.differ(state.coverage, state.volume, preferences.presets, preferences.theme):
            return
        if state.volume is None:
            self.line.setText("")
            self.line.setToolTip("")
            return
        names, coverage = reading_windows(state), state.coverage
        seen, *rest = coverage_text(coverage, names)
        self.line.setText("; ".join((_link(seen, ANY_WINDOW), *_window_links(state, names))))
        words = "\n".join((seen, *rest))
        self.line.setToolTip(plain_tooltip(f"{words}\nClick: go to the next one that was not seen (Shift+U)"))
        self.line.setAccessibleDescription(words)

    def go_to(self, link: str) -> None:
        """The next slice that was not seen, in the window of a link."""
        names = reading_windows(self._store.state)
        name = None if link == ANY_WINDOW else names[int(link)]
        self._store.update(lambda state: at_next_unseen(state, name))


def _window_links(state: ViewState, names: tuple[str, ...]) -> list[str]:
    counts = [(str(number), name, len(state.coverage.unseen(name))) for number, name in enumerate(names)]
    return [_link(f"{name.lower()} window: {count} unseen", link) for link, name, count in counts if count]


def _link(text: str, target: str) -> str:
    plain = text.replace("&", "&amp;").replace("<", "&lt;")
    return f'<a style="color: {in_theme(ACCENT)}; text-decoration: none" href="{target}">{plain}</a>'
