"""Recipes, label sets, generated slices and augmentation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from stub_checkpoint import STUB_SPEC
from training_data import write_label_sets

from ichviewer.core.phantom_spec import DEMO_SEED
from ichviewer.core.windowing import Window
from training.fit.augment import draw_variation, vary
from training.recipe.read import named_recipe
from training.recipe.tree import Augmentation
from training.runs.phantom_slices import FIRST_SEED, generated_slices
from training.sources import check_windows, read_sources

RECIPE = named_recipe("ichviewer_mobilenet_v2")
STILL = Augmentation(flip_share=0.5)


def augment(
    framed: np.ndarray, how: Augmentation, width_hu: float, size_px: int, generator: np.random.Generator
) -> torch.Tensor:
    return vary(framed, draw_variation(len(framed), how, generator), width_hu, size_px, copies=1)


def batch(count: int = 4) -> np.ndarray:
    return np.random.default_rng(5).uniform(0.2, 0.8, (count, 1, 32, 32)).astype(np.float32)


def test_rows_carry_patient_position_and_labels(tmp_path: Path) -> None:
    rows = read_sources(write_label_sets(tmp_path, 2, 2), ["ct_ich_v1", "rsna_png"])
    assert [(r.source, r.patient, r.slice_number, r.labels[0]) for r in rows[:4]] == [
        ("ct_ich_v1", "000", 1, 0),
        ("ct_ich_v1", "000", 2, 0),
        ("ct_ich_v1", "001", 1, 1),
        ("ct_ich_v1", "001", 2, 1),
    ]
    assert [(r.patient, r.slice_number) for r in rows[4:6]] == [("", None), ("P0", None)]


def test_any_must_be_the_maximum_of_the_subtypes(tmp_path: Path) -> None:
    labels = write_label_sets(tmp_path, 2, 1) / "rsna_png" / "labels.csv"
    labels.write_text(labels.read_text(encoding="utf-8").replace(",1,1,1", ",0,1,1", 1), encoding="utf-8")
    with pytest.raises(ValueError, match="is not the maximum"):
        read_sources(tmp_path, ["rsna_png"])


def test_a_slice_that_stands_twice_is_refused(tmp_path: Path) -> None:
    labels = write_label_sets(tmp_path, 2, 1) / "rsna_png" / "labels.csv"
    labels.write_text(labels.read_text(encoding="utf-8") + "ID_01,,0,0,0,0,0,0\n", encoding="utf-8")
    with pytest.raises(ValueError, match="stands twice"):
        read_sources(tmp_path, ["rsna_png"])


def test_a_window_beyond_the_pictures_is_refused() -> None:
    """Hazard: pictures clipped at 73 HU against DICOM up to 180 HU would be two different inputs."""
    check_windows(RECIPE.sources, RECIPE.preprocessing)
    wide = replace(RECIPE.preprocessing, windows=(Window(80, 200),) * 3)
    with pytest.raises(ValueError, match="-20 to 180 HU is wider than the pictures of ct_ich_v1"):
        check_windows(["ct_ich_v1"], wide)


def test_generated_slices_never_show_the_demos_head(tmp_path: Path) -> None:
    """Hazard: a demo that the network has learned by heart shows nothing."""
    assert DEMO_SEED < FIRST_SEED
    framed, labels = generated_slices(2, STUB_SPEC, tmp_path)
    assert framed.shape == (2, 1, STUB_SPEC.size_px, STUB_SPEC.size_px)
    assert labels.shape == (2, 6)
    assert (framed.min(), framed.max()) >= (0, 0.5)
    again, _ = generated_slices(2, STUB_SPEC, tmp_path)
    np.testing.assert_array_equal(again, framed)


def test_augmentation_without_limits_changes_nothing_but_the_side() -> None:
    framed = batch(16)
    varied = augment(framed, STILL, 70.0, 32, np.random.default_rng(0)).numpy()
    flipped = np.abs(varied - framed[..., ::-1]).max(axis=(1, 2, 3)) < 1e-5
    kept = np.abs(varied - framed).max(axis=(1, 2, 3)) < 1e-5
    assert (flipped ^ kept).all()
    assert flipped.any()
    assert kept.any()


def test_a_level_shift_is_in_hounsfield_units() -> None:
    framed = np.full((64, 1, 8, 8), 0.5, dtype=np.float32)
    varied = augment(framed, replace(STILL, offset_hu=7.0), 70.0, 8, np.random.default_rng(0)).numpy()
    levels = varied.mean(axis=(1, 2, 3)) - 0.5
    assert np.abs(levels).max() <= 0.1 + 1e-6
    assert np.abs(levels).max() > 0.08


def test_black_and_white_stay_what_they_are() -> None:
    """Hazard: air that becomes grey in training and never in the viewer."""
    framed = np.zeros((8, 1, 16, 16), dtype=np.float32)
    framed[:, :, 4:12, 4:12] = 1.0
    how = replace(STILL, offset_hu=10.0, gain=0.2, noise_hu=5.0)
    varied = augment(framed, how, 70.0, 16, np.random.default_rng(1)).numpy()
    assert set(np.unique(varied.round(4))) == {0.0, 1.0}


def test_augmentation_follows_its_generator_only() -> None:
    how = replace(RECIPE.augmentation, jpeg_share=1.0, blur_share=1.0)
    first, second = (augment(batch(), how, 70.0, 24, np.random.default_rng(9)) for _ in range(2))
    assert first.shape == (4, 1, 24, 24)
    assert (first == second).all()
    assert float(first.min()) >= 0
    assert float(first.max()) <= 1
