"""Framed slices in one memory-mapped array, so that pictures are decoded once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.preprocessing import PreprocessingSpec, frame_slice, normalize
from training.sources import UNKNOWN_SPACING_MM, LabeledSlice, read_hu


def framed_slices(rows: Sequence[LabeledSlice], spec: PreprocessingSpec, folder: Path) -> NDArray[np.float32]:
    """Framed, not yet normalized slices: (slices, channels, size, size), [0, 1].

    Args:
        rows: What to frame.
        spec: How.
        folder: Where the array is kept; git ignores it.

    Returns:
        Read-only memory map. Equal windows are kept once, so channels is the number of *different* windows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    key = json.dumps([spec.to_dict(), [(row.source, row.name, row.path.stat().st_size) for row in rows]])
    path = folder / f"framed-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npy"
    if not path.exists():
        partial = path.with_suffix(".partial")
        shape = (len(rows), len(set(spec.windows)), spec.size_px, spec.size_px)
        array = np.lib.format.open_memmap(partial, mode="w+", dtype=np.float32, shape=shape)
        for index, row in enumerate(rows):
            framed, _ = frame_slice(read_hu(row), UNKNOWN_SPACING_MM, spec)
            array[index] = distinct_channels(framed, spec)
        array.flush()
        partial.replace(path)
    return np.asarray(np.load(path, mmap_mode="r"))


def distinct_channels(framed: NDArray[np.float32], spec: PreprocessingSpec) -> NDArray[np.float32]:
    """One channel per different window, in the order of first appearance."""
    return framed[[spec.windows.index(window) for window in dict.fromkeys(spec.windows)]]


def network_input(framed: NDArray[np.float32], spec: PreprocessingSpec) -> NDArray[np.float32]:
    """Normalized input, (channels, size, size), of a cached slice; ``preprocess_slice`` bit for bit."""
    order = list(dict.fromkeys(spec.windows))
    return normalize(framed[[order.index(window) for window in spec.windows]], spec)
