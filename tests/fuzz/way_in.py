"""The whole way of a file into the viewer, and what came of it.

Only named outcomes are allowed: a verdict with its reason, an image, or ``UnreadableError``. Whatever else
is raised, warnings included, is left to the caller: it is a finding.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ichviewer.core.errors import UnreadableError
from ichviewer.core.input_check import check_input
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.receipt import receipt
from ichviewer.core.series import FolderContents, Series, Verdict
from ichviewer.dicom.decode import SliceDecoder
from ichviewer.dicom.file_text import shown
from ichviewer.dicom.inspect import inspect_document
from ichviewer.dicom.read import read_volume, thumbnail
from ichviewer.dicom.scan import best_series, scan

MOST_SERIES = 4
"""Series of one file that are read; hostile frames can make one each."""


@dataclass(frozen=True)
class Outcome:
    """What became of a file.

    Attributes:
        kind: In a few words; the rows of the table.
        reason: Of the first verdict that is not plainly good, or of the series that cannot be read.
    """

    kind: str
    reason: str = ""


def outcome(path: Path, decoder: SliceDecoder, at_step: Callable[[str], None]) -> Outcome:
    """Scan, list, read, check and draw what *path* holds, as window and command line do.

    Args:
        path: The file.
        decoder: Warm children for compressed pixels.
        at_step: Told the name of each step as it begins, so that somebody else can watch the clock.
    """
    at_step("scan")
    contents = scan([path], ignore_progress, CancelToken())
    _check_verdicts(contents)
    at_step("inspect")
    json.dumps(inspect_document(contents, hash_uids=True), allow_nan=False).encode()
    at_step("best series")
    best = best_series(contents)
    if best is None:
        worst = min(contents.files, key=lambda file: file.verdict is not Verdict.DAMAGED)
        return Outcome(f"no image: {worst.verdict}", worst.reason)
    others = [series for series in contents.series if series is not best]
    first, *_ = [_read(series, decoder, at_step) for series in [best, *others[: MOST_SERIES - 1]]]
    return first


def _check_verdicts(contents: FolderContents) -> None:
    assert contents.files, "a file without a verdict"
    for file in contents.files:
        assert file.verdict is Verdict.LOADED or file.reason, f"{file.verdict} without a reason"
        assert shown(file.reason) == file.reason, f"what steers a terminal in {file.reason!r}"


def _read(series: Series, decoder: SliceDecoder, at_step: Callable[[str], None]) -> Outcome:
    line = receipt(series)
    texts = (line, *series.notes, series.description, series.patient.patient_name, series.key)
    assert all(shown(text) == text for text in texts), "what steers a terminal in the receipt"
    at_step("thumbnail")
    try:
        thumbnail(series, 96, decoder=decoder)
    except UnreadableError:
        at_step("no thumbnail")
    at_step("volume")
    try:
        volume = read_volume(series, ignore_progress, CancelToken(), decoder)
    except UnreadableError as error:
        return Outcome("no image: slices cannot be read", str(error).split("cannot be read: ", 1)[-1])
    at_step("input check")
    assert check_input(volume).level
    lost = next(iter(volume.unreadable_reasons.values()), "")
    return Outcome("image with slices that are named as unreadable", lost) if lost else Outcome("image")
