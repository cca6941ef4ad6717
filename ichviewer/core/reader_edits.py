"""Each edit of the reader's work as one function, with the step's name for the menu.

All take the work and its history and give both. The one thing to get wrong: a step without a name that says
what undo will take back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ichviewer.core.findings import Decision, Review, Subtype
from ichviewer.core.history import History, ReaderWork, edited
from ichviewer.core.hot_spots import with_slice_decided
from ichviewer.core.measurement import Measurement

Both = tuple[ReaderWork, History]


def measurement_added(
    work: ReaderWork, history: History, measurement: Measurement, gesture: int | None = None
) -> Both:
    """One more measurement; it is the last of them, with a new number. Its drag may be the same step."""
    more = work.measurements.added(measurement)
    return edited(work, history, replace(work, measurements=more), f"add {more.items[-1].title}", gesture)


def measurement_changed(
    work: ReaderWork,
    history: History,
    measurement: Measurement,
    deed: str = "change",
    gesture: int | None = None,
) -> Both:
    """One measurement in the place of that with its number.

    Args:
        work: As it is.
        history: As it is.
        measurement: As it shall be.
        deed: What is done to it: ``move``, ``change``, ``rename`` ...
        gesture: Number of the drag that this is a part of; the drag is one step.

    Raises:
        KeyError: There is none of this number.
    """
    changed = work.measurements.changed(measurement)
    title = work.measurements[measurement.identifier].title
    return edited(work, history, replace(work, measurements=changed), f"{deed} {title}", gesture)


def measurement_removed(work: ReaderWork, history: History, identifier: int) -> Both:
    """Without one measurement.

    Raises:
        KeyError: There is none of this number.
    """
    title = work.measurements[identifier].title
    fewer = work.measurements.removed(identifier)
    return edited(work, history, replace(work, measurements=fewer), f"remove {title}")


def decided(
    work: ReaderWork, history: History, slice_index: int, subtype: Subtype, decision: Decision | None
) -> Both:
    """A decision on one label of one slice, and what contradicts it taken along; None takes it away."""
    words = {Decision.ACCEPTED: "accept", Decision.REJECTED: "reject"}
    deed = "take back the decision on" if decision is None else words[decision]
    review = with_slice_decided(work.review, slice_index, subtype, decision)
    name = f"{deed} {subtype} on slice {slice_index + 1}"
    return edited(work, history, replace(work, review=review), name)


def review_changed(
    work: ReaderWork,
    history: History,
    change: Callable[[Review], Review],
    name: str,
    gesture: int | None = None,
) -> Both:
    """Any other change of the review, such as a decision on a run of slices, as one step."""
    return edited(work, history, replace(work, review=change(work.review)), name, gesture)


def commented(
    work: ReaderWork, history: History, slice_index: int, text: str, gesture: int | None = None
) -> Both:
    """A comment on a slice; an empty one takes it away. Typing is one step while *gesture* stays the same."""
    review = work.review.with_comment(slice_index, text)
    name = f"comment on slice {slice_index + 1}"
    return edited(work, history, replace(work, review=review), name, gesture)


def key_image_toggled(work: ReaderWork, history: History, slice_index: int) -> Both:
    """A slice marked as key image, or no longer."""
    deed = "unmark" if slice_index in work.key_images else "mark"
    after = replace(work, key_images=work.key_images ^ {slice_index})
    return edited(work, history, after, f"{deed} key image {slice_index + 1}")
