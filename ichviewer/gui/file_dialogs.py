"""What Qt's own file dialog remembers, and that it shall not: names of folders are often names of patients.

It writes the folders that it showed into a file that all Qt programs share, where our "Clear list" cannot
reach them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QSettings

SHARED_FILE = "QtProject"
REMEMBERED = ("FileDialog/history", "FileDialog/lastVisited")


@contextmanager
def nothing_remembered() -> Iterator[None]:
    """Around a file dialog: afterwards Qt's memory is as it was before."""
    memory = QSettings(QSettings.Scope.UserScope, SHARED_FILE)
    before = {key: memory.value(key) for key in REMEMBERED}
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                memory.remove(key)
            else:
                memory.setValue(key, value)
        memory.sync()
