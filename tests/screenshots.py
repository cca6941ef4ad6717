"""Pictures of every state of the window, so that each has been seen by someone.

``python -m tests.screenshots OUT_DIR`` writes each state at scale 1 and 2, offscreen. The scores in them are
made up; the picture of the user guide is made by ``tests.screenshot_demo``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QApplication

from ichviewer.core.findings import (
    SUBTYPES,
    Decision,
    Review,
    SliceFinding,
    SliceStatus,
    StudyFindings,
    Subtype,
)
from ichviewer.core.history import ReaderWork
from ichviewer.core.phantom import demo_spec, make_phantom
from ichviewer.core.progress import Progress
from ichviewer.core.series import FileVerdict, FolderContents, PatientText, Series, Verdict
from ichviewer.core.viewstate import Message, Thumbnail, ViewState, listed, opened, scrolled_to
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import BRAIN, apply_window
from ichviewer.core.wrap_repair import REPAIR, WRAPPED_REASON
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.store import Store
from ichviewer.gui.theme import apply_theme
from tests.builders import make_card, make_findings, make_volume

SIZE, SMALL = (1600, 1000), (1280, 720)
RECEIPT = (
    "sorted by position; 34 slices; no gaps; 2 localizers hidden; spacing 5.00 mm; Hounsfield units claimed"
)
ODD_RECEIPT = (
    "sorted by position; 28 slices; tilt -18.5° (tag +18.5); 12 gaps; 3 duplicates; 2 localizers hidden; "
    "spacing 1.08 to 7.00 mm (median 4.00); 1 overlap; missing slice after slice 21? (7.00 mm); "
    "Hounsfield units assumed: SOP Class or Image Type is missing; compressed with loss"
)
AMBER = (
    "metal (over 2500 HU in 3 slices, most in slice 21)",
    "bone is missing from the skull (craniectomy?) around slice 22",
    "age unknown",
)
CARD = replace(
    make_card(threshold=0.4),
    name="demo-card",
    calibrated_on="CT-ICH and RSNA 2019 slices, out of fold",
)

Picture = tuple[str, tuple[int, int], ViewState]


def head(slices: int = 34) -> Volume:
    """The demo head with its bleeds."""
    phantom = make_phantom(replace(demo_spec(), slice_count=slices, rows=256, columns=256))
    spacing = phantom.geometry.pixel_spacing_mm
    volume = make_volume(hu=phantom.hu, pixel_spacing_mm=spacing, patient=PatientText("Demo^Head", "DEMO-1"))
    return replace(
        volume, geometry=phantom.geometry, series=replace(volume.series, geometry=phantom.geometry)
    )


def truth(volume: Volume) -> dict[Subtype, tuple[int, ...]]:
    """Slices above threshold in the pictures: three runs and one isolated slice."""
    middle = volume.slice_count // 2
    return {
        Subtype.SUBDURAL: tuple(range(middle + 1, middle + 6)),
        Subtype.INTRAPARENCHYMAL: (middle - 1, middle, middle + 1),
        Subtype.INTRAVENTRICULAR: (middle, middle + 1),
        Subtype.EPIDURAL: (max(middle - 8, 0),),
    }


def findings(volume: Volume, done: int | None = None, is_hot: bool = True) -> StudyFindings:
    """Scores that rise and fall as a network's do; only *done* slices around the middle, if given."""
    high = truth(volume) if is_hot else {}
    found = make_findings(volume, CARD)
    generator = np.random.default_rng(3)
    middle = volume.slice_count // 2
    for one in found.slices:
        if one.probabilities is None or one.framing is None or one.class_maps is None:
            continue
        base = generator.uniform(0.002, 0.15, len(SUBTYPES))
        for subtype, slices in high.items():
            if one.slice_index in slices:
                base[SUBTYPES.index(subtype)] = generator.uniform(0.55, 0.97)
        base[0] = max(base.max(), base[0])
        if done is not None and abs(one.slice_index - middle) > done // 2:
            pending = SliceFinding(one.slice_index, SliceStatus.PENDING)
            found = found.with_slice(pending, found.series_key, found.checkpoint_sha256)
            continue
        finding = replace(one, probabilities=tuple(base.tolist()))
        found = found.with_slice(finding, found.series_key, found.checkpoint_sha256)
    return found


def contents(volume: Volume) -> FolderContents:
    """The head, a bone reformat and a scout; one file is damaged."""
    series = volume.series
    bone = replace(series, series_instance_uid="1.2.4", description="BONE 1 mm", is_ai_candidate=False)
    scout = replace(
        series,
        series_instance_uid="1.2.5",
        description="Scout",
        is_ai_candidate=False,
        slices=series.slices[:2],
    )
    files = [FileVerdict(f"IM{index:04}", Verdict.LOADED, "") for index in range(volume.slice_count)]
    files.append(FileVerdict("IM0100", Verdict.SKIPPED, "dose report"))
    files.append(FileVerdict("IM0101", Verdict.DAMAGED, "pixel data end after 1,024 of 524,288 bytes"))
    return FolderContents((series, bone, scout), tuple(files))


