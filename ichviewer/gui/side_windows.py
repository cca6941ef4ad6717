"""The windows beside the main one: keys, presets, preferences, test pattern, guide, tour, texts.

None of them is modal, and each is there once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import TypeVar

from PySide6.QtCore import QObject, QRect, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QWidget

from ichviewer.core.viewstate import ViewState
from ichviewer.gui.action_table import ActionTable
from ichviewer.gui.command import Command
from ichviewer.gui.details_window import DetailsWindow
from ichviewer.gui.guide_window import GUIDE, GuideWindow
from ichviewer.gui.help_text import about_text, keys_text
from ichviewer.gui.histogram_window import HistogramWindow, ValuesOf
from ichviewer.gui.keys_dialog import KeysDialog
from ichviewer.gui.pattern_window import PatternWindow, display_note
from ichviewer.gui.preferences_dialog import PreferencesDialog
from ichviewer.gui.presets_dialog import PresetsDialog
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store
from ichviewer.gui.tour import Tour, TourStep
from ichviewer.resources import resource_path

Shown = TypeVar("Shown", bound=QWidget)


def local_today() -> date:
    """The day where the reader is."""
    return datetime.now().astimezone().date()


class SideWindows(QObject):
    """Opens them, and brings to the front what is open already."""

    display_note_changed = Signal(str, str)
    device_requested = Signal(str)

    def __init__(self, store: Store, window: QWidget, today: Callable[[], date] = local_today) -> None:
        super().__init__(window)
        self._store, self._window, self._today = store, window, today
        self._inputs = DrawnInputs()
        self._open: dict[type[QWidget], QWidget] = {}
        self.tour_steps: tuple[TourStep, ...] = ()
        store.changed.connect(self._render)

    def edit_keys(self, table: ActionTable) -> KeysDialog:
        """Commands and their keys."""
        return self._once(KeysDialog, lambda: KeysDialog(self._store, table, self._window))

    def edit_presets(self, table: ActionTable) -> PresetsDialog:
        """The window presets."""
        return self._once(PresetsDialog, lambda: PresetsDialog(self._store, table, self._window))

    def edit_preferences(self) -> PreferencesDialog:
        """What the reader prefers."""

        def make() -> PreferencesDialog:
            dialog = PreferencesDialog(self._store, self._window)
            dialog.device_requested.connect(self.device_requested)
            return dialog

        return self._once(PreferencesDialog, make)

    def show_test_pattern(self) -> PatternWindow:
        """The pattern of greys and lines."""

        def make() -> PatternWindow:
            pattern = PatternWindow(self._window)
            pattern.confirmed.connect(self._screen_confirmed)
            return pattern

        return self._once(PatternWindow, make)

    def show_guide(self) -> GuideWindow:
        """The user guide."""
        return self._once(GuideWindow, lambda: GuideWindow(resource_path(GUIDE), self._window))

    def show_histogram(self, values_of: ValuesOf) -> HistogramWindow:
        """The values within the chosen region."""
        return self._once(HistogramWindow, lambda: HistogramWindow(self._store, values_of, self._window))

    def show_tour(self) -> Tour:
        """The quick tour, from its first step."""
        return self._once(Tour, lambda: Tour(self.tour_steps, self._window))

    def show_keys(self, commands: Iterable[Command]) -> DetailsWindow:
        """The table of keys."""
        window = DetailsWindow("Keys and mouse", keys_text(commands), self._window)
        window.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        window.show()
        return window

    def show_about(self) -> DetailsWindow:
        """Version, purpose and license of the weights."""
        text = about_text(self._store.state.model_card)
        window = DetailsWindow("About ichviewer", text, self._window)
        window.show()
        return window

    def screens(self) -> list[QRect]:
        """What each screen has room for, the main one first."""
        main = QGuiApplication.primaryScreen()
        all_screens = sorted(QGuiApplication.screens(), key=lambda screen: screen is not main)
        return [screen.availableGeometry() for screen in all_screens]

    def look_at_screen(self) -> None:
        """Say what is known of the screen that the window is on, now and whenever that changes."""
        handle = self._window.windowHandle()
        if handle is not None and not handle.property("watched"):
            handle.setProperty("watched", True)
            handle.screenChanged.connect(self._say_display)
        self._say_display()

    def _screen_confirmed(self, screen: str) -> None:
        day = self._today().isoformat()

        def step(state: ViewState) -> ViewState:
            return replace(state, preferences=state.preferences.with_checked_screen(screen, day))

        self._store.update(step)

    def _render(self, state: ViewState) -> None:
        if self._inputs.differ(state.preferences.checked_screens):
            self._say_display()

    def _say_display(self, _screen: object = None) -> None:
        screen = self._window.screen().name()
        note, tooltip = display_note(self._store.state.preferences, screen, self._today())
        self.display_note_changed.emit(note, tooltip)

    def _once(self, kind: type[Shown], make: Callable[[], Shown]) -> Shown:
        shown = self._open.get(kind)
        if not isinstance(shown, kind):
            shown = make()
            self._open[kind] = shown
            shown.destroyed.connect(lambda _gone=None: self._open.pop(kind, None))
        shown.show()
        shown.raise_()
        shown.activateWindow()
        return shown
