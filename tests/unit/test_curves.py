"""Curves for TensorBoard beside a run's log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from training_data import small_recipe, train_options

from training.fit import curves
from training.fit.run_log import RunLog, read_log
from training.runs import train


class Writer:
    """Keeps what TensorBoard's writer would write."""

    made: list[Writer]

    def __init__(self, folder: str, purge_step: int) -> None:
        self.folder, self.purge_step, self.is_closed = folder, purge_step, False
        self.scalars: list[tuple[str, float, int]] = []
        Writer.made.append(self)

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        self.scalars.append((tag, value, step))

    def close(self) -> None:
        self.is_closed = True


def test_curves_show_the_values_of_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Writer.made = []
    monkeypatch.setattr(curves, "SummaryWriter", Writer)
    values: list[dict[str, Any]] = [
        {"event": "step", "phase": 0, "done": 10, "step": 9, "rate": 0.01, "loss": 0.5},
        {"event": "validation", "phase": 0, "done": 10, "loss": 0.4},
    ]
    with RunLog(tmp_path / "log", 20, 4, "x", tmp_path / "curves") as log:
        for event in values:
            log.write(**event)
    (writer,) = Writer.made
    assert read_log(tmp_path / "log") == values
    assert writer.scalars == [("step/rate", 0.01, 10), ("step/loss", 0.5, 10), ("validation/loss", 0.4, 10)]
    assert (writer.folder, writer.is_closed) == (str(tmp_path / "curves"), True)
    assert writer.purge_step == 5, "steps after the state are made, and drawn, again"


def test_without_the_package_curves_are_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curves, "SummaryWriter", None)
    options = train_options(tmp_path / "nothing", tmp_path, tensorboard=tmp_path / "curves")
    with pytest.raises(ValueError, match="pip install tensorboard"):
        train.train_recipe(small_recipe(), options)


def test_a_process_that_writes_no_log_draws_no_curves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Writer.made = []
    monkeypatch.setattr(curves, "SummaryWriter", Writer)
    with RunLog(None, 20, 0, "x", tmp_path / "curves") as log:
        log.write("step", done=1, loss=0.5)
    assert not Writer.made
