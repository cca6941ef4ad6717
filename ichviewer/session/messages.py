"""What a sitting says to its reader: one sentence, and details that can be copied."""

from __future__ import annotations

from ichviewer.controller import OpenStack
from ichviewer.core.errors import IchViewerError
from ichviewer.core.series import FolderContents, Verdict
from ichviewer.core.viewstate import Message
from ichviewer.core.volume import Volume
from ichviewer.gui.versions import versions_text
from ichviewer.uncaught import describe


def problem(what: str, error: Exception) -> Message:
    """A sentence for the reader; of an error that is not of our own words, its kind and place in the details.

    What such an error says is left out: it may quote a patient's name or a path, and details are copied.
    """
    if isinstance(error, IchViewerError):
        return Message(f"{what}: {error}", is_problem=True)
    details = f"{describe(error)}\n\n{versions_text()}"
    return Message(f"{what}: unexpected error.", is_problem=True, details=details)


def reading_canceled(volume: Volume | None) -> Message:
    """Opening was canceled, with *volume* on the screen."""
    if volume is None or volume.is_complete:
        return Message("Opening was canceled.")
    text = f"Canceled after {volume.settled_count} of {volume.slice_count} slices."
    return Message(text, details="Click the series on the left to read the rest.")


def analysis_canceled(volume: Volume | None) -> Message:
    """The analysis was canceled; unreadable slices are still said."""
    lost = None if volume is None else unreadable_slices(volume)
    text = "Analysis canceled."
    return Message(text) if lost is None else Message(f"{lost.text}. {text}", True, lost.details)


def unreadable_slices(volume: Volume) -> Message | None:
    """How many slices could not be read, and each with its reason; None if all could."""
    reasons = volume.unreadable_reasons
    if not reasons:
        return None
    details = "\n".join(f"slice {index + 1}: {reason}" for index, reason in sorted(reasons.items()))
    text = f"{len(reasons)} of {volume.slice_count} slices could not be read"
    return Message(text, is_problem=True, details=details)


def not_analyzed(stack: OpenStack) -> Message:
    """Why the network did not see a stack by itself, and the way on; unreadable slices are said first."""
    check = stack.input_check
    reasons = "; ".join(check.reasons) or "not an axial head CT"
    way = (
        "Repair values mends a copy in memory"
        if check.is_wrapped
        else "Analyze anyway scores it all the same"
    )
    text = f"Not analyzed, input check {check.level.value}: {reasons}. {way}."
    lost = unreadable_slices(stack.volume)
    return Message(text, True) if lost is None else Message(f"{lost.text}. {text}", True, lost.details)


def nothing_opened(contents: FolderContents) -> Message:
    """Why no series was opened by itself."""
    details = "\n".join(f"{file.path}: {file.verdict.value}, {file.reason}" for file in contents.files)
    if len(contents.files) == 1 and contents.files[0].verdict is not Verdict.LOADED:
        return Message(f"Nothing was opened: {contents.files[0].path}: {contents.files[0].reason}", True)
    if not any(file.verdict is Verdict.LOADED for file in contents.files):
        return Message(f"None of {len(contents.files)} files could be read", True, details)
    return Message("No head CT was found by itself; choose a series from the list.", True, details)
