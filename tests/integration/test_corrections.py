"""What a reader decides in the viewer comes back as labels of the very slices that were looked at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from dicom_files import write_slice
from marred_heads import whole_head
from stub_checkpoint import save_stub_checkpoint

from ichviewer.controller import Controller, OpenStack
from ichviewer.core.findings import Decision, Review, Subtype
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.export.table import Report
from training.prepare.prepared import PreparedSource, open_prepared
from training.prepare.write import prepare
from training.sources.corrections import Corrections

WRAP = 4096
DECIDED = (
    # Slice index, and what was decided on it.
    (2, {Subtype.SUBDURAL: Decision.ACCEPTED, Subtype.EPIDURAL: Decision.REJECTED}),
    (5, {Subtype.ANY: Decision.REJECTED}),
)


@dataclass(frozen=True, eq=False)
class Read:
    """A stack as the reader saw it, and what became of the decisions."""

    stack: OpenStack
    label_file: Path
    prepared: PreparedSource


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Analyzed with its wrapped values repaired, decided on, exported, and prepared from the export."""
    folder = tmp_path_factory.mktemp("corrections")
    # Twelve slices of the middle, wrapped as some RSNA files are.
    for number, hu in enumerate(np.clip(whole_head(with_bleeds=True), -1000, 3071)[8:20], start=1):
        pixels = (hu.astype(np.int32) % WRAP).astype(np.uint16)
        place = (0.0, 0.0, 5.0 * number)
        path = folder / "images" / f"{number:02d}"
        write_slice(path, number, pixels=pixels, position=place, bits_stored=12, RescaleIntercept=0)
    controller = Controller(save_stub_checkpoint(folder, architecture="mobilenet_v2"), "cpu", folder)
    try:
        (series,) = controller.scan([folder / "images"], ignore_progress, CancelToken()).series
        stack = controller.read(series, ignore_progress, CancelToken())
        assert stack.input_check.is_wrapped
        stack = controller.repair_wrapped(stack.volume)
        findings = controller.analyze(stack.volume, 0, lambda *_: None, CancelToken())
        review = Review(reading="before").with_comment(2, '=sure, "thin"\nsecond line')
        for index, decisions in DECIDED:
            for subtype, decision in decisions.items():
                review = review.with_decision(index, subtype, decision)
        report = Report(
            stack.volume.series, findings, review, controller.card, stack.input_check.text, stack.receipt
        )
        controller.export(folder / "table.csv", [report], identify=False)
    finally:
        controller.close()
    source = Corrections(folder / "table.csv", folder / "images")
    prepare(source, folder / "cache", None, 0, ignore_progress, allow_empty_class=True)
    return Read(stack, folder / "table.csv", open_prepared(folder / "cache"))


def test_decisions_come_back_as_labels(read: Read) -> None:
    """Hazard: a reader's correction is learned on another slice, or as its opposite."""
    found = [(row.slice_number, row.labels, row.known) for row in read.prepared.rows]
    assert found == [
        (3, (1, 0, 0, 0, 0, 1), (True, True, False, False, False, True)),
        (6, (0,) * 6, (True,) * 6),
    ]
    assert "2 slices with decisions, 10 without were left out" in read.prepared.remarks
    assert "0 slices were read after the scores were shown" in read.prepared.remarks


def test_what_is_learned_from_is_what_was_decided_on(read: Read) -> None:
    """Hazard: air at 3096 HU is learned where the reader had the values repaired."""
    for index, (slice_index, _) in enumerate(DECIDED):
        np.testing.assert_array_equal(read.prepared.hu(index), read.stack.volume.hu(slice_index))
        assert read.prepared.hu(index).min() == -1000
    assert "2 slices mended: wrap" in read.prepared.remarks


def test_values_that_the_reader_left_wrapped_stay_so(read: Read, tmp_path: Path) -> None:
    text = read.label_file.read_text(encoding="utf-8")
    table = tmp_path / "table.csv"
    table.write_text(text.replace("unwrapped by 4096", "looked at"), encoding="utf-8")
    source = Corrections(table, read.label_file.parent / "images")
    prepare(source, tmp_path / "cache", None, 0, ignore_progress, allow_empty_class=True)
    assert open_prepared(tmp_path / "cache").hu(0).min() > -1000
