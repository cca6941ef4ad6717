"""The window: puts the panels together, turns menus, keys and drops into signals.

It asks and shows; reading, analyzing and writing are done by those who listen to its signals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QFontDatabase,
)
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMenu, QStackedWidget, QStyle, QVBoxLayout, QWidget

from ichviewer.core.findings import SliceStatus
from ichviewer.core.heatmap import OTHER_METHODS
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.actions import viewing_commands
from ichviewer.gui.command import build_action
from ichviewer.gui.details_window import DetailsWindow
from ichviewer.gui.empty_page import EmptyPage
from ichviewer.gui.export_dialog import ExportDialog
from ichviewer.gui.file_dialogs import nothing_remembered
from ichviewer.gui.help_text import about_text, keys_text
from ichviewer.gui.loading_page import LoadingPage
from ichviewer.gui.reading_page import ReadingPage
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.status_line import StatusLine
from ichviewer.gui.store import Store
from ichviewer.gui.top_bar import TopBar
from ichviewer.gui.window_commands import DEVICES, WindowRequests, window_commands

MENUS = ("File", "View", "Analysis", "Help")


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
        self._page_inputs, self._recent_inputs = DrawnInputs(), DrawnInputs()
        self._device_inputs = DrawnInputs()
        self.empty_page, self.loading_page = EmptyPage(store), LoadingPage(store)
        self.reading_page = ReadingPage(store, methods)
        self.status_line = StatusLine(store)
        self.commands = (*window_commands(self._requests()), *viewing_commands(store))
        self.table: dict[str, QAction] = {}
        for command in self.commands:
            self.table[command.name] = build_action(command, store, self)
        self.addActions(list(self.table.values()))
        self.top_bar = TopBar(store, self.table)
        self._recent_menu = QMenu("Open recent")
        self._device_menu, self._devices = QMenu("Device"), QActionGroup(self)
        self._fill_menus()
        self.pages = QStackedWidget()
        for page in (self.empty_page, self.loading_page, self.reading_page):
            self.pages.addWidget(page)
        self._lay_out()
        self._connect()
        store.changed.connect(self._render)
        self._render(store.state)

    def _requests(self) -> WindowRequests:
        return WindowRequests(
            open_folder=self.ask_for_folder,
            open_files=self.ask_for_files,
            open_demo=self.demo_requested.emit,
            export=self.ask_for_export,
            close=self._close,
            step_series=self.step_series,
            toggle_panels=self.reading_page.toggle_image_alone,
            toggle_panel=self.reading_page.toggle_panel,
            toggle_full_screen=self.toggle_full_screen,
            cancel=self.cancel,
            analyze=self.analysis_requested.emit,
            repair_wrapped=self.repair_requested.emit,
            show_keys=self.show_keys,
            show_about=self.show_about,
            self_test=self.self_test_requested.emit,
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

    def _connect(self) -> None:
        self.empty_page.folder_requested.connect(self.ask_for_folder)
        self.empty_page.demo_requested.connect(self.demo_requested)
        self.empty_page.recent_requested.connect(self._open_recent)
        for page in (self.loading_page, self.reading_page.loading):
            page.cancel_requested.connect(self.reading_cancelled)
        self.reading_page.series.series_requested.connect(self.series_requested)
        self.reading_page.heatmap.explanation_requested.connect(self.explanation_requested)
        self.status_line.cancel_requested.connect(self.cancel)
        self.status_line.analysis_requested.connect(self.analysis_requested)
        self.status_line.repair_requested.connect(self.repair_requested)

    # Menus

    def _fill_menus(self) -> None:
        menus: dict[str, QMenu] = {}
        for name in MENUS:
            menus[name] = self.top_bar.menus.addMenu(f"&{name}")
            menus[name].setToolTipsVisible(True)
        for command in self.commands:
            menu, _, submenu = command.menu.partition("/")
            if submenu and command.menu not in menus:
                menus[command.menu] = menus[menu].addMenu(submenu)
                menus[command.menu].setToolTipsVisible(True)
            menus[command.menu].addAction(self.table[command.name])
        menus["File"].insertMenu(self.table["open-demo"], self._recent_menu)
        for name in ("export", "quit"):
            menus["File"].insertSeparator(self.table[name])
        menus["Analysis"].addMenu(self._device_menu)
        for device, text in DEVICES:
            action = self._device_menu.addAction(text)
            action.setCheckable(True)
            action.setData(device)
            action.triggered.connect(lambda _on=False, device=device: self.device_requested.emit(device))
            self._devices.addAction(action)

    def _fill_recent(self, paths: Sequence[str]) -> None:
        self._recent_menu.clear()
        for path in paths:
            action = self._recent_menu.addAction(path.replace("&", "&&"))
            action.triggered.connect(lambda _on=False, path=path: self._open_recent(path))
        self._recent_menu.addSeparator()
        clear = self._recent_menu.addAction("Clear list")
        clear.triggered.connect(lambda _on=False: self.recent_cleared.emit())
        self._recent_menu.setEnabled(bool(paths))

    # What is shown

    def _render(self, state: ViewState) -> None:
        if self._page_inputs.differ(state.contents, state.volume, state.reading):
            self.pages.setCurrentWidget(self._page(state))
        if self._recent_inputs.differ(state.recent_paths):
            self._fill_recent(state.recent_paths)
        if self._device_inputs.differ(state.device):
            for action in self._devices.actions():
                if action.data() == state.device:
                    action.setChecked(True)

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

    def show_keys(self) -> DetailsWindow:
        """The table of keys, in a window of its own."""
        window = DetailsWindow("Keys and mouse", keys_text(self.commands), self)
        window.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        window.show()
        return window

    def show_about(self) -> DetailsWindow:
        """Version, purpose and license of the weights, in a window of its own."""
        window = DetailsWindow("About ichviewer", about_text(self.store.state.model_card), self)
        window.show()
        return window

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
        findings = self.store.state.findings
        if findings is None:
            return None
        dialog = ExportDialog(findings.count(SliceStatus.PENDING), self)
        dialog.export_chosen.connect(self.export_requested)
        dialog.open()
        return dialog

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
        """Stop reading, else analyzing, else leave the full screen."""
        state = self.store.state
        if state.reading is not None:
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

    def closeEvent(self, event: QCloseEvent) -> None:
        """Tell those who run threads, then close."""
        self.closing.emit()
        event.accept()

    # Layout

    def save_layout(self) -> dict[str, object]:
        """Size of the window, sizes of the panels and which are hidden, as plain values for JSON."""
        normal = self.normalGeometry()
        size = [normal.width(), normal.height()] if normal.isValid() else [self.width(), self.height()]
        return {**self.reading_page.save_layout(), "window": size, "is_maximized": self.isMaximized()}

    def fit_into(self, available: QSize) -> None:
        """Make the window no larger than the screen has room for, with its title bar; call it before show."""
        title_bar = self.style().pixelMetric(QStyle.PixelMetric.PM_TitleBarHeight)
        self.resize(self.size().boundedTo(available - QSize(0, title_bar)))

    def restore_layout(self, layout: Mapping[str, object]) -> None:
        """Take over what fits; anything else leaves the window as it is."""
        size = layout.get("window")
        if isinstance(size, list) and len(size) == 2 and all(isinstance(value, int) for value in size):
            self.resize(*size)
        if layout.get("is_maximized") is True:
            self.setWindowState(self.windowState().__class__.WindowMaximized)
        self.reading_page.restore_layout(layout)


def _local_paths(event: QDropEvent) -> tuple[Path, ...]:
    return tuple(Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile())
