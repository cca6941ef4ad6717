"""What the reader prefers, at once in force and kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ichviewer.core.preferences import FASTEST_CINE, SLOWEST_CINE, OverlayText, Preferences, ThemeName
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store
from ichviewer.gui.window_commands import DEVICES

THEMES = (
    (ThemeName.DARK, "Dark"),
    (ThemeName.LIGHT, "Light; the images stay on black"),
    (ThemeName.CONTRAST, "High contrast"),
)
TEXTS = (
    (OverlayText.FULL, "Full, with names"),
    (OverlayText.ANONYMOUS, "Without names"),
    (OverlayText.OFF, "Off"),
)
DRAGS = ((True, "Down is brighter"), (False, "Up is brighter"))


class PreferencesDialog(QDialog):
    """Draws ``ViewState.preferences`` and asks for others; not modal."""

    device_requested = Signal(str)

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Preferences · research use only")
        self._store, self._inputs = store, DrawnInputs()
        self.theme = self._choice("Theme", THEMES, self._set_theme)
        self.drag = self._choice(
            "Direction of a drag", DRAGS, lambda value: self._change(drag_down_is_brighter=value)
        )
        self.text = self._choice("Corner text at the start", TEXTS, self._set_text)
        self.heatmap = self._check("Show the heat map at the start", self._set_heatmap)
        self.fit = self._check("Fit the views to the head, not to the whole image", self._set_fit)
        self.first_look = self._check(
            "First look: seal the network's result at first",
            lambda value: self._change(uses_first_look=value),
        )
        self.first_look.setToolTip("It opens once 95 % of the slices were seen, or when you ask")
        self.cine = QSpinBox()
        self.cine.setRange(SLOWEST_CINE, FASTEST_CINE)
        self.cine.setSuffix(" slices a second")
        self.cine.setAccessibleName("Speed of cine")
        self.cine.valueChanged.connect(self._set_cine)
        self.device = self._choice("Where the network runs", DEVICES, self.device_requested.emit)
        self.recent = self._check(
            "Keep a list of recent folders", lambda value: self._change(keeps_recent=value)
        )
        self.session = self._check(
            "Keep each sitting, to be restored", lambda value: self._change(keeps_session=value)
        )
        self._lay_out()
        store.changed.connect(self._render)
        self._render(store.state)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setVerticalSpacing(10)
        form.addRow("&Theme", self.theme)
        form.addRow("&Left drag", self.drag)
        form.addRow("Corner te&xt at the start", self.text)
        form.addRow("", self.heatmap)
        form.addRow("", self.fit)
        form.addRow("&Cine", self.cine)
        form.addRow("&Network runs on", self.device)
        form.addRow("", self.first_look)
        form.addRow("", self.recent)
        form.addRow("", self.session)
        note = QLabel(
            "Names of folders may name patients. Lists and sittings stay on this computer;"
            " off forgets the list, and File > Forget kept sessions removes the sittings."
        )
        note.setObjectName("Secondary")
        note.setWordWrap(True)
        close = QPushButton("Close")
        close.setToolTip("Close this window (Esc)")
        close.clicked.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(note)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        self.setMinimumWidth(520)

    def _choice(
        self, name: str, choices: Sequence[tuple[Any, str]], chosen: Callable[[Any], None]
    ) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        for value, text in choices:
            # Qt would hand a member of an enumeration back as a plain text.
            box.addItem(text, value.value if isinstance(value, StrEnum) else value)
        box.activated.connect(lambda row: chosen(choices[row][0]))
        return box

    def _check(self, text: str, set_to: Callable[[bool], None]) -> QCheckBox:
        box = QCheckBox(text)
        box.clicked.connect(set_to)
        return box

    def _set_theme(self, theme: ThemeName) -> None:
        self._change(theme=theme)

    def _set_text(self, text: OverlayText) -> None:
        self._change(overlay_text=text)
        self._store.update(lambda state: replace(state, overlay_text=text))

    def _set_heatmap(self, is_on: bool) -> None:
        self._change(shows_heatmap=is_on)
        self._store.update(lambda state: replace(state, shows_heatmap=is_on))

    def _set_cine(self, speed: int) -> None:
        self._change(cine_per_second=speed)
        self._store.update(lambda state: replace(state, cine=replace(state.cine, frames_per_second=speed)))

    def _set_fit(self, is_on: bool) -> None:
        self._change(fits_head=is_on)
        self._store.update(lambda state: replace(state, fits_head=is_on))

    def _change(self, **changes: Any) -> None:
        self._store.update(lambda state: replace(state, preferences=replace(state.preferences, **changes)))

    def _render(self, state: ViewState) -> None:
        if not self._inputs.differ(state.preferences, state.device):
            return
        preferences: Preferences = state.preferences
        for box, value in (
            (self.theme, preferences.theme.value),
            (self.drag, preferences.drag_down_is_brighter),
            (self.text, preferences.overlay_text.value),
        ):
            box.setCurrentIndex(box.findData(value))
        at = self.device.findData(state.device)
        if at >= 0:
            self.device.setCurrentIndex(at)
        self.heatmap.setChecked(preferences.shows_heatmap)
        self.fit.setChecked(preferences.fits_head)
        self.first_look.setChecked(preferences.uses_first_look)
        self.recent.setChecked(preferences.keeps_recent)
        self.session.setChecked(preferences.keeps_session)
        if self.cine.value() != preferences.cine_per_second:
            self.cine.setValue(preferences.cine_per_second)
