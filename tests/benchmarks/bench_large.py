"""821 slices of 512 x 512 dropped on a window: first picture, the rest, event loop, memory, another drop.

The window is the real one, empty until its children are ready, as it is ten seconds after its start. Each
run is a process of its own, whose peak memory is the system's count (VmHWM); it ends with the first score, so
that handing the volume to the network's process counts. Figures of different runs are not comparable on a
shared machine, so times are also given in parts of what reading the files' bytes takes in the same run.
"""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from ichviewer.app import build_window
from ichviewer.cli import CHECKPOINT
from ichviewer.core.findings import SliceStatus
from ichviewer.core.viewstate import ViewState, scrolled_to
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.theme import apply_theme
from ichviewer.resources import resource_path
from tests.benchmarks.bench_window import Watch
from tests.benchmarks.studies import REAL_HEAD, SIDE, compressed_study, uncompressed_study

SLICES, RUNS = 821, 3
VOLUME_MB = SLICES * SIDE * SIDE * 2 / 1e6
MEMORY_AIM_MB = 1.3 * VOLUME_MB + 300
STAGES = ("headers", "first slice", "half of the slices", "thumbnails")


def main() -> None:
    """Print one block for each study. With arguments: one run, *which* of them, on two studies."""
    if len(sys.argv) > 1:
        which, large, small = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
        print(*(opened_once(large) if which == "once" else superseded(large, small)))
        return
    with tempfile.TemporaryDirectory() as place:
        print_study("uncompressed", uncompressed_study(Path(place, "large"), SLICES, 0.6), Path(place))
    if not REAL_HEAD.is_dir():
        print("JPEG Lossless: the real head CT is not here")
        return
    with tempfile.TemporaryDirectory() as place:
        print_study("JPEG Lossless", compressed_study(Path(place, "large"), SLICES), Path(place))


def print_study(name: str, large: Path, place: Path) -> None:
    """Medians over RUNS processes, and the worst of what must not happen."""
    small = uncompressed_study(place / "small", 1)
    bytes_s = statistics.median(seconds_to_read_all(large) for _ in range(3))
    runs = [in_own_process("once", large, small) for _ in range(RUNS)]
    first_s, whole_s, gap_s, wait_s, peak_mb = (list(column) for column in zip(*runs, strict=True))
    first, whole = statistics.median(first_s), statistics.median(whole_s)
    print(f"{SLICES} slices, {name}")
    print(
        f"  first picture   {first * 1000:6.0f} ms   {first / bytes_s:5.2f} x reading the bytes"
        f"   {min(first_s) * 1000:.0f} to {max(first_s) * 1000:.0f} ms   aim: under 500 ms"
    )
    print(f"  every slice     {whole * 1000:6.0f} ms   {whole / bytes_s:5.2f} x reading the bytes")
    print(f"  unread slice    {max(wait_s) * 1000:6.0f} ms   longest wait for a slice that was jumped to")
    print(
        f"  longest gap     {max(gap_s) * 1000:6.0f} ms   of the event loop, jumping all the while; median of"
        f" runs {statistics.median(gap_s) * 1000:.0f}   aim: under 100 ms"
    )
    print(
        f"  peak memory     {max(peak_mb):6.0f} MB   {max(peak_mb) / MEMORY_AIM_MB:.2f} x the aim:"
        f" 1.3 x {VOLUME_MB:.0f} MB + 300 MB = {MEMORY_AIM_MB:.0f} MB"
    )
    *waits_s, twice_mb = in_own_process("superseded", large, small)
    for stage, wait in zip(STAGES, waits_s, strict=True):
        print(f"  another drop    {wait * 1000:6.0f} ms   until its picture, dropped at: {stage}")
    print(f"  peak memory     {twice_mb:6.0f} MB   of the process that opened it again and again")


def seconds_to_read_all(study: Path) -> float:
    """What the bytes alone cost: every file read whole, one after the other."""
    begin = time.perf_counter()
    for path in study.iterdir():
        path.read_bytes()
    return time.perf_counter() - begin


