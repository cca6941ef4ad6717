"""One study, stored in eight ways: the same picture, letters, scores and peak in millimetres.

The reading alone is held in ``test_orientation``; this goes from the files to what the reader sees.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from stub_checkpoint import stub_card, stub_network

from ichviewer.core.camera import Camera
from ichviewer.core.findings import SliceFinding
from ichviewer.core.geometry import AS_STORED, InPlane
from ichviewer.core.phantom import make_phantom, small_demo_spec
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.slice_image import stored_slice
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState, opened
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import BRAIN
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import best_series, scan
from ichviewer.export.dicom_series import SeriesOptions, write_dicom_series
from ichviewer.gui.overlay import side_letters
from ichviewer.gui.placement import place_picture
from ichviewer.gui.slice_picture import grey_table, render_picture
from ichviewer.inference.checkpoint import Checkpoint
from ichviewer.inference.device import choose_device
from ichviewer.inference.predict import predict

WAYS = [InPlane(*steps) for steps in itertools.product((False, True), repeat=3)]
BLEEDING_SLICE = 6


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return Checkpoint(stub_card(), stub_network("mobilenet_v2"))


def stored(folder: Path, way: InPlane) -> Volume:
    """The small demo study, written with its pixels stored in one way and read back."""
    phantom = make_phantom(small_demo_spec(with_bleeds=True))
    write_dicom_series(folder, phantom.hu, phantom.geometry, SeriesOptions(in_plane=way))
    series = best_series(scan((folder,), ignore_progress, CancelToken()))
    assert series is not None
    assert series.in_plane == way
    return read_volume(series, ignore_progress, CancelToken())


def score(volume: Volume, checkpoint: Checkpoint) -> SliceFinding:
    (finding,) = itertools.chain(*predict(volume, checkpoint, choose_device("cpu"), [BLEEDING_SLICE]))
    return finding


def letters_of(volume: Volume) -> tuple[str, str, str, str]:
    return side_letters(opened(ViewState(), volume, ""), View.BRAIN)


def picture(volume: Volume) -> NDArray[np.uint32]:
    placement = place_picture(volume.shape, volume.geometry.pixel_spacing_mm, (200, 220), Camera())
    table = grey_table(stored_slice(volume, BLEEDING_SLICE), BRAIN, is_inverted=False)
    return render_picture(stored_slice(volume, BLEEDING_SLICE), table, placement)


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Volume:
    return stored(tmp_path_factory.mktemp("usual") / "study", AS_STORED)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_what_the_reader_sees_does_not_depend_on_how_pixels_are_stored(
    tmp_path: Path, usual: Volume, checkpoint: Checkpoint, way: InPlane
) -> None:
    """Hazard: a bleed is shown, scored or exported on the wrong side of the head."""
    other = stored(tmp_path / "study", way)
    assert np.array_equal(picture(other), picture(usual))
    assert letters_of(other) == letters_of(usual) == ("R", "L", "A", "P")
    finding, expected = score(other, checkpoint), score(usual, checkpoint)
    assert finding.probabilities == expected.probabilities
    assert finding.peak is not None
    assert expected.peak is not None
    assert finding.peak.point_mm == pytest.approx(expected.peak.point_mm, abs=1e-3)
    assert finding.peak.side == expected.peak.side
