"""Whether generated bleeds can be told from real ones: the small network that is asked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from healthy_heads import Heads
from torch import nn

from ichviewer.core.progress import ignore_progress
from training import cli
from training.derived.generated_lesions import GeneratedLesions
from training.explore import tell_apart
from training.explore.tell_apart import (
    SIDE_PX,
    Sides,
    edited_or_untouched,
    generated_or_real,
    told_apart,
)
from training.prepare.prepared import PreparedSource, open_prepared
from training.prepare.write import prepare
from training.sources.labeled_slice import Source


def pictures(mark: float, spots: int = 96) -> Sides:
    """Noise of 24 patients, *mark* brighter in a corner of those that are made."""
    generator = np.random.default_rng(0)
    shown = generator.normal(0.5, 0.1, (spots, 24, 24)).astype(np.float32)
    is_made = np.arange(spots) % 2 == 0
    shown[is_made, 8:16, 8:16] += mark
    return Sides(shown, is_made, np.arange(spots) // 4)


def prepared(source: Source, folder: Path) -> PreparedSource:
    prepare(source, folder, None, 0, ignore_progress, allow_empty_class=True)
    return open_prepared(folder)


def test_what_differs_is_told_apart() -> None:
    found = told_apart(pictures(0.4), steps=25, seed=1)
    assert found is not None
    assert found["low"] > 0.9


def test_what_does_not_differ_is_not() -> None:
    found = told_apart(pictures(0.0), steps=25, seed=1)
    assert found is not None
    assert found["low"] < 0.5 < found["high"]


class Remembering(nn.Module):
    """Knows the kind of every head that it was shown, by a number in the corner, and nothing else."""

    def __init__(self, pictures: np.ndarray, is_made: np.ndarray) -> None:
        super().__init__()
        kinds = 2.0 * is_made - 1.0
        self.seen = {float(corner): kind for corner, kind in zip(pictures[:, 0, 0], kinds, strict=True)}

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        corners = batch[:, 0, 0, 0] / 4 + 0.5
        found = [self.seen.get(float(corner), 0.0) for corner in corners]
        return torch.tensor(found)[:, None]


def test_heads_that_were_seen_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hazard: a generator is blamed, or praised, for what a network remembers of heads."""
    monkeypatch.setattr(
        tell_apart, "_fitted", lambda shown, is_made, steps, seed: Remembering(shown, is_made)
    )
    sides = pictures(0.0)
    # Numbers that survive the way into the network unrounded; each head is of one kind alone.
    sides.pictures[:, 0, 0] = sides.people / 32
    found = told_apart(Sides(sides.pictures, sides.people % 2 == 0, sides.people), steps=1, seed=1)
    assert found == {"value": 0.5, "low": 0.5, "high": 0.5}


def test_both_questions_are_asked_of_the_right_slices(tmp_path: Path) -> None:
    hosts = prepared(Heads(), tmp_path / "hosts")
    made = prepared(GeneratedLesions(hosts.folder, 5, 1), tmp_path / "made")
    control = prepared(GeneratedLesions(hosts.folder, 5, 1, has_contrast=False), tmp_path / "control")
    whole = generated_or_real(hosts, made)
    assert whole.pictures.shape == (6, SIDE_PX, SIDE_PX)
    assert whole.is_made.tolist() == [True] * 5 + [False]
    assert whole.people[5] not in whole.people[:5]
    near = edited_or_untouched(hosts, control)
    assert near.pictures.shape == (10, SIDE_PX, SIDE_PX)
    np.testing.assert_array_equal(near.people[::2], near.people[1::2])
    for edited, untouched in zip(near.pictures[::2], near.pictures[1::2], strict=True):
        change = np.abs(edited - untouched)
        assert change.max() > 0
        # It is the same place: outside the edit the pictures are equal.
        assert (change == 0).mean() > 0.3
    with pytest.raises(ValueError, match="the host of generated_lesions_000000 is not in"):
        generated_or_real(made, made)


def test_the_answers_are_written(tmp_path: Path) -> None:
    for source, name in (
        (Heads(), "hosts"),
        (GeneratedLesions(tmp_path / "hosts", 5, 1), "made"),
        (GeneratedLesions(tmp_path / "hosts", 5, 1, has_contrast=False), "control"),
    ):
        prepared(source, tmp_path / name)
    arguments = ["tell-apart", "--hosts", "hosts", "--generated", "made", "--control", "control"]
    placed = [str(tmp_path / word) if (tmp_path / word).exists() else word for word in arguments]
    to = tmp_path / "out" / "told.json"
    assert cli.main([*placed, "--to", str(to), "--steps", "2"]) == 0
    values = json.loads(to.read_text(encoding="utf-8"))
    # Four heads are too few for a figure, and that is what it says.
    assert values["auc"] == {"generated_or_real": None, "edited_or_untouched": None}
