"""Framed slices from prepared sources: on the way from the cache to the network, through the viewer's own
door.

The one thing to get wrong: thin slices are averaged and neighbors taken as ``preprocess_volume_slice`` does,
by the same functions, or training would see other input than the viewer.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ichviewer.core.preprocessing import (
    Framing,
    PreprocessingSpec,
    frame_slice,
    neighbour_indices,
    slab_indices,
)
from training.fit.channels import distinct_channels
from training.fit.rows import Frames
from training.prepare.prepared import PreparedSource
from training.prepare.room import require_disk


@dataclass(frozen=True, eq=False)
class PreparedFrames:
    """Framed when asked for.

    Attributes:
        sources: Whose rows, one source after the other, are numbered.
        spec: How to frame.
        around: Per row, the rows that each of its slices (itself and its neighbors) is averaged from.
    """

    sources: tuple[PreparedSource, ...]
    spec: PreprocessingSpec
    around: tuple[tuple[NDArray[np.int64], ...], ...]

    def framed(self, index: int) -> NDArray[np.float32]:
        """(distinct channels, size, size)."""
        return self._framed(index)[0][distinct_channels(self.spec)]

    def classes(self, index: int) -> NDArray[np.int64] | None:
        """(size, size), subtype of every pixel, the first in label order; None without masks."""
        source, number = self._place(index)
        bits = source.masks(number)
        if bits is None:
            return None
        _, framing = self._framed(index)
        classes = np.zeros(bits.shape, dtype=np.int64)
        for subtype in range(5, 0, -1):
            classes[bits & (1 << subtype) > 0] = subtype
        return framed_classes(classes, framing, self.spec.size_px)

    def _framed(self, index: int) -> tuple[NDArray[np.float32], Framing]:
        stack = np.stack([self._slab(members) for members in self.around[index]])
        source, number = self._place(index)
        return frame_slice(stack, source.spacing_mm(number), self.spec)

    def _slab(self, members: NDArray[np.int64]) -> NDArray[np.float32]:
        places = [self._place(int(member)) for member in members]
        if len(places) == 1:
            return places[0][0].hu(places[0][1])
        total = np.zeros_like(places[0][0].hu(places[0][1]))
        for source, number in places:
            total += source.hu(number)
        return np.asarray(total / np.float32(len(places)))

    def _place(self, index: int) -> tuple[PreparedSource, int]:
        for source in self.sources:
            if index < len(source):
                return source, index
            index -= len(source)
        raise IndexError(f"There is no row {index} behind the last one.")


def prepared_frames(sources: Sequence[PreparedSource], spec: PreprocessingSpec) -> PreparedFrames:
    """Frames of all rows of prepared sources, numbered in their order."""
    rows = [row for source in sources for row in source.rows]
    series: dict[tuple[str, ...], list[int]] = defaultdict(list)
    around: list[tuple[NDArray[np.int64], ...]] = [
        (np.asarray([index]),) * (2 * spec.neighbours + 1) for index in range(len(rows))
    ]
    for index, row in enumerate(rows):
        if row.series and (row.position_mm is not None or row.slice_number is not None):
            series[row.source, *row.unit].append(index)
    for members in series.values():
        has_positions = all(rows[index].position_mm is not None for index in members)
        places = np.asarray(
            [rows[i].position_mm if has_positions else rows[i].slice_number for i in members],
            dtype=np.float64,
        )
        order = np.argsort(places, kind="stable")
        numbers = np.asarray(members, dtype=np.int64)[order]
        positions = places[order] if has_positions else None
        readable = np.ones(len(numbers), dtype=np.bool_)
        for place, index in enumerate(numbers):
            wanted = neighbour_indices(positions, readable, place, spec)
            around[index] = tuple(numbers[slab_indices(positions, readable, at, spec)] for at in wanted)
    return PreparedFrames(tuple(sources), spec, tuple(around))


@dataclass(frozen=True, eq=False)
class MappedFrames:
    """Frames that were made once and lie in a file; masks are made when asked for."""

    images: NDArray[np.float32]
    made_from: PreparedFrames

    def framed(self, index: int) -> NDArray[np.float32]:
        """(distinct channels, size, size)."""
        return np.asarray(self.images[index])

    def classes(self, index: int) -> NDArray[np.int64] | None:
        """(size, size), or None."""
        return self.made_from.classes(index)


def mapped_frames(frames: PreparedFrames, folder: Path) -> Frames:
    """Make all frames once, if they are not there yet, and map them into memory.

    Args:
        frames: What to make.
        folder: Where the file lies, named by a hash of sources and spec.

    Raises:
        NoRoomError: The disk is too small for them.
    """
    spec, hashes = frames.spec, [source.sha256 for source in frames.sources]
    key = hashlib.sha256(json.dumps([spec.to_dict(), hashes]).encode()).hexdigest()[:16]
    path = folder / f"frames-{key}.npy"
    if not path.exists():
        shape = (len(frames.around), len(distinct_channels(spec)), spec.size_px, spec.size_px)
        require_disk(folder, int(np.prod(shape)) * 4, f"framed slices of {len(hashes)} sources")
        partial = path.with_suffix(".partial")
        array = np.lib.format.open_memmap(partial, mode="w+", dtype=np.float32, shape=shape)
        for index in tqdm(range(len(array)), desc="framing", unit="slice", disable=None, leave=False):
            array[index] = frames.framed(index)
        array.flush()
        partial.replace(path)
    return MappedFrames(np.load(path, mmap_mode="r"), frames)


def framed_classes(classes: NDArray[np.int64], framing: Framing, size_px: int) -> NDArray[np.int64]:
    """Classes of pixels, (rows, columns), seen through a frame, (size, size); nearest pixel, 0 outside."""
    centers = (np.arange(size_px) + 0.5) / size_px
    rows = np.floor(framing.top + centers * framing.height).astype(np.int64)
    columns = np.floor(framing.left + centers * framing.width).astype(np.int64)
    inside = ((rows >= 0) & (rows < classes.shape[0]))[:, None] & (
        (columns >= 0) & (columns < classes.shape[1])
    )[None, :]
    picked = classes[np.clip(rows, 0, classes.shape[0] - 1)][:, np.clip(columns, 0, classes.shape[1] - 1)]
    return np.asarray(np.where(inside, picked, 0))
