"""How much faster a prepared cache is than the DICOM files that it was made of, and how fast it is made.

Run as ``python -m tests.benchmarks.bench_training_cache``. The files are in the page cache in both cases, so
a real disk makes the difference larger. Slices are taken in random order, into memory, as stored and as
float32 HU (which costs the same whatever they were read from).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from ichviewer.core.progress import ignore_progress
from tests.dicom_files import write_slice
from training.prepare.prepared import PreparedSource, open_prepared
from training.prepare.write import prepare
from training.sources.labeled_slice import SliceImage
from training.sources.rsna_dicom import RsnaDicom

SIDE = 512


def write_set(folder: Path, count: int) -> Path:
    """An RSNA tree of 512 x 512 slices with noise, 32 a study, every other one bleeding."""
    images = folder / "stage_2_train"
    images.mkdir(parents=True)
    generator = np.random.default_rng(1)
    lines = ["ID,Label"]
    for number in range(count):
        name, study = f"ID_{number:06d}", 1 + number // 32
        pixels = generator.integers(0, 4000, (SIDE, SIDE), dtype=np.int16)
        uid = f"1.2.826.0.1.{study}"
        write_slice(
            images / f"{name}.dcm", number + 1, pixels=pixels, StudyInstanceUID=uid, SeriesInstanceUID=uid
        )
        for label in ("epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural", "any"):
            lines.append(f"{name}_{label},{number % 2}")
    (folder / "stage_2_train.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Print slices a second from files, from the cache, and while it is made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        source = RsnaDicom(write_set(Path(name) / "rsna", options.slices))
        rows = source.read_rows(ignore_progress).rows
        native, small = Path(name) / "native", Path(name) / "small"
        making = seconds(lambda: prepare(source, native, None, 0, ignore_progress))
        making_small = seconds(lambda: prepare(source, small, 256, 0, ignore_progress))
        order = np.random.default_rng(2).permutation(len(rows))

        def from_files(as_hu: bool) -> None:
            for index in order:
                image = next(iter(source.read_images([rows[index]])))
                assert isinstance(image, SliceImage)
                image.hu() if as_hu else image.stored.copy()

        def from_cache(cache: PreparedSource, as_hu: bool) -> None:
            for index in order:
                cache.hu(int(index)) if as_hu else cache.stored(int(index)).copy()

        caches = {"cache, 512 px": open_prepared(native), "cache, 256 px": open_prepared(small)}
        times: dict[tuple[str, bool], list[float]] = defaultdict(list)
        for as_hu in (False, True) * options.rounds:
            times["files", as_hu].append(seconds(partial(from_files, as_hu)))
            for label, cache in caches.items():
                times[label, as_hu].append(seconds(partial(from_cache, cache, as_hu)))
    print(f"{'made, 512 px':16} {len(rows) / making:9.0f} slices/s")
    print(f"{'made, 256 px':16} {len(rows) / making_small:9.0f} slices/s")
    for (label, as_hu), found in times.items():
        ratio = statistics.median(f / t for f, t in zip(times["files", as_hu], found, strict=True))
        what = "float32 HU" if as_hu else "stored values"
        speed = len(rows) / statistics.median(found)
        print(f"{label:16} {what:14} {speed:9.0f} slices/s, {ratio:5.1f} x files")


if __name__ == "__main__":
    main()
