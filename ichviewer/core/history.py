"""Undo and redo of all that the reader edits: measurements, decisions and comments, key images.

Whatever the steps, the work is one frozen value and a step remembers the one before. The one thing to get
wrong: undo gives back what the reader wrote, not what the reader knew. Whether a review was made before or
after the network's result was shown stays as it is now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ichviewer.core.findings import Review
from ichviewer.core.measurements import NO_MEASUREMENTS, Measurements

LONGEST = 200
"""Steps that can be taken back; the oldest are forgotten."""


@dataclass(frozen=True)
class ReaderWork:
    """All that the reader made of one stack.

    Attributes:
        review: Decisions and comments.
        measurements: What was drawn.
        key_images: Slices that the reader marked, counted from 0.
    """

    review: Review = Review()
    measurements: Measurements = NO_MEASUREMENTS
    key_images: frozenset[int] = frozenset()


NO_WORK = ReaderWork()


@dataclass(frozen=True)
class Step:
    """A step, and the work on its other side.

    Attributes:
        name: What was done, in words: ``move ruler 1``.
        work: Before the step; after it, for one that was taken back.
        gesture: Number of the drag or of the typing that it belongs to; None for a step of its own.
    """

    name: str
    work: ReaderWork
    gesture: int | None = None


@dataclass(frozen=True)
class History:
    """Steps done and steps taken back, each latest last. One per open stack, empty when it opens."""

    done: tuple[Step, ...] = ()
    undone: tuple[Step, ...] = ()

    @property
    def undo_name(self) -> str:
        """What undo would take back, in words; empty if nothing."""
        return self.done[-1].name if self.done else ""

    @property
    def redo_name(self) -> str:
        """What redo would do again, in words; empty if nothing."""
        return self.undone[-1].name if self.undone else ""


NO_STEPS = History()


def edited(
    before: ReaderWork, history: History, after: ReaderWork, name: str, gesture: int | None = None
) -> tuple[ReaderWork, History]:
    """The work after an edit, and the history with it.

    An edit that changes nothing is none. All edits of one gesture are one step, which goes away if the
    gesture ends where it began; no other step may come between them. What was taken back before can no longer
    be redone.

    Args:
        before: The work as it is.
        history: The history as it is.
        after: The work as it shall be.
        name: What is done, in words.
        gesture: A number that each drag, or each stay in a field of text, has for itself.
    """
    if after == before:
        return before, history
    last = history.done[-1] if history.done else None
    if last is not None and gesture is not None and last.gesture == gesture:
        goes_back = last.work == after
        done = history.done[:-1] if goes_back else history.done
        return after, History(done)
    return after, History((*history.done, Step(name, before, gesture))[-LONGEST:])


def undo(work: ReaderWork, history: History) -> tuple[ReaderWork, History]:
    """The work without the last step; unchanged if there is none."""
    if not history.done:
        return work, history
    step = history.done[-1]
    return _kept_reading(step.work, work), History(
        history.done[:-1], (*history.undone, Step(step.name, work))
    )


def redo(work: ReaderWork, history: History) -> tuple[ReaderWork, History]:
    """The work with the step that was taken back last; unchanged if there is none."""
    if not history.undone:
        return work, history
    step = history.undone[-1]
    return _kept_reading(step.work, work), History(
        (*history.done, Step(step.name, work)), history.undone[:-1]
    )


def _kept_reading(work: ReaderWork, now: ReaderWork) -> ReaderWork:
    """The work, said to be made when it is now: a broken seal cannot be mended by undo."""
    return replace(work, review=replace(work.review, reading=now.review.reading))
