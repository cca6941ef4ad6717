"""Pictures of the user guide that comes with the program.

``python -m tests.guide_pictures resources/guide`` writes them, offscreen, at scale 1. The head is the demo
head, the scores are made up; the guide's first picture in the README is made by ``tests.screenshot_demo``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication, QWidget

from ichviewer.core.history import ReaderWork
from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measurements import Measurements
from ichviewer.core.navigation import with_layout
from ichviewer.core.views import Layout, View
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.store import Store
from ichviewer.gui.theme import apply_theme
from ichviewer.imaging.reformat import prepare
from tests.screenshots import findings, head, settle, shown

SIZE = (1280, 800)


def save_guide_pictures(folder: Path, application: QApplication) -> None:
    """All pictures that the guide shows."""
    volume = head()
    state = shown(volume)
    state = replace(
        state, findings=findings(volume), slice_index=volume.slice_count // 2 + 1, shows_heatmap=True
    )
    window = MainWindow(Store(state))
    window.resize(*SIZE)
    window.show()

    def keep(widget: QWidget, name: str) -> None:
        settle(application)
        picture = widget.grab().toImage()
        picture.save(str(folder / f"{name}.png"), "PNG", 0)  # type: ignore[call-overload]

    keep(window, "window")
    window.store.update(lambda now: replace(with_layout(now, Layout.PLANES), shows_heatmap=False))
    window.store.update(lambda now: replace(now, reformats=prepare(volume)))
    keep(window.reading_page.views, "planes")
    window.store.update(measured)
    keep(window, "measuring")
    side = window.side_windows
    openers: tuple[tuple[str, Callable[[], QWidget]], ...] = (
        ("keys", lambda: side.edit_keys(window.action_table)),
        ("presets", lambda: side.edit_presets(window.action_table)),
        ("pattern", side.show_test_pattern),
    )
    for name, opened in openers:
        shown_now = opened()
        keep(shown_now, name)
        shown_now.close()
    window.close()


def measured(state: ViewState) -> ViewState:
    """A ruler and an ellipse on the slice in view, in the brain window alone."""
    assert state.volume is not None
    z = float(state.volume.frame.positions_mm[state.slice_index])
    x, y = state.crosshair_mm
    ruler = Measurement(
        MeasurementKind.RULER, ((x - 40.0, y - 30.0, z), (x + 40.0, y - 30.0, z)), state.slice_index
    )
    ellipse = Measurement(
        MeasurementKind.ELLIPSE, ((x + 5.0, y - 5.0, z), (x + 35.0, y + 35.0, z)), state.slice_index
    )
    work = ReaderWork(measurements=Measurements().added(ruler).added(ellipse))
    return replace(with_layout(state, Layout.TRIPTYCH), work=work, promoted_view=View.BRAIN)


if __name__ == "__main__":
    app = QApplication(sys.argv[:1])
    apply_theme(app)
    save_guide_pictures(Path(sys.argv[1]), app)
