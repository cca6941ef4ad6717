"""Bleeds of the procedural head: five subtypes, each with the shape that its space gives it.

The one thing to get wrong: centres and sizes are in the **standard head's** millimetres, which
differ from patient coordinates by the head's size, turn and place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ichviewer.core.findings import Subtype
from ichviewer.core.phantom_anatomy import Anatomy, HeadFields, vault_distance
from ichviewer.core.phantom_fields import Field, Points, Triple, cover, ellipsoid, paint, smooth_step

EDEMA_HU = 8.0
"""How much darker the brain around a haematoma is."""


@dataclass(frozen=True)
class Bleed:
    """One bleed.

    Attributes:
        subtype: Any but ``ANY``.
        center_mm: Standard head, x to the left, y to the back, z up. Epidural and subdural: only the
            direction counts, the bleed lies on the skull there. Intraventricular and subarachnoid: the middle
            of the region in which ventricles, or sulci and cisterns, hold blood.
        size_mm: Half-lengths. Epidural and subdural: (along the skull, depth, height); else (x, y, z).
        hu: Density of the blood.
    """

    subtype: Subtype
    center_mm: Triple
    size_mm: Triple
    hu: float = 66.0

    def __post_init__(self) -> None:
        if self.subtype is Subtype.ANY:
            raise ValueError("A bleed has one of the five subtypes, not 'any'.")
        if min(self.size_mm) <= 0:
            raise ValueError(f"A bleed has a size, not {self.size_mm}.")


def bleed_distance(bleed: Bleed, points: Points, anatomy: Anatomy, head: HeadFields) -> Field:
    """Distance to the bleed, mm, negative inside; for blood in CSF spaces, distance to the region.

    Args:
        bleed: The bleed.
        points: Standard coordinates on the coarse grid.
        anatomy: Whose head.
        head: Its fields on the same grid.
    """
    if bleed.subtype is Subtype.EPIDURAL:
        return _lens(bleed, points, anatomy)
    if bleed.subtype is Subtype.SUBDURAL:
        return _crescent(bleed, points, head)
    distance = ellipsoid(points, bleed.center_mm, bleed.size_mm)
    if bleed.subtype is Subtype.INTRAPARENCHYMAL:
        small = min(bleed.size_mm)
        return np.asarray(distance + 0.09 * small * head.detail + 0.10 * small * head.wave, dtype=np.float32)
    return distance


def _lens(bleed: Bleed, points: Points, anatomy: Anatomy) -> Field:
    """Ellipsoid on the inner skull, its short axis along the skull's normal."""
    direction = np.asarray((bleed.center_mm[0], bleed.center_mm[1] - 4.0), dtype=np.float64)
    direction /= np.linalg.norm(direction)
    radius = np.arange(5.0, 100.0, 0.5, dtype=np.float32)
    ray = Points(
        (radius * direction[0]).astype(np.float32),
        (4 + radius * direction[1]).astype(np.float32),
        np.full_like(radius, bleed.center_mm[2]),
    )
    surface = float(radius[int(np.argmax(vault_distance(ray, anatomy) > 0))])
    along = (points.x * direction[0] + (points.y - 4) * direction[1]).astype(np.float32)
    across = (-points.x * direction[1] + (points.y - 4) * direction[0]).astype(np.float32)
    turned = Points(along, across, points.z)
    return ellipsoid(
        turned, (surface, 0, bleed.center_mm[2]), (bleed.size_mm[1], bleed.size_mm[0], bleed.size_mm[2])
    )


def _crescent(bleed: Bleed, points: Points, head: HeadFields) -> Field:
    """Shell under the skull whose depth falls off along the arc and with height."""
    middle = np.arctan2(bleed.center_mm[1] - 4.0, bleed.center_mm[0])
    angle = np.arctan2(points.y - 4, points.x) - middle
    angle = (angle + np.pi) % (2 * np.pi) - np.pi
    arc = np.abs(angle) * np.hypot(points.x, points.y - 4) / bleed.size_mm[0]
    height = np.abs(points.z - bleed.center_mm[2]) / bleed.size_mm[2]
    share = np.clip(1 - arc**2, 0, 1) ** 0.7 * np.sqrt(np.clip(1 - height**2.5, 0, 1))
    depth = share * (bleed.size_mm[1] + 0.7 * head.detail)
    # Where there is no bleed the distance stays positive, also right under the skull.
    return np.asarray(-head.vault - depth + 1.5 * smooth_step(0.1 - share, 0, 0.1), dtype=np.float32)


def bleed_share(bleed: Bleed, distance: Field, head: HeadFields, csf: Field, softness_mm: float) -> Field:
    """Share of every pixel that is blood of this bleed.

    Args:
        bleed: The bleed.
        distance: From ``bleed_distance``, enlarged.
        head: Fields, enlarged.
        csf: Distance to the CSF of sulci, fissures and cisterns, negative inside.
        softness_mm: Width of an edge.
    """
    s = softness_mm
    dura = cover(head.inside + 0.4, s)
    if bleed.subtype is Subtype.SUBARACHNOID:
        return cover(csf - 0.8, s) * cover(distance, 9.0) * dura
    if bleed.subtype is Subtype.INTRAVENTRICULAR:
        return cover(np.maximum(head.ventricles, distance), s) * dura
    return cover(distance, s if bleed.subtype is not Subtype.INTRAPARENCHYMAL else 2 * s) * dura


def paint_bleed(
    hu: Field, bleed: Bleed, share: Field, distance: Field, head: HeadFields, csf_share: Field
) -> None:
    """Blood, and oedema around a haematoma in the brain; in place."""
    if bleed.subtype is Subtype.INTRAPARENCHYMAL:
        rim = cover(distance - 4.0 - head.wave, 6.0) * cover(head.inside + 1.5, 1.0)
        hu -= EDEMA_HU * rim * (1 - share) * (1 - csf_share)
    paint(hu, share, bleed.hu + 2.5 * head.detail)
