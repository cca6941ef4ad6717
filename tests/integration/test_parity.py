"""What the viewer feeds to the network is what the training fed to it, bit for bit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import make_volume
from numpy.typing import NDArray
from PIL import Image
from stub_checkpoint import STUB_SPEC, stub_checkpoint
from torch import Tensor, nn
from training_data import framed_pictures, write_label_sets

from ichviewer.core.phantom import phantom_slice
from ichviewer.core.phantom_spec import demo_spec
from ichviewer.core.preprocessing import PreprocessingSpec, preprocess_slice
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import Window
from ichviewer.inference.checkpoint import Checkpoint
from ichviewer.inference.predict import predict
from training.fit.frames import prepared_frames
from training.recipe.read import named_recipe
from training.runs.material import prepared_sources
from training.runs.out_of_fold import framed_input
from training.sources import PICTURE_WINDOWS, LabeledSlice, read_hu, read_sources

RELEASED = named_recipe("ichviewer_mobilenet_v2")
TWO_WINDOWS = replace(STUB_SPEC, windows=(Window(40, 60), Window(35, 70), Window(40, 60)))


class Recorder(nn.Module):
    """Stands before a network's features and keeps what enters them."""

    def __init__(self, features: nn.Module) -> None:
        super().__init__()
        self.features = features
        self.seen: list[NDArray[np.float32]] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(x[0].numpy().copy())
        return self.features(x)


def fed_by_the_viewer(volume: Volume, spec: PreprocessingSpec) -> NDArray[np.float32]:
    checkpoint = stub_checkpoint()
    recorder = Recorder(checkpoint.network.features)
    checkpoint.network.features = recorder
    card = replace(checkpoint.card, preprocessing=spec)
    list(predict(volume, Checkpoint(card, checkpoint.network), torch.device("cpu")))
    return np.stack(recorder.seen)


def as_volume(rows: Sequence[LabeledSlice]) -> Volume:
    """Pictures of one source as a stack whose rescale gives their HU."""
    window = PICTURE_WINDOWS[rows[0].source]
    grey = np.stack([np.asarray(Image.open(row.path).convert("L")) for row in rows]).astype(np.int16)
    count = len(rows)
    volume = make_volume(hu=grey)
    return replace(
        volume,
        slopes=np.full(count, window.width / 255.0),
        intercepts=np.full(count, window.lower),
    )


def assert_parity(
    rows: Sequence[LabeledSlice], framed: Iterable[NDArray[np.float32]], spec: PreprocessingSpec
) -> None:
    trained_on = np.stack([framed_input(slice_, spec).values for slice_ in framed])
    np.testing.assert_array_equal(fed_by_the_viewer(as_volume(rows), spec), trained_on)


@pytest.mark.parametrize("source", ["ct_ich_v1", "rsna_png"])
@pytest.mark.parametrize(
    "spec", [STUB_SPEC, TWO_WINDOWS, RELEASED.preprocessing], ids=["stub", "two", "released"]
)
def test_viewer_and_training_feed_the_same_tensors(
    tmp_path: Path, source: str, spec: PreprocessingSpec
) -> None:
    """Hazard: a network that sees other input in the viewer than in training fails silently."""
    data = write_label_sets(tmp_path / "data", 3, 2)
    pictures = {row.name: row for row in read_sources(data, [source])}
    (prepared,) = prepared_sources([source], data, tmp_path)
    frames = prepared_frames([prepared], spec)
    framed = [frames.framed(index) for index in range(len(prepared.rows))]
    assert_parity([pictures[row.name] for row in prepared.rows], framed, spec)


@pytest.mark.needs_shared_data
@pytest.mark.parametrize("source", ["ct_ich_v1", "rsna_png"])
def test_viewer_and_training_agree_on_real_pictures(shared_data: Path, source: str) -> None:
    rows = read_sources(shared_data, [source])[100:1400:400]
    spec = RELEASED.preprocessing
    assert_parity(rows, framed_pictures(rows, spec), spec)


@pytest.mark.parametrize("source", ["ct_ich_v1", "rsna_png"])
def test_a_picture_gives_the_input_of_its_dicom_slice_but_for_rounding(source: str) -> None:
    """Hazard: trained on windowed 8-bit pictures, used on full-range HU."""
    spec, window = RELEASED.preprocessing, PICTURE_WINDOWS[source]
    made = phantom_slice(demo_spec(), 16).hu.astype(np.float32)
    grey = np.rint(np.clip((made - window.lower) / window.width, 0, 1) * 255)
    pictured = grey * np.float32(window.width / 255) + np.float32(window.lower)
    from_dicom, from_picture = (
        preprocess_slice(made, (0.47, 0.47), spec),
        preprocess_slice(pictured, (1, 1), spec),
    )
    assert astuple(from_dicom.framing) == pytest.approx(astuple(from_picture.framing))
    grey_step = window.width / 255 / spec.windows[0].width / min(spec.std)
    assert np.abs(from_dicom.values - from_picture.values).max() <= 0.51 * grey_step


def test_pictures_come_back_as_hounsfield_units(tmp_path: Path) -> None:
    path = tmp_path / "p.webp"
    Image.fromarray(np.array([[0, 255], [51, 102]], dtype=np.uint8)).save(path, lossless=True)
    row = LabeledSlice("rsna_png", "p", path, "", None, (0,) * 6)
    np.testing.assert_allclose(read_hu(row), [[-7, 73], [9, 25]], atol=1e-5)
