"""Start-up: from the start of the process to the window, and to the first image, against a bare Qt window."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 5

BARE_WINDOW = """
import sys, time
from PySide6.QtWidgets import QApplication, QMainWindow
application = QApplication(sys.argv)
window = QMainWindow()
window.show()
application.processEvents()
print(time.time())
"""

OUR_WINDOW = """
import sys, time
from pathlib import Path
from PySide6.QtWidgets import QApplication
from ichviewer.app import build_window
from ichviewer.cli import CHECKPOINT
from ichviewer.gui.theme import apply_theme
from ichviewer.resources import resource_path
if __name__ == "__main__":
    application = QApplication(sys.argv)
    apply_theme(application)
    paths = [Path(path) for path in sys.argv[1:]]
    window = build_window(paths, resource_path(CHECKPOINT))
    window.resize(1600, 900)
    window.show()
    application.processEvents()
    print(time.time(), flush=True)
    while paths and window.store.state.volume is None:
        application.processEvents()
    application.processEvents()
    print(time.time(), flush=True)
    window.close()
"""


def measure(script: Path, *arguments: str) -> list[float]:
    """Seconds from the start of the process to each time stamp that it prints."""
    begin = time.time()
    command = [sys.executable, str(script), *arguments]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=environment()).stdout
    return [float(line) - begin for line in printed.split()]


def environment() -> dict[str, str]:
    """The caller's, without a display and with a configuration folder of its own."""
    return {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": tempfile.mkdtemp()}


def main() -> None:
    """Print medians of RUNS runs, ours and the bare window in turn."""
    from tests.benchmarks.studies import uncompressed_study

    with tempfile.TemporaryDirectory() as folder:
        bare, ours = Path(folder, "bare.py"), Path(folder, "ours.py")
        bare.write_text(BARE_WINDOW)
        ours.write_text(OUR_WINDOW)
        study = uncompressed_study(Path(folder, "study"), 40)
        measure(bare), measure(ours)  # the first of each fills the disk cache
        times = [(measure(bare)[0], *measure(ours, str(study))) for _ in range(RUNS)]
    bare_s, window_s, image_s = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"bare Qt window            {bare_s * 1000:6.0f} ms")
    print(
        f"ichviewer to the window   {window_s * 1000:6.0f} ms   {window_s / bare_s:4.1f} x"
        "   aim: under 1500 ms"
    )
    print(f"ichviewer to the image    {image_s * 1000:6.0f} ms   of 40 slices given on the command line")


if __name__ == "__main__":
    main()
