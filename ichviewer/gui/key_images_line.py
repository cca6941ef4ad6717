"""One line that lists the key images; a number goes to its slice."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from ichviewer.core.key_images import key_images_text
from ichviewer.core.viewstate import ViewState, scrolled_to
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store
from ichviewer.gui.theme import ACCENT


class KeyImagesLine(QLabel):
    """Not there while no slice is marked."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._inputs = DrawnInputs()
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        self.setContentsMargins(8, 0, 8, 0)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.setAccessibleName("Key images")
        self.setToolTip("Key images: K marks the slice in view, Ctrl+Up and Ctrl+Down go to the next one")
        self.linkActivated.connect(self._go_to)
        store.changed.connect(self._render)
        self._render(store.state)

    def _render(self, state: ViewState) -> None:
        if not self._inputs.differ(state.work.key_images):
            return
        words = key_images_text(state)
        self.setVisible(bool(words))
        self.setAccessibleDescription(words)
        title = words.partition(":")[0]
        links = (
            f'<a style="color: {ACCENT}" href="{index}">{index + 1}</a>'
            for index in sorted(state.work.key_images)
        )
        self.setText(f"{title}: {', '.join(links)}" if words else "")

    def _go_to(self, link: str) -> None:
        self._store.update(lambda state: scrolled_to(state, int(link)))
