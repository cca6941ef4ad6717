"""A release agrees with its training, and its ONNX file with both; where it does not, it stops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from stub_checkpoint import STUB_SPEC, save_stub_checkpoint, stub_network
from training_data import write_label_sets

from ichviewer.core.preprocessing import preprocess_slice
from ichviewer.inference.checkpoint import load_checkpoint
from ichviewer.inference.predict import on_device, predict_slice
from training.prepare.prepared import PreparedSource
from training.release import agreement, export_onnx
from training.release.agreement import check_agreement
from training.release.export_onnx import AgreementError
from training.runs.material import prepared_sources
from training.sources import UNKNOWN_SPACING_MM, LabeledSlice, read_hu, read_sources

Pictures = tuple[tuple[PreparedSource, ...], dict[tuple[str, str], LabeledSlice]]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    """Both sets prepared, and their rows with files."""
    folder = tmp_path_factory.mktemp("release")
    names = ("ct_ich_v1", "rsna_png")
    data = write_label_sets(folder / "data", patients=3, slices=2)
    files = {(row.source, row.name): row for row in read_sources(data, names)}
    return prepared_sources(names, data, folder / "work"), files


def some_inputs(count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((count, 3, 64, 64)).astype(np.float32)


def test_viewer_and_training_agree_on_a_release(tmp_path: Path, pictures: Pictures) -> None:
    inputs = check_agreement(save_stub_checkpoint(tmp_path), *pictures, stub_network(), 0.0)
    assert inputs.shape == (agreement.SLICES, 3, 64, 64)
    row = next(iter(pictures[1].values()))
    np.testing.assert_array_equal(
        inputs[0], preprocess_slice(read_hu(row), UNKNOWN_SPACING_MM, STUB_SPEC).values
    )


def test_other_weights_than_the_trained_ones_stop_a_release(tmp_path: Path, pictures: Pictures) -> None:
    """Hazard: the card's figures are of one network, the file holds another."""
    with pytest.raises(AgreementError, match=r"ct_ich_v1 000_001: logits of the released file differ"):
        check_agreement(save_stub_checkpoint(tmp_path), *pictures, stub_network(seed=1), 0.0)


def test_other_input_than_the_trained_one_stops_a_release(tmp_path: Path, pictures: Pictures) -> None:
    """Hazard: a network that sees other input in the viewer than in training fails silently."""
    sources, files = pictures
    row = files["ct_ich_v1", "000_001"]
    swapped = {**files, ("ct_ich_v1", "000_001"): replace(row, path=row.path.with_name("001_001.jpg"))}
    with pytest.raises(AgreementError, match=r"000_001: the viewer's input differs"):
        check_agreement(save_stub_checkpoint(tmp_path), sources, swapped, stub_network(), 0.0)


def test_viewer_and_training_smooth_a_stack_alike(tmp_path: Path, pictures: Pictures) -> None:
    card_path = save_stub_checkpoint(tmp_path, smoothing_mm=10.0)
    assert len(check_agreement(card_path, *pictures, stub_network(), 10.0)) == agreement.SLICES


@pytest.mark.parametrize(("of_card", "of_training"), [(0.0, 10.0), (10.0, 0.0), (10.0, 12.0)])
def test_another_smoothing_than_the_one_that_was_judged_stops_a_release(
    tmp_path: Path, pictures: Pictures, of_card: float, of_training: float
) -> None:
    """Hazard: thresholds chosen on means over neighbors stand beside scores of single slices."""
    card_path = save_stub_checkpoint(tmp_path, smoothing_mm=of_card)
    with pytest.raises(AgreementError, match=f"over {of_card:g} mm, training over {of_training:g} mm"):
        check_agreement(card_path, *pictures, stub_network(), of_training)


def test_a_release_without_anything_to_compare_stops(tmp_path: Path, pictures: Pictures) -> None:
    with pytest.raises(AgreementError, match="No slice has a picture"):
        check_agreement(save_stub_checkpoint(tmp_path), pictures[0], {}, stub_network(), 0.0)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Card of a stub that was exported."""
    card_path = save_stub_checkpoint(tmp_path_factory.mktemp("onnx"), smoothing_mm=10.0)
    export_onnx.export_onnx(card_path, some_inputs())
    return card_path


def test_onnx_gives_what_the_viewer_gives(exported: Path) -> None:
    session = onnxruntime.InferenceSession(str(exported.with_suffix(".onnx")))
    checkpoint = on_device(load_checkpoint(exported), torch.device("cpu"))
    hu = np.random.default_rng(1).normal(30, 20, (80, 80)).astype(np.float32)
    entered = preprocess_slice(hu, UNKNOWN_SPACING_MM, checkpoint.card.preprocessing)
    logits, class_maps = predict_slice(checkpoint, entered, torch.device("cpu"))
    found = session.run(["logits", "class_maps"], {"slices": entered.values[None]})
    np.testing.assert_allclose(found[0][0], logits, atol=1e-4)
    np.testing.assert_allclose(found[1][0], class_maps, atol=1e-4)


def test_onnx_names_its_weights_and_its_input(exported: Path) -> None:
    card = load_checkpoint(exported).card
    model = onnx.load(exported.with_suffix(".onnx"))
    told = {prop.key: prop.value for prop in model.metadata_props}
    assert told["weights_sha256"] == card.weights_sha256
    assert told["labels"].startswith("any,epidural,")
    assert told["smoothing_mm"] == "10.0"
    assert '"size_px": 64' in told["preprocessing"]
    assert str(exported.parent) not in str(model)


def test_an_export_that_differs_is_not_left_behind(
    tmp_path: Path, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: an exported network that gives other scores than the one that was measured."""
    card_path = save_stub_checkpoint(tmp_path)
    monkeypatch.setattr(export_onnx, "largest_difference", lambda *given: float("inf"))
    with pytest.raises(AgreementError, match=r"stub\.onnx differs from the network by inf"):
        export_onnx.export_onnx(card_path, some_inputs())
    assert not list(tmp_path.glob("*.onnx*"))


def test_the_difference_of_another_network_is_seen(exported: Path) -> None:
    module = export_onnx.LogitsAndMaps(stub_network(seed=1)).eval()
    assert export_onnx.largest_difference(exported.with_suffix(".onnx"), module, some_inputs()) > 1e-3
    same = export_onnx.LogitsAndMaps(stub_network()).eval()
    assert export_onnx.largest_difference(exported.with_suffix(".onnx"), same, some_inputs()) < 1e-5
