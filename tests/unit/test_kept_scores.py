"""Scores of a fold that are kept beside its weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

import numpy as np
import pytest
from fit_data import tiny_recipe

from training.runs import out_of_fold
from training.runs.out_of_fold import Held, Scored
from training.runs.run_folders import WEIGHTS, run_folder


def test_scores_that_were_cut_off_in_writing_are_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: a network judged on what a full disk left of its scores."""
    recipe = dataclasses.replace(tiny_recipe(), folds=1)
    folder = run_folder(tmp_path, recipe, 0)
    folder.mkdir(parents=True)
    (folder / WEIGHTS).write_bytes(b"weights")
    scored = Scored(np.arange(18, dtype=np.float32).reshape(3, 6), np.zeros((3, 6, 1, 1), dtype=np.float32))
    material: Any = SimpleNamespace(sources=())
    held = Held(material, np.arange(3), (), np.arange(3), np.zeros(3, dtype=np.int64))
    monkeypatch.setattr(out_of_fold, "slice_network", lambda *_: None)
    monkeypatch.setattr(out_of_fold, "frames_of", lambda *_: None)
    monkeypatch.setattr(out_of_fold, "score", lambda *_: scored)

    def full_disk(file: BinaryIO | Path, **_: object) -> None:
        if isinstance(file, Path):
            file.write_bytes(b"PK\x03\x04 half of it")
        raise OSError("No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(np, "savez", full_disk)
        with pytest.raises(OSError, match="No space left"):
            out_of_fold.out_of_fold(recipe, held, tmp_path)
    assert [path.name for path in folder.iterdir()] == [WEIGHTS]
    for _ in range(2):
        np.testing.assert_array_equal(out_of_fold.out_of_fold(recipe, held, tmp_path).logits, scored.logits)
