"""How long opening takes, against SimpleITK's series reader and plain pydicom in the same run.

Run as ``python -m tests.benchmarks.bench_open``. Numbers of different runs are not comparable on a
shared machine: the readers take turns within each round, and ratios are medians over the rounds.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.volume import Volume
from ichviewer.dicom.decode import SliceDecoder
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import best_series, scan

COMPRESSED = Path(__file__).resolve().parents[3] / "shared" / "data" / "cq500_ct0"
SIDE = 512

Opener = Callable[[Path], object]

OPEN_ALONE = """
import sys
from pathlib import Path
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import best_series, scan
contents = scan([Path(sys.argv[1])], ignore_progress, CancelToken())
volume = read_volume(best_series(contents), ignore_progress, CancelToken())
status = Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else []
print(next((line.split()[1] for line in lines if line.startswith("VmHWM")), 0))
"""


def write_study(folder: Path, count: int) -> Path:
    """An uncompressed study of *count* slices of 512 x 512 pixels with noise."""
    folder.mkdir()
    pixels = np.random.default_rng(1).integers(0, 4000, (SIDE, SIDE), dtype=np.int16)
    for number in range(count):
        dataset = Dataset()
        dataset.SOPClassUID = CTImageStorage
        dataset.SOPInstanceUID = f"1.2.826.0.1.4.{number + 1}"
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.826.0.1.1", "1.2.826.0.1.2"
        dataset.FrameOfReferenceUID, dataset.PatientID = "1.2.826.0.1.3", "BENCH"
        dataset.Modality, dataset.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.SeriesDescription, dataset.InstanceNumber = "HEAD", number + 1
        dataset.ImagePositionPatient = [-120, -120, 0.625 * number]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.PixelSpacing, dataset.SliceThickness = [0.46875, 0.46875], 0.625
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.Rows = dataset.Columns = SIDE
        dataset.BitsAllocated = dataset.BitsStored = 16
        dataset.HighBit, dataset.PixelRepresentation = 15, 1
        for element in range(60):
            dataset.add_new(0x00091001 + element, "LO", f"private text {element}")
        dataset.PixelData = np.roll(pixels, number).tobytes()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.save_as(folder / f"IM{(number * 7919) % 100003:06d}", enforce_file_format=True)
    return folder


def open_ours(folder: Path, decoder: SliceDecoder | None = None) -> Volume:
    """Scan and read, as the window does it."""
    series = best_series(scan([folder], ignore_progress, CancelToken()))
    assert series is not None
    return read_volume(series, ignore_progress, CancelToken(), decoder)


def open_simpleitk(folder: Path) -> SimpleITK.Image:
    """ITK's series reader: names sorted by GDCM, then read."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def open_pydicom(folder: Path) -> NDArray[np.generic]:
    """What many scripts do: read all, sort by position, stack."""
    datasets = [pydicom.dcmread(path) for path in sorted(folder.iterdir())]
    series = max({d.SeriesInstanceUID for d in datasets}, key=[d.SeriesInstanceUID for d in datasets].count)
    chosen = [dataset for dataset in datasets if dataset.SeriesInstanceUID == series]
    chosen.sort(key=lambda dataset: float(dataset.ImagePositionPatient[2]))
    return np.stack([dataset.pixel_array for dataset in chosen])


def measure(openers: Mapping[str, Opener], folder: Path, rounds: int) -> dict[str, list[float]]:
    """Seconds of every opener in every round, taking turns; the first round only fills caches."""
    times: dict[str, list[float]] = {name: [] for name in openers}
    for _ in range(rounds + 1):
        for name, opener in openers.items():
            start = time.perf_counter()
            opened = opener(folder)
            times[name].append(time.perf_counter() - start)
            del opened
    return {name: values[1:] for name, values in times.items()}


def longest_gap_s(work: Callable[[], object]) -> float:
    """Longest stretch in which another thread did not run while *work* did, beyond its sleep of 1 ms."""
    gaps: list[float] = []
    finished = threading.Event()

    def beat() -> None:
        last = time.perf_counter()
        while not finished.is_set():
            time.sleep(0.001)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    beater = threading.Thread(target=beat)
    beater.start()
    work()
    finished.set()
    beater.join()
    return max(gaps)


def peak_memory_mib(folder: Path) -> float:
    """Peak resident memory of a fresh process that only opens *folder*, MiB; 0 where it cannot be asked."""
    done = subprocess.run(
        [sys.executable, "-c", OPEN_ALONE, str(folder)], capture_output=True, text=True, check=True
    )
    return float(done.stdout) / 1024


def print_row(title: str, times: Mapping[str, list[float]], aim: float) -> None:
    """Medians in milliseconds, and ours as a share of SimpleITK's, round by round."""
    medians = {name: statistics.median(values) * 1000 for name, values in times.items()}
    ratio = statistics.median(a / b for a, b in zip(times["ichviewer"], times["SimpleITK"], strict=True))
    columns = "  ".join(f"{name} {value:7.1f} ms" for name, value in medians.items())
    print(f"{title:24} {columns}  ratio to SimpleITK {ratio:.2f} (aim {aim:g})")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    openers: dict[str, Opener] = {
        "ichviewer": open_ours,
        "SimpleITK": open_simpleitk,
        "pydicom": open_pydicom,
    }
    with tempfile.TemporaryDirectory() as place:
        few, many = write_study(Path(place) / "few", 40), write_study(Path(place) / "many", 400)
        times = measure(openers, few, rounds)
        print_row("40 uncompressed slices", times, 0.4)
        first = statistics.median(times["ichviewer"]) * 1000
        print(f"{'first image, 40':24} {first:.0f} ms (aim 150): scan and read, then it can be drawn")
        print_row("400 uncompressed slices", measure(openers, many, rounds), 0.4)
        print(f"{'longest pause, 400':24} {longest_gap_s(lambda: open_ours(many)) * 1000:.0f} ms (aim 50)")
        size = 400 * SIDE * SIDE * 2 / (1 << 20)
        print(f"{'peak memory, 400':24} {peak_memory_mib(many):.0f} MiB, of which {size:.0f} are pixels")
    if not COMPRESSED.is_dir():
        print("compressed slices: the real head CTs are not here")
        return
    with SliceDecoder() as decoder:
        decoder.start()
        openers["ichviewer"] = lambda folder: open_ours(folder, decoder)
        print_row("23 JPEG Lossless slices", measure(openers, COMPRESSED, rounds), 1.3)


if __name__ == "__main__":
    main()
