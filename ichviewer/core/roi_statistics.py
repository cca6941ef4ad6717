"""Statistics of the pixels within a region.

The one thing to get wrong: where no pixel is left, there are no statistics; a mean of 0 would be water.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_BINS = 200


@dataclass(frozen=True, eq=False)
class Histogram:
    """How many pixels have which value.

    Attributes:
        first_edge: Lower edge of the first bin. Half a unit below a multiple of the width, so that whole
            numbers, which CT values are, never lie on an edge.
        bin_width: Whole units.
        counts: (bins,), pixels; the first and the last are not 0.
    """

    first_edge: float
    bin_width: int
    counts: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RoiStatistics:
    """Statistics of at least one pixel, in the unit of the values.

    Attributes:
        count: Number of pixels.
        mean: Arithmetic mean.
        sd: Standard deviation of these pixels, divided by their number (population, without Bessel's
            correction), as the Image Biomarker Standardisation Initiative defines the intensity variance
            (reference manual, intensity-based statistical features).
        minimum: Lowest value.
        maximum: Highest value.
        histogram: All of them.
    """

    count: int
    mean: float
    sd: float
    minimum: float
    maximum: float
    histogram: Histogram


def roi_statistics(values: NDArray[np.floating], step: float = 1.0) -> RoiStatistics | None:
    """Statistics of values, any shape, all finite; None where there are none.

    Args:
        values: One per pixel.
        step: Smallest difference of two values, for the width of bins: narrower ones would be empty by turns.

    Raises:
        ValueError: A value is not a finite number.
    """
    if values.size == 0:
        return None
    numbers = values.astype(np.float64).ravel()
    if not np.isfinite(numbers).all():
        raise ValueError("Pixels without a value were given to be counted.")
    return RoiStatistics(
        count=numbers.size,
        mean=float(numbers.mean()),
        sd=float(numbers.std()),
        minimum=float(numbers.min()),
        maximum=float(numbers.max()),
        histogram=_histogram(numbers, step),
    )


def _histogram(numbers: NDArray[np.float64], step: float) -> Histogram:
    """Bins 1, 2, 5, 10 ... wide: the least width not finer than the values that needs few enough bins."""
    low, high = float(numbers.min()) + 0.5, float(numbers.max()) + 0.5
    widths = (digit * 10**power for power in itertools.count() for digit in (1, 2, 5))
    width = next(
        width
        for width in widths
        if width >= math.floor(step) and math.floor(high / width) - math.floor(low / width) < MOST_BINS
    )
    first = math.floor(low / width)
    bins = np.floor((numbers + 0.5) / width).astype(np.int64) - first
    return Histogram(first * width - 0.5, width, np.bincount(bins))
