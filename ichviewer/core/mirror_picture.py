"""The mirror view's picture of one slice: grey, and where one side is denser than the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.mirror import FULL_COLOR_HU, mirror_difference
from ichviewer.core.plane import Plane, ReformatSource
from ichviewer.core.slice_image import SliceImage, reformatted

NEUTRAL = 128
"""Level of a place that is as dense as its mirror place, or that has none."""


@dataclass(frozen=True, eq=False)
class MirrorPicture:
    """What the mirror view shows of one plane.

    Attributes:
        plane: From ``core.mirror.mirror_plane``.
        image: Its values.
        levels: (rows, columns), uint8; 1 to 255 for differences from -``FULL_COLOR_HU`` to its positive,
            clipped; ``NEUTRAL`` where there is none.
    """

    plane: Plane
    image: SliceImage
    levels: NDArray[np.uint8]


def mirror_picture(source: ReformatSource, plane: Plane) -> MirrorPicture:
    """Compare the two sides of a plane.

    Args:
        source: Of the stack.
        plane: From ``core.mirror.mirror_plane``.
    """
    share = np.nan_to_num(mirror_difference(source, plane) / FULL_COLOR_HU)
    levels = np.rint(NEUTRAL + np.clip(share, -1, 1) * (255 - NEUTRAL)).astype(np.uint8)
    return MirrorPicture(plane, reformatted(source.hu(plane), plane), levels)
