"""The submission file: complete, without repeats, or not written at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ichviewer.core.findings import SUBTYPES
from training.judge.submission import read_wanted, write_submission

NAMES = ["ID_a", "ID_b"]
SCORES = np.linspace(0, 1, 12).reshape(2, 6)


def sample(path: Path, names: list[str], drop: int = 0) -> Path:
    lines = [f"{name}_{label},0.5" for name in names for label in SUBTYPES]
    path.write_text("ID,Label\n" + "\n".join(lines[: len(lines) - drop]) + "\n", encoding="utf-8")
    return path


def test_a_submission_has_a_line_per_slice_and_label(tmp_path: Path) -> None:
    write_submission(tmp_path / "s.csv", NAMES, SCORES, read_wanted(sample(tmp_path / "sample.csv", NAMES)))
    lines = (tmp_path / "s.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "ID,Label"
    assert lines[1:4] == ["ID_a_any,0", "ID_a_epidural,0.09090909", "ID_a_intraparenchymal,0.1818182"]
    assert len(lines) == 13
    assert read_wanted(tmp_path / "s.csv") == NAMES


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["ID_a", "ID_c"], "1 slices are missing: ID_b"),
        (["ID_a", "ID_b", "ID_c"], "1 slices are extra: ID_c"),
        (["ID_a", "ID_b", "ID_b"], "1 slices are there more than once: ID_b"),
    ],
)
def test_an_incomplete_submission_is_not_written(tmp_path: Path, names: list[str], message: str) -> None:
    """Hazard: a score of half of the slices, taken for a score of all."""
    with pytest.raises(ValueError, match=message):
        write_submission(tmp_path / "s.csv", names, np.full((len(names), 6), 0.5), NAMES)
    assert not (tmp_path / "s.csv").exists()


def test_what_is_no_probability_is_refused(tmp_path: Path) -> None:
    for wrong in (1.01, np.nan):
        with pytest.raises(ValueError, match="not a probability"):
            write_submission(tmp_path / "s.csv", NAMES, np.full((2, 6), wrong))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ID;Label\n", "line 1: the header"),
        ("ID,Label\nID_a_any,0.5\nID_a_hematoma,0.5\n", "line 3: not ID_xxx_subtype,Label"),
        ("ID,Label\nID_a_any,0.5\nID_a_any,0.5\n", "line 3: ID_a_any stands twice"),
        ("ID,Label\n\n", "line 2: not ID_xxx_subtype,Label"),
    ],
)
def test_a_broken_sample_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "sample.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"sample\.csv, {message}"):
        read_wanted(tmp_path / "sample.csv")


def test_a_slice_with_too_few_labels_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"sample\.csv, line 8: ID_b has 5 labels"):
        read_wanted(sample(tmp_path / "sample.csv", NAMES, drop=1))
