"""What a killed run needs to go on: everything that changes from step to step lies in its state.

Kills in processes of their own are in ``tests/integration/test_training_resume.py``; here a run is broken off
in this process, so that what it carried can be looked at.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fit_data import spots, tiny_augmentation, tiny_recipe
from torch.amp import GradScaler

from training.fit import phase_run
from training.fit.batches import Batch
from training.fit.loop import LOG, STATE, Fitted, fit
from training.fit.phase_run import PhaseRun
from training.fit.place import Place
from training.fit.precision import Precision
from training.fit.rows import held_out_share
from training.fit.run_log import read_log
from training.fit.schedules import Plateau
from training.fit.training_state import StateError, TrainingState, load_state, save_state
from training.recipe.tree import Recipe, Sampling, Schedule

CPU = torch.device("cpu")

STEERED = tiny_recipe(
    epochs=6.0,
    schedule=Schedule("plateau", patience_epochs=1),
    validation_share=0.3,
    keeps="best",
    average_decay=0.9,
    augmentation=tiny_augmentation(flip_share=0.5, noise_hu=2.0),
)


class BrokenOffError(Exception):
    """In the place of a kill."""


def run(recipe: Recipe, folder: Path, patch: pytest.MonkeyPatch, last: int | None = None) -> list[Any]:
    """What each step left behind: rate, plateau, best loss, scaler, units; broken off before *last*."""
    seen: list[Any] = []
    step = PhaseRun.step

    def watched(self: PhaseRun, place: int, batch: Batch) -> Any:
        if place == last:
            raise BrokenOffError
        made = step(self, place, batch)
        scaler = self.precision.scaler.state_dict()
        seen.append((place, made["rate"], self._plateau, self._state.best_loss, scaler, batch.units.tolist()))
        return made

    folder.mkdir(exist_ok=True)
    with patch.context() as inside:
        inside.setattr(PhaseRun, "step", watched)
        try:
            fitted(recipe, folder)
        except BrokenOffError:
            assert last is not None
    return seen


def fitted(recipe: Recipe, folder: Path) -> Fitted:
    rows = spots(24)
    learned, held = held_out_share(rows, rows.indices, 0.3, 1)
    # Labels turned round: what is learned makes them worse, so the plateau falls for certain.
    turned = replace(rows.only(held), labels=1 - rows.labels)
    place = Place(folder, CPU, state_every=1)
    return fit(recipe, rows.only(learned), place, validation=turned)


@pytest.mark.parametrize("last", [4, 10, 15])
def test_plateau_best_weights_and_average_cross_a_break(
    last: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: a run whose rate jumps up again, or which forgets its best weights, because of a power cut."""
    whole = run(STEERED, tmp_path / "whole", monkeypatch)
    factors = {seen[2].factor for seen in whole[:last]}
    assert last < 10 or len(factors) > 1, "the plateau has moved before the break"
    assert whole[last][3] is not None, "there are best weights before the break"
    before = run(STEERED, tmp_path / "broken", monkeypatch, last)
    after = run(STEERED, tmp_path / "broken", monkeypatch)
    assert [*before, *after] == whole
    assert read_log(tmp_path / "broken" / LOG) == read_log(tmp_path / "whole" / LOG)
    states = [(tmp_path / name / STATE).read_bytes() for name in ("broken", "whole")]
    assert states[0] == states[1]


def test_the_loss_scaler_crosses_a_break(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hazard: the first steps after a power cut lost to an overflow that the scale had long left behind."""

    def scaled(phase: Any, device: torch.device) -> Precision:
        scaler = GradScaler("cpu", init_scale=2.0, growth_interval=3)
        return Precision(None, device.type, scaler)

    monkeypatch.setattr(phase_run, "precision_of", scaled)
    whole = run(STEERED, tmp_path / "whole", monkeypatch)
    before = run(STEERED, tmp_path / "broken", monkeypatch, 8)
    after = run(STEERED, tmp_path / "broken", monkeypatch)
    scales = [(seen[4]["scale"], seen[4]["_growth_tracker"]) for seen in whole]
    assert scales[:4] == [(2.0, 1), (2.0, 2), (4.0, 0), (4.0, 1)]
    assert scales[7] == (8.0, 2), "in the middle of an interval"
    assert [*before, *after] == whole


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(),
        Sampling("oversampled", positive_factor=2.0),
        Sampling("class_balanced"),
        Sampling("hybrid", positive_share=0.4),
        Sampling("center_biased"),
    ],
    ids=lambda sampling: sampling.kind,
)
def test_a_sampler_goes_on_in_the_middle_of_an_epoch(
    sampling: Sampling, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: rows that are seen twice in an epoch, and others not at all."""
    recipe = replace(STEERED, sampling=sampling)
    phase = replace(recipe.phases[0], epochs=2.0)
    recipe = replace(recipe, phases=(phase,), batch_size=4)
    whole = run(recipe, tmp_path / "whole", monkeypatch)
    before = run(recipe, tmp_path / "broken", monkeypatch, 6)
    after = run(recipe, tmp_path / "broken", monkeypatch)
    assert [seen[5] for seen in [*before, *after]] == [seen[5] for seen in whole]


def test_a_state_comes_back_as_it_was_written(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(1)
    weights = {"a": torch.randn(3, 2, generator=generator), "n": torch.tensor(7)}
    state = TrainingState(
        key="k",
        phase=1,
        step=4,
        network=weights,
        average={"a": weights["a"] * 2},
        best={"a": weights["a"] * 3},
        best_loss=0.125,
        optimizer={
            "state": {0: {"step": torch.tensor(4.0), "m": weights["a"]}},
            "param_groups": [{"lr": 0.1}],
        },
        scaler={"scale": 512.0, "growth_factor": 2.0, "_growth_tracker": 17},
        plateau=Plateau(0.25, 2, 0.01),
        found_rates={"0": 3e-3},
    )
    save_state(tmp_path / STATE, state)
    found = load_state(tmp_path / STATE, "k")
    assert found is not None
    for name in ("phase", "step", "best_loss", "scaler", "plateau", "found_rates"):
        assert getattr(found, name) == getattr(state, name), name
    for name in ("network", "average", "best"):
        torch.testing.assert_close(getattr(found, name), getattr(state, name), rtol=0, atol=0)
    assert found.optimizer["param_groups"] == [{"lr": 0.1}]
    torch.testing.assert_close(found.optimizer["state"][0], state.optimizer["state"][0], rtol=0, atol=0)


def test_a_state_of_another_run_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    """Hazard: a network that began as one recipe and ended as another."""
    path = tmp_path / STATE
    assert load_state(path, "k") is None
    save_state(path, TrainingState("k", 0, 1, {"a": torch.zeros(2)}))
    with pytest.raises(StateError, match="another recipe, other rows or another budget"):
        load_state(path, "other")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - 3])
    with pytest.raises(StateError, match=rf"{STATE} is damaged"):
        load_state(path, "k")


def test_rows_with_other_labels_are_another_run(tmp_path: Path) -> None:
    recipe, rows = tiny_recipe(), spots(16)
    fit(recipe, rows, Place(tmp_path, CPU), budget=2)
    turned = np.ascontiguousarray(1 - rows.labels)
    with pytest.raises(StateError, match="other rows"):
        fit(recipe, replace(rows, labels=turned), Place(tmp_path, CPU), budget=2)
