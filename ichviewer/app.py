"""The composition root: builds the window and everything behind it, and connects them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from ichviewer import __version__
from ichviewer.controller import Controller
from ichviewer.core.errors import IchViewerError
from ichviewer.core.viewstate import Message, ViewState
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.store import Store
from ichviewer.gui.theme import apply_theme, follow_theme
from ichviewer.gui.versions import versions_text
from ichviewer.selftest import run_selftest
from ichviewer.session.session import Session
from ichviewer.settings import (
    APPLICATION,
    Settings,
    load_settings,
    sessions_folder,
    set_aside,
    settings_path,
    user_data_folder,
)
from ichviewer.uncaught import watch

WARM_UP_MS = 1500
"""An empty window waits this long before it loads the network, so that a first drop comes first."""


def run_window(paths: Sequence[Path], card_path: Path) -> int:
    """Open the window, on *paths* if there are any, and stay until it is closed.

    Returns:
        Exit code.
    """
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName(APPLICATION)
    application.setApplicationVersion(__version__)
    apply_theme(application)
    window = build_window(paths, card_path)
    watch(lambda description: _show_unexpected(window.store, description))
    window.fit_into(window.screen().availableGeometry().size())
    window.show()
    return application.exec()


def build_window(paths: Sequence[Path], card_path: Path) -> MainWindow:
    """The window with everything behind it; *paths* are opened as soon as it is on the screen."""
    settings, complaint = _settings()
    store = Store(ViewState(message=complaint))
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    follow_theme(application, store)
    controller = Controller(card_path, settings.device, user_data_folder())
    window = MainWindow(store)
    session = Session(store, controller, settings, settings_path(), sessions_folder())
    window.restore_layout(dict(settings.layout))

    window.open_requested.connect(session.reading.open_paths)
    window.series_requested.connect(session.reading.open_series)
    window.demo_requested.connect(session.reading.open_demo)
    window.reading_page.series.study_close_requested.connect(session.reading.close_study)
    window.reading_cancelled.connect(session.reading.cancel)
    window.analysis_requested.connect(session.analysis.analyze)
    window.repair_requested.connect(session.reading.repair_wrapped)
    window.analysis_cancelled.connect(session.analysis.cancel)
    window.explanation_requested.connect(session.analysis.explain)
    window.export_requested.connect(session.writing.export)
    window.measurements_requested.connect(session.writing.export_measurements)
    window.device_requested.connect(session.analysis.use_device)
    window.recent_cleared.connect(session.preferences.clear_recent)
    window.self_test_requested.connect(
        lambda: session.self_test.run(partial(run_selftest, card_path), session.analysis.device)
    )
    window.picture_requested.connect(session.writing.write_picture)
    window.session_save_requested.connect(session.sittings.save_as)
    window.session_open_requested.connect(session.sittings.restore)
    window.session_restore_requested.connect(session.sittings.restore_last)
    window.sessions_forgotten.connect(session.sittings.forget)
    window.may_close = session.may_close
    application.applicationStateChanged.connect(
        lambda now: session.coverage.set_active(now is Qt.ApplicationState.ApplicationActive)
    )
    window.closing.connect(lambda: session.close(window.save_layout()))

    if paths:
        QTimer.singleShot(0, lambda: session.reading.open_paths(tuple(paths)))
    else:
        QTimer.singleShot(WARM_UP_MS, session.analysis.warm_up)
        QTimer.singleShot(WARM_UP_MS, session.planes.warm_up)
    return window


def _show_unexpected(store: Store, description: str) -> None:
    text = "Unexpected error; what is on the screen may be incomplete. Export, then start ichviewer again."
    details = f"{description}\n\n{versions_text()}"
    store.update(lambda state: replace(state, message=Message(text, is_problem=True, details=details)))


def _settings() -> tuple[Settings, Message | None]:
    """The user's settings; damaged ones are said and replaced by the defaults."""
    try:
        return load_settings(settings_path()), None
    except IchViewerError as error:
        aside = set_aside(settings_path())
        kept = "" if aside is None else f" The damaged file was kept as {aside}."
        return Settings(), Message(f"{error}{kept}", is_problem=True)
