"""Stripes on a plane where nothing was measured: neither black nor interpolated grey is to pass for tissue.

The one thing to get wrong: across an unreadable slice a plane is empty and the stripes lie on the window's
grey, because black would be air; across a gap that may lack a slice they lie on interpolated values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.navigation import plane_of
from ichviewer.core.stack_holes import HoleKind, stack_holes, within_hole
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.placement import Placement
from ichviewer.gui.slice_picture import in_view, resampled

STRIPE_PX, EVERY_PX = 2, 10
GROUND = {HoleKind.UNREADABLE: 0xFF1B1C1E}
STRIPES = {HoleKind.UNREADABLE: 0xFF4A4E53, HoleKind.MISSING: 0xFFE0A030}

Masks = dict[HoleKind, NDArray[np.uint8]]


def hole_masks(state: ViewState, view: View) -> Masks:
    """Where a view's plane lies in holes of the stack, by kind: (rows, columns), 255 inside."""
    volume, plane = state.volume, plane_of(state, view)
    if volume is None or plane is None:
        return {}
    masks: Masks = {}
    for hole in stack_holes(volume, volume.frame):
        inside = within_hole(plane, hole)
        if inside.any():
            before = masks.get(hole.kind, np.zeros(plane.shape, np.uint8))
            masks[hole.kind] = np.where(inside, np.uint8(255), before)
    return masks


def hole_words(masks: Masks) -> tuple[str, ...]:
    """What the stripes mean, in words."""
    words = {
        HoleKind.UNREADABLE: "grey stripes: a slice could not be read",
        HoleKind.MISSING: "amber stripes: missing slice?",
    }
    return tuple(words[kind] for kind in HoleKind if kind in masks)


def with_stripes(picture: NDArray[np.uint32], masks: Masks, placement: Placement) -> NDArray[np.uint32]:
    """A rendered plane with stripes over its holes.

    Args:
        picture: (height, width), 0xFFRRGGBB, from ``render_picture``.
        masks: From ``hole_masks``.
        placement: Of the picture.
    """
    striped = picture.copy()
    down, across = np.ogrid[: picture.shape[0], : picture.shape[1]]
    is_stripe = (down + across) % EVERY_PX < STRIPE_PX
    for kind, mask in masks.items():
        inside = resampled(np.ascontiguousarray(in_view(mask, placement)), placement) > 127
        if kind in GROUND:
            striped[inside] = GROUND[kind]
        striped[inside & is_stripe] = STRIPES[kind]
    return striped
