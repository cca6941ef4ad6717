"""Who stays together in the cross-validation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from stub_checkpoint import STUB_SPEC
from training_data import framed_pictures, write_label_sets

from training.sources import LabeledSlice, read_sources
from training.split import (
    SplitKind,
    check_split,
    folds_of,
    groups_of,
    near_duplicate_pairs,
    read_split,
    slice_random_folds,
    thumbnails,
    write_split,
)


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


def test_sources_of_one_data_set_share_their_patients_and_slices() -> None:
    """Hazard: a head is learned from as DICOM and judged as a picture."""
    rows = [
        *(row("049_001", "049", source=source) for source in ("ct_ich_v1", "ct_ich_published")),
        *(row("ID_a", source=source) for source in ("rsna_png", "rsna_dicom")),
    ]
    groups = groups_of(rows, noise(4))
    assert groups[0] == groups[1] != groups[2] == groups[3]
    with pytest.raises(ValueError, match="slice 049_001 of ct_ich stands in folds 0 and 1"):
        check_split(rows, np.arange(4), np.array([0, 1, 0, 0]))


def test_a_patient_with_several_studies_stays_in_one_fold() -> None:
    """Hazard: a head that was scanned twice stands on both sides of the split."""
    rows = [replace(row(name, "P1"), study=f"S{name}", series=f"s{name}") for name in "ab"]
    rows.append(replace(row("c", "P2"), study="Sc"))
    groups = groups_of(rows, noise(3))
    assert groups[0] == groups[1] != groups[2]
    with pytest.raises(ValueError, match="patient P1 of rsna stands in folds 0 and 1"):
        check_split(rows, np.arange(3), np.array([0, 1, 1]))


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
    groups = groups_of(rows, framed_pictures(rows, STUB_SPEC))
    folds = folds_of(rows, groups, 2, seed=0)
    write_split(tmp_path / "split.jsonl", rows, groups, folds)
    read_groups, read_folds = read_split(tmp_path / "split.jsonl", rows)
    np.testing.assert_array_equal(read_groups, groups)
    np.testing.assert_array_equal(read_folds, folds)
    with pytest.raises(ValueError, match="other slices"):
        read_split(tmp_path / "split.jsonl", rows[1:])


def all_pairs(small: np.ndarray, wanted: np.ndarray, correlation: float) -> set[tuple[int, int]]:
    """Every pair by comparing all with all."""
    a, b = np.nonzero(np.triu(small @ small.T >= correlation, 1))
    return {(int(i), int(j)) for i, j in zip(a, b, strict=True) if wanted[i] or wanted[j]}


@pytest.mark.parametrize("correlation", [0.9, 0.97, 0.999])
def test_cells_find_every_pair_that_comparing_all_finds(correlation: float) -> None:
    """Hazard: a head on both sides of the split because its twin lay in another cell."""
    generator = np.random.default_rng(3)
    heads = generator.random((40, 1, 8, 8), dtype=np.float32).repeat(8, axis=2).repeat(8, axis=3)
    noise_level = generator.uniform(0, 0.6, (600, 1, 1, 1)).astype(np.float32)
    which = generator.integers(40, size=600)
    framed = heads[which] + noise_level * generator.standard_normal((600, 1, 64, 64), dtype=np.float32)
    small, wanted = thumbnails(framed), generator.random(600) < 0.5
    found = [
        (min(int(i), int(j)), max(int(i), int(j)))
        for a, b in near_duplicate_pairs(small, wanted, correlation)
        for i, j in zip(a, b, strict=True)
    ]
    assert len(found) == len(set(found))
    assert set(found) == all_pairs(small, wanted, correlation)
    assert len(found) > 5


def test_a_study_without_patient_stays_whole() -> None:
    rows = [replace(row(name), study="S1") for name in "ab"]
    groups = groups_of([*rows, row("c")], noise(3))
    assert groups.tolist() == [0, 0, 1]


def test_a_generated_slice_is_tied_to_its_hosts_patient() -> None:
    """Hazard: a head of the validation part is learned from because blood was drawn into it."""
    hosts = [row("a", "P1"), row("b", "P1"), row("c"), row("d", "P2")]
    of = {
        "made of b": LabeledSlice(
            *("generated_lesions", "g1", Path("g"), "P1", None, (1,) * 6),
            host=("rsna_png", "b"),
        ),
        "made of c": LabeledSlice(
            *("generated_lesions", "g2", Path("g"), "", None, (1,) * 6),
            host=("rsna_png", "c"),
        ),
    }
    rows = [*hosts, *of.values()]
    assert groups_of(rows, noise(6)).tolist() == [0, 0, 1, 2, 0, 1]
    with pytest.raises(ValueError, match=r"slice c of rsna stands in folds 1 and 0 .slices c and g2"):
        check_split(rows, np.arange(6), np.array([0, 0, 1, 0, 0, 0]))


def test_a_slice_random_split_is_read_only_where_it_is_asked_for(tmp_path: Path) -> None:
    """Hazard: figures of a split in which the network had seen every head."""
    rows = [row(f"{p}-{k}", f"P{p}") for p in range(4) for k in range(6)]
    folds, path = slice_random_folds(len(rows), 3, seed=1), tmp_path / "split.jsonl"
    assert np.bincount(folds).tolist() == [8, 8, 8]
    groups = np.repeat(np.arange(4), 6)
    with pytest.raises(ValueError, match=r"group 0 stands in folds . and ."):
        write_split(path, rows, groups, folds)
    write_split(path, rows, groups, folds, SplitKind.AS_REPORTED)
    with pytest.raises(ValueError, match="is slice-random"):
        read_split(path, rows)
    np.testing.assert_array_equal(read_split(path, rows, as_reported=True)[1], folds)


def test_a_split_that_was_edited_is_refused(tmp_path: Path) -> None:
    rows = [row("a", "P1"), row("b", "P2")]
    path = tmp_path / "split.jsonl"
    write_split(path, rows, np.array([0, 1]), np.array([0, 1]))
    path.write_text(path.read_text(encoding="utf-8").replace('"fold": 1', '"fold": 0'), encoding="utf-8")
    with pytest.raises(ValueError, match="was changed since it was frozen"):
        read_split(path, rows)


def test_a_split_without_head_is_checked_line_by_line(tmp_path: Path) -> None:
    """The first release wrote no head; its splits are still read."""
    rows = [row("a", "P1"), row("b", "P1")]
    lines = [
        f'{{"source": "rsna_png", "name": "{n}", "group": 0, "fold": {f}}}' for n, f in (("a", 0), ("b", 1))
    ]
    path = tmp_path / "split.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"split\.jsonl: group 0 stands in folds 0 and 1 .slices a and b"):
        read_split(path, rows)
    with pytest.raises(ValueError, match="first difference is in line 2"):
        read_split(path, [rows[0], row("c")])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            '{"source": "rsna_png", "name": "b", "group": 1, "fold": 7}',
            "line 2: fold 7; there are folds 0 to 2",
        ),
        ('{"source": "rsna_png", "name": "b", "group": 1, "fold": -1}', "line 2: fold -1"),
        ('{"source": "rsna_png", "name": "b", "group": 1}', "line 2: fold is None"),
        ('{"source": "rsna_png", "name": "b", "group": 1, "fold": "0"}', "line 2: fold is '0'"),
        ('{"source": "rsna_png", "na', "line 2: is no line of a split"),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str, message: str) -> None:
    """Hazard: slices of a fold that nothing holds out, so that no figure has them."""
    path = tmp_path / "split.jsonl"
    path.write_text(
        f'{{"source": "rsna_png", "name": "a", "group": 0, "fold": 0}}\n{line}\n', encoding="utf-8"
    )
    with pytest.raises(ValueError, match=rf"split\.jsonl, {message}"):
        read_split(path, [row("a", "P1"), row("b", "P2")], fold_count=3)


@pytest.mark.needs_shared_data
def test_real_pictures_group_as_comparing_all_with_all_does(shared_data: Path, tmp_path: Path) -> None:
    rows = read_sources(shared_data, ["rsna_png"])[::12]
    small = thumbnails(framed_pictures(rows, STUB_SPEC))
    wanted = np.ones(len(rows), dtype=np.bool_)
    found = {
        (int(i), int(j)) for a, b in near_duplicate_pairs(small, wanted) for i, j in zip(a, b, strict=True)
    }
    assert found == all_pairs(small, wanted, 0.97)
