"""Who stays together in the cross-validation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from stub_checkpoint import STUB_SPEC
from training_data import write_label_sets

from training.cache import framed_slices
from training.sources import LabeledSlice, read_sources
from training.split import check_split, folds_of, groups_of, read_split, write_split


def row(name: str, patient: str = "", label: int = 0, source: str = "rsna_png") -> LabeledSlice:
    return LabeledSlice(source, name, Path(name), patient, None, (label,) * 6)


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, 1, 64, 64), dtype=np.float32)


def test_slices_of_a_patient_are_one_group() -> None:
    groups = groups_of([row("a", "P1"), row("b", "P2"), row("c", "P1")], noise(3))
    assert groups[0] == groups[2] != groups[1]


def test_a_patient_number_means_nothing_across_sources() -> None:
    groups = groups_of([row("a", "049"), row("b", "049", source="ct_ich_v1")], noise(2))
    assert groups[0] != groups[1]


def test_a_near_duplicate_without_patient_joins_its_twin() -> None:
    """Hazard: the same head on both sides of the split flatters the network."""
    framed = noise(3)
    framed[2] = framed[0] * 0.9 + 0.01
    groups = groups_of([row("a", "P1"), row("b"), row("c")], framed)
    assert groups[0] == groups[2] != groups[1]


def test_known_patients_who_look_alike_stay_apart() -> None:
    framed = noise(2)
    framed[1] = framed[0]
    groups = groups_of([row("a", "P1"), row("b", "P2")], framed)
    assert groups[0] != groups[1]


def test_black_pictures_are_no_duplicates() -> None:
    groups = groups_of([row("a"), row("b")], np.zeros((2, 1, 64, 64), dtype=np.float32))
    assert groups[0] != groups[1]


def test_folds_keep_groups_whole_and_spread_the_labels() -> None:
    rows = [row(f"{p}-{k}", f"P{p}", int(p < 12)) for p in range(60) for k in range(3)]
    groups = np.repeat(np.arange(60), 3)
    folds = folds_of(rows, groups, 3, seed=1)
    check_split(rows, groups, folds)
    assert np.bincount(folds).tolist() == [60, 60, 60]
    assert np.bincount(folds[:36]).tolist() == [12, 12, 12]


def test_a_split_that_takes_a_patient_apart_is_refused() -> None:
    rows = [row("a", "P1"), row("b", "P1")]
    with pytest.raises(ValueError, match="P1"):
        check_split(rows, np.array([0, 1]), np.array([0, 1]))


def test_a_frozen_split_reads_back_and_fits_its_slices_only(tmp_path: Path) -> None:
    rows = read_sources(write_label_sets(tmp_path / "data", 4, 2), ["ct_ich_v1", "rsna_png"])
    groups = groups_of(rows, framed_slices(rows, STUB_SPEC, tmp_path))
    folds = folds_of(rows, groups, 2, seed=0)
    write_split(tmp_path / "split.jsonl", rows, groups, folds)
    read_groups, read_folds = read_split(tmp_path / "split.jsonl", rows)
    np.testing.assert_array_equal(read_groups, groups)
    np.testing.assert_array_equal(read_folds, folds)
    with pytest.raises(ValueError, match="other slices"):
        read_split(tmp_path / "split.jsonl", rows[1:])
