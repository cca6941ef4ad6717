"""The shipped checkpoint on the demo head: heat where the blood is, and none on the healthy head."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from builders import make_volume

from ichviewer.cli import CHECKPOINT
from ichviewer.core.findings import SUBTYPES, SliceFinding, SliceStatus, Subtype
from ichviewer.core.geometry import AS_STORED
from ichviewer.core.heatmap import closed_form_heatmap, find_peak, heat_on_slice
from ichviewer.core.model_card import ModelCard
from ichviewer.core.phantom import Phantom, demo_spec, make_phantom
from ichviewer.core.volume import Volume
from ichviewer.inference.checkpoint import Checkpoint, load_checkpoint
from ichviewer.inference.device import choose_device
from ichviewer.inference.predict import predict
from ichviewer.resources import resource_path

HOT = 0.5
"""Half of full color: from here on nobody overlooks it."""


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return load_checkpoint(resource_path(CHECKPOINT))


def analyzed(phantom: Phantom, checkpoint: Checkpoint) -> tuple[Volume, list[SliceFinding]]:
    volume = make_volume(
        hu=phantom.hu,
        pixel_spacing_mm=phantom.geometry.pixel_spacing_mm,
        spacing_mm=float(np.diff(phantom.geometry.positions_mm)[0]),
        in_plane=AS_STORED,
    )
    findings = list(chain(*predict(volume, checkpoint, choose_device("cpu"))))
    assert all(finding.status is SliceStatus.OK for finding in findings)
    return volume, findings


def hottest(volume: Volume, finding: SliceFinding, subtype: Subtype, card: ModelCard) -> float:
    heatmap = closed_form_heatmap(finding, subtype, card, volume.geometry.pixel_spacing_mm)
    assert heatmap is not None
    return float(heat_on_slice(heatmap, volume.hu(finding.slice_index)).max())


def test_the_healthy_head_shows_nothing_hot(checkpoint: Checkpoint) -> None:
    """Hazard: a healthy head painted as hot as a bleeding one persuades the reader of a bleed."""
    volume, findings = analyzed(make_phantom(demo_spec(with_bleeds=False)), checkpoint)
    heat = [hottest(volume, finding, s, checkpoint.card) for finding in findings for s in SUBTYPES]
    assert max(heat) < HOT
    flags = [
        (finding.slice_index, s)
        for finding in findings
        for s, threshold in zip(SUBTYPES, checkpoint.card.slice_thresholds, strict=True)
        if finding.probability(s) >= threshold
    ]
    assert flags == []


def distance_to_blood_mm(
    phantom: Phantom, volume: Volume, finding: SliceFinding, label: Subtype, blood: Subtype
) -> tuple[float, float]:
    """From the peak of one label's map to the nearest blood of one kind, and the side of a map's cell."""
    peak = find_peak(
        finding.class_maps[SUBTYPES.index(label)], label, finding.framing, volume, finding.slice_index
    )
    assert peak is not None
    rows, columns = np.nonzero(phantom.masks[blood][finding.slice_index])
    between_rows, between_columns = volume.geometry.pixel_spacing_mm
    distances = np.hypot((rows - peak.row) * between_rows, (columns - peak.column) * between_columns)
    return float(distances.min()), peak.cell_mm


def test_heat_lies_at_the_blood(checkpoint: Checkpoint) -> None:
    """Hazard: a map that points beside the bleed sends the reader to the wrong place.

    On the slice of each bleed that scores highest, ``any`` points to the blood within a cell and a half of
    the map. So does the label's own map, save epidural's: it learned from few patients and points elsewhere
    (docs/training.md).
    """
    phantom = make_phantom(demo_spec(with_bleeds=True))
    volume, findings = analyzed(phantom, checkpoint)
    for column, subtype in enumerate(SUBTYPES[1:], start=1):
        bleeding = np.flatnonzero(phantom.labels[:, column])
        finding = findings[max(bleeding, key=lambda index: findings[index].probability(subtype))]
        own = () if subtype is Subtype.EPIDURAL else (subtype,)
        for label in (Subtype.ANY, *own):
            distance_mm, cell_mm = distance_to_blood_mm(phantom, volume, finding, label, subtype)
            assert distance_mm <= 1.5 * cell_mm, (subtype, label)
            assert hottest(volume, finding, label, checkpoint.card) >= HOT, (subtype, label)
