"""The whole way from pictures to a released checkpoint, at toy size."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_predictions import made_predictions
from stub_checkpoint import STUB_SPEC
from training_data import small_recipe, train_options, write_label_sets

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.model_card import calibrated_probabilities
from ichviewer.inference.card_file import read_card
from ichviewer.inference.checkpoint import load_checkpoint
from training import cli, judging_commands
from training.evaluate import evaluate
from training.judge.decisions import SLICE_SPECIFICITY, cross_fitted_decisions
from training.recipe.tree import RangeTest
from training.release import agreement, release
from training.release.card import card_for_raw_logits, full_scale
from training.release.export_onnx import AgreementError
from training.runs import material, out_of_fold, train
from training.runs.prior import prior_shift
from training.runs.run_folders import (
    LEARNED,
    RUN,
    WEIGHTS,
    WHOLE,
    learned_sha256,
    run_folder,
    split_path,
)
from training.runs.smoothing import smoothed_within_studies
from training.sources import read_hu, read_sources
from training.split import read_split


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
    train.train_recipe(recipe, train_options(data, folder / "work"))
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
    whole = (run_folder(work, recipe, WHOLE) / WEIGHTS).read_bytes()
    assert whole != (run_folder(work, recipe, 0) / WEIGHTS).read_bytes()
    assert card_path.with_suffix(".safetensors").read_bytes() == whole
    assert card_path.with_suffix(".onnx").exists()


def test_what_does_not_agree_is_not_released(
    released: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: a checkpoint that failed its own check lies where the viewer looks for one."""
    data, work, _ = released

    def refuse(*given: object) -> None:
        raise AgreementError("they differ")

    monkeypatch.setattr(release, "check_agreement", refuse)
    with pytest.raises(AgreementError, match="they differ"):
        release.main(small_recipe(epochs=12), data, work, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_release_that_does_not_agree_ends_in_a_sentence(
    released: tuple[Path, Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data, work, _ = released
    recipe = small_recipe(epochs=12)
    monkeypatch.setattr(judging_commands, "trained_recipe", lambda work, name: recipe)
    monkeypatch.setattr(agreement, "read_hu", lambda row: read_hu(row) + 1)
    arguments = ["--data", str(data), "--work", str(work), "release", "small", "--out", str(tmp_path)]
    assert cli.main(arguments) == 3
    told = capsys.readouterr().err
    assert told.startswith("Nothing was released. ct_ich_v1 000_001: the viewer's input differs")
    assert told.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_recipe_that_smooths_is_judged_and_released_so(
    released: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: thresholds chosen on single slices' scores stand beside means over neighbors."""
    data, work, card_path = released
    plain = small_recipe(epochs=12)
    smooth = replace(plain, smoothing_mm=10.0)
    held = out_of_fold.held_out(smooth, data, work)
    own = out_of_fold.corrected_predictions(plain, held, work)
    judged = out_of_fold.corrected_predictions(smooth, held, work)
    np.testing.assert_array_equal(
        judged.logits, smoothed_within_studies(own.logits, own.studies, own.positions_mm, 10.0)
    )
    assert not np.allclose(judged.logits, own.logits)

    monkeypatch.setattr(release, "export_onnx", lambda path, inputs: path.with_suffix(".onnx").touch())
    smooth_path = release.main(smooth, data, work, tmp_path)
    card, before = read_card(smooth_path), read_card(card_path)
    assert (card.smoothing_mm, before.smoothing_mm) == (10.0, 0.0)
    assert "smoothing" in card.provenance
    assert "smoothing" not in before.provenance
    assert card.weights_sha256 == before.weights_sha256
    assert card.labels[0].calibration_slope != before.labels[0].calibration_slope

    seen = []
    monkeypatch.setattr(evaluate, "judge", lambda predictions, *given: seen.append(predictions) or {})
    evaluate.main(plain, data, work, smooth_path, evaluate.Wanted(tmp_path / "figures.json"))
    # The card's calibration belongs to its own smoothing, whatever the recipe says today.
    raw = out_of_fold.out_of_fold(plain, held, work).logits
    np.testing.assert_array_equal(
        seen[0].logits, smoothed_within_studies(raw, own.studies, own.positions_mm, 10.0)
    )


def test_sampling_is_taken_back_before_calibration(
    released: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: folds that were drawn differently are calibrated as if their logits meant the same."""
    data, work, card_path = released
    recipe = small_recipe(epochs=12)
    held = out_of_fold.held_out(recipe, data, work)
    doubled = replace(recipe, sampling=replace(recipe.sampling, positive_factor=2.0))
    shift = prior_shift(doubled, held.material, WHOLE)
    # Half of the slices bleed, with every label; drawn twice as often they are two thirds.
    np.testing.assert_allclose(shift, np.full(6, np.log(0.5)), atol=1e-6)
    np.testing.assert_allclose(prior_shift(recipe, held.material, 0), np.zeros(6), atol=1e-12)

    monkeypatch.setattr(out_of_fold, "prior_shift", lambda recipe, material, fold: np.full(6, fold - 0.5))
    raw = out_of_fold.out_of_fold(recipe, held, work).logits
    corrected = out_of_fold.corrected_predictions(recipe, held, work).logits
    np.testing.assert_allclose(corrected - raw, (held.folds - 0.5)[:, None] * np.ones((1, 6)), atol=1e-5)

    card = load_checkpoint(card_path).card
    assert card.provenance["prior_correction"]["added_to_logits"]["any"] == 0.0
    logits = np.linspace(-3, 3, 12).reshape(2, 6)
    np.testing.assert_allclose(
        calibrated_probabilities(logits, card_for_raw_logits(card, shift)),
        calibrated_probabilities(logits + shift, card),
    )


def test_a_shift_that_all_folds_share_changes_no_probability() -> None:
    """Platt scaling takes it out by itself; only where folds differ does the correction say anything."""
    made = made_predictions()
    shifted = replace(made, logits=made.logits + np.arange(6, dtype=np.float32))
    np.testing.assert_allclose(
        cross_fitted_decisions(shifted).probabilities, cross_fitted_decisions(made).probabilities, atol=1e-5
    )


def test_scores_are_out_of_fold(released: tuple[Path, Path, Path]) -> None:
    """Hazard: figures measured on slices that the network learned from."""
    data, work, _ = released
    recipe = small_recipe(epochs=12)
    held = out_of_fold.held_out(recipe, data, work)
    scored = out_of_fold.out_of_fold(recipe, held, work)
    frames = out_of_fold.frames_of(recipe, held, work)
    for index in (0, 30, 60):
        network = out_of_fold.slice_network(work, recipe, int(held.folds[index]), held.material)
        checkpoint = out_of_fold.raw_checkpoint("small", "stub", recipe.preprocessing, network)
        given = out_of_fold.framed_input(frames.framed(index), recipe.preprocessing)
        expected = out_of_fold.score(checkpoint, [given])
        np.testing.assert_array_equal(scored.logits[index], expected.logits[0])


def test_a_run_is_not_judged_by_a_split_that_was_dealt_anew(
    released: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: the split is dealt anew, and fold networks shine on slices that they learned from."""
    data, trained, _ = released
    work, recipe = shutil.copytree(trained, tmp_path / "work"), small_recipe(epochs=12)
    before = out_of_fold.held_out(recipe, data, work).folds
    split_path(work, recipe).unlink()
    monkeypatch.setattr(material, "SPLIT_SEED", material.SPLIT_SEED + 1)
    options = train_options(data, work)
    with pytest.raises(ValueError, match="fold0 holds a run that learned from other slices"):
        train.train_recipe(recipe, options)
    assert (out_of_fold.held_out(recipe, data, work).folds != before).any()
    with pytest.raises(ValueError, match="fold0 holds a run that learned from other slices"):
        evaluate.main(recipe, data, work, None, evaluate.Wanted(tmp_path / "metrics.json"))
    with pytest.raises(ValueError, match="fold0 holds a run that learned from other slices"):
        release.main(recipe, data, work, tmp_path / "out")


@pytest.mark.parametrize("fold", [1, WHOLE])
def test_a_run_that_does_not_say_what_it_learned_from_is_refused(
    released: tuple[Path, Path, Path], tmp_path: Path, fold: int
) -> None:
    """Hazard: a run from before runs said so is taken for one that never saw the slices of its fold."""
    data, trained, _ = released
    work, recipe = shutil.copytree(trained, tmp_path / "work"), small_recipe(epochs=12)
    path = run_folder(work, recipe, fold) / RUN
    run = json.loads(path.read_text(encoding="utf-8"))
    assert len(run.pop(LEARNED)) == 64
    path.write_text(json.dumps(run), encoding="utf-8")
    for asked in (
        lambda: train.train_recipe(recipe, train_options(data, work)),
        lambda: release.main(recipe, data, work, tmp_path / "out"),
    ):
        with pytest.raises(ValueError, match=f"{path.parent.name} holds a run that does not say"):
            asked()


def test_what_is_learned_from_is_known_by_slices_and_data(released: tuple[Path, Path, Path]) -> None:
    data, work, _ = released
    recipe = small_recipe(epochs=12)
    held = out_of_fold.held_out(recipe, data, work).material
    own = learned_sha256(recipe, held, 0)
    assert own == learned_sha256(replace(recipe, smoothing_mm=10.0), held, 0)
    assert own != learned_sha256(recipe, held, 1)
    changed = replace(held.sources[0], sha256="0" * 64)
    assert own != learned_sha256(recipe, replace(held, sources=(changed, *held.sources[1:])), 0)
    row = replace(held.rows[-1], name="other")
    other = replace(held, rows=(*held.rows[:-1], row))
    assert learned_sha256(recipe, other, WHOLE) != learned_sha256(recipe, held, WHOLE)
    held_out = int(held.folds[-1])
    assert learned_sha256(recipe, other, held_out) == learned_sha256(recipe, held, held_out)


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


def test_windows_that_the_pictures_do_not_hold_stop_the_training(tmp_path: Path) -> None:
    recipe, data = small_recipe(), write_label_sets(tmp_path / "data", 2, 2)
    wide = replace(recipe.preprocessing, windows=tuple(replace(w, width=300) for w in STUB_SPEC.windows))
    with pytest.raises(ValueError, match="wider than the pictures"):
        train.train_recipe(replace(recipe, preprocessing=wide), train_options(data, tmp_path))


def test_a_run_says_what_it_had_to_do_without_and_is_not_made_again(tmp_path: Path) -> None:
    """Hazard: a row of the table that was trained on less than it names."""
    data, recipe = write_label_sets(tmp_path / "data", 8, 2), small_recipe(epochs=1)
    recipe = replace(recipe, needs=("spacing",), preprocessing=replace(STUB_SPEC, frame="millimeters"))
    with pytest.raises(ValueError, match="needs spacing"):
        train.train_recipe(recipe, train_options(data, tmp_path, fold="0"))
    train.train_recipe(recipe, train_options(data, tmp_path, fold="0", degrade=True, steps=2))
    run = run_folder(tmp_path, recipe, 0)
    made = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert made["lost"] == ["the frame follows the head, since pixels have no known size"]
    assert made["recipe"]["preprocessing"].get("frame", "head") == "head"
    assert made["steps"] == 2
    before = (run / WEIGHTS).stat().st_mtime_ns
    train.train_recipe(recipe, train_options(data, tmp_path, fold="0", degrade=True, steps=2))
    assert (run / WEIGHTS).stat().st_mtime_ns == before
    with pytest.raises(ValueError, match="a finished run with another budget"):
        train.train_recipe(recipe, train_options(data, tmp_path, fold="0", degrade=True, steps=3))


def test_starting_weights_that_cannot_be_had_are_refused_or_said(tmp_path: Path) -> None:
    """Hazard: a network called pretrained that is not."""
    data, recipe = write_label_sets(tmp_path / "data", 8, 2), small_recipe(epochs=1)
    recipe = replace(recipe, network=replace(recipe.network, weights=str(tmp_path / "absent.pth")))
    with pytest.raises(ValueError, match=r"absent\.pth are not there.*--degrade trains from random"):
        train.train_recipe(recipe, train_options(data, tmp_path, fold="0"))
    train.train_recipe(recipe, train_options(data, tmp_path, fold="0", degrade=True, steps=1))
    made = json.loads((run_folder(tmp_path, recipe, 0) / "run.json").read_text(encoding="utf-8"))
    assert made["lost"] == ["ImageNet weights: from random ones"]


def test_slice_random_folds_stand_in_a_folder_of_their_own(tmp_path: Path) -> None:
    """Hazard: a slice-random figure compared with honest ones."""
    data, recipe = write_label_sets(tmp_path / "data", 8, 4), small_recipe(epochs=1)
    for split in ("patient", "as_reported"):
        chosen = replace(recipe, split=split)
        train.train_recipe(chosen, train_options(data, tmp_path, fold="0", steps=1))
    folders = {path.name for path in (tmp_path / "runs").iterdir()}
    assert folders == {"small", "small_as_reported"}
    rows = read_sources(data, recipe.sources)
    with pytest.raises(ValueError, match="slice-random"):
        read_split(split_path(tmp_path, replace(recipe, split="as_reported")), rows)


@pytest.mark.parametrize(("fold", "message"), [("7", "has folds 0 to 1"), ("x", "has folds 0 to 1")])
def test_a_fold_that_is_not_there_is_refused(tmp_path: Path, fold: str, message: str) -> None:
    data = write_label_sets(tmp_path / "data", 8, 2)
    with pytest.raises(ValueError, match=message):
        train.train_recipe(small_recipe(), train_options(data, tmp_path, fold=fold))


def test_a_range_test_draws_its_curve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_label_sets(tmp_path / "data", 8, 2)
    recipe = replace(small_recipe(), range_test=RangeTest(1e-5, 1.0, 10))
    train.find_rate(recipe, train_options(data, tmp_path, plot=tmp_path / "curve.svg"))
    assert (tmp_path / "curve.svg").exists()
    assert "small: steepest fall at" in capsys.readouterr().out
