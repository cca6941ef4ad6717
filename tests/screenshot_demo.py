"""Picture of the real application on the demo study, with the shipped checkpoint, for the user guide.

``python -m tests.screenshot_demo docs/images`` writes ``triptych.png`` and ``triptych@2x.png``, offscreen.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from ichviewer.app import build_window
from ichviewer.cli import CHECKPOINT
from ichviewer.core.findings import SUBTYPES, Subtype
from ichviewer.core.viewstate import ViewState, scrolled_to
from ichviewer.resources import resource_path
from tests.screenshots import SIZE, at_both_scales, save, settle

SIZE_AT_2X = (1280, 800)
"""A smaller window, so that the picture stays below 600 kB."""

LABEL = Subtype.SUBDURAL
PATIENCE_MS = 600_000


def save_application(folder: Path, application: QApplication, suffix: str) -> None:
    """Open the demo study, wait for the last score, draw the worst slice of LABEL with its heat map."""
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(XDG_CONFIG_HOME=home, XDG_DATA_HOME=home, XDG_STATE_HOME=home)
        window = build_window([], resource_path(CHECKPOINT))
        window.resize(*(SIZE_AT_2X if suffix else SIZE))
        window.show()
        window.demo_requested.emit()
        wait_until(lambda: is_analyzed(window.store.state))
        window.store.update(at_the_worst_slice)
        settle(application)
        save(window, folder / f"triptych{suffix}.png")
        window.close()


def at_the_worst_slice(state: ViewState) -> ViewState:
    """The slice with the highest score of LABEL, with its heat map."""
    column = SUBTYPES.index(LABEL)
    scored = [one for one in state.findings.slices if one.probabilities is not None] if state.findings else []
    worst = max(scored, key=lambda one: one.probabilities[column])
    return replace(scrolled_to(state, worst.slice_index), shows_heatmap=True, heatmap_subtype=LABEL)


def is_analyzed(state: ViewState) -> bool:
    """Whether the last score is in and the thumbnails are made."""
    is_idle = state.analysis is None and state.reading is None
    return is_idle and state.findings is not None and state.findings.is_complete


def wait_until(holds: Callable[[], bool]) -> None:
    """Run the event loop until *holds*."""
    loop, ticks = QEventLoop(), QTimer()
    ticks.timeout.connect(lambda: loop.quit() if holds() else None)
    ticks.start(50)
    QTimer.singleShot(PATIENCE_MS, lambda: loop.exit(1))
    if loop.exec():
        raise SystemExit("The demo study was not analyzed in time.")


if __name__ == "__main__":
    at_both_scales("tests.screenshot_demo", save_application)
