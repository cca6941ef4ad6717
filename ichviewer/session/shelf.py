"""What a sitting keeps of the stacks that were closed: the reader's decisions, and scores that are whole.

The one thing to get wrong: decisions and scores must come back only to the very images that they were made
on, so a stack is known by its images and never by a series UID.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ichviewer.core.findings import StudyFindings
from ichviewer.core.history import History, ReaderWork
from ichviewer.core.series import SliceHeader
from ichviewer.core.viewstate import ViewState
from ichviewer.core.volume import Volume

StackIdentity = tuple[object, ...]
"""Whose stack it is, how its pixels were repaired, and which bytes of which file every slice is."""


@dataclass(frozen=True, eq=False)
class Shelved:
    """What is kept of one stack.

    Attributes:
        work: What the reader made of it.
        history: Its steps.
        findings: Scores; None if there were none.
        is_readable: Which slices could be read when they were scored.
    """

    work: ReaderWork
    history: History
    findings: StudyFindings | None
    is_readable: tuple[bool, ...]


class Shelf:
    """Everything that was put away since the application was started."""

    def __init__(self) -> None:
        self._stacks: dict[StackIdentity, Shelved] = {}

    def put_away(self, state: ViewState) -> None:
        """Keep findings and decisions of the stack that closes; of a half-read one only the decisions."""
        volume = state.volume
        if volume is None:
            return
        identity = _identity(volume)
        before = self._stacks.get(identity)
        if before is not None and not volume.is_complete:
            self._stacks[identity] = replace(before, work=state.work, history=state.history)
        else:
            self._stacks[identity] = Shelved(state.work, state.history, state.findings, _readable(volume))

    def work(self, volume: Volume) -> tuple[ReaderWork, History]:
        """What the reader had made of these images, and its steps."""
        shelved = self._stacks.get(_identity(volume))
        return (ReaderWork(), History()) if shelved is None else (shelved.work, shelved.history)

    def findings(self, volume: Volume) -> StudyFindings | None:
        """Scores of this stack, if they are whole and no slice was lost or found since."""
        shelved = self._stacks.get(_identity(volume))
        if shelved is None or shelved.findings is None or not shelved.findings.is_complete:
            return None
        return shelved.findings if shelved.is_readable == _readable(volume) else None


def _identity(volume: Volume) -> StackIdentity:
    """What must be the same for decisions by slice to be about the same images.

    UIDs are not enough: they can be absent, two folders can hold different parts of one series, and some
    anonymizers keep them while they change the pixels. A file that was written again is another image.
    """
    series = volume.series
    return (
        series.patient.patient_id,
        series.study_instance_uid,
        series.key,
        series.repair,
        tuple(_slice_identity(header) for header in series.slices),
    )


def _slice_identity(header: SliceHeader) -> tuple[object, ...]:
    pixels = header.pixels
    bytes_of_file = (None, None) if pixels is None else (pixels.member, pixels.modified_ns)
    return header.path, *bytes_of_file, header.sop_instance_uid, header.frame_number


def _readable(volume: Volume) -> tuple[bool, ...]:
    return tuple(volume.is_readable.tolist())
