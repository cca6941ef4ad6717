"""A run that was killed goes on and ends where it would have ended."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from training_children import Children, training_children

from training.fit.run_log import read_log

OK = 0


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    with training_children() as started:
        yield started


@pytest.fixture(scope="module")
def undisturbed(children: Children, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Hash of the final weights of a run that nobody killed, and its folder."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (answer,) = children.order(folder)
    assert answer["status"] == OK
    return answer["output"], folder


@pytest.mark.parametrize(
    "kills",
    [
        [{"kill_at_step": 0}],
        [{"kill_at_step": 1}],
        [{"kill_at_step": 4}, {"kill_at_step": 1}, {"kill_at_step": 3}],
        [{"kill_at_step": 15}, {"kill_at_step": 1}],
        [{"kill_in_write": 0}],
        [{"kill_in_write": 2}, {"kill_in_write": 1}, {"kill_at_step": 0}, {"kill_in_write": 0}],
    ],
    ids=[
        "before-the-first-step",
        "at-once",
        "in-the-first-phase",
        "in-the-second",
        "in-the-first-write",
        "in-writes-and-again",
    ],
)
def test_a_killed_run_ends_with_the_same_weights(
    children: Children, undisturbed: tuple[str, Path], tmp_path: Path, kills: list[dict[str, int]]
) -> None:
    """Hazard: figures of a network that no recipe describes, because the machine went down in between."""
    expected, whole = undisturbed
    for kill in kills:
        (answer,) = children.order(tmp_path, **kill)
        assert answer["status"] == -signal.SIGKILL
    (answer,) = children.order(tmp_path)
    assert answer == {"status": OK, "output": expected}
    assert read_log(tmp_path / "log.jsonl") == read_log(whole / "log.jsonl")


def test_a_finished_run_is_not_made_again(children: Children, undisturbed: tuple[str, Path]) -> None:
    expected, folder = undisturbed
    before = (folder / "state.safetensors").stat().st_mtime_ns
    assert children.order(folder)[0]["output"] == expected
    assert (folder / "state.safetensors").stat().st_mtime_ns == before


def test_what_is_random_tells_runs_apart(
    children: Children, undisturbed: tuple[str, Path], tmp_path: Path
) -> None:
    """If another seed gave the same hash, equal hashes would say nothing."""
    (answer,) = children.order(tmp_path, seed=4)
    assert answer["status"] == OK
    assert answer["output"] != undisturbed[0]
