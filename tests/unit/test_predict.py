"""From volume to findings: order, failures, cancel and devices."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
import torch
from builders import head_hu, make_volume
from stub_checkpoint import STUB_SPEC, stub_card, stub_checkpoint, stub_network

from ichviewer.core.errors import InferenceError
from ichviewer.core.findings import SUBTYPES, SliceFinding, SliceStatus
from ichviewer.core.model_card import calibrated_probabilities
from ichviewer.core.preprocessing import preprocess_volume_slice
from ichviewer.core.progress import Cancelled, CancelToken
from ichviewer.core.score_smoothing import smoothed_logits
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
    return {f.slice_index: f for f in chain(*predict(volume, stub_checkpoint(seed), CPU, order))}


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
    found = [f.slice_index for f in chain(*predict(volume, stub_checkpoint(), CPU, [3, 2, 5, 0]))]
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
    findings = list(chain(*predict(varied_volume(2), checkpoint, CPU)))
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
    (finding,) = next(predict(varied_volume(1), checkpoint, CPU))
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
    (finding,) = next(predict(volume, checkpoint, CPU))
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


def smoothing_checkpoint(smoothing_mm: float = 10.0) -> Checkpoint:
    return Checkpoint(replace(stub_card(), smoothing_mm=smoothing_mm), stub_network(seed=3))


def own_logits(volume: Volume, checkpoint: Checkpoint) -> np.ndarray:
    """Logits of every slice by itself, (slices, 6)."""
    return np.stack(
        [
            predict_slice(checkpoint, preprocess_volume_slice(volume, index, STUB_SPEC), CPU)[0]
            for index in range(volume.slice_count)
        ]
    )


def smoothed(volume: Volume, order: Sequence[int] | None = None) -> dict[int, SliceFinding]:
    return {f.slice_index: f for f in chain(*predict(volume, smoothing_checkpoint(), CPU, order))}


def test_a_score_is_of_the_mean_over_neighbors_and_the_map_is_the_slices_own() -> None:
    volume, checkpoint = varied_volume(), smoothing_checkpoint()
    findings, own = smoothed(volume), own_logits(volume, checkpoint)
    bias = checkpoint.network.classifier.bias.detach().numpy()
    for index in range(1, 5):
        mean = own[index - 1] / 4 + own[index] / 2 + own[index + 1] / 4
        expected = calibrated_probabilities(mean, checkpoint.card)
        np.testing.assert_allclose(findings[index].probabilities, expected, rtol=1e-5)
        sums = findings[index].class_maps.mean(axis=(1, 2)) + bias
        np.testing.assert_allclose(sums, own[index], rtol=1e-4, atol=1e-5)
    whole = smoothed_logits(own, volume.geometry.positions_mm, volume.is_readable, 10.0)
    assert findings[0].probabilities == tuple(calibrated_probabilities(whole[0], checkpoint.card))


def test_a_smoothed_finding_is_given_out_once_its_neighbors_are_scored() -> None:
    """Hazard: a score that the reader has seen changes when the next slice is scored."""
    steps = predict(varied_volume(6), smoothing_checkpoint(), CPU, [3, 2, 4, 1, 5, 0])
    given = [[finding.slice_index for finding in step] for step in steps]
    assert given == [[], [], [3], [2], [4, 5], [0, 1]]


def test_an_unreadable_neighbor_is_neither_awaited_nor_shown_to_the_network() -> None:
    """Hazard: a slice without an image enters the scores of the slices around it."""
    volume = varied_volume(6, unreadable={2: "truncated"})
    steps = predict(volume, smoothing_checkpoint(), CPU, [3, 2, 4, 1, 5, 0])
    given = [[finding.slice_index for finding in step] for step in steps]
    assert given == [[], [3], [], [4, 5], [0, 1]]


@pytest.mark.parametrize("order", [[5, 4, 3, 2, 1, 0], [2, 5, 0, 4, 1, 3], [3], [0, 5]])
def test_smoothed_results_do_not_depend_on_what_is_asked_for_and_when(order: list[int]) -> None:
    """Hazard: two readers of one study get two sets of scores."""
    volume = varied_volume()
    whole, found = smoothed(volume), smoothed(volume, order)
    assert sorted(found) == sorted(order)
    for index in order:
        assert found[index].probabilities == whole[index].probabilities
        np.testing.assert_array_equal(found[index].class_maps, whole[index].class_maps)


def test_a_slice_that_fails_is_left_out_of_its_neighbors_scores_and_holds_none_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Hazard: one bad slice takes the scores from the slices around it, or counts as one without bleeding."""

    def sometimes(volume: Volume, index: int, spec: object) -> object:
        if index == 2:
            raise ValueError("slice 2 is odd")
        return preprocess_volume_slice(volume, index, STUB_SPEC)

    volume = varied_volume()
    without = smoothed(varied_volume(unreadable={2: "truncated"}))
    monkeypatch.setattr(predict_module, "preprocess_volume_slice", sometimes)
    findings = smoothed(volume)
    assert findings[2].status is SliceStatus.FAILED
    assert findings[2].probabilities is None
    assert 2 not in without
    for index in (0, 1, 3, 4, 5):
        assert findings[index].probabilities == without[index].probabilities


def test_no_smoothed_subtype_exceeds_any() -> None:
    """Hazard: an epidural bleed at 60 % on a slice that bleeds at 40 %."""
    for finding in smoothed(varied_volume()).values():
        assert max(finding.probabilities) == finding.probabilities[0]


def test_slices_without_positions_are_scored_each_for_itself() -> None:
    """Hazard: slices in file order would be averaged as if they lay beside each other."""
    volume = varied_volume()
    headers = tuple(replace(header, image_position_mm=None) for header in volume.series.slices)
    unplaced = replace(volume, series=replace(volume.series, slices=headers))
    own = own_logits(volume, smoothing_checkpoint())
    for index, finding in smoothed(unplaced).items():
        assert finding.probabilities == tuple(calibrated_probabilities(own[index], stub_card()))


def test_a_canceled_smoothed_analysis_leaves_no_thread() -> None:
    cancel = CancelToken()
    results = predict(varied_volume(), smoothing_checkpoint(), CPU, cancel=cancel)
    assert next(results) == ()
    cancel.cancel()
    with pytest.raises(Cancelled):
        list(results)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("preprocess")]
