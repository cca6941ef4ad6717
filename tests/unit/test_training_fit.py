"""The training loop, and the whole way from pictures to a released checkpoint, at toy size."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from stub_checkpoint import STUB_SPEC, stub_network
from training_data import small_recipe, write_label_sets

from ichviewer.core.findings import SUBTYPES
from ichviewer.inference.checkpoint import load_checkpoint
from ichviewer.inference.network import SliceNetwork, build_network
from training import evaluate, out_of_fold, release, train
from training.cache import framed_slices
from training.card import full_scale
from training.first_fit import TrainingPart, draw_batch, fit_cycle, learning_rate, starting_network
from training.first_recipe import Recipe
from training.first_starting_weights import start_from
from training.folds import WHOLE, labels_of, load_network, network_path
from training.judge.decisions import SLICE_SPECIFICITY
from training.sources import read_sources
from training.split import read_split


def fit(part: TrainingPart, recipe: Recipe, seed: int) -> SliceNetwork:
    """One cycle from the recipe's start."""
    return fit_cycle(starting_network(recipe, seed), part, recipe, recipe.optimization.cycles[0], seed)


def part_of(folder: Path, indices: list[int] | None = None) -> TrainingPart:
    rows = read_sources(write_label_sets(folder / "data"), ["ct_ich_v1", "rsna_png"])
    framed = framed_slices(rows, STUB_SPEC, folder)
    chosen = np.arange(len(rows)) if indices is None else np.asarray(indices)
    return TrainingPart(
        framed, labels_of(rows), chosen, np.full_like(framed[:2], 0.5), np.zeros((2, 6), np.float32)
    )


def test_the_rate_rises_to_its_peak_and_falls_to_nothing() -> None:
    rates = [learning_rate(step, 100, 0.01, 0.1) for step in range(100)]
    assert rates[0] == pytest.approx(0.001)
    assert max(rates) == rates[9] == rates[10] == 0.01
    assert rates[99] < 1e-5
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_a_batch_holds_the_slices_it_may_and_its_share_of_generated_ones(tmp_path: Path) -> None:
    """Hazard: a slice of the held-out fold in a training batch."""
    part = part_of(tmp_path, indices=list(range(0, 64, 2)))
    recipe = small_recipe(batch_size=16)
    allowed = {part.framed[index].tobytes() for index in part.indices}
    framed, labels = draw_batch(part, recipe, 0.25, np.random.default_rng(0))
    assert {slice_.tobytes() for slice_ in framed[:12]} <= allowed
    assert (framed[12:] == 0.5).all()
    assert labels.shape == (16, 6)


