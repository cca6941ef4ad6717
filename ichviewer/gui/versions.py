"""Which program on which machine: for reports of errors; nothing about a patient, a path or a user."""

from __future__ import annotations

import platform

import numpy as np
import PySide6
from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication

from ichviewer import __version__


def versions_text() -> str:
    """One line for each part."""
    screens = ", ".join(
        f"{screen.size().width()} x {screen.size().height()} at {screen.devicePixelRatio():g}"
        for screen in QGuiApplication.screens()
    )
    return "\n".join(
        (
            f"ichviewer {__version__}",
            f"Python {platform.python_version()}, numpy {np.__version__}",
            f"Qt {qVersion()}, PySide {PySide6.__version__}, platform {QGuiApplication.platformName()}",
            f"{platform.system()} {platform.release()}, {platform.machine()}",
            f"Screens: {screens or 'none'}",
        )
    )
