"""The CT-ICH pictures of both windows together: Hounsfield units beyond the brain window, coarsely.

The brain picture is right to half a HU inside -20 to 100. Where it is black or white, the bone picture of the
same slice says how far: in steps of 12.5 HU, on a grid two and a half times as coarse. The one thing to get
wrong: at the skull's edge a coarse pixel holds bone and brain, so it may never contradict the brain picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ichviewer.core.progress import ReportProgress
from ichviewer.core.windowing import Window
from training.sources.labeled_slice import LabeledSlice, LabelSet, Need, SliceImage, Unreadable, made_of
from training.sources.picture_sets import CITATIONS, PICTURE_WINDOWS, PictureSet

BONE_PICTURE = Window(700, 3200)

STORED_PER_HU = 4
"""Quarters of a HU fit into 16 bits and keep what the brain picture knows."""


@dataclass(frozen=True)
class CtIchBothWindows:
    """Rows of ``ct_ich_v1`` with pixels of both pictures.

    Attributes:
        folder: Holds ``labels.csv``, ``brain`` and ``bone``.
    """

    folder: Path

    @property
    def name(self) -> str:
        """As in recipes."""
        return "ct_ich_v1_both"

    @property
    def offers(self) -> frozenset[Need]:
        """Slices are numbered; what is beyond the brain window is coarse."""
        return frozenset({Need.SERIES_ORDER, Need.HU_BEYOND_BRAIN_WINDOW})

    @property
    def citation(self) -> str:
        """To be printed beside results."""
        return CITATIONS["ct_ich_v1"]

    def read_rows(self, report: ReportProgress) -> LabelSet:
        """The rows of ``ct_ich_v1``."""
        rows = PictureSet("ct_ich_v1", self.folder).read_rows(report).rows
        coarse = (
            "beyond -20 to 100 HU values are coarse (steps of 12.5 HU, pixels two and a half times as large)"
        )
        return LabelSet(tuple(made_of(row, self.name) for row in rows), (coarse,))

    def read_images(self, rows: Sequence[LabeledSlice]) -> Iterator[SliceImage | Unreadable]:
        """Hounsfield units from -900 to 2300."""
        for row in rows:
            try:
                with (
                    Image.open(row.path) as brain,
                    Image.open(self.folder / "bone" / row.path.name) as bone,
                ):
                    resized = bone.convert("L").resize(brain.size, Image.Resampling.BILINEAR)
                    hu = joined(np.asarray(brain.convert("L")), np.asarray(resized))
            except (OSError, UnidentifiedImageError, SyntaxError, ValueError, EOFError) as error:
                yield Unreadable(f"cannot be read as a picture ({error})")
                continue
            stored = np.rint(hu * STORED_PER_HU).astype(np.int16)
            yield SliceImage(stored, 1 / STORED_PER_HU, 0.0)


def joined(brain: NDArray[np.uint8], bone: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Hounsfield units of two pictures of one slice, equal shapes."""
    window = PICTURE_WINDOWS["ct_ich_v1"]
    near, far = (
        grey.astype(np.float32) * np.float32(held.width / 255.0) + np.float32(held.lower)
        for grey, held in ((brain, window), (bone, BONE_PICTURE))
    )
    beyond = np.where(brain == 0, np.minimum(far, near), np.maximum(far, near))
    return np.where((brain == 0) | (brain == 255), beyond, near).astype(np.float32)
