"""From volume to findings: order, failures, cancel and devices."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from builders import head_hu, make_volume
from stub_checkpoint import STUB_SPEC, stub_card, stub_checkpoint

from ichviewer.core.errors import InferenceError
from ichviewer.core.findings import SUBTYPES, SliceFinding, SliceStatus
from ichviewer.core.model_card import calibrated_probabilities
from ichviewer.core.preprocessing import preprocess_volume_slice
from ichviewer.core.progress import Cancelled, CancelToken
from ichviewer.core.volume import Volume
from ichviewer.inference import predict as predict_module
from ichviewer.inference.checkpoint import Checkpoint
from ichviewer.inference.device import choose_device, describe_device
from ichviewer.inference.predict import predict, predict_slice

CPU = torch.device("cpu")


def varied_volume(slices: int = 6, unreadable: dict[int, str] | None = None) -> Volume:
    """Slices that differ, so that a result on the wrong slice is seen."""
    hu = np.stack([head_hu(64, 64) for _ in range(slices)])
    for index in range(slices):
        hu[index, 20 + 3 * index : 30 + 3 * index, 24 : 36 - index] = 70
    return make_volume(hu=hu, unreadable=unreadable)


def scored(volume: Volume, order: Sequence[int] | None = None, seed: int = 0) -> dict[int, SliceFinding]:
    return {f.slice_index: f for f in predict(volume, stub_checkpoint(seed), CPU, order)}


def test_every_slice_gets_the_scores_of_its_own_pixels() -> None:
    """Hazard: prefetching one slice ahead must not shift the results by one slice."""
    volume, checkpoint = varied_volume(), stub_checkpoint()
    findings = scored(volume)
    for index in range(volume.slice_count):
        network_input = preprocess_volume_slice(volume, index, STUB_SPEC)
        logits, maps = predict_slice(checkpoint, network_input, CPU)
        assert findings[index].probabilities == tuple(calibrated_probabilities(logits, checkpoint.card))
        np.testing.assert_array_equal(findings[index].class_maps, maps)
        assert findings[index].framing == network_input.framing
    assert len({finding.probabilities for finding in findings.values()}) == volume.slice_count


def test_results_do_not_depend_on_the_order() -> None:
    """Hazard: the same study must give the same CSV whichever slice was in view."""
    volume = varied_volume()
    forward, scattered = scored(volume), scored(volume, [3, 5, 0, 4, 1, 2])
    for index in range(volume.slice_count):
        assert forward[index].probabilities == scattered[index].probabilities
        np.testing.assert_array_equal(forward[index].class_maps, scattered[index].class_maps)
        assert forward[index].peak == scattered[index].peak


def test_slices_come_in_the_order_asked_for_without_unreadable_ones() -> None:
    volume = varied_volume(unreadable={2: "truncated"})
    found = [f.slice_index for f in predict(volume, stub_checkpoint(), CPU, [3, 2, 5, 0])]
    assert found == [3, 5, 0]


def test_a_class_map_adds_up_to_its_logit() -> None:
    checkpoint = stub_checkpoint(seed=2)
    logits, maps = predict_slice(checkpoint, preprocess_volume_slice(varied_volume(), 1, STUB_SPEC), CPU)
    bias = checkpoint.network.classifier.bias.detach().numpy()
    assert maps.shape[0] == logits.shape[0] == len(SUBTYPES)
    np.testing.assert_allclose(maps.mean(axis=(1, 2)) + bias, logits, rtol=1e-5, atol=1e-6)


def test_a_slice_that_fails_costs_that_slice_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hazard: one bad slice must neither end the analysis nor be scored 0."""

    def sometimes(volume: Volume, index: int, spec: object) -> object:
        if index == 1:
            raise ValueError("slice 1 is odd")
        return preprocess_volume_slice(volume, index, STUB_SPEC)

    monkeypatch.setattr(predict_module, "preprocess_volume_slice", sometimes)
    findings = scored(varied_volume(4))
    assert [findings[i].status for i in range(4)] == [
        SliceStatus.OK,
        SliceStatus.FAILED,
        SliceStatus.OK,
        SliceStatus.OK,
    ]
    assert findings[1].reason == "slice 1 is odd"
    assert findings[1].probabilities is None
    assert findings[1].class_maps is None


def test_a_score_that_is_no_number_is_a_failure() -> None:
    checkpoint = stub_checkpoint()
    with torch.no_grad():
        checkpoint.network.classifier.bias[2] = float("nan")
    findings = list(predict(varied_volume(2), checkpoint, CPU))
    assert {finding.status for finding in findings} == {SliceStatus.FAILED}
    assert "no finite score" in findings[0].reason


def test_cancel_stops_before_the_next_slice_and_leaves_no_thread() -> None:
    cancel = CancelToken()
    results = predict(varied_volume(), stub_checkpoint(), CPU, cancel=cancel)
    next(results)
    cancel.cancel()
    with pytest.raises(Cancelled):
        list(results)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("preprocess")]


def test_the_peak_is_of_any() -> None:
    checkpoint = stub_checkpoint()
    with torch.no_grad():
        checkpoint.network.classifier.bias[:] = torch.tensor([9.0, 0.0, 0.0, 5.0, 0.0, 0.0])
    finding = next(iter(predict(varied_volume(1), checkpoint, CPU)))
    assert finding.peak is not None
    assert finding.peak.subtype is SUBTYPES[0]


def test_calibration_of_the_card_is_applied_once() -> None:
    card = stub_card()
    shifted = tuple(
        replace(label, calibration_slope=2.0, calibration_intercept=-1.0) for label in card.labels
    )
    checkpoint = Checkpoint(replace(card, labels=shifted), stub_checkpoint().network)
    volume = varied_volume(1)
    logits, _ = predict_slice(checkpoint, preprocess_volume_slice(volume, 0, STUB_SPEC), CPU)
    finding = next(iter(predict(volume, checkpoint, CPU)))
    expected = 1 / (1 + np.exp(-(2.0 * logits.astype(np.float64) - 1.0)))
    np.testing.assert_allclose(finding.probabilities, np.minimum(expected, expected[0]), rtol=1e-12)


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(InferenceError, match="'tpu' is not known; choose one of auto, cpu, cuda, mps"):
        choose_device("tpu")


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hazard: a reader who asked for one device must not silently get another."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(InferenceError, match="cuda was asked for"):
        choose_device("cuda")
    assert choose_device("auto") == CPU
    assert describe_device(CPU) == "CPU"


def test_auto_takes_a_graphics_card_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto").type == "cuda"
