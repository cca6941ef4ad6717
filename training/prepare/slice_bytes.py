"""One slice as it goes into the cache: at working resolution, with its hash; made in worker processes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.sources.labeled_slice import LabeledSlice, SliceImage, Source, Unreadable


@dataclass(frozen=True, eq=False)
class PreparedSlice:
    """A slice, ready to be written.

    Attributes:
        image: At working resolution, without pixels where there are none.
        fault: Why there are no pixels; empty if there are.
        sha256: Of the stored values' bytes, and the masks' after them, hex.
    """

    image: SliceImage | None
    fault: str
    sha256: str


def prepare_rows(source: Source, rows: Sequence[LabeledSlice], size_px: int | None) -> list[PreparedSlice]:
    """Read and resample the rows of one unit, in their order.

    Raises:
        ValueError: The source gave another number of images than it was asked for.
    """
    made = [_prepared(image, size_px) for image in source.read_images(rows)]
    if len(made) != len(rows):
        raise ValueError(f"{source.name} gave {len(made)} images for {len(rows)} rows.")
    return made


def _prepared(image: SliceImage | Unreadable, size_px: int | None) -> PreparedSlice:
    if isinstance(image, Unreadable):
        return PreparedSlice(None, image.reason or "unknown", "")
    small = at_working_resolution(image, size_px)
    digest = hashlib.sha256(np.ascontiguousarray(small.stored).astype("<i2", copy=False).tobytes())
    if small.masks is not None:
        digest.update(small.masks.tobytes())
    return PreparedSlice(small, "", digest.hexdigest())


def at_working_resolution(image: SliceImage, size_px: int | None) -> SliceImage:
    """The image with its longer side at *size_px*, as it is for None or if it is smaller.

    Every pixel is the mean of the area that it covers, in stored units, rounded to them. This comes before
    windowing, which the network's input does not (a skull edge reaches into the pixel beside it): native
    resolution is exact, a working resolution is a compromise with the disk.
    """
    rows, columns = image.stored.shape
    longer = max(rows, columns)
    if size_px is None or longer <= size_px:
        return image
    shape = max(1, round(rows * size_px / longer)), max(1, round(columns * size_px / longer))
    means = cv2.resize(image.stored.astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    stored = np.rint(means).astype(np.int16)
    spacing = image.spacing_mm
    if spacing is not None:
        spacing = spacing[0] * rows / shape[0], spacing[1] * columns / shape[1]
    masks = None if image.masks is None else _nearest(image.masks, shape)
    return SliceImage(stored, image.slope, image.intercept, spacing, masks, image.remarks)


def _nearest(masks: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    rows, columns = (
        ((np.arange(count) + 0.5) * length / count).astype(np.int64)
        for count, length in zip(shape, masks.shape, strict=True)
    )
    return np.ascontiguousarray(masks[np.ix_(rows, columns)])
