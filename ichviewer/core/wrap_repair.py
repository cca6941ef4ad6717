"""The known defect of some RSNA files: negative values that were stored, wrapped by 4096, as high ones.

Such a file holds 12-bit unsigned values with a Rescale Intercept near 0, so that no value below 0 can be
written; air at -1000 HU stands there as 3096. Every value from -1000 to 3095 is stored as itself modulo 4096,
and no two as the same, so that taking 4096 from all above 3095 gives each back exactly. The one thing to get
wrong: a value above 3095 before the wrap cannot be told from air, so this is never done unasked.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ichviewer.core.air import border_hu, peak_hu
from ichviewer.core.series import SliceHeader
from ichviewer.core.volume import Volume

WRAP = 4096
HIGHEST_VALUE = 3095
"""Highest stored value that was not wrapped; one more stands for -1000."""

LEAST_INTERCEPT = -100.0

WRAPPED_AIR_HU = (3080.0, 3250.0)
"""Where the peak of wrapped air lies: -1000 and up to 150 HU above, read as if it had not been wrapped."""

WRAPPED_REASON = (
    "negative values are wrapped by 4096 (air stands near 3096): a known defect that can be repaired"
)

REPAIR = f"values above {HIGHEST_VALUE} were unwrapped by {WRAP} at the reader's request"


def suspected_slices(volume: Volume) -> tuple[int, ...]:
    """Readable slices that are stored in a way that cannot hold negative values, with an intercept near 0."""
    return tuple(
        index
        for index, header in enumerate(volume.series.slices)
        if volume.is_readable[index] and _cannot_go_below_0(header)
    )


def wrapped_slices(volume: Volume) -> tuple[int, ...]:
    """Slices that ``unwrapped`` can mend: suspected ones around which air is wrapped.

    None in a stack that was mended already, or that holds stored values beyond 16 bits with a sign (then
    negative ones have no room beside them).
    """
    if volume.series.repair:
        return ()
    suspected = suspected_slices(volume)
    wrapped = tuple(index for index in suspected if _is_wrapped_air(peak_hu(border_hu(volume, index))))
    has_room = not wrapped or int(volume.stored_values.max()) <= np.iinfo(np.int16).max
    return wrapped if has_room else ()


def _cannot_go_below_0(header: SliceHeader) -> bool:
    pixels, intercept = header.pixels, header.intercept
    if pixels is None or intercept is None or header.slope != 1 or pixels.modality_lut is not None:
        return False
    is_unsigned_12_bits = pixels.bits_stored == 12 and not pixels.is_signed
    return is_unsigned_12_bits and pixels.photometric == "MONOCHROME2" and intercept > LEAST_INTERCEPT


def _is_wrapped_air(peak: float | None) -> bool:
    return peak is not None and WRAPPED_AIR_HU[0] <= peak <= WRAPPED_AIR_HU[1]


def unwrapped(volume: Volume) -> Volume:
    """The same stack with values above 3095 lowered by 4096 in wrapped slices; the files stay as they are.

    Slope and intercept stay those of the files. The series says what was done (``Series.repair``), and in
    how many slices unless it was done in all.

    Args:
        volume: A stack of which slices are wrapped.

    Returns:
        A volume with pixels of its own, int16.
    """
    wrapped = wrapped_slices(volume)
    stored = volume.stored_values.astype(np.int16)
    for index in wrapped:
        pixels = stored[index]
        pixels[pixels > HIGHEST_VALUE] -= WRAP
    paddings = list(volume.paddings)
    for index in wrapped if paddings else ():
        paddings[index] = _unwrapped_padding(paddings[index])
    whole = len(wrapped) == volume.slice_count
    repair = REPAIR if whole else f"{REPAIR} in {len(wrapped)} of {volume.slice_count} slices"
    return replace(
        volume,
        series=replace(volume.series, repair=repair),
        stored_values=stored,
        paddings=tuple(paddings),
    )


def _unwrapped_padding(padding: tuple[int, int] | None) -> tuple[int, int] | None:
    """The padding's range moves with the values, where it was wrapped whole."""
    if padding is None:
        return None
    lowest, highest = padding
    return (lowest - WRAP, highest - WRAP) if lowest > HIGHEST_VALUE else padding
