"""Which slices the reader has seen, and in which window.

The one thing to get wrong: a slice that flew past is not a slice that was seen; how long it stood still is
measured by the caller, since ``core`` has no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ichviewer.core.windowing import PRESETS, Window, WindowPreset

LEAST_SECONDS = 0.2
"""A slice that stood at least this long was seen. Eyes that search rest 0.18 to 0.28 s on a place (Rayner,
Quarterly Journal of Experimental Psychology 2009): in less, nobody looks at anything."""

OTHER_WINDOW = "other"
"""The name of every window that is no preset."""

SAME_WINDOW = 0.1
"""A preset that was dragged by no more than this share of its width is still that preset to the eye; the
presets themselves lie farther apart."""


def window_name(window: Window, presets: Sequence[WindowPreset] = PRESETS) -> str:
    """Name of the preset that a window is, up to a small drag; ``other`` for none.

    Args:
        window: As the view shows it, with any function.
        presets: The reader's; the first that fits counts.

    >>> window_name(Window(40, 80)), window_name(Window(82, 190)), window_name(Window(40, 100))
    ('Brain', 'Subdural', 'other')
    """
    for preset in presets:
        allowed = SAME_WINDOW * preset.window.width
        is_near = abs(window.center - preset.window.center) <= allowed
        if is_near and abs(window.width - preset.window.width) <= allowed:
            return preset.name
    return OTHER_WINDOW


@dataclass(frozen=True)
class Coverage:
    """What was seen of one stack.

    Attributes:
        slice_count: Slices in the stack.
        blank_slices: Slices that hold no image; they cannot be seen and count for no share.
        seen: Pairs of a window's name and the slices seen in it, by name.
    """

    slice_count: int
    blank_slices: frozenset[int] = frozenset()
    seen: tuple[tuple[str, frozenset[int]], ...] = ()

    @staticmethod
    def none(is_readable: Sequence[bool]) -> Coverage:
        """Nothing seen yet of a stack whose slices hold an image where *is_readable*."""
        blank = frozenset(index for index, readable in enumerate(is_readable) if not readable)
        return Coverage(len(is_readable), blank)

    @property
    def viewable(self) -> frozenset[int]:
        """Slices that can be seen."""
        return frozenset(range(self.slice_count)) - self.blank_slices

    def with_look(self, slice_index: int, window_names: Iterable[str], seconds: float) -> Coverage:
        """Same coverage after one slice stood still for a while.

        Each look counts by itself: six glances of 0.05 s are no look of 0.3 s.

        Args:
            slice_index: The slice.
            window_names: From ``window_name``, of every view that showed it.
            seconds: How long it stood, without a break.

        Raises:
            IndexError: There is no such slice.
        """
        if not 0 <= slice_index < self.slice_count:
            raise IndexError(f"Slice {slice_index} is not one of {self.slice_count}.")
        if seconds < LEAST_SECONDS or slice_index in self.blank_slices:
            return self
        names = set(window_names)
        if all(slice_index in self.seen_in(name) for name in names):
            return self
        slices = dict(self.seen)
        for name in names:
            slices[name] = slices.get(name, frozenset()) | {slice_index}
        return replace(self, seen=tuple(sorted(slices.items())))

    def seen_in(self, name: str | None = None) -> frozenset[int]:
        """Slices seen in one window, or in any window for None."""
        if name is not None:
            return dict(self.seen).get(name, frozenset())
        return frozenset().union(*(slices for _, slices in self.seen))

    def share(self, name: str | None = None) -> float:
        """Share of the slices that hold an image seen in one window, or in any for None; 0 without slices."""
        viewable = self.viewable
        return len(self.seen_in(name) & viewable) / len(viewable) if viewable else 0.0

    def unseen(self, name: str | None = None) -> tuple[int, ...]:
        """Slices not seen in one window, or in none at all for None, lowest first."""
        return tuple(sorted(self.viewable - self.seen_in(name)))


NOTHING_SEEN = Coverage(0)
"""While nothing is open."""


def unseen_text(coverage: Coverage, name: str | None = None) -> str:
    """What was not seen, in words, slices counted from 1; empty where everything was.

    >>> unseen_text(Coverage(4, seen=(("Bone", frozenset({0, 2})),)), "Bone")
    'slices 2 and 4 not seen in the bone window'
    """
    unseen = coverage.unseen(name)
    if not unseen:
        return ""
    where = "not seen" if name is None else f"not seen in {_window_words(name)}"
    if len(unseen) == len(coverage.viewable):
        return f"no slice seen in {_window_words(name)}" if name is not None else "no slice seen"
    return f"{slices_text(unseen)} {where}"


def coverage_text(coverage: Coverage, names: Sequence[str]) -> tuple[str, ...]:
    """One line for the whole stack and one for each window in which slices are missing.

    Args:
        coverage: What was seen.
        names: Windows in which a head CT is to be read, such as Brain, Subdural and Bone.

    >>> coverage_text(Coverage(2, seen=(("Brain", frozenset({0, 1})),)), ("Brain", "Bone"))
    ('2 of 2 slices seen', 'no slice seen in the bone window')
    """
    count = len(coverage.viewable)
    word = "slice" if count == 1 else "slices"
    head = f"{len(coverage.seen_in() & coverage.viewable)} of {count} {word} seen"
    rest = (unseen_text(coverage, name) for name in (None, *names))
    return (head, *(line for line in rest if line))


def slices_text(slices: Iterable[int]) -> str:
    """Slices as runs, counted from 1, lowest first.

    >>> slices_text([2, 3, 4, 11]), slices_text([6])
    ('slices 3–5 and 12', 'slice 7')
    """
    runs: list[tuple[int, int]] = []
    for index in sorted(set(slices)):
        if runs and index == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    texts = [str(a + 1) if a == b else f"{a + 1}–{b + 1}" for a, b in runs]
    is_one = len(runs) == 1 and runs[0][0] == runs[0][1]
    listed = f"{', '.join(texts[:-1])} and {texts[-1]}" if len(texts) > 1 else "".join(texts)
    return f"{'slice' if is_one else 'slices'} {listed}"


def _window_words(name: str) -> str:
    return "any other window" if name == OTHER_WINDOW else f"the {name.lower()} window"
