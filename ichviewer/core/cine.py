"""Cine: scrolling by itself. The clock is the window's; here is what each tick does."""

from __future__ import annotations

from dataclasses import dataclass, replace

SPEEDS = (1, 2, 3, 5, 8, 10, 12, 15, 20, 25, 30)
"""Frames per second that faster and slower go through."""


@dataclass(frozen=True)
class Cine:
    """How slices pass by themselves.

    Attributes:
        is_running: Whether they do.
        frames_per_second: 1 to 30.
        bounces: Whether it turns round at the ends; else it goes on at the other end.
        step: +1 towards the vertex, -1 towards the neck.
    """

    is_running: bool = False
    frames_per_second: int = 10
    bounces: bool = False
    step: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.frames_per_second <= 30:
            raise ValueError(f"Cine runs at 1 to 30 frames per second, not at {self.frames_per_second}.")

    @property
    def words(self) -> str:
        """As it is shown: ``cine 10/s, loop``."""
        return f"cine {self.frames_per_second}/s, {'bounce' if self.bounces else 'loop'}"


STILL = Cine()
"""Slices stay where the reader leaves them."""


def faster(cine: Cine, steps: int) -> Cine:
    """The next speed up (+1) or down (-1); stops at the ends.

    >>> faster(Cine(frames_per_second=10), 1).frames_per_second
    12
    """
    nearest = min(range(len(SPEEDS)), key=lambda place: abs(SPEEDS[place] - cine.frames_per_second))
    place = max(0, min(nearest + steps, len(SPEEDS) - 1))
    return replace(cine, frames_per_second=SPEEDS[place])


def ticked(cine: Cine, slice_index: int, slice_count: int) -> tuple[Cine, int]:
    """The cine and the slice after one frame.

    >>> ticked(Cine(), 2, 3)[1], ticked(Cine(bounces=True), 2, 3)[1]
    (0, 1)
    """
    if slice_count < 2:
        return cine, slice_index
    following = slice_index + cine.step
    if 0 <= following < slice_count:
        return cine, following
    if cine.bounces:
        return replace(cine, step=-cine.step), slice_index - cine.step
    return cine, following % slice_count
