"""Analysis of 40 slices through the engine, against the bare forward pass of the same network.

Both run in a child process with the same number of threads; the bare one reads no image, makes no input
and no map, and answers nobody.
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from ichviewer.cli import CHECKPOINT
from ichviewer.core.findings import SliceResult
from ichviewer.core.progress import Cancelled, CancelToken, ignore_progress
from ichviewer.core.volume import Volume
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import best_series, scan
from ichviewer.inference.engine import Engine
from ichviewer.resources import resource_path
from tests.benchmarks.studies import uncompressed_study

SLICES = 40
RUNS = 5


def bare_server(connection: Connection) -> None:
    """In a child: run the network on SLICES inputs whenever asked, and say how long it took."""
    import torch

    from ichviewer.inference.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(resource_path(CHECKPOINT))
    size = checkpoint.card.preprocessing.size_px
    image = torch.zeros(1, len(checkpoint.card.preprocessing.windows), size, size)
    while connection.recv():
        begin = time.perf_counter()
        with torch.inference_mode():
            for _ in range(SLICES):
                checkpoint.network(image)
        connection.send(time.perf_counter() - begin)


def main() -> None:
    """Print medians of RUNS runs, ours and the bare pass in turn."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    child = multiprocessing.get_context("spawn").Process(target=bare_server, args=(theirs,), daemon=True)
    child.start()
    engine, cancel = Engine(resource_path(CHECKPOINT)), CancelToken()
    with tempfile.TemporaryDirectory() as folder:
        contents = scan((uncompressed_study(Path(folder), SLICES),), ignore_progress, cancel)
        series = best_series(contents)
        assert series is not None
        volume = read_volume(series, ignore_progress, cancel)
    engine.wait_until_ready(cancel)
    analysis_s, bare_s = [], []
    for _ in range(RUNS + 1):
        ours.send(True)
        bare_s.append(ours.recv())
        begin = time.perf_counter()
        engine.predict(volume, range(SLICES), lambda _results: None, cancel)
        analysis_s.append(time.perf_counter() - begin)
    cancel_s, resume_s = zip(*(canceled(engine, volume) for _ in range(RUNS)), strict=True)
    engine.close()
    ours.send(False)
    ratios = [a / b for a, b in zip(analysis_s[1:], bare_s[1:], strict=True)]
    print(f"bare forward pass   {statistics.median(bare_s[1:]) / SLICES * 1000:6.1f} ms a slice")
    print(
        f"analysis            {statistics.median(analysis_s[1:]) / SLICES * 1000:6.1f} ms a slice"
        f"   {statistics.median(ratios):.2f} x   aim: at most 1.3 x"
    )
    print(
        f"cancel              {max(cancel_s) * 1000:6.1f} ms at most until it lets go"
        f"   aim: under 200 ms; {max(resume_s) * 1000:.0f} ms until another study has its first score"
    )


def canceled(engine: Engine, volume: Volume) -> tuple[float, float]:
    """Cancel after the third slice.

    Returns:
        Seconds until the engine lets go, and until another analysis has its first score.
    """
    cancel, seen, began = CancelToken(), [], 0.0

    def stop_at_third(results: tuple[SliceResult, ...]) -> None:
        nonlocal began
        seen.extend(results)
        if len(seen) == 3:
            began = time.perf_counter()
            cancel.cancel()

    try:
        engine.predict(volume, range(SLICES), stop_at_third, cancel)
    except Cancelled:
        free = time.perf_counter()
    engine.predict(volume, [0], lambda _results: None, CancelToken())
    return free - began, time.perf_counter() - began


if __name__ == "__main__":
    main()
