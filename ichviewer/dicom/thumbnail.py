"""A small picture of a series from its middle slice alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.progress import CancelToken
from ichviewer.core.series import Series
from ichviewer.core.windowing import BRAIN, apply_window
from ichviewer.dicom.decode import SliceDecoder
from ichviewer.dicom.read_slice import read_slice
from ichviewer.dicom.stored_pixels import volume_padding


def thumbnail(
    series: Series, size_px: int, cancel: CancelToken | None = None, decoder: SliceDecoder | None = None
) -> NDArray[np.uint8]:
    """Middle slice: in the brain window if in Hounsfield units, else from the 2nd to the 98th percentile.

    Pixels that mean "no measurement" are black and count for nothing.

    Args:
        series: From ``scan``.
        size_px: Rows and columns of the picture; the slice is fitted in, in true proportions, on black.
        cancel: Stops the decoding of a compressed slice.
        decoder: Children started ahead, for compressed pixels.

    Returns:
        (size_px, size_px) gray.

    Raises:
        UnreadableError: The slice cannot be read.
        Cancelled: *cancel* was set.
    """
    index = len(series.slices) // 2
    header = series.slices[index]
    stored = read_slice(series, index, cancel or CancelToken(), decoder).astype(np.float32)
    padding = volume_padding(header.pixels) if header.pixels is not None else None
    is_padding = np.zeros(stored.shape, dtype=np.bool_)
    if padding is not None:
        is_padding = (stored >= padding[0]) & (stored <= padding[1])
    if series.hu != "not claimed":
        slope, intercept = header.slope or 1.0, header.intercept or 0.0
        gray = apply_window(stored * np.float32(slope) + np.float32(intercept), BRAIN)
    else:
        measured = stored[::4, ::4][~is_padding[::4, ::4]]
        low, high = np.percentile(measured, (2, 98)).tolist() if measured.size else (0.0, 1.0)
        gray = np.clip((stored - low) / max(high - low, 1.0), 0, 1)
    gray[is_padding] = 0
    spacing = series.geometry.pixel_spacing_mm if series.geometry else (1.0, 1.0)
    return _fitted(gray, spacing, size_px)


def _fitted(gray: NDArray[np.floating], spacing_mm: tuple[float, float], size_px: int) -> NDArray[np.uint8]:
    """Shrunk to a square by averaging, in true proportions."""
    height, width = gray.shape[0] * spacing_mm[0], gray.shape[1] * spacing_mm[1]
    scale = size_px / max(height, width)
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    small = _shrunk(_shrunk(gray, rows).T, columns).T
    picture = np.zeros((size_px, size_px), dtype=np.uint8)
    top, left = (size_px - rows) // 2, (size_px - columns) // 2
    picture[top : top + rows, left : left + columns] = np.rint(small * 255)
    return picture


def _shrunk(gray: NDArray[np.floating], length: int) -> NDArray[np.floating]:
    """First axis averaged (or repeated) to *length* samples, (length, ...)."""
    starts = np.arange(length) * gray.shape[0] // length
    sums = np.add.reduceat(gray, starts, axis=0)
    ends = np.append(starts[1:], gray.shape[0])
    return np.asarray(sums / np.maximum(ends - starts, 1)[:, None])