def thumbnail(volume: Volume, series: Series) -> Thumbnail:
    """The middle slice in the brain window."""
    grey = apply_window(volume.hu(volume.slice_count // 2)[::2, ::2], BRAIN)
    return Thumbnail(series.key, np.round(grey * 255).astype(np.uint8))


def shown(volume: Volume) -> ViewState:
    """A stack, open and unread."""
    found = contents(volume)
    start = ViewState(model_card=CARD, device="CPU, 2 threads", recent_paths=RECENT)
    state = opened(listed(start, found), volume, RECEIPT)
    pictures = tuple(thumbnail(volume, series) for series in found.series[:2])
    return replace(state, thumbnails=pictures, input_check="green")


RECENT = ("studies/2024-01/head CT of the morning", "archive/CQ500/CQ500CT0", "demo")


def pictures() -> Iterator[Picture]:
    """Name, size and state of every picture."""
    volume = head()
    state = shown(volume)
    middle = volume.slice_count // 2
    complete = replace(state, findings=findings(volume), slice_index=middle + 1)
    start = ViewState(model_card=CARD, device="CPU, 2 threads")
    yield "empty", SIZE, replace(start, recent_paths=RECENT)
    yield "loading", SIZE, replace(start, reading=Progress(120, 412, "Reading headers"))
    yield (
        "loading-pixels",
        SMALL,
        replace(listed(start, contents(volume)), reading=Progress(9, 34, "Reading slices")),
    )
    yield from half_read(state, volume)
    analyzing = replace(state, findings=findings(volume, done=12), analysis=Progress(13, 34, "analyzing"))
    yield "analyzing", SIZE, analyzing
    heat = replace(complete, shows_heatmap=True, heatmap_subtype=Subtype.SUBDURAL)
    reviewed = Review().with_decision(middle + 1, Subtype.SUBDURAL, Decision.ACCEPTED)
    reviewed = reviewed.with_comment(middle + 1, "thin, left convexity")
    yield "results", SIZE, replace(heat, work=ReaderWork(reviewed))
    yield "results-small", SMALL, heat
    yield "results-large", (1920, 1080), heat
    yield "promoted", SMALL, replace(heat, promoted_view=0)
    yield "no-findings", SIZE, replace(state, findings=findings(volume, is_hot=False))
    yield from problems(volume, state, complete)
    yield from extremes(volume)


def half_read(state: ViewState, volume: Volume) -> Iterator[Picture]:
    """A stack while it is read: a slice that is there, one that is not; and after it was canceled."""
    count, middle = volume.slice_count, volume.slice_count // 2
    awaited = frozenset(index for index in range(count) if abs(index - middle) > 4 and abs(index - 28) > 1)
    partial = replace(
        volume,
        is_readable=np.asarray([index not in awaited for index in range(count)]),
        awaited_slices=awaited,
    )
    reading = replace(
        state,
        volume=partial,
        thumbnails=(),
        input_check="",
        reading=Progress(partial.settled_count, count, "Reading slices"),
    )
    yield "reading", SIZE, reading
    yield "reading-awaited", SMALL, scrolled_to(reading, 4)
    text = f"Canceled after {partial.settled_count} of {count} slices."
    message = Message(text, details="Click the series on the left to read the rest.")
    yield "reading-canceled", SIZE, replace(scrolled_to(reading, 4), reading=None, message=message)
    many = make_volume(800, 64, 64, spacing_mm=0.2)
    awaited = frozenset(index for index in range(800) if abs(index - 400) > 60)
    partial = replace(
        many,
        is_readable=np.asarray([index not in awaited for index in range(800)]),
        awaited_slices=awaited,
    )
    yield (
        "reading-800",
        SIZE,
        replace(shown(partial), input_check="", reading=Progress(121, 800, "Reading slices")),
    )


def problems(volume: Volume, state: ViewState, complete: ViewState) -> Iterator[Picture]:
    """What goes wrong."""
    reasons = ("slices are 10 mm thick", "HU not claimed by the files")
    message = Message("Not analyzed: the input check is red.", is_problem=True, details="\n".join(reasons))
    yield "red-check", SIZE, replace(state, input_check="red", input_check_reasons=reasons, message=message)
    text = f"Not analyzed, input check red: {WRAPPED_REASON}. Repair values mends a copy in memory."
    yield (
        "repair-offer",
        SIZE,
        replace(
            state,
            input_check="red",
            input_check_reasons=(WRAPPED_REASON,),
            message=Message(text, is_problem=True),
        ),
    )
    mended = replace(complete, receipt=f"{REPAIR}; {RECEIPT}")
    yield "repaired", SIZE, mended
    for name, size in (("amber-check", SIZE), ("amber-check-small", SMALL)):
        yield (
            name,
            size,
            replace(complete, receipt=ODD_RECEIPT, input_check="amber", input_check_reasons=AMBER),
        )
    broken = {5: "pixel data end after 1,024 of 131,072 bytes", 18: "JPEG 2000 codestream is damaged"}
    damaged = replace(
        volume,
        is_readable=np.asarray([index not in broken for index in range(volume.slice_count)]),
        unreadable_reasons=broken,
    )
    found = findings(damaged)
    for index, reason in ((11, "the network ran out of memory"), *broken.items()):
        status = SliceStatus.UNREADABLE if index in broken else SliceStatus.FAILED
        finding = SliceFinding(index, status, reason=reason)
        found = found.with_slice(finding, found.series_key, found.checkpoint_sha256)
    message = Message("2 of 34 files could not be read", is_problem=True, details="\n".join(broken.values()))
    at = scrolled_to(replace(complete, volume=damaged), 18)
    reasons = ("2 slices could not be read",)
    yield (
        "damaged",
        SIZE,
        replace(at, findings=found, message=message, input_check="amber", input_check_reasons=reasons),
    )


def extremes(volume: Volume) -> Iterator[Picture]:
    """One slice, very many, very long names, names from right to left."""
    hu, spacing = volume.hu(17)[None].astype(np.int16), volume.geometry.pixel_spacing_mm
    one = make_volume(hu=hu, pixel_spacing_mm=spacing)
    yield "one-slice", SIZE, replace(shown(one), findings=findings(one), input_check="amber")
    many = make_volume(800, 64, 64, spacing_mm=0.2)
    yield (
        "800-slices",
        SIZE,
        replace(shown(many), findings=findings(many, done=500), analysis=Progress(501, 800, "analyzing")),
    )
    long = make_volume(
        hu=hu,
        pixel_spacing_mm=spacing,
        description="CT HEAD AND NECK WITHOUT AND WITH CONTRAST AGENT, THIN SLICES FOR NAVIGATION",
        patient=PatientText("Wolfeschlegelsteinhausenbergerdorff^Hubert Blaine^^Dr.", "0123456789" * 6),
    )
    state = replace(
        shown(long),
        receipt=ODD_RECEIPT,
        message=Message("The settings could not be saved: the folder is read-only.", True, "x"),
        device="NVIDIA H200 NVL 141GB HBM3e, CUDA device 0 of 8",
        input_check="amber",
        findings=findings(long),
    )
    yield "long-names", SMALL, state
    right_to_left = make_volume(
        hu=hu,
        pixel_spacing_mm=spacing,
        description="תצוגת ראש ללא חומר ניגוד",
        patient=PatientText("كباني^لنزار", "مريض-٠٤٢"),
    )
    yield "right-to-left", SMALL, shown(right_to_left)


def save_states(folder: Path, application: QApplication, suffix: str) -> None:
    """Draw every state in a window of its own."""
    for name, size, state in pictures():
        store = Store()
        window = MainWindow(store)
        window.resize(*size)
        window.show()
        store.set(state)
        settle(application)
        save(window, folder / f"{name}{suffix}.png")
        window.close()


def settle(application: QApplication) -> None:
    """Let layouts and paints that wait be done."""
    for _ in range(5):
        application.processEvents()


def save(window: MainWindow, path: Path) -> None:
    """Write what the window shows, compressed as far as it goes."""
    window.grab().toImage().save(str(path), "PNG", 0)
    print(path.name, f"{path.stat().st_size // 1024} kB", flush=True)


def at_both_scales(module: str, draw: Callable[[Path, QApplication, str], None]) -> None:
    """Command line of a script that makes pictures; each scale is a process, because Qt reads it once.

    Args:
        module: Dotted name of the script.
        draw: Called with the folder, the application and what the file names end with.
    """
    parser = argparse.ArgumentParser(prog=module)
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("--scale", type=int, default=0, help="one scale only")
    arguments = parser.parse_args()
    arguments.out_dir.mkdir(parents=True, exist_ok=True)
    if not arguments.scale:
        for scale in ("1", "2"):
            environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": scale}
            command = [sys.executable, "-m", module, str(arguments.out_dir), "--scale", scale]
            subprocess.run(command, env=environment, check=True)
        return
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication([])
    apply_theme(application)
    draw(arguments.out_dir, application, "" if arguments.scale == 1 else f"@{arguments.scale}x")


if __name__ == "__main__":
    at_both_scales("tests.screenshots", save_states)
