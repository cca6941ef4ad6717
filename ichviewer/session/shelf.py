"""What a sitting keeps of the stacks that were closed: the reader's decisions, and scores that are whole.

The one thing to get wrong: decisions and scores must come back only to the very images that they were made
on, so a stack is known by its images and never by a series UID.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ichviewer.core.coverage import Coverage
from ichviewer.core.findings import StudyFindings
from ichviewer.core.first_look import FirstLook
from ichviewer.core.history import NO_STEPS, History, ReaderWork
from ichviewer.core.sealing import network_findings
from ichviewer.core.series import SliceHeader
from ichviewer.core.viewstate import ViewState
from ichviewer.core.volume import Volume
from ichviewer.session.sitting_file import KeptStack


@dataclass(frozen=True, eq=False)
class Shelved:
    """What is kept of one stack.

    Attributes:
        series_key: ``Series.key``.
        work: What the reader made of it.
        history: Its steps.
        findings: Scores; None if there were none.
        is_readable: Which slices could be read when they were scored.
        first_look: Its seal; None where an earlier sitting kept the work.
        coverage: What was seen of it; likewise.
    """

    series_key: str
    work: ReaderWork
    history: History
    findings: StudyFindings | None
    is_readable: tuple[bool, ...]
    first_look: FirstLook | None = None
    coverage: Coverage | None = None


class Shelf:
    """Everything that was put away since the application was started."""

    def __init__(self) -> None:
        self._stacks: dict[str, Shelved] = {}

    def put_away(self, state: ViewState) -> None:
        """Keep findings and decisions of the stack that closes; of a half-read one only the decisions."""
        volume = state.volume
        if volume is None:
            return
        identity = stack_identity(volume)
        before = self._stacks.get(identity)
        if before is not None and not volume.is_complete:
            self._stacks[identity] = replace(
                before,
                work=state.work,
                history=state.history,
                first_look=state.first_look,
                coverage=state.coverage,
            )
        else:
            self._stacks[identity] = Shelved(
                volume.series.key,
                state.work,
                state.history,
                network_findings(state),
                _readable(volume),
                state.first_look,
                state.coverage,
            )

    def work(self, volume: Volume) -> tuple[ReaderWork, History]:
        """What the reader had made of these images, and its steps."""
        shelved = self._stacks.get(stack_identity(volume))
        return (ReaderWork(), History()) if shelved is None else (shelved.work, shelved.history)

    def looks(self, volume: Volume) -> tuple[FirstLook | None, Coverage | None]:
        """The seal on these images and what was seen of them; None where they were not open."""
        shelved = self._stacks.get(stack_identity(volume))
        return (None, None) if shelved is None else (shelved.first_look, shelved.coverage)

    def kept(self, state: ViewState) -> tuple[KeptStack, ...]:
        """All that the reader made and saw of every stack, of the open one too.

        Stacks with nothing on them are kept, too: whoever has seen the network's result of one must not be
        asked for a reading without it in the next sitting.
        """
        stacks = {
            name: KeptStack(name, each.series_key, each.work, each.first_look, each.coverage)
            for name, each in self._stacks.items()
        }
        if state.volume is not None:
            name, key = stack_identity(state.volume), state.volume.series.key
            stacks[name] = KeptStack(name, key, state.work, state.first_look, state.coverage)
        return tuple(stacks.values())

    def take(self, stacks: Sequence[KeptStack]) -> None:
        """Put what an earlier sitting kept here; what this sitting knows of the same images stays."""
        for stack in stacks:
            if stack.identity not in self._stacks:
                self._stacks[stack.identity] = Shelved(
                    stack.series_key, stack.work, NO_STEPS, None, (), stack.first_look, stack.coverage
                )

    def findings(self, volume: Volume) -> StudyFindings | None:
        """Scores of this stack, if they are whole and no slice was lost or found since."""
        shelved = self._stacks.get(stack_identity(volume))
        if shelved is None or shelved.findings is None or not shelved.findings.is_complete:
            return None
        return shelved.findings if shelved.is_readable == _readable(volume) else None


def stack_identity(volume: Volume) -> str:
    """Hash of what must be the same for decisions by slice to be about the same images.

    Whose stack it is, how its pixels were repaired, and which bytes of which file every slice is.

    The number of a stack within its series is not asked: it depends on what else is listed. UIDs are not
    enough: they can be absent, two folders can hold different parts of one series, and some anonymizers keep
    them while they change the pixels. A file that was written again is another image.
    """
    series = volume.series
    parts = (
        series.patient.patient_id,
        series.study_instance_uid,
        series.series_instance_uid,
        series.repair,
        tuple(_slice_identity(header) for header in series.slices),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _slice_identity(header: SliceHeader) -> tuple[object, ...]:
    pixels = header.pixels
    bytes_of_file = (None, None) if pixels is None else (pixels.member, pixels.modified_ns)
    return header.path, *bytes_of_file, header.sop_instance_uid, header.frame_number


def _readable(volume: Volume) -> tuple[bool, ...]:
    return tuple(volume.is_readable.tolist())
