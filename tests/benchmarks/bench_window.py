"""What the user feels: the longest gap in the event loop from the drop of a folder to the last score.

A timer ticks as often as Qt lets it; whatever keeps it from ticking would keep a scroll from moving. The
import of torch, the transfer of the volume and every redraw lie within the measured time.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from ichviewer.app import build_window
from ichviewer.cli import CHECKPOINT
from ichviewer.core.findings import SliceStatus
from ichviewer.core.viewstate import scrolled_to
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.theme import apply_theme
from ichviewer.resources import resource_path
from tests.benchmarks.studies import uncompressed_study


class Watch:
    """Ticks with the event loop and remembers the time between ticks, in seconds."""

    def __init__(self, every_ms: int = 1) -> None:
        self.gaps: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(every_ms)

    def _tick(self) -> None:
        now = time.perf_counter()
        self.gaps.append(now - self._last)
        self._last = now


def is_analyzed(window: MainWindow) -> bool:
    """Whether every slice of the open study has its score."""
    state = window.store.state
    return state.findings is not None and state.findings.is_complete and state.analysis is None


def drop_and_wait(application: QApplication, slices: int) -> None:
    """Drop a study of *slices* slices on a new window and print the gaps until the last score."""
    with tempfile.TemporaryDirectory() as folder:
        study = uncompressed_study(Path(folder), slices, spacing_mm=5.0 if slices < 100 else 0.6)
        window = build_window([], resource_path(CHECKPOINT))
        window.resize(1600, 900)
        window.show()
        application.processEvents()
        watch, begin, first_image = Watch(), time.perf_counter(), 0.0
        window.open_requested.emit((study,))
        while not is_analyzed(window):
            application.processEvents()
            if not first_image and window.store.state.volume is not None:
                first_image = time.perf_counter() - begin
            time.sleep(0.0002)
        total = time.perf_counter() - begin
        window.close()
    gaps = np.asarray(watch.gaps) * 1000
    print(
        f"{slices:4} slices: longest gap {gaps.max():5.0f} ms, 99.9 % {np.percentile(gaps, 99.9):5.1f} ms"
        f"   first image {first_image * 1000:5.0f} ms   last score {total:5.1f} s"
        "   aim: longest gap under 100 ms"
    )


def frame_times_ms(window: MainWindow, application: QApplication, frames: int) -> NDArray[np.float64]:
    """Scroll by one slice *frames* times; milliseconds from the wish to the painted views, each time."""
    times = []
    for _ in range(frames):
        begin = time.perf_counter()
        window.store.update(lambda state: scrolled_to(state, (state.slice_index + 1) % state.slice_count))
        for view in window.reading_page.views.views.values():
            view.repaint()
        times.append(time.perf_counter() - begin)
        application.processEvents()
    return np.asarray(times) * 1000


def scroll_beside_the_network(application: QApplication, frames: int = 200) -> None:
    """Print how much longer a scroll takes while the network scores 400 slices."""
    with tempfile.TemporaryDirectory() as folder:
        study = uncompressed_study(Path(folder), 400)
        window = build_window([], resource_path(CHECKPOINT))
        window.resize(1600, 900)
        window.show()
        window.open_requested.emit((study,))
        while not (findings := window.store.state.findings) or findings.count(SliceStatus.OK) < 10:
            application.processEvents()
        busy = frame_times_ms(window, application, frames)
        was_analyzing = window.store.state.analysis is not None
        window.analysis_cancelled.emit()
        application.processEvents()
        time.sleep(0.5)
        idle = frame_times_ms(window, application, frames)
        window.close()
    note = "" if was_analyzing else "   (the analysis ended early)"
    print(
        f"scroll, median / p95: alone {np.median(idle):4.1f} / {np.percentile(idle, 95):4.1f} ms,"
        f" beside the network {np.median(busy):4.1f} / {np.percentile(busy, 95):4.1f} ms,"
        f" {np.median(busy) / np.median(idle):.2f} x   aim: at most 2 x{note}"
    )


def main() -> None:
    """Measure 40 and 400 slices, and the memory of this process without the network's."""
    application = QApplication(sys.argv)
    apply_theme(application)
    for slices in (40, 40, 400):
        drop_and_wait(application, slices)
    scroll_beside_the_network(application)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the window's process, all studies: {peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
