"""Training smooths scores as the viewer does: within a study, by millimeters, and not what is learned."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import head_hu, make_volume
from stub_checkpoint import STUB_SPEC, stub_card, stub_network
from training_data import small_recipe

from ichviewer.core.model_card import calibrated_probabilities
from ichviewer.core.preprocessing import preprocess_volume_slice
from ichviewer.inference.checkpoint import Checkpoint
from ichviewer.inference.predict import on_device, predict, predict_slice
from training.recipe.check import faults_of
from training.recipe.read import learned_part, recipe_from_dict, recipe_to_dict
from training.runs.out_of_fold import predictions_of
from training.runs.run_folders import LEARNED, RUN, _require_same
from training.runs.smoothing import smoothed_within_studies, smoothing_words
from training.sources import LabeledSlice

SMOOTHING_MM = 10.0


def row(name: str, patient: str = "P", number: int | None = None, at: float | None = None) -> LabeledSlice:
    return LabeledSlice("made", name, Path(name), patient, number, (0,) * 6, position_mm=at)


def smoothed(rows: list[LabeledSlice], values: list[float], mm: float = SMOOTHING_MM) -> list[float]:
    """The first label's logits as they are judged."""
    logits = np.repeat(np.asarray(values)[:, None], 6, axis=1)
    numbers = np.zeros(len(rows), dtype=np.int64)
    return predictions_of(rows, logits, numbers, numbers, mm).logits[:, 0].tolist()


def test_slices_are_smoothed_within_their_study_in_whatever_order_they_come() -> None:
    rows = [row("b1", "B", at=3), row("a2", "A", at=10), row("a0", "A", at=0), row("a1", "A", at=5)]
    found = smoothed(rows, [7, 0, 0, 4])
    assert found[0] == 7, "a slice was smoothed with another patient's"
    np.testing.assert_allclose(found, [7, 4 / 3, 4 / 3, 2])


def test_numbered_slices_are_smoothed_at_the_assumed_distance() -> None:
    rows = [row(str(number), number=number) for number in (1, 2, 3, 7)]
    np.testing.assert_allclose(smoothed(rows, [0, 4, 0, 9]), [4 / 3, 2, 4 / 3, 9])


def test_a_slice_of_unknown_study_or_place_stays_as_it_is() -> None:
    """Hazard: single slices of one patient, or of nobody, are averaged as if they lay side by side."""
    rows = [row("x"), row("y"), row("z", "", number=1), row("w", "", number=2)]
    assert smoothed(rows, [1, 2, 3, 4]) == [1, 2, 3, 4]


def test_without_smoothing_no_bit_changes() -> None:
    logits = np.random.default_rng(0).normal(0, 3, (5, 6)).astype(np.float32)
    assert smoothed_within_studies(logits, np.zeros(5, dtype=np.int64), np.arange(5) * 5.0, 0.0) is logits


def test_what_training_judges_is_what_the_viewer_shows() -> None:
    """Hazard: thresholds are chosen on other scores than the reader sees."""
    hu = np.stack([head_hu(64, 64)] * 6)
    for index in range(6):
        hu[index, 20 + 3 * index : 30 + 3 * index, 24 : 36 - index] = 70
    volume, device = make_volume(hu=hu, spacing_mm=4.2), torch.device("cpu")
    checkpoint = Checkpoint(replace(stub_card(), smoothing_mm=SMOOTHING_MM), stub_network(seed=3))
    on_device(checkpoint, device)
    shown = {f.slice_index: f.probabilities for step in predict(volume, checkpoint, device) for f in step}

    places = [4, 0, 5, 2, 1, 3]
    inputs = [preprocess_volume_slice(volume, place, STUB_SPEC) for place in places]
    logits = np.stack([predict_slice(checkpoint, given, device)[0] for given in inputs])
    rows = [row(str(place), at=float(volume.geometry.positions_mm[place])) for place in places]
    numbers = np.zeros(6, dtype=np.int64)
    judged = predictions_of(rows, logits, numbers, numbers, SMOOTHING_MM)
    probabilities = calibrated_probabilities(judged.logits, checkpoint.card)
    for place, expected in zip(places, probabilities, strict=True):
        assert shown[place] == tuple(expected)


def test_the_card_says_how_many_slices_were_smoothed() -> None:
    words = smoothing_words(np.asarray([0, 0, -1, 1]), SMOOTHING_MM)
    assert "falling to 0 at 10 mm, on 3 of 4 slices" in words["smoothing"]
    assert smoothing_words(np.asarray([0, 0]), 0.0) == {}


@pytest.mark.parametrize("smoothing_mm", [-1.0, float("nan"), float("inf")])
def test_a_smoothing_that_is_no_distance_is_a_fault_of_the_recipe(smoothing_mm: float) -> None:
    assert [key for key, _ in faults_of(small_recipe(smoothing_mm=smoothing_mm))] == ["smoothing_mm"]


def test_a_recipe_without_smoothing_is_written_as_before_there_was_any() -> None:
    assert "smoothing_mm" not in recipe_to_dict(small_recipe())
    smooth = small_recipe(smoothing_mm=SMOOTHING_MM)
    assert recipe_from_dict(json.loads(json.dumps(recipe_to_dict(smooth)))) == smooth


def test_a_finished_run_serves_with_and_without_smoothing(tmp_path: Path) -> None:
    """What is learned does not depend on it, so nothing is trained anew."""
    plain, smooth = small_recipe(), small_recipe(smoothing_mm=SMOOTHING_MM)
    assert learned_part(recipe_to_dict(smooth)) == recipe_to_dict(plain)
    made = {"recipe": recipe_to_dict(plain), "budget": None, "asked_lost": [], LEARNED: "abc"}
    (tmp_path / RUN).write_text(json.dumps(made), encoding="utf-8")
    asked = {"recipe": recipe_to_dict(smooth), "budget": None, "lost": [], LEARNED: "abc"}
    _require_same(tmp_path / RUN, asked)
    other = recipe_to_dict(replace(smooth, seed=99))
    with pytest.raises(ValueError, match="another recipe"):
        _require_same(tmp_path / RUN, {**asked, "recipe": other})
