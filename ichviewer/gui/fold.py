"""A panel that can be folded away to its title."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget


class Fold(QWidget):
    """A title to click, and the panel below it; the panel's own title gives way to it."""

    def __init__(self, title: str, panel: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Panel")
        self._title = title
        self.panel = panel
        own_title, layout = panel.findChild(QLabel, "PanelTitle"), panel.layout()
        if own_title is not None:
            own_title.setVisible(False)
        if own_title is not None and layout is not None:
            margins = layout.contentsMargins()
            layout.setContentsMargins(margins.left(), 2, margins.right(), 5)
        self.header = QToolButton()
        self.header.setObjectName("FoldTitle")
        self.header.setText(title)
        self.header.setCheckable(True)
        self.header.setChecked(True)
        self.header.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.header.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.header.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.header.toggled.connect(self._show)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(panel)
        self._show(is_open=True)

    @property
    def is_open(self) -> bool:
        """Whether the panel is there."""
        return self.header.isChecked()

    def set_open(self, is_open: bool) -> None:
        """Fold it, or unfold it."""
        self.header.setChecked(is_open)

    def _show(self, is_open: bool) -> None:
        self.panel.setVisible(is_open)
        self.header.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        deed = "Fold" if is_open else "Unfold"
        self.header.setToolTip(f"{deed} {self._title.lower()}")
        self.header.setAccessibleName(f"{self._title.capitalize()}, {'open' if is_open else 'folded'}")
