"""The data step of one report: balanced, little brain dropped, cropped, 8-bit JPEG of 256 px.

Slices are cropped to the head and mapped to grey without a display window, so that every grey level holds as
many pixels as any other (equalized over a sample of the kept slices), and go through JPEG. What is left is
turned back into Hounsfield units by the same mapping, so that it is a source like any other. The one thing to
get wrong: the mapping is made of slices without their labels, but of all folds; that is what the report did.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ichviewer.core.preprocessing import PreprocessingSpec, frame_head, resampling_weights
from ichviewer.core.progress import Progress, ReportProgress
from ichviewer.core.windowing import BRAIN
from training.prepare.layout import COMPLETE
from training.prepare.prepared import PreparedSource, open_prepared
from training.sources.brain_share import BRAIN_CUT, brain_share
from training.sources.labeled_slice import (
    LabeledSlice,
    LabelSet,
    Need,
    SliceImage,
    Unreadable,
    image_from_hu,
    made_of,
)

NAME = "khandelwal_clean"
"""As in recipes and in the table of systems."""

SIDE_PX = 256
JPEG_QUALITY = 95
SAMPLE = 400
"""Slices that the mapping is made of."""

FRAME = PreprocessingSpec((BRAIN,), SIDE_PX, 0.03, 0.6, (0.0,), (1.0,))
REPORT_EVERY = 64


@dataclass(frozen=True)
class KhandelwalClean:
    """The kept slices of a prepared source.

    Attributes:
        cache: Folder of the prepared source.
        seed: Of which slices without blood are kept.
    """

    cache: Path
    seed: int

    @property
    def name(self) -> str:
        """As in recipes."""
        return NAME

    @property
    def offers(self) -> frozenset[Need]:
        """Of what the source offers all but neighbors, which were dropped, and masks."""
        return _opened(self.cache).offers - {Need.SERIES_ORDER, Need.MASKS}

    @property
    def citation(self) -> str:
        """To be printed beside results."""
        return _opened(self.cache).citation

    def read_rows(self, report: ReportProgress) -> LabelSet:
        """All bleeding slices with enough brain and as many others, in the order of the source.

        Raises:
            ValueError: There are none of one kind.
        """
        source = _opened(self.cache)
        sides: tuple[list[int], list[int]] = ([], [])
        dropped = [0, 0]
        for index, row in enumerate(source.rows):
            if index % REPORT_EVERY == 0:
                report(Progress(index, len(source), "Measuring brain"))
            if not row.known[0]:
                continue
            if brain_share(source.hu(index)) < BRAIN_CUT:
                dropped[row.labels[0]] += 1
            else:
                sides[row.labels[0]].append(index)
        count = min(len(side) for side in sides)
        if not count:
            found = f"{len(sides[1]):,} slices with a bleed and {len(sides[0]):,} without"
            raise ValueError(f"{self.cache} has {found} that show enough brain: nothing to balance.")
        generator = np.random.default_rng(self.seed)
        kept = sorted(int(index) for side in sides for index in generator.permutation(side)[:count])
        remarks = (
            f"{sum(dropped)} slices with less than {BRAIN_CUT:.0%} brain were dropped, {dropped[1]} bleeding",
            f"{count} slices with blood and {count} without were kept",
        )
        rows = (made_of(source.rows[index], self.name) for index in kept)
        return LabelSet(tuple(rows), remarks)

    def read_images(self, rows: Sequence[LabeledSlice]) -> Iterator[SliceImage | Unreadable]:
        """Whole Hounsfield units of what a JPEG of the slice still holds."""
        source, levels = _opened(self.cache), _levels(self.cache, _sealed(self.cache))
        index_of = {row.name: index for index, row in enumerate(source.rows)}
        for row in rows:
            index = index_of[row.name]
            hu, spacing = source.hu(index), source.spacing_mm(index)
            grey = _jpeg(cropped_grey(hu, spacing, levels))
            side_mm = frame_head(hu, spacing, FRAME).height * spacing[0]
            known = source.entries[index].spacing_mm is not None
            pixel = (side_mm / SIDE_PX, side_mm / SIDE_PX) if known else None
            yield image_from_hu(levels[grey], pixel, remarks=source.entries[index].remarks)


def cropped_grey(
    hu: NDArray[np.float32], spacing_mm: tuple[float, float], levels: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """The picture that the report saved, (256, 256): mapped to grey, cropped to the head, resized."""
    framing = frame_head(hu, spacing_mm, FRAME)
    down = resampling_weights(SIDE_PX, hu.shape[0], framing.top, framing.height)
    across = resampling_weights(SIDE_PX, hu.shape[1], framing.left, framing.width)
    grey = np.interp(hu, levels, np.arange(256)).astype(np.float32)
    return np.rint(np.clip(down @ grey @ across.T, 0, 255)).astype(np.uint8)


def equalizing_levels(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Hounsfield units of the 256 grey levels, rising: as many of *values* between any two.

    Where very many pixels have one value (air, a picture's ends), levels would coincide; they are kept apart
    by a thousandth of a HU, so that each grey has a value of its own.
    """
    levels = np.quantile(values, np.linspace(0, 1, 256)).astype(np.float64)
    return np.asarray(np.maximum.accumulate(levels) + np.arange(256) * 1e-3, dtype=np.float32)


def _jpeg(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "JPEG", quality=JPEG_QUALITY)
    with Image.open(buffer) as picture:
        return np.asarray(picture)


def _sealed(folder: Path) -> str:
    path = folder / COMPLETE
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _opened(folder: Path) -> PreparedSource:
    return _kept(folder, _sealed(folder))


@lru_cache(maxsize=2)
def _kept(folder: Path, sealed: str) -> PreparedSource:
    return open_prepared(folder)


@lru_cache(maxsize=2)
def _levels(folder: Path, sealed: str) -> NDArray[np.float32]:
    """Levels of a cache, from slices with enough brain, evenly over it."""
    source = _kept(folder, sealed)
    step = max(1, len(source) // SAMPLE)
    sample = [source.hu(index) for index in range(0, len(source), step)]
    # Every 7th pixel is plenty, and 7 divides no usual row length.
    used = [hu.ravel()[::7] for hu in sample if brain_share(hu) >= BRAIN_CUT]
    return equalizing_levels(np.concatenate(used or [hu.ravel()[::7] for hu in sample]))
