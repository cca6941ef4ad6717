"""Several processes train one network as one process would."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_children import Children, training_children

SLICES = 24


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    with training_children() as started:
        yield started


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def outputs(
    children: Children, folder: Path, processes: int, batch_size: int, budget: int
) -> list[dict[str, Any]]:
    answers = children.order(
        folder, "together", processes=processes, port=free_port(), batch_size=batch_size, budget=budget
    )
    assert [answer["status"] for answer in answers] == [0] * processes
    return [answer["output"] for answer in answers]


@pytest.mark.parametrize(
    ("processes", "batch_size"), [(2, 8), (2, 5), (3, 2)], ids=["even", "uneven", "idle"]
)
def test_a_step_of_several_processes_is_one_process_s(
    children: Children, tmp_path: Path, processes: int, batch_size: int
) -> None:
    """Hazard: a network trained on eight cards that no recipe describes. Rate 1 makes the step the
    gradient.
    """
    (alone,) = outputs(children, tmp_path / "alone", 1, batch_size, budget=1)
    several = outputs(children, tmp_path / "several", processes, batch_size, budget=1)
    for output in several:
        np.testing.assert_allclose(output["weights"], alone["weights"], rtol=0, atol=1e-5)
    assert np.ptp(alone["weights"]) > 0.1


def test_every_slice_is_used_exactly_once_an_epoch(children: Children, tmp_path: Path) -> None:
    several = outputs(children, tmp_path, 2, 5, budget=1)
    used = [unit for output in several for unit in output["used"]]
    assert sorted(used) == list(range(SLICES))


def test_gathered_scores_are_those_of_one_process(children: Children, tmp_path: Path) -> None:
    several = outputs(children, tmp_path, 2, 5, budget=1)
    for output in several:
        assert output["numbers"] == list(range(SLICES))
        np.testing.assert_allclose(output["values"], np.sin(np.arange(SLICES)), rtol=0, atol=1e-12)


def test_several_killed_processes_go_on_to_the_same_weights(children: Children, tmp_path: Path) -> None:
    """Hazard: figures of a network that no recipe describes, because a machine went down in between."""
    whole = children.order(tmp_path / "whole", processes=2, port=free_port())
    assert [answer["status"] for answer in whole] == [0, 0]
    folder = tmp_path / "killed"
    for kill in ({"kill_at_step": 5}, {"kill_in_write": 1}):
        first, second = children.order(folder, processes=2, port=free_port(), **kill)
        assert first["status"] == -signal.SIGKILL
        assert second["status"] != 0
    again = children.order(folder, processes=2, port=free_port())
    assert again == whole
