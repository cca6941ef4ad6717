"""A sitting as a file: JSON with a version, whole or not at all, readable by its owner.

Kept are paths, which series was open, how it was looked at, and all that the reader made of every stack.
Scores are not: they follow from images and checkpoint, and are computed again. The one thing to get wrong: a
file that cannot be understood is refused in words and never written over.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ichviewer.atomic_file import write_atomically
from ichviewer.core.coverage import Coverage
from ichviewer.core.errors import IchViewerError
from ichviewer.core.file_errors import why_not_read, why_not_written
from ichviewer.core.first_look import FirstLook
from ichviewer.core.history import ReaderWork
from ichviewer.core.kept_view import KeptView
from ichviewer.core.plain_values import from_plain, to_plain

FORMAT = "ichviewer session"
VERSION = 1
LARGEST_BYTES = 256 * 2**20


@dataclass(frozen=True)
class KeptStack:
    """What the reader made of one stack.

    Attributes:
        identity: Of its images, see ``session.shelf``.
        series_key: ``Series.key``, to say which series it was where the images have changed.
        work: Decisions, comments, measurements, key images.
        first_look: Whether the network's result was sealed; None where that is not known.
        coverage: What was seen; None where that is not known.
    """

    identity: str
    series_key: str
    work: ReaderWork
    first_look: FirstLook | None = None
    coverage: Coverage | None = None

    @property
    def has_work(self) -> bool:
        """Whether the reader decided, wrote, marked or measured anything."""
        work = self.work
        return not work.review.is_empty or bool(work.measurements.items or work.key_images)


@dataclass(frozen=True)
class KeptSitting:
    """All that brings a sitting back.

    Attributes:
        paths: What was opened, in order.
        open_identity: Of the images of the open stack; empty if none was open.
        open_series: Key of the open series; empty if none was open.
        view: How it was looked at; None if none was open.
        prior_series: Key of the series that stood beside it as prior; empty if none did.
        stacks: What the reader made of each stack of the sitting.
    """

    paths: tuple[str, ...] = ()
    open_identity: str = ""
    open_series: str = ""
    view: KeptView | None = None
    prior_series: str = ""
    stacks: tuple[KeptStack, ...] = ()


def sitting_text(sitting: KeptSitting) -> str:
    """The content of a session file."""
    return json.dumps({"format": FORMAT, "version": VERSION, "sitting": to_plain(sitting)}, indent=1)


def write_sitting(path: Path, sitting: KeptSitting) -> None:
    """Write a sitting, whole or not at all.

    Raises:
        IchViewerError: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(path, sitting_text(sitting).encode())
    except OSError as error:
        raise IchViewerError(f"The session {path} cannot be written: {why_not_written(error)}.") from error


def read_sitting(path: Path) -> KeptSitting:
    """Read a sitting.

    Raises:
        IchViewerError: It cannot be read, is no session, is damaged, or comes from a newer version.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise IchViewerError(f"{path} is no session of ichviewer: it is too large.")
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise IchViewerError(f"The session {path} cannot be read: {why_not_read(error)}.") from error
    except (ValueError, RecursionError) as error:
        raise IchViewerError(f"The session {path} is damaged; it was left as it is ({error}).") from error
    return _understood(path, values)


def _understood(path: Path, values: Any) -> KeptSitting:
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise IchViewerError(f"{path} is no session of ichviewer.")
    version = values.get("version")
    if not isinstance(version, int) or version < 1:
        raise IchViewerError(f"The session {path} is damaged: it does not say its version.")
    if version > VERSION:
        raise IchViewerError(
            f"The session {path} was written by a newer ichviewer (version {version} of the file, this one"
            f" reads {VERSION}); it was left as it is."
        )
    try:
        return from_plain(KeptSitting, values.get("sitting"))
    except (ValueError, RecursionError) as error:
        raise IchViewerError(f"The session {path} is damaged; it was left as it is ({error}).") from error
