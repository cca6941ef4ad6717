"""What stands in the window before anything was opened: a place to drop, two buttons, recent folders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ichviewer.core.viewstate import ViewState
from ichviewer.gui.command import with_key
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store
from ichviewer.gui.theme import icon

RECENT_SHOWN = 5


class EmptyPage(QWidget):
    """The dashed area; drops themselves are the window's."""

    folder_requested = Signal()
    demo_requested = Signal()
    recent_requested = Signal(str)
    session_requested = Signal()

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inputs = DrawnInputs()
        self.area = QFrame()
        self.area.setObjectName("DropArea")
        self.area.setProperty("hovered", False)
        text = QLabel("Drop a head-CT folder, ZIP or DICOM files here")
        text.setObjectName("BigText")
        note = QLabel("Research use only. Files stay on this computer and are never changed.")
        note.setObjectName("Secondary")
        self.open_button = QPushButton(icon("open"), "Open folder")
        self.open_button.setObjectName("Primary")
        self.open_button.clicked.connect(self.folder_requested)
        self.demo_button = QPushButton(icon("demo"), "Try the demo study")
        self.demo_button.clicked.connect(self.demo_requested)
        self.session_button = QPushButton("Restore last session")
        self.session_button.clicked.connect(self.session_requested)
        buttons = QHBoxLayout()
        buttons.setSpacing(12)
        buttons.addStretch(1)
        buttons.addWidget(self.open_button)
        buttons.addWidget(self.demo_button)
        buttons.addWidget(self.session_button)
        buttons.addStretch(1)
        self._recent_title = QLabel("RECENT")
        self._recent_title.setObjectName("PanelTitle")
        self.recent_buttons = [self._recent_button() for _ in range(RECENT_SHOWN)]
        inner = QVBoxLayout(self.area)
        inner.setContentsMargins(48, 40, 48, 40)
        inner.setSpacing(14)
        inner.addStretch(2)
        inner.addWidget(text, 0, Qt.AlignmentFlag.AlignHCenter)
        inner.addLayout(buttons)
        inner.addWidget(note, 0, Qt.AlignmentFlag.AlignHCenter)
        inner.addStretch(1)
        inner.addWidget(self._recent_title, 0, Qt.AlignmentFlag.AlignHCenter)
        for button in self.recent_buttons:
            inner.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        inner.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(48, 36, 48, 36)
        layout.addWidget(self.area)
        store.changed.connect(self._render)
        self._render(store.state)

    def _recent_button(self) -> QPushButton:
        button = QPushButton()
        button.setObjectName("Link")
        button.clicked.connect(lambda: self.recent_requested.emit(button.toolTip()))
        return button

    def hint_keys(self, keys: Mapping[str, str]) -> None:
        """Say in the tooltips which keys do the same; *keys* are printed, by the command's name."""
        for button, tooltip, name in (
            (self.open_button, "Open a folder with DICOM files", "open-folder"),
            (self.demo_button, "Open a synthetic head with bleeds", "open-demo"),
            (
                self.session_button,
                "Go on with the last sitting: images, views, decisions, measurements",
                "restore-session",
            ),
        ):
            button.setToolTip(with_key(tooltip, keys.get(name, "")))

    def show_hover(self, is_hovered: bool) -> None:
        """Show whether what hangs over the window can be dropped."""
        if self.area.property("hovered") is not is_hovered:
            self.area.setProperty("hovered", is_hovered)
            self.area.style().unpolish(self.area)
            self.area.style().polish(self.area)

    def _render(self, state: ViewState) -> None:
        if not self._inputs.differ(state.recent_paths, state.session_offered):
            return
        self.session_button.setVisible(state.session_offered)
        self._recent_title.setVisible(bool(state.recent_paths))
        for index, button in enumerate(self.recent_buttons):
            shown = index < len(state.recent_paths)
            button.setVisible(shown)
            if shown:
                path = state.recent_paths[index]
                button.setText(_short(path))
                button.setToolTip(path)
                button.setAccessibleName(f"Open recent: {path}")


def _short(path: str) -> str:
    """The last two parts, at most 70 characters; the tooltip has the whole path."""
    parts = Path(path).parts
    text = str(Path(*parts[-2:])) if len(parts) > 2 else path
    text = text if len(text) <= 70 else "…" + text[-69:]
    return text.replace("&", "&&")
