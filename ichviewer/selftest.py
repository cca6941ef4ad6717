"""Does everything work on this machine? Every transfer syntax, the network, and the demo study, really run.

The one thing to get wrong: what is installed proves nothing. A syntax counts once a picture with known
pixels came out right, the network once it has flagged the bleeds of the demo study.
"""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from ichviewer import __version__
from ichviewer.controller import Controller, demo_folder, demo_path
from ichviewer.core.errors import IchViewerError, InferenceError, UnreadableError
from ichviewer.core.file_errors import why_not_written
from ichviewer.core.findings import Subtype
from ichviewer.core.progress import CancelToken, Progress, ReportProgress
from ichviewer.core.volume import Volume
from ichviewer.dicom.decode import SliceDecoder
from ichviewer.dicom.syntax_check import check_syntaxes
from ichviewer.selftest_report import DemoResult, NetworkResult, SelfTestReport
from ichviewer.settings import user_data_folder

PARTS = (
    *("PySide6-Essentials", "pyqtgraph", "numpy", "pydicom", "pylibjpeg", "pylibjpeg-openjpeg"),
    *("pylibjpeg-rle", "pyjpegls", "python-gdcm", "SimpleITK", "torch", "torchvision", "grad-cam"),
    *("opencv-python-headless", "safetensors", "platformdirs"),
)
"""The packages that the program stands on, as ``pyproject.toml`` names them."""

ABSENT = "not installed"

NOTHING_FLAGGED = (
    "The network runs but flags no slice of the demo study, which shows bleeds: do not trust its scores on "
    "this machine. What to do: run it on the CPU (Analysis, Device; or --device cpu) and try again."
)

Outcome = TypeVar("Outcome")


def run_selftest(card_path: Path, device: str, report: ReportProgress, cancel: CancelToken) -> SelfTestReport:
    """Try everything that reading a head CT needs; leaves no file behind.

    Args:
        card_path: Model card beside the weights.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        report: Told what is being tried.
        cancel: Looked at between the steps and within the long ones.

    Raises:
        IchViewerError: Not even a temporary file can be written.
        Cancelled: *cancel* was set.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="ichviewer-selftest-") as name:
            folder = Path(name)
            (folder / "syntaxes").mkdir()
            with SliceDecoder() as decoder:
                syntaxes = check_syntaxes(folder / "syntaxes", decoder, report, cancel)
            network, demo = _check_network(card_path, device, folder, report, cancel)
    except OSError as error:
        raise IchViewerError(
            f"The self-test needs a temporary folder and cannot write to it ({why_not_written(error)})."
        ) from error
    return SelfTestReport(syntaxes, network, demo, _versions())


def _check_network(
    card_path: Path, device: str, folder: Path, report: ReportProgress, cancel: CancelToken
) -> tuple[NetworkResult, DemoResult]:
    try:
        controller = Controller(card_path, device, folder)
    except IchViewerError as error:
        return NetworkResult(problem=str(error)), DemoResult()
    card = controller.card
    try:
        report(Progress(0, 0, "loading the network"))
        seconds, name = _timed(lambda: controller.device(cancel))
        threads = controller.thread_count(cancel)
        network = NetworkResult(name, threads, card.name, card.weights_sha256, seconds)
    except InferenceError as error:
        network = NetworkResult(checkpoint=card.name, weights_sha256=card.weights_sha256, problem=str(error))
    try:
        return network, _check_demo(controller, folder, not network.problem, report, cancel)
    except IchViewerError as error:
        return network, DemoResult(problem=f"The demo study failed: {error}")
    finally:
        controller.close()


def _check_demo(
    controller: Controller, folder: Path, has_network: bool, report: ReportProgress, cancel: CancelToken
) -> DemoResult:
    """Open the demo study as a user would, and analyze it."""
    kept = user_data_folder()
    study = demo_folder(kept if demo_path(kept).is_dir() else folder, report, cancel)

    def opened() -> Volume:
        series = controller.best_series(controller.scan((study,), report, cancel))
        if series is None:
            raise UnreadableError(f"no head CT was found in {study}")
        return controller.read(series, report, cancel).volume

    open_s, volume = _timed(opened)
    if not has_network:
        return DemoResult(volume.slice_count, 0, open_s, None)
    analyze_s, findings = _timed(
        lambda: controller.analyze(volume, 0, lambda _results, step: report(step), cancel)
    )
    threshold = controller.card.slice_thresholds[0]
    scores = [finding.probability(Subtype.ANY) for finding in findings.slices]
    flagged = sum(score is not None and score >= threshold for score in scores)
    problem = "" if flagged else NOTHING_FLAGGED
    return DemoResult(volume.slice_count, flagged, open_s, analyze_s, problem)


def _timed(work: Callable[[], Outcome]) -> tuple[float, Outcome]:
    """Seconds that *work* took, and what it gave."""
    begin = perf_counter()
    outcome = work()
    return perf_counter() - begin, outcome


def _versions() -> tuple[tuple[str, str], ...]:
    system = (("Python", platform.python_version()), ("system", platform.platform()))
    return (("ichviewer", __version__), *system, *((part, _version(part)) for part in PARTS))


def _version(part: str) -> str:
    try:
        return metadata.version(part)
    except metadata.PackageNotFoundError:
        return ABSENT
