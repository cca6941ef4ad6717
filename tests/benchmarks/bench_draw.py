"""Milliseconds a frame, from a change of state until all three views are painted.

The window is 1600 x 900 and all image, so the views are larger than in the application; each pixel ratio
runs in a process of its own. Beside it, in the same run, the plain way: QPainter scales a QImage, no text.
The first scroll with heat map meets every slice for the first time, so it includes finding the head.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget

from ichviewer.core.camera import Camera
from ichviewer.core.findings import SliceFinding, SliceStatus, Subtype
from ichviewer.core.heatmap import closed_form_heatmap, heat_on_slice
from ichviewer.core.preprocessing import frame_head
from ichviewer.core.slice_image import stored_slice
from ichviewer.core.views import View
from ichviewer.core.viewstate import (
    ViewState,
    opened,
    scrolled_to,
    window_dragged,
    with_camera,
    with_window,
)
from ichviewer.core.volume import Volume
from ichviewer.gui.slice_picture import grey_table, heat_table
from ichviewer.gui.store import Store
from ichviewer.gui.theme import apply_theme
from ichviewer.gui.view_grid import ViewGrid
from tests.builders import head_hu, make_card, make_findings, make_volume

SIZE = 1600, 900
SLICES, SIDE = 40, 512
RATIO = "QT_SCALE_FACTOR"


def bench_volume() -> Volume:
    """A noisy head that shifts from slice to slice, 40 slices of 512 x 512."""
    random = np.random.default_rng(0)
    head = head_hu(SIDE, SIDE)[None] + random.normal(0, 4, (SLICES, SIDE, SIDE)).round().astype(np.int16)
    rolled = np.stack([np.roll(pixels, index, axis=0) for index, pixels in enumerate(head)])
    return make_volume(hu=rolled, pixel_spacing_mm=(0.47, 0.47))


def bench_state(volume: Volume) -> ViewState:
    """The volume with scores and a hot spot on every slice."""
    card = make_card()
    findings = make_findings(volume, card)
    row, column = np.mgrid[:7, :7]
    spot = (8 * np.exp(-((row - 2) ** 2 + (column - 2) ** 2) / 2) - 1).astype(np.float32)
    for index in range(volume.slice_count):
        framing = frame_head(volume.hu(index), volume.geometry.pixel_spacing_mm, card.preprocessing)
        finding = SliceFinding(index, SliceStatus.OK, (0.9,) * 6, np.repeat(spot[None], 6, axis=0), framing)
        findings = findings.with_slice(finding, volume.series.key, card.weights_sha256)
    state = replace(opened(ViewState(), volume, ""), model_card=card, findings=findings, slice_index=0)
    return replace(state, heatmap_subtype=Subtype.SUBDURAL)


class Paints(QObject):
    """Counts the paint events of the widgets that it watches."""

    def __init__(self, widgets: Iterable[QWidget]) -> None:
        super().__init__()
        self.count = 0
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let everything pass."""
        self.count += event.type() == QEvent.Type.Paint
        return False


