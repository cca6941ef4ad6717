"""The known defect of some RSNA files: negative values that were stored, wrapped by 4096, as high ones.

Such a file holds 12-bit unsigned values with a Rescale Intercept near 0, so that no value below 0 can be
written; air at -1000 HU stands there as 3096. Every value from -1000 to 3095 is stored as itself modulo 4096,
and no two as the same, so that taking 4096 from all above 3095 gives each back exactly. The one thing to get
wrong: a value above 3095 before the wrap cannot be told from air, so this is never done unasked.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ichviewer.core.series import Series, SliceHeader
from ichviewer.core.volume import Volume

WRAP = 4096
HIGHEST_VALUE = 3095
"""Highest stored value that was not wrapped; one more stands for -1000."""

LEAST_INTERCEPT = -100.0

AIR_RANGE_HU = (3080.0, 3250.0)
"""Where the peak of wrapped air lies: -1000 and up to 150 HU above, read as if it had not been wrapped."""

WRAPPED_REASON = (
    "negative values are wrapped by 4096 (air stands near 3096): a known defect that can be repaired"
)

REPAIR = f"values above {HIGHEST_VALUE} were unwrapped by {WRAP} at the reader's request"


def has_wrapping_header(series: Series) -> bool:
    """Whether every slice is stored in a way that cannot hold negative values, with an intercept near 0."""
    return not series.repair and all(_cannot_go_below_0(header) for header in series.slices)


def _cannot_go_below_0(header: SliceHeader) -> bool:
    pixels, intercept = header.pixels, header.intercept
    if pixels is None or intercept is None or header.slope != 1 or pixels.modality_lut is not None:
        return False
    is_unsigned_12_bits = pixels.bits_stored == 12 and not pixels.is_signed
    return is_unsigned_12_bits and pixels.photometric == "MONOCHROME2" and intercept > LEAST_INTERCEPT


def is_wrapped_air(air_hu: float | None) -> bool:
    """Whether the commonest value around the head is that of wrapped air.

    >>> is_wrapped_air(3096.0), is_wrapped_air(-1000.0), is_wrapped_air(None)
    (True, False, False)
    """
    return air_hu is not None and AIR_RANGE_HU[0] <= air_hu <= AIR_RANGE_HU[1]


def unwrapped(volume: Volume) -> Volume:
    """The same stack with every stored value above 3095 lowered by 4096; the files stay as they are.

    Slope and intercept stay those of the files. The series says what was done (``Series.repair``).

    Args:
        volume: A stack whose values are wrapped.

    Returns:
        A volume with pixels of its own, int16.
    """
    stored = volume.stored_values.astype(np.int16)
    for pixels in stored:
        pixels[pixels > HIGHEST_VALUE] -= WRAP
    paddings = tuple(None if padding is None else _unwrapped_padding(padding) for padding in volume.paddings)
    return replace(
        volume, series=replace(volume.series, repair=REPAIR), stored_values=stored, paddings=paddings
    )


def _unwrapped_padding(padding: tuple[int, int]) -> tuple[int, int]:
    """The padding's range moves with the values, where it was wrapped whole."""
    lowest, highest = padding
    return (lowest - WRAP, highest - WRAP) if lowest > HIGHEST_VALUE else padding
