"""From smooth fields to Hounsfield units: what lies where in one thin plane of the procedural head.

The one thing to get wrong: painting is in order; what comes later lies on top.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ichviewer.core.phantom_anatomy import Anatomy, HeadFields
from ichviewer.core.phantom_base import BaseFields, paint_base, paint_soft_base
from ichviewer.core.phantom_bleeds import Bleed, bleed_share, paint_bleed
from ichviewer.core.phantom_fields import Field, cover, paint, union

AIR_HU, FAT_HU, SKIN_HU, MUSCLE_HU, CSF_HU = -1000.0, -95.0, 42.0, 56.0, 8.0


def paint_plane(
    head: HeadFields,
    base: BaseFields | None,
    anatomy: Anatomy,
    bleeds: Sequence[tuple[Bleed, Field]],
    softness_mm: float,
) -> tuple[Field, list[Field]]:
    """One thin plane without blur or noise.

    Args:
        head: Fields for every pixel.
        base: Fields of the face and skull base; None where there is none.
        anatomy: Whose head.
        bleeds: Each bleed with its enlarged distance.
        softness_mm: Width over which an edge is smeared, about a pixel.

    Returns:
        HU, and for each bleed the share of every pixel that it fills.
    """
    s = softness_mm
    hu = np.full(head.vault.shape, AIR_HU, dtype=np.float32)
    paint(hu, cover(head.skin, s), SKIN_HU)
    paint(hu, cover(head.skin + 3.0, s), FAT_HU + 6 * head.detail)
    paint(hu, cover(head.muscle, s), MUSCLE_HU + 4 * head.detail)
    wall = cover(head.vault - head.skull, s) * cover(-head.vault - 1.0, s)
    if base is not None:
        paint_soft_base(hu, head, base, s)
        wall = wall * cover(base.wall_end, 2.0)
    paint(hu, wall, _skull_hu(head))
    brain, shares = _brain_hu(head, anatomy, bleeds, s)
    paint(hu, cover(head.inside, s), brain)
    if base is not None:
        paint_base(hu, head, base, s)
    return hu, shares


def _skull_hu(head: HeadFields) -> Field:
    """Two dense tables with spongy bone between them."""
    depth = np.minimum(head.vault, head.skull - head.vault)
    tables = 1250 + 90 * head.wave
    sponge = np.clip((depth - 1.5) / 1.2, 0, 1)
    return np.asarray(tables + sponge * (560 + 130 * head.grain - tables), dtype=np.float32)


def _csf_distance(head: HeadFields, anatomy: Anatomy) -> Field:
    """Distance to the CSF over the brain's surface, in sulci, fissures and cisterns; negative inside."""
    depth = -head.inside
    gap = -0.5 + 2.0 * anatomy.atrophy + 0.5 * head.wave + 0.5 * head.detail
    is_cerebrum = np.clip(head.hindbrain / 2, 0, 1)
    reach = np.maximum(depth - (15 + 3 * head.detail), 0) * 0.5 + (1 - is_cerebrum) * 4
    sulci = np.abs(head.sulci) - head.sulcus_width + reach
    fissure = np.maximum(
        np.abs(head.midline) - (0.35 + 0.9 * anatomy.atrophy + 0.4 * head.detail + 0.3 * head.wave), head.falx
    )
    return union(depth - gap, sulci, fissure, head.cisterns)


def _brain_hu(
    head: HeadFields, anatomy: Anatomy, bleeds: Sequence[tuple[Bleed, Field]], s: float
) -> tuple[Field, list[Field]]:
    csf = _csf_distance(head, anatomy)
    cortex = 1 - np.clip((csf - 2.4 - 0.5 * head.detail) / 2.5, 0, 1)
    # Two cortices face each other in the midline; at full strength they would look like blood on the falx.
    cortex *= 0.5 + 0.5 * np.clip(np.abs(head.midline) / 8, 0, 1)
    gray, white = anatomy.gray_hu, anatomy.white_hu
    hu = white + (gray - white) * cortex + 0.5 * head.wave + 0.5 * head.detail
    paint(hu, cover(head.deep_gray, 3.0), gray)
    paint(hu, cover(head.hindbrain, 2.0), 0.6 * gray + 0.4 * white + 0.8 * head.detail + head.grain)
    csf_share = cover(csf, s)
    paint(hu, csf_share, CSF_HU)
    ventricle_share = cover(head.ventricles, s)
    paint(hu, ventricle_share, CSF_HU - 2)
    falx = np.maximum(np.abs(head.midline) - 0.4, head.falx)
    paint(hu, cover(falx, s), 44.0)
    sheet = np.maximum(np.abs(head.tentorium) * 0.88 - 0.5, head.tentorium_edge)
    paint(hu, cover(sheet, s), 44.0)
    paint(hu, cover(head.calcium, s), 130.0)
    shares = []
    for bleed, distance in bleeds:
        share = bleed_share(bleed, distance, head, csf, s)
        paint_bleed(hu, bleed, share, distance, head, np.maximum(csf_share, ventricle_share))
        shares.append(share)
    return hu, shares
