"""A series to a volume: at once, or so that it can be watched while it grows.

Both give the same volume in the end, bit for bit: the order in which slices are read is no part of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from ichviewer.core.progress import CancelToken, Progress, ReportProgress
from ichviewer.core.reading_order import WantedSlice
from ichviewer.core.series import Series
from ichviewer.core.volume import Volume
from ichviewer.dicom.decode import SliceDecoder
from ichviewer.dicom.read_slice import read_slice
from ichviewer.dicom.stack_reading import StackReading
from ichviewer.dicom.thumbnail import thumbnail

__all__ = ["read_growing", "read_slice", "read_volume", "thumbnail"]

REPORT_EVERY = 8

SHOW_EVERY_S = 0.1
"""A growing stack is shown at most this often, unless the slice in view has come: each time is a redraw."""


def read_volume(
    series: Series, progress: ReportProgress, cancel: CancelToken, decoder: SliceDecoder | None = None
) -> Volume:
    """Read all pixels of a series.

    Args:
        series: From ``scan``.
        progress: Told now and then how many slices were read.
        cancel: Looked at before every slice.
        decoder: Children started ahead, for compressed pixels; without it some are started and ended here.

    Returns:
        The volume. Slope and intercept that a file lacks are 1 and 0; ``series.hu`` is then
        ``not claimed``. Where the series has no geometry, the volume's holds the directions and positions
        that the files do say, and 1 mm for the rest, for the screen alone: nothing can be measured on it.

    Raises:
        UnreadableError: No slice can be read, or the stack is too large for memory.
        Cancelled: *cancel* was set.
    """
    reading, count = StackReading(series), len(series.slices)
    for done, _ in enumerate(reading.read(WantedSlice(0), cancel, decoder), start=1):
        if done % REPORT_EVERY == 0 or done == count:
            progress(Progress(done, count, "Reading slices"))
    return reading.volume()


def read_growing(
    series: Series,
    wanted: WantedSlice,
    cancel: CancelToken,
    decoder: SliceDecoder | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Volume]:
    """Read all pixels of a series from the slice in view outwards, and give what is there on the way.

    Args:
        series: From ``scan``.
        wanted: The slice in view; may change at any time.
        cancel: Looked at before every slice.
        decoder: Children started ahead, for compressed pixels.
        clock: Seconds, ascending.

    Yields:
        The volume as soon as the slice in view has come, then every SHOW_EVERY_S and whenever another slice
        in view has come; at last the whole one, which equals that of ``read_volume``.

    Raises:
        UnreadableError: No slice can be read, or the stack is too large for memory.
        Cancelled: *cancel* was set.
    """
    reading = StackReading(series)
    shown, shown_at = None, clock()
    for _ in reading.read(wanted, cancel, decoder):
        in_view = wanted.slice_index
        is_awaited = shown is None or in_view in shown.awaited_slices
        has_come = is_awaited and reading.is_settled(in_view)
        if reading.has_image and (has_come or clock() - shown_at >= SHOW_EVERY_S):
            shown, shown_at = reading.volume(), clock()
            yield shown
    if shown is None or not shown.is_complete:
        yield reading.volume()
