"""The window: puts the panels together, turns menus, keys and drops into signals.

It asks and shows; reading, analyzing and writing are done by those who listen to its signals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QRect, QSize, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QMainWindow, QStackedWidget, QStyle, QVBoxLayout, QWidget

from ichviewer.core.blind_spot_steps import tour_ended
from ichviewer.core.findings import SliceStatus
from ichviewer.core.heatmap import OTHER_METHODS
from ichviewer.core.measuring import cancelled, is_busy
from ichviewer.core.sealing import network_findings
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.action_table import ActionTable
from ichviewer.gui.actions import viewing_commands
from ichviewer.gui.command import Command
from ichviewer.gui.details_window import DetailsWindow
from ichviewer.gui.empty_page import EmptyPage
from ichviewer.gui.export_dialog import MEASUREMENTS, ExportDialog
from ichviewer.gui.file_dialogs import nothing_remembered
from ichviewer.gui.images_window import ImagesApart
from ichviewer.gui.loading_page import LoadingPage
from ichviewer.gui.menus import Menus
from ichviewer.gui.pictures_out import PicturesOut
from ichviewer.gui.reading_page import ReadingPage
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.screen_place import nearest_place
from ichviewer.gui.side_windows import SideWindows
from ichviewer.gui.status_line import StatusLine
from ichviewer.gui.store import Store
from ichviewer.gui.tool_bar import ToolBar
from ichviewer.gui.top_bar import TopBar
from ichviewer.gui.tour_steps import tour_steps
from ichviewer.gui.window_commands import WindowRequests, window_commands

SESSION_FILES = "Session of ichviewer (*.json)"


class MainWindow(QMainWindow):
    """The one window of the application."""

    open_requested = Signal(object)
    series_requested = Signal(str)
    demo_requested = Signal()
    reading_cancelled = Signal()
    analysis_requested = Signal()
    repair_requested = Signal()
    analysis_cancelled = Signal()
    export_requested = Signal(object, bool)
    explanation_requested = Signal()
    device_requested = Signal(str)
    recent_cleared = Signal()
    self_test_requested = Signal()
    session_save_requested = Signal(object)
    session_open_requested = Signal(object)
    session_restore_requested = Signal()
    sessions_forgotten = Signal()
    picture_requested = Signal(object, object)
    measurements_requested = Signal(object, bool)
    closing = Signal()

    def __init__(
        self, store: Store, parent: QWidget | None = None, methods: Sequence[str] = OTHER_METHODS
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("ichviewer · research use only")
        self.setAcceptDrops(True)
        self.setMinimumSize(960, 600)
        self.resize(1600, 1000)
        self.store = store
        self.may_close: Callable[[], bool] = lambda: True
        self._page_inputs = DrawnInputs()
        self.empty_page, self.loading_page = EmptyPage(store), LoadingPage(store)
        self.reading_page = ReadingPage(store, methods)
        self.status_line = StatusLine(store)
        self.side_windows = SideWindows(store, self)
        self.pictures = PicturesOut(store, self.reading_page.views, self)
        requests = self._requests()
        self.action_table = ActionTable(
            store,
            lambda chosen: (*window_commands(requests), *viewing_commands(store, chosen.presets)),
            self,
        )
        self.images_apart = ImagesApart(self.reading_page, self.action_table, self)
        self.top_bar = TopBar(store, self.action_table)
        self.reading_page.hold_tools(ToolBar(self.action_table))
        self.menus = Menus(store, self.action_table, self.top_bar.menus)
        self.pages = QStackedWidget()
        for page in (self.empty_page, self.loading_page, self.reading_page):
            self.pages.addWidget(page)
        self._lay_out()
        self._connect()
        store.changed.connect(self._render)
        self._render(store.state)

    @property
    def table(self) -> dict[str, QAction]:
        """Every action by its command's name."""
        return self.action_table.actions

    @property
    def commands(self) -> tuple[Command, ...]:
        """Every command, with the keys in force."""
        return self.action_table.commands

    def _requests(self) -> WindowRequests:
        return WindowRequests(
            open_folder=self.ask_for_folder,
            open_files=self.ask_for_files,
            open_demo=self.demo_requested.emit,
            export=self.ask_for_export,
            copy_finding=self.reading_page.side.findings_list.copy,
            close=self._close,
            step_series=self.step_series,
            toggle_panels=self.reading_page.toggle_image_alone,
            toggle_panel=self.reading_page.toggle_panel,
            toggle_full_screen=self.toggle_full_screen,
            cancel=self.cancel,
            analyze=self.analysis_requested.emit,
            repair_wrapped=self.repair_requested.emit,
            show_keys=self.show_keys,
            show_about=self.side_windows.show_about,
            self_test=self.self_test_requested.emit,
            save_session=self.ask_where_to_save_session,
            open_session=self.ask_for_session,
            restore_session=self.session_restore_requested.emit,
            forget_sessions=self.sessions_forgotten.emit,
            copy_image=self.pictures.copy,
            save_image=self.ask_where_to_save_image,
            export_measurements=self.ask_for_measurement_export,
            show_histogram=self.show_histogram,
            images_apart=self.toggle_images_apart,
            edit_keys=lambda: self.side_windows.edit_keys(self.action_table),
            edit_presets=lambda: self.side_windows.edit_presets(self.action_table),
            edit_preferences=self.side_windows.edit_preferences,
            show_test_pattern=self.side_windows.show_test_pattern,
            show_tour=self.side_windows.show_tour,
            show_guide=self.side_windows.show_guide,
        )

    def _lay_out(self) -> None:
        self.setMenuWidget(self.top_bar)
        central = QWidget()
        layout = QVBoxLayout(central)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.status_line)
        self.setCentralWidget(central)

    def _hint_keys(self) -> None:
        """Buttons that do what a command does name its key, as it is now."""
        keys = {command.name: command.key_text for command in self.commands}
        for part in (self.empty_page, self.loading_page, self.reading_page.loading, self.status_line):
            part.hint_keys(keys)

    def _connect(self) -> None:
        self.action_table.rebuilt.connect(self._hint_keys)
        self._hint_keys()
        self.empty_page.folder_requested.connect(self.ask_for_folder)
        self.empty_page.demo_requested.connect(self.demo_requested)
        self.empty_page.recent_requested.connect(self._open_recent)
        self.empty_page.session_requested.connect(self.session_restore_requested)
        self.menus.recent_chosen.connect(self._open_recent)
        self.menus.recent_cleared.connect(self.recent_cleared)
        self.menus.device_chosen.connect(self.device_requested)
        self.top_bar.display_check_requested.connect(self.side_windows.show_test_pattern)
        self.side_windows.device_requested.connect(self.device_requested)
        self.side_windows.tour_steps = tour_steps(self.reading_page, self.top_bar, self.status_line)
        self.side_windows.display_note_changed.connect(self.top_bar.show_display_note)
        for page in (self.loading_page, self.reading_page.loading):
            page.cancel_requested.connect(self.reading_cancelled)
        self.reading_page.series.series_requested.connect(self.series_requested)
        self.reading_page.side.measurements.histogram_requested.connect(self.show_histogram)
        self.reading_page.side.measurements.export_requested.connect(self.ask_for_measurement_export)
        self.reading_page.side.heatmap.explanation_requested.connect(self.explanation_requested)
        self.status_line.cancel_requested.connect(self.cancel)
        self.status_line.analysis_requested.connect(self.analysis_requested)
        self.status_line.repair_requested.connect(self.repair_requested)

    # What is shown

    def _render(self, state: ViewState) -> None:
        if self._page_inputs.differ(state.contents, state.volume, state.reading):
            self.pages.setCurrentWidget(self._page(state))

    def _page(self, state: ViewState) -> QWidget:
        if state.contents is not None or state.volume is not None:
            return self.reading_page
        return self.empty_page if state.reading is None else self.loading_page

    def toggle_full_screen(self) -> None:
        """Full screen and back."""
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()

    def toggle_images_apart(self) -> None:
        """Images in a window of their own, and back."""
        self.images_apart.toggle()

    def show_keys(self) -> DetailsWindow:
        """The table of keys, in a window of its own."""
        return self.side_windows.show_keys(self.commands)

    # What is asked for

    def ask_for_folder(self) -> None:
        """Let the user choose a folder."""
        with nothing_remembered():
            path = QFileDialog.getExistingDirectory(self, "Open a folder of DICOM files")
        if path:
            self.open_requested.emit((Path(path),))

    def ask_for_files(self) -> None:
        """Let the user choose files; DICOM files often have no extension, so all are offered."""
        with nothing_remembered():
            paths, _kind = QFileDialog.getOpenFileNames(
                self, "Open DICOM files or ZIP archives", "", "All files (*)"
            )
        if paths:
            self.open_requested.emit(tuple(Path(path) for path in paths))

    def ask_for_export(self) -> ExportDialog | None:
        """Let the user choose where the findings go; nothing is asked before there are any."""
        findings = network_findings(self.store.state)
        if findings is None:
            return None
        dialog = ExportDialog(findings.count(SliceStatus.PENDING), self)
        dialog.export_chosen.connect(self.export_requested)
        dialog.open()
        return dialog

    def ask_for_measurement_export(self) -> ExportDialog | None:
        """Let the user choose where the measurements go; nothing is asked before there are any."""
        if not len(self.store.state.work.measurements):
            return None
        dialog = ExportDialog(0, self, MEASUREMENTS)
        dialog.export_chosen.connect(self.measurements_requested)
        dialog.open()
        return dialog

    def show_histogram(self) -> None:
        """The values within the chosen region, in a window of its own."""
        self.side_windows.show_histogram(self.reading_page.views.measurement_layer.values)

    def ask_where_to_save_session(self) -> None:
        """Let the user choose where the sitting is kept."""
        with nothing_remembered():
            path, _kind = QFileDialog.getSaveFileName(
                self, "Save this session", "session.json", SESSION_FILES
            )
        if path:
            self.session_save_requested.emit(Path(path))

    def ask_for_session(self) -> None:
        """Let the user choose a sitting to go on with."""
        with nothing_remembered():
            path, _kind = QFileDialog.getOpenFileName(self, "Open a session", "", SESSION_FILES)
        if path:
            self.session_open_requested.emit(Path(path))

    def ask_where_to_save_image(self) -> None:
        """Let the user choose where the picture of the active view goes."""
        suggested, content = self.pictures.png()
        with nothing_remembered():
            path, _kind = QFileDialog.getSaveFileName(self, "Save this image", suggested, "Picture (*.png)")
        if path and content:
            self.picture_requested.emit(Path(path), content)

    def step_series(self, step: int) -> None:
        """Ask for the series before or after the open one; stops at the ends."""
        state = self.store.state
        keys = [] if state.contents is None else [series.key for series in state.contents.series]
        if not keys:
            return
        key = None if state.volume is None else state.volume.series.key
        now = keys.index(key) if key in keys else -1
        following = max(0, min(now + step, len(keys) - 1))
        if following != now:
            self.series_requested.emit(keys[following])

    def cancel(self) -> None:
        """Put the tool away, else end the tour, stop reading or analyzing, or leave the full screen."""
        state = self.store.state
        if is_busy(state):
            self.store.update(cancelled)
        elif state.blind_spot_tour is not None:
            self.store.update(tour_ended)
        elif state.reading is not None:
            self.reading_cancelled.emit()
        elif state.analysis is not None:
            self.analysis_cancelled.emit()
        elif self.isFullScreen():
            self.showNormal()

    def _open_recent(self, path: str) -> None:
        self.open_requested.emit((Path(path),))

    def _close(self) -> None:
        self.close()

    # Drop and close

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders, nothing else."""
        if _local_paths(event):
            self.empty_page.show_hover(True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        """Nothing hangs over the window any more."""
        self.empty_page.show_hover(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Ask to open what was dropped."""
        self.empty_page.show_hover(False)
        paths = _local_paths(event)
        if paths:
            event.acceptProposedAction()
            self.open_requested.emit(paths)

    def showEvent(self, event: QShowEvent) -> None:
        """Say what is known of the screen."""
        super().showEvent(event)
        self.side_windows.look_at_screen()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Tell those who run threads, then close; not while something that was asked for is not written."""
        if not self.may_close():
            event.ignore()
            return
        self.images_apart.bring_back()
        self.closing.emit()
        event.accept()

    # Layout

    def save_layout(self) -> dict[str, object]:
        """Size of the window, sizes of the panels and which are hidden, as plain values for JSON."""
        normal = self.normalGeometry()
        size = [normal.width(), normal.height()] if normal.isValid() else [self.width(), self.height()]
        place = [normal.x(), normal.y()] if normal.isValid() else [self.x(), self.y()]
        return {
            **self.reading_page.save_layout(),
            "window": size,
            "place": place,
            "is_maximized": self.isMaximized(),
            "images_apart": self.images_apart.save_layout(),
        }

    def fit_into(self, available: QSize) -> None:
        """Make the window no larger than the screen has room for, with its title bar; call it before show."""
        title_bar = self.style().pixelMetric(QStyle.PixelMetric.PM_TitleBarHeight)
        self.resize(self.size().boundedTo(available - QSize(0, title_bar)))

    def restore_layout(self, layout: Mapping[str, object]) -> None:
        """Take over what fits; anything else leaves the window as it is."""
        size = layout.get("window")
        if isinstance(size, list) and len(size) == 2 and all(isinstance(value, int) for value in size):
            self.resize(*size)
            place = layout.get("place")
            if isinstance(place, list) and len(place) == 2 and all(isinstance(at, int) for at in place):
                self.move(nearest_place(QRect(*place, *size), self.side_windows.screens()).topLeft())
        apart = layout.get("images_apart")
        self.images_apart.restore_layout(apart if isinstance(apart, Mapping) else {})
        if layout.get("is_maximized") is True:
            self.setWindowState(self.windowState().__class__.WindowMaximized)
        self.reading_page.restore_layout(layout)


def _local_paths(event: QDropEvent) -> tuple[Path, ...]:
    return tuple(Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile())