def in_own_process(which: str, large: Path, small: Path) -> list[float]:
    """The numbers that one run prints there."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_large", which, str(large), str(small)]
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home}
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return [float(number) for number in done.stdout.split()]


class Driver:
    """A window, and what is waited for in it."""

    def __init__(self) -> None:
        """Show the window and wait until its children are ready."""
        self._application = QApplication(sys.argv[:1])
        apply_theme(self._application)
        self.window: MainWindow = build_window([], resource_path(CHECKPOINT))
        self.window.resize(1600, 1000)
        self.window.show()
        self._alarm = QTimer()
        self._alarm.start(20)
        self.wait(lambda state: state.device not in ("", "auto"))

    @property
    def state(self) -> ViewState:
        """What the window shows."""
        return self.window.store.state

    def drop(self, study: Path) -> None:
        """Ask for a study as a drop does."""
        self.window.open_requested.emit((study,))

    def wait(self, is_so: Callable[[ViewState], bool]) -> float:
        """Let the window live until something is so; the seconds that it took, drawing it included.

        The loop sleeps until something happens, as the application's own does: one that asked without end
        would take the interpreter from the threads that work.
        """
        begin = time.perf_counter()
        while not is_so(self.state):
            self._application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        self.window.repaint()
        self._application.processEvents()
        return time.perf_counter() - begin

    def peak_mb(self) -> float:
        """Most memory that this process has had, MB; 0 where the system does not say."""
        status = Path("/proc/self/status")
        lines = status.read_text().splitlines() if status.exists() else []
        return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM")), 0.0)


def opened_once(large: Path) -> list[float]:
    """Drop a study and jump about in it while it is read.

    Returns:
        Seconds to the first picture, to the last slice, longest gap of the event loop, longest wait for a
        slice that was jumped to; peak memory (MB).
    """
    driver = Driver()
    watch, begin = Watch(every_ms=10), time.perf_counter()
    driver.drop(large)
    first_s = driver.wait(has_picture)
    waits = [0.0]
    for number in itertools.count(1):
        if driver.state.volume is None or driver.state.volume.is_complete:
            break
        driver.window.store.update(lambda state, to=number * 317 % SLICES: scrolled_to(state, to))
        waits.append(driver.wait(has_picture))
        until = time.perf_counter() + 0.03
        driver.wait(lambda _state, until=until: time.perf_counter() > until)
    whole_s = time.perf_counter() - begin
    driver.wait(lambda state: state.analysis is None or has_score(state))
    numbers = [first_s, whole_s, max(watch.gaps), max(waits), driver.peak_mb()]
    driver.window.close()
    return numbers


def has_picture(state: ViewState) -> bool:
    """Whether the slice in view was read."""
    return state.volume is not None and bool(state.volume.is_readable[state.slice_index])


def has_score(state: ViewState) -> bool:
    """Whether the network has answered for the first slice; it has the whole volume then."""
    return state.findings is not None and state.findings.count(SliceStatus.OK) > 0


def superseded(large: Path, small: Path) -> list[float]:
    """Drop a small study while a large one is being opened, at each of STAGES.

    Returns:
        Seconds from each drop to its picture; peak memory (MB).
    """
    driver = Driver()
    waits = []
    for stage in STAGES:
        driver.drop(large)
        driver.wait(lambda state, stage=stage: is_at(state, stage))
        driver.drop(small)
        waits.append(driver.wait(lambda state: state.slice_count == 1 and has_picture(state)))
    numbers = [*waits, driver.peak_mb()]
    driver.window.close()
    return numbers


def is_at(state: ViewState, stage: str) -> bool:
    """Whether opening the large study has come to a stage."""
    volume, reading = state.volume, state.reading
    is_large = volume is not None and volume.slice_count == SLICES
    if stage == "headers":
        return reading is not None and "headers" in reading.text and reading.done > 100
    if volume is None or not is_large:
        return False
    if stage == "first slice":
        return True
    return volume.settled_count > SLICES / 2 if stage == STAGES[2] else volume.is_complete


if __name__ == "__main__":
    main()