class PlainView(QWidget):
    """The slice as a QImage that QPainter scales, the heat map as a second one over it."""

    def __init__(self, store: Store, view_index: int) -> None:
        super().__init__()
        self._store, self._view_index = store, view_index
        self.heat: dict[int, NDArray[np.uint8]] = {}
        self._colors = heat_table(0.45)
        store.changed.connect(lambda _state: self.update())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Window, wrap, scale."""
        state = self._store.state
        assert state.volume is not None
        index = state.slice_index
        table = grey_table(stored_slice(state.volume, index), state.windows[self._view_index], False)
        grey = cv2.LUT(state.volume.stored_values[index].view(np.uint16), table)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        side = min(self.width(), self.height())
        left, top = (self.width() - side) // 2, (self.height() - side) // 2
        pixels = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGRA)
        image = QImage(pixels.data, SIDE, SIDE, QImage.Format.Format_RGB32)
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        painter.drawImage(self.rect().adjusted(left, top, -left, -top), image)
        if state.shows_heatmap:
            overlay = np.ascontiguousarray(self._heat_picture(state, state.volume))
            heat = QImage(overlay.data, SIDE, SIDE, QImage.Format.Format_ARGB32_Premultiplied)
            painter.drawImage(self.rect().adjusted(left, top, -left, -top), heat)
        painter.end()

    def _heat_picture(self, state: ViewState, volume: Volume) -> NDArray[np.uint32]:
        """Heat over black, transparent where there is none; the head is found once a slice, in numpy."""
        index = state.slice_index
        if index not in self.heat:
            assert state.findings is not None
            assert state.model_card is not None
            found = closed_form_heatmap(
                state.findings.slices[index], state.heatmap_subtype, state.model_card, (0.47, 0.47)
            )
            assert found is not None
            self.heat[index] = (heat_on_slice(found, volume.hu(index)) * 255).astype(np.uint8)
        levels = self.heat[index]
        alpha = (levels >> 1).astype(np.uint32) << 24
        return np.asarray((self._colors[levels.astype(np.uint16) << 8] & 0xFFFFFF) // 2 | alpha)


def plain_triptych(store: Store) -> QWidget:
    """Three plain views."""
    window = QWidget()
    layout = QHBoxLayout(window)
    layout.setContentsMargins(0, 0, 0, 0)
    for index in range(3):
        layout.addWidget(PlainView(store, index))
    return window


def scrolling(frames: int) -> Iterator[Callable[[ViewState], ViewState]]:
    """Up and down through the stack, one slice a frame."""
    for frame in range(1, frames + 1):
        turn, index = divmod(frame, SLICES - 1)
        slice_index = index if turn % 2 == 0 else SLICES - 1 - index
        yield lambda state, i=slice_index: scrolled_to(state, i)


def window_dragging(frames: int) -> Iterator[Callable[[ViewState], ViewState]]:
    """The brain window, three pixels a frame."""
    for frame in range(frames):
        yield lambda state, f=frame: with_window(state, 0, window_dragged(state.windows[0], 3 + f % 2, -2))


def measure(
    name: str,
    make: Callable[[Store], QWidget],
    state: ViewState,
    steps: Iterable[Callable[[ViewState], ViewState]],
) -> None:
    """Print median and 95th percentile of one path."""
    store = Store(state)
    window = make(store)
    window.resize(*SIZE)
    window.show()
    QApplication.processEvents()
    paints = Paints(window.findChildren(QWidget))
    times, cpu = [], []
    for step in steps:
        before, begin, begin_cpu = paints.count, time.perf_counter(), time.process_time()
        store.update(step)
        QApplication.processEvents()
        if paints.count == before:
            raise RuntimeError(f"{name}: nothing was painted")
        times.append((time.perf_counter() - begin) * 1000)
        cpu.append((time.process_time() - begin_cpu) * 1000)
    window.close()
    window.deleteLater()
    QApplication.processEvents()
    print_row(name, times, cpu)


def measure_hover(state: ViewState, frames: int) -> None:
    """Print the cost of one mouse movement that changes only the value under the cursor."""
    triptych = ViewGrid(Store(state))
    triptych.resize(*SIZE)
    triptych.show()
    QApplication.processEvents()
    view, times, cpu = triptych.views[1], [], []
    none = Qt.MouseButton.NoButton
    for frame in range(frames):
        at = QPointF(200 + frame % 100, 450)
        begin, begin_cpu = time.perf_counter(), time.process_time()
        event = QMouseEvent(QEvent.Type.MouseMove, at, at, none, none, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(view, event)
        QApplication.processEvents()
        times.append((time.perf_counter() - begin) * 1000)
        cpu.append((time.process_time() - begin_cpu) * 1000)
    triptych.close()
    print_row("cursor moves (one view)", times, cpu)


def print_row(name: str, times: list[float], cpu: list[float]) -> None:
    """Milliseconds of a frame by the clock, and of processor time, which other programs disturb less."""
    columns = [np.median(times), np.percentile(times, 95), np.median(cpu), np.percentile(cpu, 95)]
    print(f"  {name:52}" + "".join(f"{value:8.2f}" for value in columns), flush=True)


@dataclass(frozen=True)
class Path:
    """One row of the table."""

    name: str
    make: Callable[[Store], QWidget]
    state: ViewState
    steps: Callable[[int], Iterator[Callable[[ViewState], ViewState]]]
    frames: int = 200


def measure_all() -> None:
    """All paths at this process's pixel ratio."""
    application = QApplication(sys.argv)
    apply_theme(application)
    state = bench_state(bench_volume())
    hot = replace(state, shows_heatmap=True)
    near = with_camera(hot, View.BRAIN, Camera(3.0))
    paths = (
        Path("scroll", ViewGrid, state, scrolling),
        Path("scroll with heat map, slices met for the first time", ViewGrid, hot, scrolling, SLICES - 1),
        Path("scroll with heat map", ViewGrid, hot, scrolling),
        Path("scroll with heat map, zoom 3", ViewGrid, near, scrolling),
        Path("window drag", ViewGrid, state, window_dragging),
        Path("window drag with heat map", ViewGrid, hot, window_dragging),
        Path("plain QPainter: scroll", plain_triptych, state, scrolling),
        Path("plain QPainter: scroll with heat map", plain_triptych, hot, scrolling),
        Path("plain QPainter: window drag (all three views)", plain_triptych, state, window_dragging),
    )
    for path in paths:
        measure(path.name, path.make, path.state, path.steps(path.frames))
    measure_hover(hot, 200)


def main() -> None:
    """One table for pixel ratio 1, one for 2."""
    if RATIO in os.environ:
        measure_all()
        return
    for ratio in ("1", "2"):
        title = f"1600 x 900, three views, pixel ratio {ratio}"
        print(f"{title:54}  median     p95     cpu cpu p95 ms", flush=True)
        command = [sys.executable, "-m", "tests.benchmarks.bench_draw"]
        subprocess.run(command, env={**os.environ, RATIO: ratio}, check=True)
    print("aims, p95: scroll with heat map 8 ms, window drag 5 ms; 20 ms at pixel ratio 2")


if __name__ == "__main__":
    main()
