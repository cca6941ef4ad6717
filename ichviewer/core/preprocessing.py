"""THE door to the network: from Hounsfield units to its input, for viewer and training alike.

Order of the steps: average thin slices, window (which clips), find the head, frame it, resample,
normalise. The one thing to get wrong: windowing comes **before** resampling, because a resampled
skull edge would otherwise bleed into the brain next to it, and in pictures that were windowed
when they were made it would not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.head import head_box
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import VoiFunction, Window, apply_window


@dataclass(frozen=True)
class PreprocessingSpec:
    """Everything that decides the network's input; saved in the checkpoint's card and read back.

    Attributes:
        windows: One channel per window, HU.
        size_px: Rows and columns of the input.
        head_margin: Air kept on each side of the head, as a share of the head's longer side.
        smallest_frame: The frame is never smaller than this share of the image's longer side, so that the
            vertex is not blown up to a whole head.
        mean: Per channel, subtracted after windowing to [0, 1].
        std: Per channel, divided by.
        slab_mm: Thin slices are averaged over this length along the normal.
        thin_below_mm: Slices closer than this are thin.
    """

    windows: tuple[Window, ...]
    size_px: int
    head_margin: float
    smallest_frame: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    slab_mm: float = 5.0
    thin_below_mm: float = 2.5

    def __post_init__(self) -> None:
        if any(window.function is not VoiFunction.LINEAR_EXACT for window in self.windows):
            raise ValueError("The network's windows are LINEAR_EXACT, no other function.")

    def to_dict(self) -> dict[str, Any]:
        """As plain values for a model card."""
        windows = tuple({"center": window.center, "width": window.width} for window in self.windows)
        return {**asdict(self), "windows": windows}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> PreprocessingSpec:
        """Read back what ``to_dict`` gave.

        Raises:
            KeyError, TypeError, ValueError: A value is missing, unknown or of the wrong kind.
        """
        fields = dict(values)
        fields["windows"] = tuple(Window(**window) for window in fields["windows"])
        fields["mean"], fields["std"] = tuple(fields["mean"]), tuple(fields["std"])
        return PreprocessingSpec(**fields)


@dataclass(frozen=True)
class Framing:
    """The part of a slice that the network sees, in canonical pixels (edges, may reach outside).

    Attributes:
        top: Upper edge; 0 is the upper edge of row 0, whose centre lies at 0.5.
        left: Left edge.
        height: Extent in rows.
        width: Extent in columns.
    """

    top: float
    left: float
    height: float
    width: float


@dataclass(frozen=True, eq=False)
class NetworkInput:
    """What enters the network for one slice.

    Attributes:
        values: (channels, size, size), float32, normalised.
        framing: Where it was taken from.
    """

    values: NDArray[np.float32]
    framing: Framing


def slab_hu(volume: Volume, slice_index: int, spec: PreprocessingSpec) -> NDArray[np.float32]:
    """Hounsfield units as the network reads them: thin slices averaged along the normal, padding as air.

    Where the median spacing is below ``spec.thin_below_mm``, all readable slices whose position lies
    within half of ``spec.slab_mm`` of this one are averaged; neighbours are taken by mm, not by index.
    Where the files hold no positions nothing is averaged.

    Args:
        volume: The stack.
        slice_index: A readable slice.
        spec: Slab length and limit.

    Returns:
        (rows, columns), float32.
    """
    positions = volume.geometry.positions_mm
    if not volume.series.has_positions or len(positions) < 2:
        return volume.measured_hu(slice_index)
    if np.median(np.diff(positions)) >= spec.thin_below_mm:
        return volume.measured_hu(slice_index)
    near = np.abs(positions - positions[slice_index]) <= spec.slab_mm / 2 + 1e-6
    members = np.flatnonzero(near & volume.is_readable)
    total = np.zeros(volume.shape, dtype=np.float32)
    for member in members:
        total += volume.measured_hu(int(member))
    return total / np.float32(len(members))


def frame_head(
    hu: NDArray[np.floating], pixel_spacing_mm: tuple[float, float], spec: PreprocessingSpec
) -> Framing:
    """Square frame (in mm) around the head; the whole image where no head is found.

    Args:
        hu: (rows, columns), Hounsfield units.
        pixel_spacing_mm: (between rows, between columns); only their ratio matters.
        spec: Margin and smallest frame.
    """
    rows, columns = hu.shape
    between_rows, between_columns = pixel_spacing_mm
    image_side = max(rows * between_rows, columns * between_columns)
    box = head_box(hu)
    if box is None:
        side, middle_row, middle_column = image_side, rows / 2, columns / 2
    else:
        top, bottom, left, right = box
        head_side = max((bottom - top) * between_rows, (right - left) * between_columns)
        side = max(head_side * (1 + 2 * spec.head_margin), image_side * spec.smallest_frame)
        middle_row, middle_column = (top + bottom) / 2, (left + right) / 2
    height, width = side / between_rows, side / between_columns
    return Framing(middle_row - height / 2, middle_column - width / 2, height, width)


def frame_slice(
    hu: NDArray[np.floating], pixel_spacing_mm: tuple[float, float], spec: PreprocessingSpec
) -> tuple[NDArray[np.float32], Framing]:
    """Windowed and framed slice before normalisation; training augments this.

    Args:
        hu: (rows, columns), Hounsfield units, canonical orientation.
        pixel_spacing_mm: (between rows, between columns).
        spec: What to do.

    Returns:
        (channels, size, size) in [0, 1], 0 outside the image; and the frame.
    """
    framing = frame_head(hu, pixel_spacing_mm, spec)
    down = resampling_weights(spec.size_px, hu.shape[0], framing.top, framing.height)
    across = resampling_weights(spec.size_px, hu.shape[1], framing.left, framing.width)
    # Only the pixels that the frame reaches are windowed and multiplied: a third less work.
    rows, columns = _reached(down), _reached(across)
    seen, down, across = hu[rows, columns], down[:, rows], across[:, columns]
    by_window = {window: down @ apply_window(seen, window) @ across.T for window in set(spec.windows)}
    return np.stack([by_window[window] for window in spec.windows]), framing


def _reached(weights: NDArray[np.float32]) -> slice:
    """The input samples from the first to the last that any output sample takes part of."""
    reached = np.flatnonzero(weights.any(axis=0))
    return slice(int(reached[0]), int(reached[-1]) + 1) if len(reached) else slice(0, 0)


def normalize(framed: NDArray[np.float32], spec: PreprocessingSpec) -> NDArray[np.float32]:
    """Last step: (framed - mean) / std per channel, (channels, size, size)."""
    mean = np.asarray(spec.mean, dtype=np.float32)[:, None, None]
    std = np.asarray(spec.std, dtype=np.float32)[:, None, None]
    return np.ascontiguousarray((framed - mean) / std)


def preprocess_slice(
    hu: NDArray[np.floating], pixel_spacing_mm: tuple[float, float], spec: PreprocessingSpec
) -> NetworkInput:
    """From Hounsfield units of one slice to the network's input.

    Args:
        hu: (rows, columns), Hounsfield units, canonical orientation, from ``slab_hu`` for a volume.
        pixel_spacing_mm: (between rows, between columns).
        spec: From the checkpoint's card.

    Returns:
        The normalised input and where it was taken from.
    """
    framed, framing = frame_slice(hu, pixel_spacing_mm, spec)
    return NetworkInput(normalize(framed, spec), framing)


def preprocess_volume_slice(volume: Volume, slice_index: int, spec: PreprocessingSpec) -> NetworkInput:
    """``preprocess_slice`` for a slice of a volume: averages thin slices first."""
    hu = slab_hu(volume, slice_index, spec)
    return preprocess_slice(hu, volume.geometry.pixel_spacing_mm, spec)


def resampling_weights(size_out: int, size_in: int, start: float, length: float) -> NDArray[np.float32]:
    """Matrix that resamples one axis, linear when enlarging and area-filtering when shrinking.

    Args:
        size_out: Samples wanted over *length*.
        size_in: Samples there.
        start: Edge at which the first output sample begins, in input samples (0 = edge of sample 0).
        length: Extent in input samples.

    Returns:
        (size_out, size_in), float32. Rows sum to 1 where the filter lies inside; outside counts as 0.
    """
    step = length / size_out
    reach = max(1.0, step)
    centers = start + (np.arange(size_out) + 0.5) * step - 0.5
    # The filter's full sum is taken over samples that may lie outside the image, so that edges fade to 0.
    first = int(np.floor(centers[0] - reach)) - 1
    last = int(np.ceil(centers[-1] + reach)) + 1
    samples = np.arange(min(first, 0), max(last, size_in - 1) + 1)
    weights = np.clip(1.0 - np.abs(samples[None, :] - centers[:, None]) / reach, 0.0, None)
    weights /= weights.sum(axis=1, keepdims=True)
    begin = int(np.flatnonzero(samples == 0)[0])
    return np.ascontiguousarray(weights[:, begin : begin + size_in].astype(np.float32))