def test_training_beats_the_constant_prior(tmp_path: Path) -> None:
    part, recipe = part_of(tmp_path), small_recipe(epochs=12, generated_share=0.0)
    network = fit(part, recipe, seed=3)
    recipe_input = torch.from_numpy(np.repeat(np.asarray(part.framed), 3, axis=1))
    with torch.inference_mode():
        logits = network((recipe_input - 0.5) / 0.25)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(part.labels))
    assert float(loss) < 0.9 * np.log(2)


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    part, recipe = part_of(tmp_path), small_recipe(epochs=1)
    first, second = (fit(part, recipe, seed=3).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_frozen_blocks_keep_their_weights(tmp_path: Path) -> None:
    part, recipe = part_of(tmp_path), small_recipe(epochs=1, frozen_blocks=1)
    trained = fit(part, recipe, seed=0).state_dict()
    assert torch.equal(trained["features.0.weight"], stub_network(seed=0).state_dict()["features.0.weight"])
    assert not torch.equal(
        trained["classifier.weight"], stub_network(seed=0).state_dict()["classifier.weight"]
    )


def test_starting_weights_from_a_file_fill_the_features(tmp_path: Path) -> None:
    source = build_network("mobilenet_v2", 6)
    state = {f"features.{k}": v for k, v in source.features.state_dict().items()}
    torch.save({**state, "classifier.1.weight": torch.zeros(1000, 1280)}, tmp_path / "w.pth")
    network = start_from(build_network("mobilenet_v2", 6), "mobilenet_v2", str(tmp_path / "w.pth"))
    assert torch.equal(network.features[0][0].weight, source.features[0][0].weight)
    with pytest.raises(ValueError, match=r"absent\.pth are not there"):
        start_from(network, "mobilenet_v2", str(tmp_path / "absent.pth"))


def test_full_scale_needs_a_true_positive_map() -> None:
    maps = np.linspace(-1, 1, 2010, dtype=np.float32).reshape(201, 2, 5)
    assert full_scale(maps, "any") == pytest.approx(0.99, abs=0.01)
    maps[:, 0, 0] = 3.0  # one hot cell a slice decides, however many are cold
    assert full_scale(maps, "any") == 3.0
    with pytest.raises(ValueError, match="No true-positive slice of epidural"):
        full_scale(maps[:0], "epidural")


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Data, work folder and card of a toy release."""
    folder = tmp_path_factory.mktemp("toy")
    data = write_label_sets(folder / "data", patients=24, slices=2)
    recipe = small_recipe(epochs=12)
    train.main(recipe, data, folder / "work", processes=0)
    return data, folder / "work", release.main(recipe, data, folder / "work", folder)


def test_a_release_can_be_loaded_and_says_what_it_is(released: tuple[Path, Path, Path]) -> None:
    data, work, card_path = released
    checkpoint = load_checkpoint(card_path)
    card = checkpoint.card
    assert [label.label for label in card.labels] == list(SUBTYPES)
    assert "Research use only" in card.license
    assert "non-commercial" in card.license
    assert card.preprocessing == STUB_SPEC
    assert card.labels[0].calibration_prevalence == 0.5
    assert all(label.heatmap_full_scale > 0 for label in card.labels)
    assert len(card.provenance["split_sha256"]) == 64
    assert card.labels[0].slice_point.specificity >= SLICE_SPECIFICITY
    assert card.labels[1].metrics["slices"].keys() == {"ct_ich_v1", "rsna_png"}
    assert "pooled" in card.labels[0].metrics["slices"]
    text = card_path.read_text(encoding="utf-8")
    assert str(data) not in text
    assert str(work) not in text


def test_the_released_network_is_the_one_that_saw_everything(released: tuple[Path, Path, Path]) -> None:
    _, work, card_path = released
    recipe = small_recipe(epochs=12)
    whole = network_path(work, recipe, WHOLE).read_bytes()
    assert whole != network_path(work, recipe, 0).read_bytes()
    assert card_path.with_suffix(".safetensors").read_bytes() == whole


def test_scores_are_out_of_fold(released: tuple[Path, Path, Path]) -> None:
    """Hazard: figures measured on slices that the network learned from."""
    data, work, _ = released
    recipe = small_recipe(epochs=12)
    rows = read_sources(data, recipe.sources)
    _, folds = read_split(work / "small-split.jsonl", rows)
    scored = out_of_fold.out_of_fold(recipe, data, work)
    framed = framed_slices(rows, recipe.preprocessing, work)
    for index in (0, 30, 60):
        network = load_network(work, recipe, int(folds[index]))
        checkpoint = out_of_fold.raw_checkpoint("small", "stub", recipe.preprocessing, network)
        expected = out_of_fold.score(
            checkpoint, [out_of_fold.cached_input(framed[index], recipe.preprocessing)]
        )
        np.testing.assert_array_equal(scored.logits[index], expected.logits[0])


def test_evaluation_writes_figures_of_every_label(released: tuple[Path, Path, Path], tmp_path: Path) -> None:
    data, work, card_path = released
    wanted = evaluate.Wanted(tmp_path / "metrics.json", tmp_path / "page.html", tmp_path / "submission.csv")
    evaluate.main(small_recipe(epochs=12), data, work, card_path, wanted)
    values = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    any_figures = values["slices"]["any"]["pooled"]
    assert any_figures["positive_slices"] == 48
    assert any_figures["auc"]["low"] <= any_figures["auc"]["value"] <= any_figures["auc"]["high"]
    assert (tmp_path / "page.html").read_text(encoding="utf-8").count("data:image/jpeg") > 10
    assert (tmp_path / "submission.csv").read_text(encoding="utf-8").count("\n") == 1 + 6 * 48


def test_pictures_are_scored_from_file_to_probability(released: tuple[Path, Path, Path]) -> None:
    data, _, card_path = released
    rows = read_sources(data, ["ct_ich_v1"])
    probabilities = out_of_fold.score_pictures(card_path, rows)
    labels = labels_of(rows)[:, 0] > 0
    assert probabilities[labels, 0].mean() > probabilities[~labels, 0].mean()


def test_windows_that_the_pictures_do_not_hold_stop_the_training(tmp_path: Path) -> None:
    recipe = small_recipe()
    wide = replace(recipe.preprocessing, windows=tuple(replace(w, width=300) for w in STUB_SPEC.windows))
    with pytest.raises(ValueError, match="wider than the pictures"):
        train.main(replace(recipe, preprocessing=wide), tmp_path, tmp_path, processes=0)
