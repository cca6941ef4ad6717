"""What each frame of the cine does."""

from __future__ import annotations

import pytest

from ichviewer.core.cine import SPEEDS, Cine, faster, ticked


def passed(cine: Cine, start: int, frames: int, count: int = 4) -> list[int]:
    seen, index = [], start
    for _ in range(frames):
        cine, index = ticked(cine, index, count)
        seen.append(index)
    return seen


def test_a_loop_goes_on_at_the_other_end() -> None:
    assert passed(Cine(), 2, 4) == [3, 0, 1, 2]


def test_a_bounce_turns_round_at_both_ends() -> None:
    assert passed(Cine(bounces=True), 2, 7) == [3, 2, 1, 0, 1, 2, 3]


def test_one_slice_stays() -> None:
    assert passed(Cine(bounces=True), 0, 3, count=1) == [0, 0, 0]


def test_speed_goes_from_1_to_30_and_stops_there() -> None:
    assert faster(Cine(frames_per_second=30), 1).frames_per_second == 30
    assert faster(Cine(frames_per_second=1), -1).frames_per_second == 1
    assert (SPEEDS[0], SPEEDS[-1]) == (1, 30)


@pytest.mark.parametrize("speed", [0, 31])
def test_no_other_speed_can_be_asked_for(speed: int) -> None:
    with pytest.raises(ValueError, match="1 to 30"):
        Cine(frames_per_second=speed)
