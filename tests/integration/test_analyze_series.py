"""``analyze --all`` over series that cannot all be read."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from dicom_files import SERIES, make_slice, save, write_stack
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless
from stub_checkpoint import save_stub_checkpoint

from ichviewer.headless import (
    DONE,
    NOTHING_READABLE,
    SOMETHING_FAILED,
    AnalyzeRequest,
    analyze,
)

GARBLED = f"{SERIES}.9"


def write_garbled_stack(folder: Path) -> None:
    """A series whose headers are sound and whose compressed pixels are noise."""
    for number in (1, 2, 3):
        dataset = make_slice(number, SeriesInstanceUID=GARBLED)
        dataset.PixelData = encapsulate([b"\xff\xd8\xff\xf7 no codestream " * 8])
        dataset["PixelData"].VR = "OB"
        dataset.file_meta.TransferSyntaxUID = JPEGLSLossless
        save(dataset, folder / str(number))


@pytest.mark.parametrize(
    ("sound", "broken", "code"),
    [(True, False, DONE), (True, True, SOMETHING_FAILED), (False, True, NOTHING_READABLE)],
)
def test_a_series_that_cannot_be_read_shows_in_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], sound: bool, broken: bool, code: int
) -> None:
    """Hazard: a script takes a table without one of the series for the whole study's."""
    study = tmp_path / "study"
    if sound:
        write_stack(study / "sound", 3)
    if broken:
        write_garbled_stack(study / "garbled")
    card = save_stub_checkpoint(tmp_path, architecture="mobilenet_v2")
    table = tmp_path / "findings.csv"
    assert analyze(AnalyzeRequest(study, table, card, device="cpu", every_series=True, force=True)) == code
    assert ("cannot be read" in capsys.readouterr().err) == broken
    assert table.exists() == sound
    if sound:
        with table.open(newline="", encoding="utf-8") as file:
            assert {row["series_instance_uid"] for row in csv.DictReader(file)} == {SERIES}
